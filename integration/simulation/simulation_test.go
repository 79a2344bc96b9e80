package simulation

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/schollz/progressbar/v3"
	"golang.org/x/term"
)

var (
	seeds   = flag.Int("seeds", 1000, "how many worlds to simulate")
	first   = flag.Uint64("from", 1, "the first seed")
	box     = flag.Duration("for", 0, "stop after this time, whatever the number of seeds")
	replay  = flag.Bool("replay", true, "simulate each seed twice, and want the same end")
	details = flag.Int("details", 40, "how many lines of what a broken seed did are shown")
)

// TestSimulation simulates one world after the other. Of a seed that breaks a promise, a run with fewer faults that breaks one, too, is told:
//
//	go test ./simulation -run TestSimulation -args -from 4711 -seeds 1
func TestSimulation(t *testing.T) {
	debug.SetMemoryLimit(4 << 30)
	s := &soak{total: *seeds, began: time.Now(), met: Counters{}, bar: bar(*seeds)}
	t.Run("seeds", func(t *testing.T) {
		for n := range runtime.GOMAXPROCS(0) {
			t.Run(fmt.Sprint(n), func(t *testing.T) {
				t.Parallel()
				scratch := t.TempDir()
				for seed, ok := s.next(); ok; seed, ok = s.next() {
					s.simulate(t, seed, scratch)
				}
			})
		}
	})
	_ = s.bar.Finish() // a terminal that went away stops nothing
	t.Logf("%d worlds, %d faults, %d steps, in %s", s.done, s.met["faults"], s.met["steps"], time.Since(s.began).Round(time.Second))
	t.Logf("what happened:\n%s", s.met)
	if !t.Failed() && s.done >= 1000 {
		s.met.sometimes(t)
	}
}

// soak is a run over many seeds.
type soak struct {
	total int
	began time.Time
	taken atomic.Int64
	stop  atomic.Bool

	mu   sync.Mutex
	done int
	told time.Time
	met  Counters
	bar  *progressbar.ProgressBar
}

func (s *soak) next() (uint64, bool) {
	n := s.taken.Add(1) - 1
	if s.stop.Load() || *box == 0 && n >= int64(s.total) || *box > 0 && time.Since(s.began) > *box {
		return 0, false
	}
	return *first + uint64(n), true
}

func (s *soak) simulate(t *testing.T, seed uint64, scratch string) {
	w := world(t, seed, Options{Scratch: scratch, Faults: -1})
	if w.Err() != nil {
		s.stop.Store(true)
		t.Errorf("seed %d: %v", seed, w.Err())
		if *details > 0 {
			t.Log(shrunk(t, seed, scratch))
		}
		return
	}
	if *replay {
		if again := world(t, seed, Options{Scratch: scratch, Faults: -1}); again.Sum() != w.Sum() {
			s.stop.Store(true)
			t.Errorf("seed %d: two runs of it differ", seed)
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.done++
	if since := time.Since(s.told); *box > 0 && since > time.Minute {
		s.told = time.Now()
		t.Logf("%d worlds, %d faults in %s", s.done, s.met["faults"], time.Since(s.began).Round(time.Second))
	}
	s.met.Add(w.Met())
	s.bar.Describe(fmt.Sprintf("%d faults", s.met["faults"]))
	_ = s.bar.Add(1) // as above
}

func world(t *testing.T, seed uint64, o Options) (w *World) {
	synctest.Test(t, func(*testing.T) { w = Run(seed, o) })
	return w
}

// shrunk tells what a broken seed did, with the fewest faults from its beginning on that a search by halves finds to break a promise.
func shrunk(t *testing.T, seed uint64, scratch string) string {
	least, most := 0, world(t, seed, Options{Scratch: scratch, Faults: -1}).Met()["faults"]
	for least < most {
		if n := (least + most) / 2; world(t, seed, Options{Scratch: scratch, Faults: n}).Err() != nil {
			most = n
		} else {
			least = n + 1
		}
	}
	w := world(t, seed, Options{Scratch: scratch, Faults: most, Trace: true})
	return fmt.Sprintf("with the first %d faults: %v\n%s", most, w.Err(), w.Trace(*details))
}

// bar shows progress on a terminal.
func bar(total int) *progressbar.ProgressBar {
	if *box > 0 {
		total = -1
	}
	return progressbar.NewOptions(total, progressbar.OptionSetWriter(os.Stderr), progressbar.OptionShowCount(), progressbar.OptionShowIts(),
		progressbar.OptionThrottle(200*time.Millisecond), progressbar.OptionClearOnFinish(),
		progressbar.OptionSetVisibility(term.IsTerminal(int(os.Stderr.Fd()))))
}
