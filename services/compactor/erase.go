package compactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// Erase takes the events that the tombstones match out of a partition, and tells what still holds one until it is swept: generations that
// readers may be using, fragments that were merged. The tombstones have to lie in the bucket before: whatever is merged later is held against
// them, and what was merged by somebody who did not know them yet lay here before, so that it is found here. With try, nothing is written.
func (c *Compactor) Erase(ctx context.Context, p layout.Partition, set *erasure.Set, try bool) (r Rewritten, err error) {
	v := c.visit(p, &r.Result)
	d, err := event.NewDecoder(c.config.Mapping, 0)
	if err != nil {
		return r, err
	}
	erases := eraser{set, p, d}
	o, err := v.rewrite(ctx, &edit{line: func(line []byte) ([]byte, error) {
		gone, err := erases.match(line)
		if gone {
			return nil, err
		}
		return line, err
	}}, try)
	r.Lines, r.Dropped, r.Anew = o.lines, o.dropped, !o.same() && !try
	if err == nil && !try {
		err = v.settle(ctx) // what may be swept at once
	}
	if err != nil {
		return r, err
	}
	s, err := v.look(ctx)
	if err != nil {
		return r, fmt.Errorf("look: %w", err)
	}
	if try { // merging drops what is in these
		s.fragments = slices.DeleteFunc(s.fragments, func(f fragment) bool { return f.pending() })
	}
	r.Holding, r.Gone, err = v.holding(ctx, s, erases)
	return r, err
}

// eraser holds stored lines of a partition against tombstones. It is not safe for concurrent use.
type eraser struct {
	set       *erasure.Set
	partition layout.Partition
	decoder   *event.Decoder
}

// idle tells that no line can match.
func (e *eraser) idle() bool { return e.set.Empty() || !e.partition.Start().Before(e.set.Latest()) }

func (e *eraser) match(line []byte) (bool, error) {
	until, found := e.set.Find(line)
	if !found || !e.partition.Start().Before(until) {
		return false, nil
	}
	if !e.partition.End().After(until) {
		return true, nil
	}
	x, err := e.decoder.Inspect(line)
	return err == nil && x.Time.Before(until), err
}

// holding finds the objects that nobody needs any more and that hold an erased event until they are swept, and when they will be. One that is
// damaged counts as holding one.
func (v *visit) holding(ctx context.Context, s *state, erases eraser) (keys []string, gone time.Time, err error) {
	if erases.idle() {
		return nil, gone, nil
	}
	p := v.config.Policy
	settled := s.entry.PublishedAt.Add(p.Grace)
	check := func(key string, gz bool, until time.Time) error {
		holds, err := v.holds(ctx, key, gz, erases)
		if holds {
			keys, gone = append(keys, key), later(gone, until)
		}
		return err
	}
	for i := range s.chain[:len(s.chain)-1] {
		for _, d := range s.chain[i].data() {
			if err := check(d.object.Key, true, settled); err != nil {
				return keys, gone, err
			}
		}
	}
	for _, o := range s.orphans {
		for _, x := range o.objects {
			if err := check(x.Key, true, settled); err != nil {
				return keys, gone, err
			}
		}
	}
	for i := range s.fragments {
		f := &s.fragments[i]
		until := later(settled, s.partition.End().Add(p.Live+p.LongestQuery))
		if f.consumed != nil {
			until = later(until, f.consumed.object.Modified.Add(p.Grace))
		}
		if err := check(f.object.Key, f.Gzip, until); err != nil {
			return keys, gone, err
		}
	}
	return keys, gone, nil
}

func (v *visit) holds(ctx context.Context, key string, gz bool, erases eraser) (bool, error) {
	lines, err := part.Open(ctx, v.bucket, key, gz)
	if errors.Is(err, bucket.ErrNotFound) {
		return false, nil // swept meanwhile
	}
	if errors.Is(err, gzip.ErrHeader) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	defer lines.Close()
	for lines.Next() {
		if holds, err := erases.match(lines.Bytes()); holds || err != nil {
			return true, nil // a line that cannot be read may hold anything
		}
	}
	if err := lines.Err(); err != nil && ctx.Err() == nil {
		return true, nil
	}
	return false, ctx.Err()
}
