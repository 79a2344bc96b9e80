package layout

import (
	"fmt"
	"strconv"
	"strings"
)

// The top folders of a lake. Raw, Visits and LedgerNew hold what is still to be worked on: what lies there is the
// compactor's work list.
const (
	Raw        = "raw/"
	Events     = "events/"
	Indexes    = "index/"
	Quarantine = "quarantine/"
	Ledger     = "ledger/"
	LedgerNew  = "ledger/new/"
	Visits     = "visit/"
	Erasures   = "erasures/"
	Backfills  = "backfill/"
	Probes     = "probe/" // of lakebed doctor, each there for a moment

	// Config is the lake's own settings; the first write into a lake makes it.
	Config = "lakebed.yaml"
)

// RawPrefix is where a partition's fragments lie.
func RawPrefix(p Partition) string { return Raw + p.String() + "/" }

// LanePrefixes is where a partition's fragments lie that may hold events of a lane: its own, those of lanes within it, and those of wider ones.
func LanePrefixes(p Partition, l Lane) []string {
	all := []string{RawPrefix(p) + l.String()}
	for n := range len(l) {
		all = append(all, RawPrefix(p)+l[:n].String()+"-")
	}
	return all
}

// EventsPrefix is where a partition's generations lie.
func EventsPrefix(p Partition) string { return Events + p.String() + "/" }

// IndexPrefix is where the indexes of a partition's parts lie.
func IndexPrefix(p Partition) string { return Indexes + p.String() + "/" }

// Span is the run of one shard's records that an object was made of.
type Span struct {
	Shard string
	First string // sequence numbers, decimal
	Last  string
}

// The forms below are checked by hand: a listing of an hour has a hundred thousand names, and patterns cost a millisecond of each cold start.

// isReason tells whether s is a letter and up to 31 of those and '_', all in lower case.
func isReason(s string) bool {
	return s != "" && len(s) <= 32 && s[0] != '_' && all(s, func(c byte) bool { return c >= 'a' && c <= 'z' || c == '_' })
}

// isShard tells whether s is a letter or digit and up to 127 of those, '_', '.' and '-'.
func isShard(s string) bool {
	return len(s) <= 128 && s != "" && strings.IndexByte("_.-", s[0]) < 0 && all(s, func(c byte) bool {
		return isDigit(c) || c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c == '_' || c == '.' || c == '-'
	})
}

// isSequence tells whether s is 1 to 128 decimal digits.
func isSequence(s string) bool { return len(s) <= 128 && s != "" && all(s, isDigit) }

// isHash tells whether s is 16 hex digits in lower case.
func isHash(s string) bool {
	return len(s) == 16 && all(s, isHex)
}

func isHex(c byte) bool { return isDigit(c) || c >= 'a' && c <= 'f' }

func isDigit(c byte) bool { return c >= '0' && c <= '9' }

func all(s string, is func(byte) bool) bool {
	for i := range len(s) {
		if !is(s[i]) {
			return false
		}
	}
	return true
}

// Check tells what of the span cannot stand in a key.
func (s Span) Check() error {
	switch {
	case !isShard(s.Shard):
		return fmt.Errorf("shard %.140q is no shard id", s.Shard)
	case !isSequence(s.First):
		return fmt.Errorf("sequence number %.140q is not decimal", s.First)
	case !isSequence(s.Last):
		return fmt.Errorf("sequence number %.140q is not decimal", s.Last)
	}
	return nil
}

// Name is the span and the hash of the object's content, so that one name never stands for two contents: writing an object anew
// changes nothing, and a write that lands late does no harm.
func (s Span) name(hash uint64) string {
	return fmt.Sprintf("%s-%s-%s-%016x", s.Shard, s.First, s.Last, hash)
}

// parseSpan reads "<shard>-<first>-<last>-<hash>" from its end, since a shard's own id holds hyphens.
func parseSpan(name string) (s Span, hash uint64, err error) {
	fields := make([]string, 3)
	rest := name
	for i := 2; i >= 0; i-- {
		at := strings.LastIndexByte(rest, '-')
		if at < 0 {
			return s, 0, fmt.Errorf("%q: want <shard>-<first>-<last>-<hash>", name)
		}
		rest, fields[i] = rest[:at], rest[at+1:]
	}
	s = Span{Shard: rest, First: fields[0], Last: fields[1]}
	if err := s.Check(); err != nil {
		return Span{}, 0, err
	}
	if hash, err = strconv.ParseUint(fields[2], 16, 64); err != nil || !isHash(fields[2]) {
		return Span{}, 0, fmt.Errorf("%q is no hash", fields[2])
	}
	return s, hash, nil
}

// cut takes the partition off a key below top: "raw/dt=2026-11-23/hour=08/x" gives the hour and "x".
func cut(key, top string) (p Partition, rest string, err error) {
	path, ok := strings.CutPrefix(key, top)
	if !ok {
		return 0, "", fmt.Errorf("key %q is not below %s", key, top)
	}
	dt, path, _ := strings.Cut(path, "/")
	hour, rest, ok := strings.Cut(path, "/")
	if !ok {
		return 0, "", fmt.Errorf("key %q holds no partition", key)
	}
	p, err = ParsePartition(dt + "/" + hour)
	if err != nil {
		return 0, "", fmt.Errorf("key %q: %w", key, err)
	}
	return p, rest, nil
}

// PartitionIn gives the partition in any key below raw/, events/, index/ or visit/.
func PartitionIn(key string) (Partition, error) {
	top, _, _ := strings.Cut(key, "/")
	p, _, err := cut(key, top+"/")
	return p, err
}
