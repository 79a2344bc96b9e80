package compactor

import (
	"context"
	"fmt"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// Dirty is a partition with fragments. Fragments are the last thing to go, so these are all the partitions in which anything is left to
// do, and the cost of a survey grows with what changed, not with what there is.
type Dirty struct {
	Partition layout.Partition
	Oldest    time.Time // of its fragments, by the store's clock
}

// Survey lists the dirty partitions, in order of their hours.
func (c *Compactor) Survey(ctx context.Context) ([]Dirty, error) {
	var all []Dirty
	for o, err := range c.bucket.List(ctx, layout.Raw, "") {
		if err != nil {
			return nil, fmt.Errorf("survey: %w", err)
		}
		p, err := layout.PartitionIn(o.Key)
		if err != nil {
			continue // not ours: whoever reads raw/ whole (verify) names it
		}
		if n := len(all); n == 0 || all[n-1].Partition != p {
			all = append(all, Dirty{Partition: p, Oldest: o.Modified})
		}
		d := &all[len(all)-1]
		if o.Modified.Before(d.Oldest) {
			d.Oldest = o.Modified
		}
	}
	return all, nil
}
