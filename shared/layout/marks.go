package layout

import (
	"fmt"
	"strings"
)

// Visit marks a partition that has an old generation to be swept, whether or not it has fragments: Generation is the successor that was
// written over it. What the object holds says nothing.
type Visit struct {
	Partition  Partition
	Generation Generation
}

// VisitPrefix is where a partition's marks lie.
func VisitPrefix(p Partition) string { return Visits + p.String() + "/" }

// Key gives visit/dt=…/hour=…/<generation>.
func (v Visit) Key() string { return VisitPrefix(v.Partition) + string(v.Generation) }

// ParseVisit is the inverse of Key.
func ParseVisit(key string) (Visit, error) {
	p, name, err := cut(key, Visits)
	if err != nil {
		return Visit{}, err
	}
	v := Visit{Partition: p, Generation: Generation(name)}
	if v.Generation.Number() == 0 {
		return Visit{}, fmt.Errorf("key %q: %q is no generation", key, name)
	}
	return v, nil
}

// ErasureKey is where the lake's own key lies, with which erased values are hashed.
const ErasureKey = Erasures + "key"

// Erasure gives erasures/<hash>.json for the XXH64 of the object.
func Erasure(hash uint64) string { return fmt.Sprintf("%s%016x.json", Erasures, hash) }

// CheckErasure tells why a key below erasures/ is none that Lakebed makes.
func CheckErasure(key string) error {
	if name, ok := jsonIn(key, Erasures); key == ErasureKey || ok && isHash(name) {
		return nil
	}
	return fmt.Errorf("key %q names no tombstones", key)
}

// CheckProbe tells why a key is none of a probe, whose name is a UUID.
func CheckProbe(key string) error {
	name, ok := strings.CutPrefix(key, Probes)
	if !ok || len(name) != len("00000000-0000-0000-0000-000000000000") || !all(strings.ReplaceAll(name, "-", ""), isHex) {
		return fmt.Errorf("key %q names no probe", key)
	}
	return nil
}

// Backfill gives backfill/<shard>.json: how far the backfill that delivers as this shard is.
func Backfill(shard string) string { return Backfills + shard + ".json" }

// ParseBackfill is the inverse of Backfill.
func ParseBackfill(key string) (shard string, err error) {
	if shard, ok := jsonIn(key, Backfills); ok && isShard(shard) {
		return shard, nil
	}
	return "", fmt.Errorf("key %q names no backfill", key)
}

// jsonIn gives the name in <folder><name>.json.
func jsonIn(key, folder string) (name string, ok bool) {
	name, below := strings.CutPrefix(key, folder)
	name, json := strings.CutSuffix(name, ".json")
	return name, below && json
}
