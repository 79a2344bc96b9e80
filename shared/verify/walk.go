package verify

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// walk follows the seals from the first generation. What it does not come by is an orphan.
func (v *visit) walk(ctx context.Context, rows map[layout.Generation][]slot) error {
	s := v.state
	for name := layout.FirstGeneration; name != ""; {
		g := generation{name: name, slots: rows[name]}
		delete(rows, name)
		next, err := v.readRow(ctx, &g)
		if err != nil {
			return err
		}
		s.chain = append(s.chain, g)
		if next != "" && len(rows[next]) == 0 {
			v.add(SuccessorMissing, s.hour, layout.Location(s.hour, next), "a seal of %s names it, and it is not there", layout.Location(s.hour, name))
			s.lost = true
		}
		if s.lost {
			return nil
		}
		name = next
	}
	for _, name := range slices.Sorted(maps.Keys(rows)) {
		o := orphan{name: name}
		for _, x := range rows[name] {
			if x.object.Modified.After(o.newest) {
				o.newest = x.object.Modified
			}
		}
		s.orphans = append(s.orphans, o)
	}
	return nil
}

// readRow reads what the slots of a generation say of themselves, and gives the successor's name where they end in a seal. Slots that
// cannot be read are taken out of the row.
func (v *visit) readRow(ctx context.Context, g *generation) (next layout.Generation, err error) {
	s := v.state
	all := g.slots
	g.slots = nil
	last := 0
	for i, d := range all {
		last = v.checkGap(g, last, d.Slot)
		var seen bucket.Object
		d.Header, seen, err = part.ReadHeader(ctx, v.Bucket, d.object.Key)
		switch {
		case errors.Is(err, bucket.ErrNotFound):
			v.moved = true
		case isNewer(err):
			v.add(NewerFormat, s.hour, d.object.Key, "%s", err)
		case errors.Is(err, part.ErrFormat):
			v.add(SlotUnreadable, s.hour, d.object.Key, "%s", err)
		case err != nil:
			return "", err
		}
		if err != nil {
			g.holed = true
			s.lost = s.lost || i == len(all)-1 // it may have been the seal
			continue
		}
		if next != "" {
			v.add(SealWrong, s.hour, d.object.Key, "the slot follows a seal")
		}
		if d.Kind == part.Seal {
			if next = layout.Generation(d.Next); next.Number() != g.name.Number()+1 {
				v.add(SealWrong, s.hour, d.object.Key, "the seal names %s as the successor of %s", next, g.name)
				s.lost = true
			}
		}
		if k, ok := v.state.known[seen.Key]; ok && k.ETag == seen.ETag && k.Header != d.Header {
			v.add(HeadersWrong, s.hour, layout.Headers(s.hour), "it says of %s what that slot does not", seen.Key)
		}
		g.slots = append(g.slots, d)
		if err := v.checkEmpty(ctx, d); err != nil {
			return "", err
		}
	}
	if next == "" && !s.lost && slices.ContainsFunc(g.slots, func(d slot) bool { return d.Kind == part.Swept }) {
		v.add(SealWrong, s.hour, layout.Location(s.hour, g.name), "slots of it are swept and no seal ends it: the seal was removed")
		s.lost = true
	}
	return next, nil
}

// checkGap wants the slot after the last to be at, and gives the one after it.
func (v *visit) checkGap(g *generation, last int, at layout.Slot) int {
	if at.Number > last+1 {
		g.holed = true
		missing := at
		for missing.Number = last + 1; missing.Number < at.Number; missing.Number++ {
			v.add(SlotMissing, v.state.hour, missing.Key(), "slot %d of %s is not there, while slot %d is", missing.Number, g.name, at.Number)
		}
	}
	return at.Number
}

// checkEmpty wants a seal or a swept slot to be a whole stream of nothing: readers that came late may still open it.
func (v *visit) checkEmpty(ctx context.Context, d slot) error {
	if d.Kind == part.Data {
		return nil
	}
	lines := 0
	_, err := v.eachLine(ctx, d.object.Key, true, func(int64, []byte) error {
		lines++
		return nil
	})
	var bad *damage
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		v.moved = true
	case errors.As(err, &bad):
		v.add(PartBroken, v.state.hour, d.object.Key, "%s", bad)
	case err != nil:
		return err
	case lines > 0:
		v.add(PartCount, v.state.hour, d.object.Key, "it is of the kind %s, and has %d lines", d.Kind, lines)
	}
	return nil
}

// isNewer tells an object of a later format.
func isNewer(err error) bool {
	return err != nil && strings.Contains(err.Error(), "use a newer lakebed")
}

// checkGarbage names what should be gone: what a grace keeps no longer, and nobody will come to remove.
func (v *visit) checkGarbage() {
	s := v.state
	settled := s.entry.Version != "" && s.entry.Location == layout.Location(s.hour, s.current().name) && v.past(s.entry.PublishedAt)
	for _, o := range s.orphans {
		at := layout.Location(s.hour, o.name)
		switch {
		case o.name.Number() > len(s.chain)+1 || o.name.Number() == 1:
			v.add(Foreign, s.hour, at, "no generation can lead to it")
		case o.name.Number() <= len(s.chain) && settled && v.past(o.newest):
			v.add(Orphan, s.hour, at, "no seal names it, its parent is sealed to another, and the grace is over")
		}
	}
	unread := s.hour.End().Add(v.Live + v.LongestQuery)
	for _, f := range s.fragments {
		if f.consumed && settled && !v.Now.Before(unread) {
			v.overdue++
		}
	}
	if !settled || len(s.fragments) > 0 || v.marked[s.hour] {
		return
	}
	for _, g := range s.chain[:len(s.chain)-1] {
		if n := len(g.data()); n > 0 {
			v.add(Unswept, s.hour, layout.Location(s.hour, g.name), "%d of its slots hold events that %s holds too, and the hour has no fragments left", n, s.current().name)
		}
	}
	for _, x := range s.indexes {
		if n := x.Generation.Number(); n < s.current().name.Number() && !s.indexed(x) {
			v.add(IndexStray, s.hour, x.Key(), "no part goes with it, and the hour has no fragments left")
		}
	}
}

// indexed tells whether an index is of a generation of the chain that has its data.
func (s *state) indexed(x layout.Index) bool {
	g := &s.chain[x.Generation.Number()-1]
	return g.name == x.Generation && len(g.data()) > 0
}

// past tells whether the grace after t is over.
func (v *visit) past(t time.Time) bool { return !v.Now.Before(t.Add(v.Grace)) }
