package compactor

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// Summary is what one partition holds.
type Summary struct {
	Partition  layout.Partition
	Generation layout.Generation // the current one
	Current    bool              // the catalog's Location names it
	Parts      int               // data slots
	Events     int64             // in them
	Bytes      int64             // of them
	Fragments  int               // all that lie there
	Waiting    int               // of these, not merged yet
	WaitBytes  int64
	Oldest     time.Time // of those waiting, by the store's clock
}

// Partitions lists every partition that has data, in order. It skips from partition to partition and reads no listing whole.
func (c *Compactor) Partitions(ctx context.Context) ([]layout.Partition, error) {
	seen := map[layout.Partition]bool{}
	for _, top := range []string{layout.Events, layout.Raw} {
		for after, more := "", true; more; {
			more = false
			for o, err := range c.bucket.List(ctx, top, after) {
				if err != nil {
					return nil, fmt.Errorf("list partitions: %w", err)
				}
				p, err := layout.PartitionIn(o.Key)
				if err != nil {
					after, more = o.Key, true // not ours
					break
				}
				seen[p] = true
				after, more = top+p.String()+"0", true // '0' follows '/'
				break
			}
		}
	}
	all := make([]layout.Partition, 0, len(seen))
	for p := range seen {
		all = append(all, p)
	}
	slices.Sort(all)
	return all, nil
}

// Summary looks at one partition.
func (c *Compactor) Summary(ctx context.Context, p layout.Partition) (Summary, error) {
	v := c.visit(p, &Result{})
	s, err := v.look(ctx)
	if err != nil {
		return Summary{}, err
	}
	sum := Summary{Partition: p, Generation: s.current().name, Current: s.entry.Location == locationOf(s), Fragments: len(s.fragments)}
	for _, d := range s.current().data() {
		sum.Parts++
		sum.Events += d.Events
		sum.Bytes += d.object.Size
	}
	for _, f := range s.fragments {
		if !f.pending() {
			continue
		}
		sum.Waiting++
		sum.WaitBytes += f.object.Size
		if sum.Oldest.IsZero() || f.object.Modified.Before(sum.Oldest) {
			sum.Oldest = f.object.Modified
		}
	}
	return sum, nil
}
