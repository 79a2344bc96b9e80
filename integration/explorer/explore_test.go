package explorer

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// explorer visits every state that a scenario can come to.
type explorer struct {
	t        *testing.T
	scenario *scenario
	stores   *stores
	listings *listings
	machines map[string]*machine
	names    []string // of the processes
	ids      []string // of events, in the order of their numbers
	brings   events   // those that ingest delivers
	longest  int32    // query

	seen     map[sum]struct{}
	proved   map[sum]world // what was held to verify
	plain    bool          // each answer is a move of its own
	rests    map[sum]*rest
	runs     map[origin]*run
	resting  bool // a fresh compactor is at work on a copy of the world
	over     int  // visits that have ended
	last     *outcome
	met      map[string]int
	setAside map[string]int
	states   int
	edges    int
}

// violation is a broken promise, with the way to it.
type violation struct {
	err  error
	path []move
}

var errLarge = errors.New("the scenario is too large")

// world is what everybody can see.
type world struct {
	store          sum
	table, entries uint64
	clock          int32
}

// frame is a state on the way that is being explored.
type frame struct {
	state state
	moves []move
	next  int
}

// explore goes through all states, depth first, and gives the first violation.
func (x *explorer) explore(from state) *violation {
	stack := []frame{}
	way := func() []move {
		var path []move
		for _, f := range stack {
			path = append(path, f.moves[f.next-1])
		}
		return path
	}
	enter := func(s state) error {
		if err := x.check(&s); err != nil {
			return err
		}
		if x.visit(&s) {
			stack = append(stack, frame{state: s, moves: x.moves(&s)})
		}
		return nil
	}
	if err := enter(from); err != nil {
		return &violation{err, nil}
	}
	for len(stack) > 0 {
		f := &stack[len(stack)-1]
		if f.next == len(f.moves) {
			stack = stack[:len(stack)-1]
			continue
		}
		m := f.moves[f.next]
		f.next++
		x.edges++
		s, err := x.do(f.state, m, nil)
		if err == nil {
			err = enter(s)
		}
		if err != nil {
			return &violation{err, way()}
		}
		if x.states > x.scenario.most {
			return &violation{errLarge, nil}
		}
	}
	return nil
}

// visit tells whether the state is a new one.
func (x *explorer) visit(s *state) bool {
	k := s.key()
	if _, known := x.seen[k]; known {
		return false
	}
	x.seen[k] = struct{}{}
	x.states++
	return true
}

// check holds a state to all promises, each store and catalog once for those that look at nothing else.
func (x *explorer) check(s *state) error {
	if err := x.promises(s); err != nil {
		return err
	}
	k := sum{uint64(s.store.id)<<32 | uint64(s.catalog.id), uint64(s.clock)}
	if _, known := x.proved[k]; !known {
		if err := x.verify(s.store, s.catalog, s.clock, false); err != nil {
			return err
		}
		x.proved[k] = world{s.store.sum, s.catalog.tableHash, s.catalog.entriesHash, s.clock}
	}
	return x.comesToRest(s)
}

// visited notes the end of a compactor's visit.
func (x *explorer) visited(_ *state, o *outcome) error {
	x.over++
	x.last = o
	if o.err != nil && !x.resting {
		x.setAside[o.err.Error()]++
	}
	return nil
}

// tell tells the way to a violation, one line a step.
func (x *explorer) tell(from state, v *violation) string {
	var told []string
	s, err := from, x.check(&from)
	for _, m := range v.path {
		if err != nil {
			break
		}
		if s, err = x.do(s, m, &told); err == nil {
			err = x.check(&s)
		}
	}
	if err == nil {
		err = errors.New("the way to it cannot be gone again")
	}
	return fmt.Sprintf("%s: %s\n%s", x.scenario.name, err, strings.Join(told, "\n"))
}

// shortest looks for a violation by going through the states in the order of their distance, up to a limit.
func (x *explorer) shortest(from state, limit int) *violation {
	type step struct {
		state  state
		parent int
		move   move
	}
	var all []step
	x.seen = map[sum]struct{}{}
	path := func(at int, last move) []move {
		way := []move{last}
		for ; all[at].parent >= 0; at = all[at].parent {
			way = append([]move{all[at].move}, way...)
		}
		return way
	}
	if err := x.check(&from); err != nil {
		return &violation{err, nil}
	}
	all = append(all, step{from, -1, move{}})
	for i := 0; i < len(all) && len(all) < limit; i++ {
		for _, m := range x.moves(&all[i].state) {
			s, err := x.do(all[i].state, m, nil)
			if err == nil {
				err = x.check(&s)
			}
			if err != nil {
				return &violation{err, path(i, m)}
			}
			if x.visit(&s) {
				all = append(all, step{s, i, m})
			}
		}
	}
	return nil
}
