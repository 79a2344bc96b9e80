package faults

import (
	"fmt"
	"testing"
)

// fault is one of FAULTS.md's, by its number there.
type fault struct {
	number int
	name   string
	test   func(*testing.T, *world, string)
}

// TestFaults injects each fault into a lake of its own and wants the invariants whole. That each is registered, and each number has a test
// somewhere, is checked by package proof.
func TestFaults(t *testing.T) {
	w := newWorld(t)
	seen := map[string]int{}
	t.Run("faults", func(t *testing.T) {
		for _, group := range [][]fault{writerFaults, compactorFaults, catalogFaults} {
			for _, f := range group {
				n := fmt.Sprintf("f%02d", f.number)
				if seen[n]++; seen[n] > 1 {
					n += fmt.Sprintf("_%d", seen[n])
				}
				t.Run(fmt.Sprintf("%02d %s", f.number, f.name), func(t *testing.T) {
					t.Parallel()
					f.test(t, w, n)
				})
			}
		}
	})
}
