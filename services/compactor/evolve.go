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
//
// Who needs no change, and whose look saw the table as it is, does not wait until all partitions have followed what others changed: only
// its own has to. It takes a share of the work.
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
		switch {
		case changed:
			if err = v.change(ctx, t, merged, changes); err == nil {
				v.result.Evolved += len(changes)
				continue // to have it followed
			}
		case t.Followed:
			return nil
		default:
			err = v.finish(ctx, t, schema.Equal(columns(t), from))
			if err == nil || errors.Is(err, errShared) {
				return nil
			}
		}
		if !errors.Is(err, catalog.ErrStale) {
			return err
		}
	}
	return fmt.Errorf("table changed %d times meanwhile", maxSteps)
}

// change sets the table's columns. A value is read as its partition's type, then turned into the table's. Which of those turns Trino knows was
// tried for every pair (476, OpenX SerDe; from a partition's type to the table's):
//
//   - a column or member that is not there yet: NULL;
//   - bigint -> double, and any scalar -> string, also in members and elements: the value, a boolean as TRUE, a double as Java spells it;
//   - a struct with fewer or more members: those of one name;
//   - a struct or array -> string, at any depth, and string -> struct or array: HIVE_PARTITION_SCHEMA_MISMATCH, for queries that select
//     that very column, and no others;
//   - double -> bigint: the same, so that partitions cannot go first.
//
// So no order spares the readers of a struct that becomes text: from the table's change until a partition follows, they fail for that
// partition. What can be done is to keep the time short: the wait for the bound comes before the change, and the partitions follow right
// after it, the latest hours first. Another wait, and another look at them all, is left to finish.
func (v *visit) change(ctx context.Context, t catalog.Table, merged []schema.Field, changes []schema.Change) (err error) {
	retyped := slices.ContainsFunc(changes, func(c schema.Change) bool { return c.From != "" })
	if retyped {
		if t.Followed {
			t.Followed = false
			if t, err = v.catalog.SetTable(ctx, t); err != nil {
				return fmt.Errorf("set table: %w", err)
			}
		}
		// A seal decided before lands meanwhile, or never: no write of columns sets a Location back.
		if err := sleep(ctx, v.config.Policy.Bound); err != nil {
			return err
		}
	}
	t = v.widen(t, merged)
	t.Followed = false
	if t, err = v.catalog.SetTable(ctx, t); err != nil {
		return fmt.Errorf("set table: %w", err)
	}
	if retyped {
		return v.followAll(ctx, t, time.Time{})
	}
	return nil
}

// finish has the partitions follow a table that was changed, and says so there. Who only shares in it is done after a while: errShared.
func (v *visit) finish(ctx context.Context, t catalog.Table, shared bool) error {
	// A seal decided before the table changed, or a write with the columns of before, by whomever, lands within the bound or never: later
	// looks see it.
	if err := sleep(ctx, v.config.Policy.Bound); err != nil {
		return err
	}
	until := time.Time{}
	if shared {
		until = v.config.Now().Add(max(v.config.Policy.Bound, leastShare))
	}
	if err := v.followAll(ctx, t, until); err != nil {
		return err
	}
	t.Followed = true
	if _, err := v.catalog.SetTable(ctx, t); err != nil {
		return fmt.Errorf("set table: %w", err)
	}
	return nil
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

// columns gives all that is known of the table's columns; declared only what readers are told.
func columns(t catalog.Table) []schema.Field {
	fields := make([]schema.Field, len(t.Columns))
	for i, c := range t.Columns {
		fields[i] = c.Field
	}
	return fields
}

func declared(t catalog.Table) []schema.Field { return schema.Declared(columns(t)) }
