package verify

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// state is what a look at one hour saw.
type state struct {
	hour      layout.Partition
	table     catalog.Table
	entry     catalog.Partition // Version "" when it is not registered
	chain     []generation      // from the first generation, along the seals, to the current one
	lost      bool              // the chain is broken where it matters: the current generation is not known
	orphans   []orphan
	indexes   []layout.Index
	known     map[string]part.Known // what is noted of slots of earlier generations
	fragments []fragment
	consumed  map[string]int64 // the lines of each fragment that the current generation names
	mark      uint64           // of all that was listed: equal where nothing moved
}

type generation struct {
	name  layout.Generation
	slots []slot
	holed bool // some of its slots are missing or cannot be read
}

type slot struct {
	layout.Slot
	part.Header
	object bucket.Object
	head   *index.Head // nil where the names of the fragments consumed are not known
	broken bool        // its lines cannot be read
	exact  bool        // its index holds the fingerprints of its lines
}

func (s *slot) indexKey() string { return layout.Index{Slot: s.Slot, Inputs: s.Inputs}.Key() }

type orphan struct {
	name   layout.Generation
	newest time.Time
}

type fragment struct {
	layout.Fragment
	modified time.Time
	consumed bool
	lines    int64
	whole    bool // it was read, and is what its name says
}

func (s *state) current() *generation { return &s.chain[len(s.chain)-1] }

// sealed is when the generation before the current one was sealed.
func (s *state) sealed() time.Time {
	before := s.chain[len(s.chain)-2].slots
	return before[len(before)-1].object.Modified
}

func (g *generation) data() []*slot {
	var data []*slot
	for i := range g.slots {
		if g.slots[i].Kind == part.Data {
			data = append(data, &g.slots[i])
		}
	}
	return data
}

// enumerate lists the hour's fragments, then its slots, then its indexes, and reads its catalog entry; it marks what it saw.
func (k *worker) enumerate(ctx context.Context, s *state, take func(bucket.Object)) error {
	sum := xxhash.New()
	for _, prefix := range []string{layout.RawPrefix(s.hour), layout.EventsPrefix(s.hour), layout.IndexPrefix(s.hour)} {
		for o, err := range k.Bucket.List(ctx, prefix, "") {
			if err != nil {
				return fmt.Errorf("list %s: %w", prefix, err)
			}
			_, _ = fmt.Fprintf(sum, "%s\n%s\n", o.Key, o.ETag) // a hash never fails
			if take != nil {
				take(o)
			}
		}
	}
	var err error
	if s.table, err = k.Catalog.Table(ctx); err != nil {
		return fmt.Errorf("read table: %w", err)
	}
	entries, err := k.Catalog.Partitions(ctx, s.hour)
	if err != nil {
		return fmt.Errorf("read partition %s: %w", s.hour, err)
	}
	if len(entries) > 0 {
		s.entry = entries[0]
	}
	_, _ = fmt.Fprintf(sum, "%s\n%s\n%s\n%d", s.table.Version, s.entry.Version, s.entry.Location, s.entry.WrittenAt.UnixNano())
	s.mark = sum.Sum64()
	return nil
}

// look reads the hour's state. What has a foreign name the survey tells of.
func (v *visit) look(ctx context.Context) error {
	s := v.state
	rows := map[layout.Generation][]slot{}
	err := v.enumerate(ctx, s, func(o bucket.Object) {
		if f, err := layout.ParseFragment(o.Key); err == nil {
			s.fragments = append(s.fragments, fragment{Fragment: f, modified: o.Modified})
		} else if at, err := layout.ParseSlot(o.Key); err == nil {
			rows[at.Generation] = append(rows[at.Generation], slot{Slot: at, object: o})
		} else if x, err := layout.ParseIndex(o.Key); err == nil {
			s.indexes = append(s.indexes, x)
		}
	})
	if err != nil {
		return err
	}
	if s.known, err = part.ReadKnown(ctx, v.Bucket, layout.Headers(s.hour)); err != nil {
		return err
	}
	if err := v.walk(ctx, rows); err != nil || s.lost {
		return err
	}
	return v.lookHeads(ctx)
}

// lookHeads finds out which fragments the current generation has consumed.
func (v *visit) lookHeads(ctx context.Context) error {
	s := v.state
	s.consumed = map[string]int64{}
	for _, d := range s.current().data() {
		head, err := v.readHead(ctx, d.indexKey())
		switch {
		case errors.Is(err, bucket.ErrNotFound):
			v.add(IndexMissing, s.hour, d.indexKey(), "the index of %s is not there", d.object.Key)
		case errors.Is(err, index.ErrCorrupt):
			v.add(IndexBroken, s.hour, d.indexKey(), "%s", err)
		case err != nil:
			return err
		case head.Count != d.Events:
			v.add(IndexBroken, s.hour, d.indexKey(), "it holds %d fingerprints, for a part of %d events", head.Count, d.Events)
		default:
			d.head = &head
		}
		v.credit += v.explain(d)
	}
	for i := range s.fragments {
		_, s.fragments[i].consumed = s.consumed[s.fragments[i].Name()]
	}
	return nil
}

// explain takes the names of the fragments that a part consumed, and gives how many of its lines no name explains.
func (v *visit) explain(d *slot) int64 {
	if d.head == nil {
		return d.Lines
	}
	lines := int64(0)
	for _, f := range d.head.Consumed {
		v.state.consumed[f.Name] = f.Lines
		lines += f.Lines
	}
	if d.head.Rebuilt {
		return max(d.Lines-lines, 0)
	}
	if n := int64(len(d.head.Consumed)); lines != d.Lines || n != d.Fragments {
		v.add(Accounts, v.state.hour, d.object.Key, "its header counts %d lines of %d fragments, its index names %d lines of %d", d.Lines, d.Fragments, lines, n)
	}
	return 0
}
