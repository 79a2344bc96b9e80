package explorer

import (
	"fmt"
	"strings"
)

// rest is where a store and a catalog end when nothing goes wrong any more.
type rest struct {
	err   error
	holds events
}

const (
	idleStep   = 3600 // seconds that the clock goes on when a visit changed nothing: longer than any wait
	idleMost   = 4    // so often at most
	visitMost  = 40   // in all
	answerMost = 2000 // that a visit is given
)

// comesToRest has a fresh compactor visit the hour, again and again, with the clock going on, until nothing is left to do. This has to be soon, no
// visit may fail, and then nothing may be left but one generation of data, which holds all.
func (x *explorer) comesToRest(s *state) error {
	r := x.settle(state{store: s.store, catalog: s.catalog, clock: s.clock, count: 1, jumps: 255})
	if r.err != nil {
		return r.err
	}
	if missing := (s.accepted | s.committed) &^ r.holds; missing != 0 {
		return fmt.Errorf("LOST: %s will not be in the lake once it has come to rest", x.spell(missing))
	}
	return nil
}

func (x *explorer) settle(s state) *rest {
	x.resting = true
	defer func() { x.resting = false }()
	var way []sum
	var end *rest
	for visits, idle := 0, 0; end == nil; visits++ {
		k := sum{uint64(s.store.id)<<32 | uint64(s.catalog.id), uint64(s.clock)<<8 | uint64(idle)}
		if end = x.rests[k]; end != nil {
			break
		}
		way = append(way, k)
		store, listing := s.store, s.catalog
		if err := x.goThrough(&s); err != nil {
			end = &rest{err: fmt.Errorf("REST: a visit of a compactor with nobody beside it: %w", err)}
			break
		}
		if store != s.store || listing != s.catalog {
			idle = 0
		} else if idle++; idle < idleMost {
			s.clock += idleStep
		}
		if idle == idleMost || visits == visitMost {
			end = &rest{err: x.atRest(&s), holds: x.look(s.store).current}
		}
	}
	for _, k := range way {
		x.rests[k] = end
	}
	return end
}

// goThrough lets the compactor make one visit. Its sleeps take their time.
func (x *explorer) goThrough(s *state) error {
	p := &s.processes[0]
	*p = process{node: x.machines[worker].root}
	answers := 0
	for before := x.over; x.over == before; answers++ {
		if answers == answerMost {
			return fmt.Errorf("no end after %d answers", answers)
		}
		if !s.ready(0, 0) {
			s.clock = p.since + p.node.request.waits()
		}
		var err error
		if *s, err = x.answer(*s, 0, false, nil); err != nil {
			return err
		}
	}
	return x.last.err
}

// atRest wants nothing left to do.
func (x *explorer) atRest(s *state) error {
	if err := x.promises(s); err != nil {
		return err
	}
	g := x.look(s.store)
	current := g.chain[len(g.chain)-1]
	for name := range g.rows {
		if name != current && g.held[name] != 0 {
			return fmt.Errorf("REST: %s still holds events, while %s is current", short(name+"/"), short(current+"/"))
		}
	}
	if g.raw != 0 {
		return fmt.Errorf("REST: fragments with %s are left", x.spell(g.raw))
	}
	if len(g.rows) > len(g.chain) {
		return fmt.Errorf("REST: %d directories of generations are there, the chain has %d", len(g.rows), len(g.chain))
	}
	for _, o := range s.store.objects {
		switch top, rest, _ := strings.Cut(o.key, "/"); {
		case !strings.HasPrefix(rest, hour.String()+"/"), strings.HasSuffix(rest, "/headers.json.gz"):
		case top == "visit", top == "index" && !strings.HasPrefix(rest, hour.String()+"/"+current+"/"):
			return fmt.Errorf("REST: %s is left", short(o.key))
		}
	}
	return x.verify(s.store, s.catalog, s.clock, true)
}
