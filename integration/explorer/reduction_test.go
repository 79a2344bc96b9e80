package explorer

import (
	"maps"
	"slices"
	"testing"
)

// TestReduction compares the search that leaves out what commutes with one that leaves out nothing: both have to come to the same worlds.
func TestReduction(t *testing.T) {
	for _, name := range []string{"wide lane against narrow", "columns widen", "a sweeper with another configuration", "columns follow while a seal lands"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			at := slices.IndexFunc(scenarios, func(s scenario) bool { return s.name == name })
			var states []int
			var found []map[world]bool
			for _, plain := range []bool{false, true} {
				s := scenarios[at]
				s.faults = 0
				if len(s.clock) > 1 { // all that were left out would take too long
					s.clock = s.clock[1:2]
				}
				x := s.explorer(t)
				x.plain = plain
				if v := x.explore(x.populate()); v != nil {
					t.Fatal(v.err)
				}
				worlds := map[world]bool{}
				for _, w := range x.proved {
					worlds[w] = true
				}
				states, found = append(states, x.states), append(found, worlds)
			}
			t.Logf("%d worlds, by %d states and by %d", len(found[1]), states[0], states[1])
			if !maps.Equal(found[0], found[1]) {
				t.Errorf("%d worlds were found, there are %d", len(found[0]), len(found[1]))
			}
			if states[0] >= states[1] {
				t.Errorf("%d states, without leaving out any %d", states[0], states[1])
			}
		})
	}
}
