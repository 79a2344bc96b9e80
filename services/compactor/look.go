package compactor

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// state is what a look at one partition saw.
type state struct {
	partition layout.Partition
	lane      layout.Lane // whose fragments the visit is to merge
	only      bool        // no other fragments were looked at
	at        time.Time   // when the look began
	table     catalog.Table
	entry     catalog.Partition // Version "" when it is not registered
	chain     []generation      // from the first generation, along the seals, to the current one
	orphans   []orphan          // directories that no seal names
	indexes   []bucket.Object   // all of the partition's
	fragments []fragment        // in the order in which they were stored
	marks     []mark            // of a partition without fragments: why it is visited
}

// generation is one row of slots. Only the last of a chain is not sealed.
type generation struct {
	name  layout.Generation
	slots []slot
}

type slot struct {
	layout.Slot
	part.Header
	object bucket.Object
	known  bool        // the header was noted before, and not read
	head   *index.Head // of a data slot of the current generation, when its index is whole
}

type orphan struct {
	name    layout.Generation
	objects []bucket.Object
}

type mark struct {
	layout.Visit
	object bucket.Object
}

type fragment struct {
	layout.Fragment
	object   bucket.Object
	consumed *slot // the data slot that holds its events
	broken   bool  // found so earlier in this visit
}

// pending tells whether the fragment is to be merged.
func (f *fragment) pending() bool { return f.consumed == nil && !f.broken }

func (s *state) current() *generation { return &s.chain[len(s.chain)-1] }

func (g *generation) data() []*slot {
	var data []*slot
	for i := range g.slots {
		if g.slots[i].Kind == part.Data {
			data = append(data, &g.slots[i])
		}
	}
	return data
}

// look reads a partition's state. The order matters, since time may pass between any two reads:
//
//   - the catalog's entry comes before the slots: whatever current generation they lead to, the entry is older, so that a repair decided
//     from the two is refused when the entry has changed since, or lands within the bound of its reading;
//   - the entry comes before the table, for the same reason: columns are never set back;
//   - fragments come before the slots: one merged meanwhile is seen as consumed, or its slot turns out taken.
func (v *visit) look(ctx context.Context) (s *state, err error) {
	for range tries { // what it lists may be sealed and swept before it is read
		if s, err = v.lookOnce(ctx); !errors.Is(err, errLost) {
			break
		}
	}
	return s, err
}

func (v *visit) lookOnce(ctx context.Context) (*state, error) {
	s := &state{partition: v.partition, lane: v.lane, only: v.only, at: v.config.Now()}
	entries, err := v.catalog.Partitions(ctx, v.partition)
	if err != nil {
		return nil, fmt.Errorf("read partition: %w", err)
	}
	if len(entries) > 0 {
		s.entry = entries[0]
	}
	if s.table, err = v.catalog.Table(ctx); err != nil {
		return nil, fmt.Errorf("read table: %w", err)
	}
	if err := v.lookFragments(ctx, s); err != nil {
		return nil, err
	}
	if err := v.lookMarks(ctx, s); err != nil {
		return nil, err
	}
	if err := v.lookSlots(ctx, s); err != nil {
		return nil, err
	}
	if err := v.lookIndexes(ctx, s); err != nil {
		return nil, err
	}
	return s, nil
}

func (v *visit) lookFragments(ctx context.Context, s *state) error {
	prefixes := []string{layout.RawPrefix(v.partition)}
	if v.only {
		prefixes = layout.LanePrefixes(v.partition, v.lane)
	}
	for _, prefix := range prefixes {
		for o, err := range v.bucket.List(ctx, prefix, "") {
			if err != nil {
				return fmt.Errorf("list fragments: %w", err)
			}
			f, err := layout.ParseFragment(o.Key)
			if err != nil {
				v.passOver(o.Key, err)
				continue
			}
			s.fragments = append(s.fragments, fragment{Fragment: f, object: o, broken: v.broken[o.Key]})
		}
	}
	slices.SortFunc(s.fragments, func(a, b fragment) int { // of records with one id, the first that was stored stays
		return cmp.Or(a.object.Modified.Compare(b.object.Modified), cmp.Compare(a.object.Key, b.object.Key))
	})
	return nil
}

// lookMarks finds the marks of a partition that no fragment has visited.
func (v *visit) lookMarks(ctx context.Context, s *state) error {
	if len(s.fragments) > 0 || s.only {
		return nil
	}
	for o, err := range v.bucket.List(ctx, layout.VisitPrefix(v.partition), "") {
		if err != nil {
			return fmt.Errorf("list marks: %w", err)
		}
		if at, err := layout.ParseVisit(o.Key); err == nil {
			s.marks = append(s.marks, mark{at, o})
		}
	}
	return nil
}

