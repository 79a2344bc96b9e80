package compactor

import (
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// Rebuild makes what follows from the bucket anew: it reads every part of the current generations, declares the columns that they need,
// makes indexes anew that are missing or do not match their part, and sets every Location. A partition with a damaged part is set aside in
// the result, with all that can be read of it shown. It may be broken off and repeated, and run beside other workers.
func (c *Compactor) Rebuild(ctx context.Context, done func(layout.Partition)) (Result, error) {
	var total Result
	all, err := c.Partitions(ctx)
	if err != nil {
		return total, err
	}
	for _, p := range all {
		v := c.visit(p, &total)
		if err := v.rebuild(ctx); err != nil {
			if ctx.Err() != nil {
				return total, ctx.Err()
			}
			total.SetAside = append(total.SetAside, Failure{p, fmt.Errorf("rebuild: %w", err)})
		}
		total.Partitions++
		done(p)
	}
	return total, nil
}

func (v *visit) rebuild(ctx context.Context) error {
	for range maxSteps {
		s, err := v.look(ctx)
		if err == nil {
			err = s.unsealed()
		}
		if err != nil {
			return err
		}
		seen := schema.NewInferrer(schema.Limits{}, columns(s.table))
		var damage error
		for _, d := range s.current().data() {
			damage = errors.Join(damage, v.reread(ctx, d, seen))
		}
		if errors.Is(damage, errLost) {
			continue
		}
		if err := v.evolve(ctx, columns(s.table), seen); errors.Is(err, errLost) {
			continue
		} else if err != nil {
			return err
		}
		if s, err = v.look(ctx); err != nil {
			return err
		}
		if merged, _ := schema.Merge(columns(s.table), seen.Columns()); !schema.Equal(merged, columns(s.table)) {
			continue // the catalog was lost since: its table knows nothing of these parts
		}
		if s.entry.Version != "" && s.entry.Location == locationOf(s) && schema.Equal(s.entry.Columns, declared(s.table)) || len(s.current().slots) == 0 {
			return damage
		}
		err = v.publish(ctx, s)
		if err == nil && s.entry.Version != "" {
			v.result.Repaired++
		}
		if !errors.Is(err, errLost) {
			return errors.Join(damage, err)
		}
	}
	return errors.New("others changed it all the time")
}

// reread observes a part's lines and checks its index against them. A part of another hour, which somebody put here, has no index here: what
// is in it must not go on into a successor.
func (v *visit) reread(ctx context.Context, d *slot, seen *schema.Inferrer) (err error) {
	decoder, err := event.NewDecoder(v.config.Mapping, 0)
	if err != nil {
		return err
	}
	w := index.NewWriter(v.config.Scratch)
	defer func() { err = errors.Join(err, w.Close()) }()
	lines, err := part.Open(ctx, v.bucket, d.object.Key, true)
	if err != nil {
		return err
	}
	defer lines.Close()
	for lines.Next() {
		e, err := decoder.Inspect(lines.Bytes())
		if hour := layout.PartitionOf(e.Time); err == nil && hour != v.partition {
			err = fmt.Errorf("it is an event of %s: another part was put in this one's place; restore it", hour)
		}
		if err == nil {
			err = errors.Join(seen.Observe(lines.Bytes()), w.Add(e.Fingerprint))
		}
		if err != nil {
			return fmt.Errorf("read %s, line %d: %w", d.object.Key, lines.Count(), err)
		}
	}
	if err := lines.Err(); err != nil {
		return v.damaged(ctx, d, fmt.Errorf("read %s: %w", d.object.Key, err))
	}
	if lines.Count() != d.Events {
		return v.damaged(ctx, d, fmt.Errorf("part %s says it holds %d events: it has %d lines", d.object.Key, d.Events, lines.Count()))
	}
	same, err := v.sameIndex(ctx, d, w)
	if same || err != nil {
		return err
	}
	body, err := w.Open(nil, true)
	if err != nil {
		return err
	}
	if _, err := v.bucket.Put(ctx, d.indexKey(), body, bucket.Condition{}); err != nil {
		return fmt.Errorf("put %s: %w", d.indexKey(), err)
	}
	delete(v.corrupt, d.indexKey())
	v.result.Reindexed++
	return nil
}

// sameIndex tells whether the part's index holds the fingerprints in w, in their order.
func (v *visit) sameIndex(ctx context.Context, d *slot, w *index.Writer) (bool, error) {
	next, stop := iter.Pull(w.All())
	defer stop()
	same := true
	head, err := index.Each(ctx, v.bucket, d.indexKey(), func(page []event.Fingerprint) error {
		for _, f := range page {
			want, ok := next()
			same = same && ok && f == want
		}
		return nil
	})
	if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, index.ErrCorrupt) {
		return false, nil
	}
	return same && head.Count == d.Events, err
}
