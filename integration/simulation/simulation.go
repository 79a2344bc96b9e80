// Package simulation runs the real ingest and compactor over a simulated world in one process, and attacks them: producers that repeat
// themselves, a stream that redelivers, cuts anew and bisects, functions that fail, stall, die or are started twice, stores that fail before
// and after the effect or take effect late, clocks that differ, people who delete and set back. One seed decides everything, so that
// whatever goes wrong can be seen again.
//
// A process is a goroutine whose every call of a store waits for its turn; the scheduler lets one call at a time go on, once all else in the
// bubble of testing/synctest is at rest. So the order of all effects, and the time, are the scheduler's alone.
//
// What is held against the promises, and when:
//
//   - at every effect on an hour: its chain of generations is whole, no id is in the current one twice, what was committed stays, and what
//     the catalog's Location names has all of it exactly once (check.go);
//   - at every end of a reader: it saw what was committed, or accepted, before it began, nothing twice, and no file vanished (reader.go);
//   - at random moments, and at the end: verify, the code of `lakebed verify`;
//   - once the faults stop: everything converges within a few rounds, nothing is left over, and the lake is what a map of the accepted
//     events says (rest.go).
package simulation

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// World is one simulated run.
type World struct {
	Profile
	rng     *rand.Rand
	store   *bucket.Memory
	catalog catalog.Catalog
	claims  claims.Claims
	scratch string

	decoder *event.Decoder

	model  model
	source source
	met    Counters

	swept      []object // fragments that were deleted
	vandalised string   // key of what somebody deleted or damaged

	begun     time.Time
	processes []*process
	started   int
	steps     int
	quiet     bool
	budget    int // faults that may still be injected
	hash      *xxhash.Digest
	trace     []line
	traced    bool
	broken    error

	mu    sync.Mutex
	turns []*turn
}

// Options are what a run can be told beside its seed.
type Options struct {
	Scratch string // folder for spools
	Faults  int    // how many may be injected at most; negative: any number
	Trace   bool   // keep what Trace tells
}

// Run simulates one seed to its end, in the bubble of the caller. The error is the first promise that was found broken.
func Run(seed uint64, o Options) *World {
	w := &World{
		rng: rand.New(rand.NewPCG(seed, 0)), scratch: o.Scratch, budget: o.Faults, traced: o.Trace,
		met: Counters{}, begun: time.Now(), hash: xxhash.New(),
	}
	w.decoder, w.broken = event.NewDecoder(event.DefaultMapping, 24*time.Hour)
	w.Profile = newProfile(w.rng)
	w.store = bucket.NewMemory(w.stored)
	w.catalog = w.newCatalog()
	w.claims = w.newClaims()
	w.model = newModel()
	w.source = w.newSource()
	w.begin()
	w.meet("profile", w.Claims)
	for w.steps = 0; w.steps < w.Steps && w.broken == nil; w.steps++ {
		w.act()
	}
	if w.broken == nil {
		w.rest()
	}
	w.close()
	w.met["steps"] += w.steps
	w.sumUp()
	return w
}

// sumUp adds what there is at the end to the hash of what happened.
func (w *World) sumUp() {
	for _, o := range w.objects("") {
		_, _ = fmt.Fprintln(w.hash, o.Key, o.ETag, o.Size, o.Modified.UnixNano()) // a hash never fails
	}
	all, err := w.catalog.Partitions(w.root())
	for _, p := range all {
		_, _ = fmt.Fprintln(w.hash, p.Hour, p.Location, len(p.Columns), p.PublishedAt.UnixNano(), p.WrittenAt.UnixNano(), p.Version, err) // likewise
	}
}

// Err is the first promise that was found broken.
func (w *World) Err() error { return w.broken }

// Met counts what happened.
func (w *World) Met() Counters { return w.met }

// Sum is a hash of all that happened and of what there is now: equal runs have equal ones.
func (w *World) Sum() uint64 { return w.hash.Sum64() }

// now is the time by the clock that nobody's is compared with.
func (w *World) now() time.Time { return time.Now() }

// stored is the store's clock, which knows seconds only where the profile says so, as S3's listings do.
func (w *World) stored() time.Time { return time.Now().Truncate(w.Tick) }

// breach notes a broken promise. Only the first counts: others follow from it.
func (w *World) breach(format string, args ...any) {
	if w.broken == nil {
		w.broken = fmt.Errorf(format, args...)
		w.note("BREACH", "%s", w.broken)
	}
}

func (w *World) chance(p float64) bool { return w.rng.Float64() < p }

// oneOf picks at random.
func oneOf[T any](r *rand.Rand, of ...T) T { return of[r.IntN(len(of))] }

