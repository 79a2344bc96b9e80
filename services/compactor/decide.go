package compactor

import (
	"fmt"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// action is what a visit does next.
type action string

const (
	doNothing  action = "nothing"
	doRegister action = "register partition" // the catalog does not know it
	doRepair   action = "repair location"    // it does not name the current generation
	doFollow   action = "follow columns"     // the partition's own columns are not the table's
	doReindex  action = "make index anew"
	doMinor    action = "merge fragments"
	doMajor    action = "merge parts"
	doSweep    action = "sweep"
)

// decision is one action with what it needs, or when to come again.
type decision struct {
	do    action
	lane  layout.Lane // of a minor compaction
	slot  *slot       // to index
	sweep garbage
	due   time.Time // with doNothing: when something will be due; zero for never
}

// decide is a pure function of a look, the policy and the time.
func decide(s *state, p Policy, now time.Time) (decision, error) {
	cur := s.current()
	if s.entry.Version == "" {
		if len(cur.slots) == 0 && len(s.fragments) == 0 {
			return decision{do: doNothing}, nil
		}
		return decision{do: doRegister}, nil
	}
	at, _, err := layout.ParseLocation(s.entry.Location)
	if err != nil || at != s.partition {
		return decision{}, fmt.Errorf("the catalog's Location of %s is %q, which is not this partition's: "+
			"somebody changed it; `lakebed rebuild` sets it right", s.partition, s.entry.Location)
	}
	if s.entry.Location != layout.Location(s.partition, cur.name) {
		if err := s.unsealed(); err != nil {
			return decision{}, err
		}
		return decision{do: doRepair}, nil
	}
	if !schema.Equal(s.entry.Columns, declared(s.table)) {
		return decision{do: doFollow}, nil
	}
	for _, d := range cur.data() {
		if d.head == nil {
			return decision{do: doReindex, slot: d}, nil
		}
	}
	if _, ok := pendingLane(s.fragments, ""); ok {
		// A write decided by a look from before the seal can still set the Location back. The last write came after the seal, so that look began
		// before WrittenAt, and its write lands within the bound of that. What counts is when this look began, however long it took.
		if settled := s.entry.WrittenAt.Add(p.Bound); len(s.chain) > 1 && s.at.Before(settled) {
			return decision{do: doNothing, due: settled}, nil
		}
		lane, ok := pendingLane(s.fragments, s.lane)
		if !ok { // what is pending is for those who have the other lanes
			return decision{do: doNothing}, nil
		}
		return decision{do: doMinor, lane: lane}, nil
	}
	if s.only {
		return decision{do: doNothing}, nil
	}
	if now.Sub(s.partition.End()) <= p.Close {
		return decision{do: doNothing, due: s.partition.End().Add(p.Close)}, nil
	}
	if majorDue(cur, p) {
		if s.table.Followed && now.Sub(s.entry.WrittenAt) >= p.Bound {
			return decision{do: doMajor}, nil
		}
		return decision{do: doNothing, due: later(now, s.entry.WrittenAt.Add(p.Bound))}, nil
	}
	g, due := s.garbage(p, now)
	if len(g.slots)+len(g.objects) > 0 {
		return decision{do: doSweep, sweep: g}, nil
	}
	return decision{do: doNothing, due: due}, nil
}

// unsealed is an error where the Location leads on from where the seals end. The entry is older than the slots, so what it was published as
// is on the chain, unless a seal is gone. To go by the seals that are left would show an older generation, and merge into it.
func (s *state) unsealed() error {
	cur := s.current()
	at, named, err := layout.ParseLocation(s.entry.Location)
	ahead := err == nil && at == s.partition && named.Number() > cur.name.Number()
	if !ahead || !slices.ContainsFunc(s.orphans, func(o orphan) bool { return o.name == named }) {
		return nil
	}
	return fmt.Errorf("the seal of %s is missing, whose successor %s was published: it was deleted; `lakebed verify` says more",
		layout.Location(s.partition, cur.name), named)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// pendingLane gives the widest lane that holds a fragment not merged yet, in the order of their names, of those that overlap the one within.
func pendingLane(fragments []fragment, within layout.Lane) (layout.Lane, bool) {
	var lanes []layout.Lane
	for _, f := range fragments {
		if f.pending() && f.Lane.Overlaps(within) {
			lanes = append(lanes, f.Lane)
		}
	}
	if len(lanes) == 0 {
		return "", false
	}
	return slices.Min(lanes), true // a prefix sorts before what it is a prefix of
}

// majorDue tells whether rewriting the generation is worth it: it has parts that could be one, and either they are many or they are not
// small beside the largest, so that a late event does not have a whole hour written again.
func majorDue(g *generation, p Policy) bool {
	data := g.data()
	spare := len(data) - len(groups(data, p.Target))
	if spare == 0 {
		return false
	}
	total, largest := int64(0), int64(0)
	for _, d := range data {
		total += d.object.Size
		largest = max(largest, d.object.Size)
	}
	return spare >= p.MajorParts || float64(total-largest) >= p.MajorShare*float64(total)
}

// groups gives the slots that a major compaction puts together: whole parts, in their order, up to about the target size.
func groups(data []*slot, target int64) [][]*slot {
	var all [][]*slot
	size := int64(0)
	for _, d := range data {
		if len(all) == 0 || size+d.object.Size > target {
			all = append(all, nil)
			size = 0
		}
		all[len(all)-1] = append(all[len(all)-1], d)
		size += d.object.Size
	}
	return all
}

// garbage is what nobody needs any more.
type garbage struct {
	slots   []*slot  // of old generations, to be emptied
	objects []object // to be deleted
}

// garbage finds it. Fragments go last, since a partition without any is not visited again.
func (s *state) garbage(p Policy, now time.Time) (garbage, time.Time) {
	var g garbage
	var due time.Time
	wait := func(t time.Time) bool {
		if !now.Before(t) {
			return false
		}
		if due.IsZero() || t.Before(due) {
			due = t
		}
		return true
	}
	settled := s.entry.PublishedAt.Add(p.Grace)
	for i := range s.chain[:len(s.chain)-1] {
		for _, d := range s.chain[i].data() {
			if !wait(settled) {
				g.slots = append(g.slots, d)
			}
		}
	}
	for _, o := range s.orphans {
		// Its parent is sealed to another generation, so that no seal can name it any more. Age says nothing.
		if o.name.Number() > 1 && o.name.Number() <= len(s.chain) {
			for _, x := range o.objects {
				g.objects = append(g.objects, object{Object: x})
			}
		}
	}
	g.objects = append(g.objects, s.staleIndexes()...)
	if len(g.slots)+len(g.objects) > 0 || !due.IsZero() {
		return g, due
	}
	for _, m := range s.marks { // one whose generation is not there belongs to a rewriting under way, or broken off
		if m.Generation.Number() <= len(s.chain) {
			g.objects = append(g.objects, object{Object: m.object})
		}
	}
	unread := s.partition.End().Add(p.Live + p.LongestQuery)
	for _, f := range s.fragments {
		if f.consumed == nil || wait(settled) || wait(unread) || wait(f.consumed.object.Modified.Add(p.Grace)) {
			continue
		}
		g.objects = append(g.objects, object{Object: f.object, raw: true})
	}
	return g, due
}

// staleIndexes gives the indexes of swept or orphaned generations. Those of the current one may belong to a commit under way.
func (s *state) staleIndexes() []object {
	var stale []object
	for _, o := range s.indexes {
		x, err := layout.ParseIndex(o.Key)
		if err != nil || x.Generation == s.current().name || x.Generation.Number() > len(s.chain) {
			continue
		}
		g := &s.chain[x.Generation.Number()-1]
		if g.name != x.Generation || !slices.ContainsFunc(g.slots, func(d slot) bool { return d.Kind == part.Data }) {
			stale = append(stale, object{Object: o})
		}
	}
	return stale
}
