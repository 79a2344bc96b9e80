package simulation

import (
	"flag"
	"fmt"
	"testing"
	"testing/synctest"
)

var (
	seeds = flag.Int("seeds", 100, "how many")
	last  = flag.Int("last", 60, "lines of a trace")
	from  = flag.Uint64("from", 1, "the first")
)

func TestSimulation(t *testing.T) {
	met := Counters{}
	for seed := *from; seed < *from+uint64(*seeds); seed++ {
		w := run(t, seed, Options{Scratch: t.TempDir(), Faults: -1})
		met.Add(w.Met())
		if again := run(t, seed, Options{Scratch: t.TempDir(), Faults: -1}); again.Sum() != w.Sum() {
			t.Errorf("seed %d: two runs differ", seed)
		}
		if w.Err() != nil {
			again := run(t, seed, Options{Scratch: t.TempDir(), Faults: -1, Trace: true})
			t.Fatalf("seed %d: %v\n%s", seed, w.Err(), again.Trace(*last))
		}
	}
	fmt.Println(met)
}

func run(t *testing.T, seed uint64, o Options) (w *World) {
	synctest.Test(t, func(*testing.T) { w = Run(seed, o) })
	return w
}
