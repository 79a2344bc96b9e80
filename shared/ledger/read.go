package ledger

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// Each calls f once for every entry of the ledger, rolled up or not. Entries that are rolled up while it reads are not missed: the new
// ones are read first. An object that is not the ledger's, or cannot be read, is given to bad with its key, and reading goes on.
func Each(ctx context.Context, b bucket.Bucket, f func(key string, e Entry) error, bad func(key string, err error)) error {
	// By the entry's own bytes: one both rolled up and not yet deleted counts once, and so does one in two rollups of its hour. What is
	// new is little, and an hour is forgotten once it is read.
	fresh, rolled := map[uint64]bool{}, map[uint64]bool{}
	seen := fresh
	read := func(key string, gz bool) error {
		lines, err := part.Open(ctx, b, key, gz)
		if errors.Is(err, bucket.ErrNotFound) {
			return nil // rolled up since the listing
		}
		if err != nil {
			bad(key, err)
			return ctx.Err()
		}
		defer lines.Close()
		for lines.Next() {
			sum := xxhash.Sum64(lines.Bytes())
			if fresh[sum] || seen[sum] {
				continue
			}
			e, err := Parse(lines.Bytes())
			if err != nil {
				bad(key, err)
				return nil
			}
			seen[sum] = true
			if err := f(key, e); err != nil {
				return err
			}
		}
		if lines.Err() != nil {
			bad(key, lines.Err())
		}
		return ctx.Err()
	}
	for _, prefix := range []string{layout.LedgerNew, layout.Ledger} {
		hour := layout.Partition(-1)
		for o, err := range b.List(ctx, prefix, "") {
			if err != nil {
				return fmt.Errorf("list %s: %w", prefix, err)
			}
			if prefix == layout.Ledger && strings.HasPrefix(o.Key, layout.LedgerNew) {
				continue
			}
			gz := prefix == layout.Ledger
			at, err := parseKey(o.Key, gz)
			if err != nil {
				bad(o.Key, err)
				continue
			}
			if gz && at != hour {
				hour = at
				clear(rolled)
				seen = rolled
			}
			if err := read(o.Key, gz); err != nil {
				return err
			}
		}
	}
	return nil
}

func parseKey(key string, rolled bool) (layout.Partition, error) {
	if rolled {
		r, err := layout.ParseRollup(key)
		return r.Arrival, err
	}
	e, err := layout.ParseEntry(key)
	return e.Arrival, err
}
