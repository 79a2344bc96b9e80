package explorer

import (
	"fmt"
	"slices"
	"strings"
)

// glance is what a store holds, read by a walk along the seals that shares nothing with the product's.
type glance struct {
	broken  error
	chain   []string             // generations, from the first to the current one
	rows    map[string][]*parsed // every generation's slots
	held    map[string]events    // the events of each generation's data slots,
	twice   map[string]events    // those that are in it more than once
	raw     events               // in fragments
	current events               // in the current generation
}

// look reads a store, once.
func (x *explorer) look(s *store) *glance {
	if s.seen != nil {
		return s.seen
	}
	g := &glance{rows: map[string][]*parsed{}, held: map[string]events{}, twice: map[string]events{}}
	s.seen = g
	for _, o := range s.objects {
		top, rest, _ := strings.Cut(o.key, "/")
		rest, own := strings.CutPrefix(rest, hour.String()+"/")
		switch {
		case !own:
		case top == "raw":
			g.raw |= x.set(o.content.parsed)
		case top == "events":
			name, slot, _ := strings.Cut(rest, "/")
			g.rows[name] = append(g.rows[name], o.content.parsed)
			if want := fmt.Sprintf("part-%05d.json.gz", len(g.rows[name])); slot != want && g.broken == nil && name == "gen-0001" {
				g.broken = fmt.Errorf("slot %s of %s is not there", want, name)
			}
		}
	}
	x.walk(g)
	for name, row := range g.rows {
		for _, p := range row {
			if p == nil || p.Kind != "data" {
				continue
			}
			for _, id := range p.ids {
				g.twice[name] |= g.held[name] & x.event(id)
				g.held[name] |= x.event(id)
			}
		}
	}
	g.current = g.held[g.chain[len(g.chain)-1]]
	return g
}

// walk follows the seals.
func (x *explorer) walk(g *glance) {
	for name := "gen-0001"; name != ""; {
		g.chain = append(g.chain, name)
		row := g.rows[name]
		name = ""
		for i, p := range row {
			switch {
			case p == nil:
				g.broken = fmt.Errorf("slot %d of %s cannot be read", i+1, g.chain[len(g.chain)-1])
			case p.Kind == "seal" && i < len(row)-1:
				g.broken = fmt.Errorf("a slot of %s follows its seal", g.chain[len(g.chain)-1])
			case p.Kind == "seal":
				name = p.Next
			}
		}
		if name != "" && len(g.rows[name]) == 0 {
			g.broken = fmt.Errorf("a seal names %s, which is not there", short(name+"/"))
		}
		if g.broken != nil {
			return
		}
	}
}

// event gives the number of an id, as a set of one.
func (x *explorer) event(id string) events {
	n := slices.Index(x.ids, id)
	if n < 0 {
		n = len(x.ids)
		x.ids = append(x.ids, id)
	}
	return 1 << n
}

func (x *explorer) set(p *parsed) events {
	var all events
	if p != nil {
		for _, id := range p.ids {
			all |= x.event(id)
		}
	}
	return all
}

func (x *explorer) spell(e events) string {
	var ids []string
	for n, id := range x.ids {
		if e&(1<<n) != 0 {
			ids = append(ids, id)
		}
	}
	return strings.Join(ids, ",")
}

// promises checks what must hold at every instant:
//
//   - the seals lead from the first generation to one that is there, and each row of slots is without a gap;
//   - every event that ingest accepted is in the current generation, or waits in a fragment;
//   - every event that a current generation has ever held is in the present one;
//   - no generation of the chain has an event twice;
//   - what the catalog's Location names has every such event exactly once.
func (x *explorer) promises(s *state) error {
	g := x.look(s.store)
	if g.broken != nil {
		return g.broken
	}
	current := g.chain[len(g.chain)-1]
	s.committed |= g.current
	if missing := s.accepted &^ (g.current | g.raw); missing != 0 {
		return fmt.Errorf("LOST: %s was accepted, and is neither in %s nor in a fragment", x.spell(missing), short(current+"/"))
	}
	if missing := s.committed &^ g.current; missing != 0 {
		return fmt.Errorf("LOST: %s was committed, and is not in the current generation %s", x.spell(missing), short(current+"/"))
	}
	if twice := g.twice[current]; twice != 0 {
		return fmt.Errorf("TWICE: %s is in %s more than once", x.spell(twice), short(current+"/"))
	}
	e, registered := s.catalog.entry(hour)
	if !registered {
		if s.committed != 0 {
			return fmt.Errorf("HIDDEN: %s was committed in an hour that the catalog does not know", x.spell(s.committed))
		}
		return nil
	}
	shown := strings.TrimSuffix(strings.TrimPrefix(e.Location, "events/"+hour.String()+"/"), "/")
	if missing := s.committed &^ g.held[shown]; missing != 0 {
		return fmt.Errorf("HIDDEN: %s was committed, and readers of the Location %s do not see it", x.spell(missing), short(shown+"/"))
	}
	if twice := g.twice[shown]; twice != 0 {
		return fmt.Errorf("TWICE: readers of the Location %s see %s more than once", short(shown+"/"), x.spell(twice))
	}
	return nil
}

// replaced checks that a write to a slot leaves the promises of slots: a seal never changes, a slot's name is never freed, and a data slot
// becomes nothing but an empty one, of a generation that is sealed.
func (x *explorer) replaced(s *state, o object, there bool, to *content) error {
	if !there || !strings.HasPrefix(o.key, "events/"+hour.String()+"/") {
		return nil
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(o.key, "events/"+hour.String()+"/"), "/")
	g := x.look(s.store)
	at := slices.Index(g.chain, name)
	was := o.content.parsed
	switch {
	case at < 0 && to == nil: // of a successor that lost
		return nil
	case to == nil:
		return fmt.Errorf("FREED: slot %s was deleted", short(o.key))
	case was.Kind == "seal":
		return fmt.Errorf("CHANGED: the seal %s was overwritten", short(o.key))
	case at < 0 || at == len(g.chain)-1:
		return fmt.Errorf("CHANGED: slot %s, which is not of an old generation, was overwritten", short(o.key))
	case to.parsed == nil || to.parsed.Kind != "swept" || len(to.parsed.ids) > 0:
		return fmt.Errorf("CHANGED: slot %s was overwritten by %s", short(o.key), to.parsed)
	}
	return nil
}

// judge holds a reader that is done to what it was owed: each event that was committed before it began exactly once, those committed meanwhile
// at most once, and no file that is gone.
func (x *explorer) judge(_ *state, o *outcome, owed events) error {
	x.meet("a reader read all", true)
	if o.err != nil {
		return fmt.Errorf("READER: %w", o.err)
	}
	var seen events
	for _, id := range o.seen {
		if seen&x.event(id) != 0 {
			return fmt.Errorf("READER: it saw %s twice", id)
		}
		seen |= x.event(id)
	}
	if missing := owed &^ seen; missing != 0 {
		return fmt.Errorf("READER: it did not see %s, which was committed before it began", x.spell(missing))
	}
	return nil
}