// lookSlots walks the seals from the first generation.
func (v *visit) lookSlots(ctx context.Context, s *state) error {
	rows := map[layout.Generation][]slot{}
	rest := map[layout.Generation][]bucket.Object{}
	for o, err := range v.bucket.List(ctx, layout.EventsPrefix(v.partition), "") {
		if err != nil {
			return fmt.Errorf("list slots: %w", err)
		}
		at, err := layout.ParseSlot(o.Key)
		if err != nil {
			return fmt.Errorf("%w: move it away", err)
		}
		rows[at.Generation] = append(rows[at.Generation], slot{Slot: at, object: o})
		rest[at.Generation] = append(rest[at.Generation], o)
	}
	known, err := v.known(ctx, rows)
	if err != nil {
		return err
	}
	for name := layout.FirstGeneration; name != ""; {
		g := generation{name: name, slots: rows[name]}
		delete(rest, name)
		next, err := v.lookHeaders(ctx, &g, known)
		if err != nil {
			return err
		}
		s.chain = append(s.chain, g)
		name = next
		if name != "" && len(rows[name]) == 0 {
			return fmt.Errorf("generation %s, which the seal of %s names, is not there: it was deleted; restore it",
				layout.Location(v.partition, name), layout.Location(v.partition, g.name))
		}
	}
	for _, name := range slices.Sorted(maps.Keys(rest)) {
		s.orphans = append(s.orphans, orphan{name, rest[name]})
	}
	return nil
}

// lookHeaders reads what the slots say of themselves, and gives the successor's name when the last of them is a seal.
func (v *visit) lookHeaders(ctx context.Context, g *generation, known map[string]part.Known) (layout.Generation, error) {
	for i := range g.slots {
		if g.slots[i].Number != i+1 { // of an orphan, a sweeper may have left any
			missing := layout.Slot{Partition: v.partition, Generation: g.name, Number: i + 1}
			return "", fmt.Errorf("slot %d of %s is missing: it was deleted; restore %s", missing.Number, layout.Location(v.partition, g.name), missing.Key())
		}
		h, o, err := v.header(ctx, &g.slots[i], known)
		if err != nil {
			return "", err
		}
		if h.Kind == part.Data && slices.ContainsFunc(g.slots[:i], func(d slot) bool { return d.Kind == part.Data && d.Inputs == h.Inputs }) {
			return "", fmt.Errorf("slot %s is a copy of another of its generation: restore what was in it", o.Key) // inputs hold the slots before
		}
		g.slots[i].Header, g.slots[i].object = h, o
		if h.Kind != part.Seal {
			continue
		}
		next := layout.Generation(h.Next)
		switch {
		case i != len(g.slots)-1:
			return "", fmt.Errorf("slot %s follows a seal", g.slots[i+1].object.Key)
		case next.Number() != g.name.Number()+1:
			return "", fmt.Errorf("seal %s names %s as the successor of %s", o.Key, next, g.name)
		}
		return next, nil
	}
	if slices.ContainsFunc(g.slots, func(d slot) bool { return d.Kind == part.Swept }) {
		_, _, err := part.ReadHeader(ctx, v.bucket, layout.Slot{Partition: v.partition, Generation: g.name, Number: len(g.slots) + 1}.Key())
		switch {
		case err == nil: // it was sealed since the listing
			return "", errLost
		case !errors.Is(err, bucket.ErrNotFound): // nobody knows
			return "", err
		}
		return "", fmt.Errorf("the seal of %s is missing, which was swept: it was deleted; `lakebed verify` says more", layout.Location(v.partition, g.name))
	}
	return "", nil
}

// lookIndexes finds out which fragments the current generation has consumed. An index counts only for the very part that it was written
// for: its name holds the hash of the part's inputs.
func (v *visit) lookIndexes(ctx context.Context, s *state) error {
	for o, err := range v.bucket.List(ctx, layout.IndexPrefix(v.partition), "") {
		if err != nil {
			return fmt.Errorf("list indexes: %w", err)
		}
		s.indexes = append(s.indexes, o)
	}
	consumed := map[string]*slot{}
	for _, d := range s.current().data() {
		if v.corrupt[d.indexKey()] {
			continue
		}
		head, err := index.ReadHead(ctx, v.bucket, d.indexKey())
		if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, index.ErrCorrupt) || err == nil && head.Count != d.Events {
			continue // decide has it made anew
		}
		if err != nil {
			return err
		}
		d.head = &head
		for _, f := range head.Consumed {
			consumed[f.Name] = d
		}
	}
	for i := range s.fragments {
		s.fragments[i].consumed = consumed[path.Base(s.fragments[i].object.Key)]
	}
	return nil
}

func (s *slot) indexKey() string { return layout.Index{Slot: s.Slot, Inputs: s.Inputs}.Key() }
