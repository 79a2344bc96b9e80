// Package explorer checks every interleaving, and every point at which a process can crash or stall, of a few processes on one partition:
// compactors, ingest, a sweeper, a reader. The processes are the product's own code.
//
// A process runs in a bubble of its own and knows the world only through a gate: bucket, catalog and clock, each call of which is a request
// that somebody has to answer. What it asks next is a function of the answers that it had, so it is run once for each history, and all else is
// a search through plain values: what the bucket and the catalog hold, the clock, where each process stands, and which writes are under way.
// A crash needs no move of its own, as a process may never be answered again; a stall is a process that is answered after the clock has jumped.
// A write may fail: then its process hears so, and it may land at any later point, or never; with a deadline, only before that.
//
// Each state is held to promises, by code that shares nothing with the product's, to the product's own verify, and to coming to rest: from
// any state a fresh compactor finishes what is left to do within a few visits.
//
// What bounds the search: the scenarios' few events, clocks and faults; a listing is one page; reads do not fail; of reads that a process makes at
// once the first in order is answered first; between two calls a process takes no time; a step of a visit is taken to depend on nothing before it,
// unless an index was gone. Nothing is sampled.
package explorer

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/verify"
)

// scenario is a first state, the processes in it, and what may happen to them.
type scenario struct {
	name      string
	policy    compactor.Policy
	prepare   func(*testing.T, *lake)
	processes []string // names of machines
	delivery  func(*testing.T) delivery
	clock     []int32                               // to which the clock may jump, one after the other, at any point
	faults    uint8                                 // how many writes may fail
	fails     func(machine string, r *request) bool // which; nil: any

	passes []verify.Code // what a state may show, for a reason that the scenario gives

	meets []string // what has to come up: else the scenario is not about what it says
	least int      // states
	most  int
}

const minute = 60

// policy is that of a catalog which compares; bounded that of one in which the last writer wins.
var policy = compactor.Policy{
	Target: 1 << 20, Close: 15 * time.Minute, MajorParts: 1, MajorShare: 0.1, Grace: 40 * time.Minute, LongestQuery: 30 * time.Minute,
}

// noting is that of compactors who note what they read of more than one slot.
var noting = func() compactor.Policy {
	p := policy
	p.Few = 1
	return p
}()

var bounded = func() compactor.Policy {
	p := policy
	p.Bound = 2 * time.Minute
	return p
}()

func TestExplorer(t *testing.T) {
	for _, s := range scenarios {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			s.run(t)
		})
	}
}

func (s *scenario) explorer(t *testing.T) *explorer {
	return &explorer{
		t: t, scenario: s, stores: newStores(), machines: map[string]*machine{}, longest: seconds(s.policy.LongestQuery),
		listings: &listings{compares: s.policy.Bound == 0, known: map[sum]*listing{}, written: map[sum]*listing{}},
		seen:     map[sum]struct{}{}, proved: map[sum]world{}, rests: map[sum]*rest{}, runs: map[origin]*run{}, met: map[string]int{}, setAside: map[string]int{},
	}
}

func (s scenario) run(t *testing.T) {
	x := s.explorer(t)
	began := time.Now()
	first := x.populate()
	v := x.explore(first)
	x.report(time.Since(began))
	if v != nil {
		if errors.Is(v.err, errLarge) {
			t.Fatalf("%v: %d states", v.err, x.states)
		}
		if short := x.shortest(first, 150_000); short != nil {
			v = short
		}
		t.Fatalf("after %d states: %s", x.states, x.tell(first, v))
	}
	for _, what := range s.meets {
		if x.met[what] == 0 {
			t.Errorf("it never came up that %s", what)
		}
	}
	if x.states < s.least {
		t.Errorf("only %d states, want at least %d", x.states, s.least)
	}
}

// populate makes the first state.
func (x *explorer) populate() state {
	s := x.scenario
	l := newLake(x.t, s)
	s.prepare(x.t, l)
	if s.most == 0 {
		s.most = 400_000
	}
	first := x.take(l)
	sweeps := s.policy
	mergesOnly(&sweeps)
	scratch := x.t.TempDir()
	programs := map[string]program{worker: works(s.policy, scratch), visitor: works(s.policy, scratch), sweeper: works(sweeps, scratch), reader: reads}
	if s.delivery != nil {
		d := s.delivery(x.t)
		programs[writer] = writes(d)
		for _, line := range d.lines {
			x.brings |= x.event(idOf([]byte(line)))
		}
	}
	x.machines[worker] = x.machine(worker, programs[worker])
	for _, name := range s.processes {
		if x.machines[name] == nil {
			x.machines[name] = x.machine(name, programs[name])
		}
		first.processes[first.count] = process{node: x.machines[name].root}
		first.count++
		if n := x.count(name); n > 0 {
			name += " " + string(rune('A'+n))
		}
		x.names = append(x.names, name)
	}
	return first
}

func (x *explorer) machine(name string, p program) *machine {
	m := newMachine(x.t, name, x.stores, p, name == worker || name == sweeper)
	x.t.Cleanup(m.end)
	return m
}

// count tells how many processes have that name so far.
func (x *explorer) count(name string) int {
	n := 0
	for _, other := range x.names {
		if other == name || len(other) == len(name)+2 && other[:len(name)] == name {
			n++
		}
	}
	return n
}

func (x *explorer) report(took time.Duration) {
	histories, instances := 0, 0
	for _, m := range x.machines {
		histories += int(m.nodes)
		instances += m.started
	}
	x.t.Logf("%d states, %d moves, %d stores, %d catalogs, %d histories (%d times run from the start), %d runs ahead, %d ways to rest, %s",
		x.states, x.edges, len(x.stores.known), len(x.listings.known), histories, instances, len(x.runs), len(x.rests), took.Round(time.Millisecond))
	var met []string
	for what := range x.met {
		met = append(met, what)
	}
	slices.Sort(met)
	for _, what := range met {
		x.t.Logf("  %s: %d times", what, x.met[what])
	}
	for err, n := range x.setAside {
		x.t.Logf("  a visit ended, %d times, with %s", n, err)
	}
}
