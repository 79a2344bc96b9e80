package compactor

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// Dirty is a partition with fragments, or one that is marked to be swept. Both go last, so these are all the partitions in which anything is
// left to do, and the cost of a survey grows with what changed, not with what there is.
type Dirty struct {
	Partition layout.Partition
	Oldest    time.Time     // of its fragments and marks, by the store's clock
	Lanes     []layout.Lane // of its fragments: the widest, of which no two overlap
}

// Survey lists the dirty partitions, in order of their hours.
func (c *Compactor) Survey(ctx context.Context) ([]Dirty, error) {
	oldest := map[layout.Partition]time.Time{}
	lanes := map[layout.Partition]map[layout.Lane]bool{}
	for _, top := range []string{layout.Raw, layout.Visits} {
		for o, err := range c.bucket.List(ctx, top, "") {
			if err != nil {
				return nil, fmt.Errorf("survey: %w", err)
			}
			p, err := layout.PartitionIn(o.Key)
			if err != nil {
				continue // not ours: whoever reads the bucket whole (verify) names it
			}
			if t, known := oldest[p]; !known || o.Modified.Before(t) {
				oldest[p] = o.Modified
			}
			if f, err := layout.ParseFragment(o.Key); err == nil {
				if lanes[p] == nil {
					lanes[p] = map[layout.Lane]bool{}
				}
				lanes[p][f.Lane] = true
			}
		}
	}
	all := make([]Dirty, 0, len(oldest))
	for _, p := range slices.Sorted(maps.Keys(oldest)) {
		all = append(all, Dirty{p, oldest[p], widest(lanes[p])})
	}
	return all, nil
}

// widest leaves out the lanes that lie within another.
func widest(lanes map[layout.Lane]bool) []layout.Lane {
	var wide []layout.Lane
	for _, lane := range slices.Sorted(maps.Keys(lanes)) { // a prefix sorts before what it is a prefix of
		if len(wide) == 0 || !lane.Overlaps(wide[len(wide)-1]) {
			wide = append(wide, lane)
		}
	}
	return wide
}
