package compactor

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/schema"
)

// evolve makes the table, and every partition's own columns, able to read columns, before any data that needs them is visible. It can be
// broken off anywhere: a table that is not followed by all its partitions says so, and whoever comes next goes on.
//
// The columns were observed starting from those in from. Where a limit had columns left out, and the table has gained some since, only
// another look can tell: errLost.
func (v *visit) evolve(ctx context.Context, from []schema.Field, in *schema.Inferrer) error {
	seen := in.Columns()
	for range maxSteps {
		t, err := v.catalog.Table(ctx)
		if err != nil {
			return fmt.Errorf("read table: %w", err)
		}
		if in.Dropped() && !schema.Equal(columns(t), from) {
			return errLost
		}
		merged, changes := schema.Merge(columns(t), seen)
		changed := !schema.Equal(merged, columns(t)) // also in what is known and not declared
		if !changed && t.Followed {
			return nil
		}
		if changed {
			t = v.widen(t, merged)
			t.Followed = false
			t, err = v.catalog.SetTable(ctx, t)
			if errors.Is(err, catalog.ErrStale) {
				continue
			}
			if err != nil {
				return fmt.Errorf("set table: %w", err)
			}
			v.result.Evolved += len(changes)
		}
		// A seal decided before the table changed, by whomever, lands within the bound or never: later looks see it.
		if err := sleep(ctx, v.config.Policy.Bound); err != nil {
			return err
		}
		if err := v.followAll(ctx, schema.Declared(merged)); err != nil {
			return err
		}
		t.Followed = true
		if _, err = v.catalog.SetTable(ctx, t); err == nil {
			return nil
		}
		if !errors.Is(err, catalog.ErrStale) {
			return fmt.Errorf("set table: %w", err)
		}
	}
	return fmt.Errorf("table changed %d times meanwhile", maxSteps)
}

// widen gives t the columns merged, with the history of each.
func (v *visit) widen(t catalog.Table, merged []schema.Field) catalog.Table {
	now := v.config.Now().UTC()
	was := map[string]catalog.Column{}
	for _, c := range t.Columns {
		was[c.Name] = c
	}
	t.Columns = make([]catalog.Column, len(merged))
	for i, f := range merged {
		old, known := was[f.Name]
		c := catalog.Column{Field: f, Since: old.Since, Changes: old.Changes}
		from, to := schema.Declared([]schema.Field{old.Field}), schema.Declared([]schema.Field{f})
		switch {
		case len(to) == 0:
		case !known || len(from) == 0:
			c.Since = now
		case from[0].Type.Hive() != to[0].Type.Hive():
			c.Changes = append(slices.Clone(old.Changes), catalog.Change{From: from[0].Type.Hive(), At: now})
		}
		t.Columns[i] = c
	}
	return t
}

// followAll brings every partition's own columns up to the table's.
func (v *visit) followAll(ctx context.Context, to []schema.Field) error {
	for range maxSteps {
		look := v.config.Now()
		all, err := v.catalog.Partitions(ctx)
		if err != nil {
			return fmt.Errorf("read partitions: %w", err)
		}
		var behind []catalog.Partition
		for _, p := range all {
			if !schema.Equal(p.Columns, to) {
				p.Columns = to
				behind = append(behind, p)
			}
		}
		if len(behind) == 0 {
			return nil
		}
		if err := v.set(ctx, look, behind...); err != nil && !errors.Is(err, errLost) {
			return err
		}
	}
	return errors.New("partitions changed all the time")
}

// follow brings this partition's columns up to the table's.
func (v *visit) follow(ctx context.Context, s *state) error {
	p := s.entry
	p.Columns = declared(s.table)
	return v.set(ctx, s.at, p)
}

// publish points the partition's Location at the current generation.
func (v *visit) publish(ctx context.Context, s *state) error {
	p := s.entry
	p.Hour = s.partition
	p.Location = locationOf(s)
	p.Columns = declared(s.table)
	p.PublishedAt = v.config.Now().UTC()
	return v.set(ctx, s.at, p)
}

// set writes partitions as decided by the look. Where the catalog cannot compare, the write lands within the bound of that look or not at
// all: a deadline over all tries, and no try once it has passed.
func (v *visit) set(ctx context.Context, look time.Time, all ...catalog.Partition) error {
	now := v.config.Now()
	if bound := v.config.Policy.Bound; bound > 0 {
		left := bound - now.Sub(look)
		if left <= 0 {
			return errLost
		}
		var stop context.CancelFunc
		ctx, stop = context.WithTimeout(ctx, left)
		defer stop()
	}
	for i := range all {
		all[i].WrittenAt = look.Add(v.config.Policy.Bound).UTC() // the latest instant at which it can land
	}
	err := v.catalog.SetPartitions(ctx, all)
	if errors.Is(err, catalog.ErrStale) || v.config.Policy.Bound > 0 && errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(errLost, err)
	}
	return err
}

// columns gives all that is known of the table's columns; declared only what readers are told.
func columns(t catalog.Table) []schema.Field {
	fields := make([]schema.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = c.Field
	}
	return fields
}

func declared(t catalog.Table) []schema.Field { return schema.Declared(columns(t)) }
