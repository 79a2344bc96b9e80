package compactor

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

const (
	// followAtOnce is how many partitions are set as decided by one look: what a catalog that cannot compare writes well within its bound.
	followAtOnce = 400
	// leastShare is how long somebody with other work to do helps at least.
	leastShare = 2 * time.Second
)

// errShared says that partitions are left to follow, for others.
var errShared = errors.New("others go on")

// followAll brings every partition's own columns up to those of t: the visited one first, then the latest hours, which most queries read,
// then the others in no order, so that workers that do the same help each other. Past until (zero: never), what is left is for others:
// errShared. It can be broken off anywhere, as those that have followed are passed over by the next. Once the table is no longer t, it
// gives catalog.ErrStale: a partition must not be set back to older columns.
func (v *visit) followAll(ctx context.Context, t catalog.Table, until time.Time) error {
	to := declared(t)
	for range maxSteps {
		all, err := v.catalog.Partitions(ctx)
		if err != nil {
			return fmt.Errorf("read partitions: %w", err)
		}
		var failed []error
		behind := v.inOrder(slices.DeleteFunc(all, func(p catalog.Partition) bool { return schema.Equal(p.Columns, to) }))
		if len(behind) == 0 {
			return nil
		}
		for some := range slices.Chunk(behind, followAtOnce) {
			err := v.followSome(ctx, t, to, some)
			lost := errors.Is(err, errLost)
			switch {
			case ctx.Err() != nil:
				return errors.Join(ctx.Err(), err)
			case err == nil || lost:
			case errors.Is(err, catalog.ErrStale):
				return err
			default:
				failed = append(failed, err) // the others follow all the same
			}
			if !lost && !until.IsZero() && !v.config.Now().Before(until) {
				return errors.Join(append(failed, errShared)...)
			}
			if lost { // its own may be among them
				break
			}
		}
		if len(failed) > 0 {
			return errors.Join(failed...)
		}
	}
	return errors.New("partitions changed all the time")
}

// inOrder sorts partitions that are to follow, which came by hour.
func (v *visit) inOrder(behind []catalog.Partition) []catalog.Partition {
	slices.Reverse(behind)
	if i := slices.IndexFunc(behind, func(p catalog.Partition) bool { return p.Hour == v.partition }); i > 0 {
		own := behind[i]
		copy(behind[1:i+1], behind[:i])
		behind[0] = own
	}
	if len(behind) > followAtOnce {
		rest := behind[followAtOnce:]
		rand.Shuffle(len(rest), func(i, j int) { rest[i], rest[j] = rest[j], rest[i] })
	}
	return behind
}

// followSome brings some partitions' columns up to the table's. Where the catalog cannot compare, they are looked at once more: the list
// may be older than the bound, whatever the catalog's size.
func (v *visit) followSome(ctx context.Context, t catalog.Table, to []schema.Field, some []catalog.Partition) error {
	look := v.config.Now()
	if v.config.Policy.Bound > 0 {
		hours := make([]layout.Partition, len(some))
		for i, p := range some {
			hours[i] = p.Hour
		}
		var err error
		if some, err = v.catalog.Partitions(ctx, hours...); err != nil {
			return fmt.Errorf("read partitions: %w", err)
		}
		slices.Reverse(some)
	}
	now, err := v.catalog.Table(ctx) // after the look: what a change of the table has to wait for is bound by it
	if err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	if now.Version != t.Version {
		return catalog.ErrStale
	}
	some = slices.DeleteFunc(slices.Clone(some), func(p catalog.Partition) bool { return schema.Equal(p.Columns, to) })
	if len(some) == 0 {
		return nil
	}
	for i := range some {
		some[i].Columns = to
	}
	return v.set(ctx, look, some...)
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

// set writes partitions as decided by the look. The write lands within a bound of that look or not at all: a deadline over all tries, and no
// try once it has passed.
func (v *visit) set(ctx context.Context, look time.Time, all ...catalog.Partition) error {
	now := v.config.Now()
	left := v.config.Policy.lands() - now.Sub(look)
	if left <= 0 {
		return errLost
	}
	ctx, stop := context.WithTimeout(ctx, left)
	defer stop()
	for i := range all {
		all[i].WrittenAt = look.Add(v.config.Policy.Bound).UTC() // the latest instant at which it can land
	}
	err := v.catalog.SetPartitions(ctx, all)
	if errors.Is(err, catalog.ErrStale) || errors.Is(err, context.DeadlineExceeded) {
		return errors.Join(errLost, err)
	}
	return err
}

// lands is how long after its look a write of partitions may land. Where the catalog compares, one that is late sets nothing back; but its
// PublishedAt, from which the grace counts, is older than what it says, and readers began on the generation before until it landed. A grace
// that leaves less than leastLanding for that is too short for whoever stalls just there.
func (p Policy) lands() time.Duration {
	if p.Bound > 0 {
		return p.Bound
	}
	return max(p.Grace-p.LongestQuery, leastLanding)
}

// leastLanding is what a look and the write that it leads to take at most, on a local disk, unless their process stalls.
const leastLanding = time.Minute
