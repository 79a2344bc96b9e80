package layout

import (
	"fmt"
	"strings"
)

// Fragment names a small raw object: events of one partition and lane out of one delivery.
type Fragment struct {
	Partition Partition
	Lane      Lane
	Span
	Hash uint64 // XXH64 of its lines, decompressed
	Gzip bool
}

// Key gives raw/dt=…/hour=…/<lane>-<shard>-<first>-<last>-<hash>.json or .json.gz.
func (f Fragment) Key() string { return RawPrefix(f.Partition) + f.Name() }

// Name is the last segment of the key.
func (f Fragment) Name() string {
	suffix := ".json"
	if f.Gzip {
		suffix = ".json.gz"
	}
	return f.Lane.String() + "-" + f.Span.name(f.Hash) + suffix
}

// ParseFragment is the inverse of Key.
func ParseFragment(key string) (Fragment, error) {
	p, name, err := cut(key, Raw)
	if err != nil {
		return Fragment{}, err
	}
	f := Fragment{Partition: p}
	stem, plain := strings.CutSuffix(name, ".json")
	if !plain {
		if stem, f.Gzip = strings.CutSuffix(name, ".json.gz"); !f.Gzip {
			return Fragment{}, fmt.Errorf("key %q ends neither in .json nor in .json.gz", key)
		}
	}
	lane, span, _ := strings.Cut(stem, "-")
	var ok bool
	if f.Lane, ok = parseLane(lane); !ok {
		return Fragment{}, fmt.Errorf("key %q: %q is no lane", key, lane)
	}
	if f.Span, f.Hash, err = parseSpan(span); err != nil {
		return Fragment{}, fmt.Errorf("key %q: %w", key, err)
	}
	return f, nil
}