// act lets one thing happen.
func (w *World) act() {
	synctest.Wait()
	w.reap()
	busy := w.alive()
	switch r := w.rng.Float64(); {
	case r < 0.004:
		w.pass(time.Duration(1+w.rng.IntN(180)) * time.Minute)
	case r < 0.012:
		w.pass(time.Duration(1+w.rng.IntN(60)) * time.Second)
	case r < 0.02:
		w.land()
	case r < 0.02+w.Crashes:
		w.crash(busy)
	case r < 0.055:
		w.stall()
	case r < 0.056:
		w.verify()
	case r < 0.058:
		w.interfere()
	case len(busy) == 0 || len(busy) < w.Crowd && r < 0.13:
		w.start()
	default:
		if w.chance(0.5) {
			w.pass(time.Duration(w.rng.IntN(50)) * time.Millisecond)
		}
		w.release()
	}
}

// pass lets time go by: whoever waits for it goes on to its next call.
func (w *World) pass(d time.Duration) {
	time.Sleep(d)
	synctest.Wait()
}

// alive are the processes that go on.
func (w *World) alive() []*process {
	var all []*process
	for _, p := range w.processes {
		if !p.dead && !p.ended {
			all = append(all, p)
		}
	}
	return all
}

// reap takes notice of processes that have come to their end, in the order in which they were started.
func (w *World) reap() {
	for _, p := range w.processes {
		select {
		case <-p.end:
			if !p.ended {
				p.ended = true
				w.note(p.name, "ends: %v", p.err)
				p.tell()
				switch {
				case p.dead && p.lost != nil:
					p.lost()
				case !p.dead && p.done != nil:
					p.done(p.err)
				}
			}
		default:
		}
	}
	w.processes = slices.DeleteFunc(w.processes, func(p *process) bool { return p.ended && p.late == 0 })
}

// release lets one waiting call go on.
func (w *World) release() {
	w.mu.Lock()
	slices.SortFunc(w.turns, func(a, b *turn) int {
		if a.process != b.process {
			return a.process.id - b.process.id
		}
		return strings.Compare(a.name(), b.name())
	})
	var ready []int
	for i, t := range w.turns {
		if !w.now().Before(t.process.asleep) {
			ready = append(ready, i)
		}
	}
	if len(ready) == 0 {
		w.mu.Unlock()
		w.pass(time.Second)
		return
	}
	i := ready[w.rng.IntN(len(ready))]
	t := w.turns[i]
	w.turns = slices.Delete(w.turns, i, i+1)
	w.mu.Unlock()
	close(t.gone)
	synctest.Wait()
}

// land lets the late writes of a process take effect.
func (w *World) land() {
	var late []*process
	for _, p := range w.processes {
		if p.late > 0 {
			late = append(late, p)
		}
	}
	if len(late) > 0 {
		oneOf(w.rng, late...).land()
	}
}

// crash ends a process: its call under way has its effect or not, and it makes no other.
func (w *World) crash(busy []*process) {
	if len(busy) == 0 || !w.spend() {
		return
	}
	p := oneOf(w.rng, busy...)
	p.dying = oneOf(w.rng, faulty.Before, faulty.After, faulty.Late)
	w.meet("fault", "crash of "+p.kind)
	w.note(p.name, "is to die at its next call")
}

// stall puts a process to sleep for long: it goes on from where it was.
func (w *World) stall() {
	w.mu.Lock()
	var waiting []*process
	for _, t := range w.turns {
		if !slices.Contains(waiting, t.process) {
			waiting = append(waiting, t.process)
		}
	}
	w.mu.Unlock()
	slices.SortFunc(waiting, func(a, b *process) int { return a.id - b.id })
	if len(waiting) == 0 || !w.spend() {
		return
	}
	p := oneOf(w.rng, waiting...)
	d := oneOf(w.rng, time.Second, time.Minute, 10*time.Minute, time.Hour, 12*time.Hour)
	p.asleep = w.now().Add(d)
	w.meet("fault", "stall of "+p.kind)
	w.note(p.name, "sleeps for %s", d)
}

// spend takes a fault from the budget.
func (w *World) spend() bool {
	if w.quiet || w.budget == 0 {
		return false
	}
	w.budget--
	w.met["faults"]++
	return true
}

// start begins something new.
func (w *World) start() {
	switch r := w.rng.Float64(); {
	case r < 0.55:
		w.deliver()
	case r < 0.82:
		w.compact()
	case r < 0.86:
		w.replay()
	case r < 0.865 && w.Erases:
		w.erase()
	case r < 0.93:
		w.readEvents()
	default:
		w.readLive()
	}
}

// hour picks one of the world's hours.
func (w *World) hour() layout.Partition { return oneOf(w.rng, w.Hours...) }

// close ends whoever is left.
func (w *World) close() {
	w.quiet = true
	for _, p := range w.processes {
		p.kill()
	}
	w.mu.Lock()
	turns := w.turns
	w.turns = nil
	w.mu.Unlock()
	for _, t := range turns {
		close(t.gone)
	}
	synctest.Wait()
}
