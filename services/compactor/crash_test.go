package compactor

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/layout"
)

// scene is a lake in which everything is still to be done: minor and major compaction, evolution, sweeping.
func scene(t *testing.T) *lake {
	l := newLake(t)
	l.config.Policy.Target, l.config.Policy.Few = 3000, 1
	l.parts(3)
	l.put(hour, "", false, l.want[hour]["e0-2"], lineOf(hour, "late", `,"n":1.5,"new":{"x":true}`))
	l.put(hour+1, "", true, lineOf(hour+1, "next", ""))
	return l
}

// days is how the time goes on in a scene: every round comes so much later than the one before.
var days = []time.Duration{0, time.Hour, 5 * time.Hour, 5 * time.Hour, 48 * time.Hour, time.Hour, time.Hour}

// play runs the scene to its end. What a round could not do the next one does.
func (l *lake) play(checked bool) {
	l.t.Helper()
	for _, d := range days {
		l.clock.pass(d)
		for range 10 {
			r, err := l.compactor().Round(context.Background(), time.Time{}, nil)
			if checked {
				l.seen()
			}
			if err == nil && len(r.SetAside) == 0 && !r.Progress() {
				break
			}
		}
	}
}

// seen wants that readers see nothing twice and nothing strange, and all that was merged before the scene began.
func (l *lake) seen() {
	l.t.Helper()
	for p, want := range l.want {
		got := l.view(p)
		for id, line := range got {
			if want[id] != line {
				l.t.Fatalf("%s: %s is %q, want %q", p, id, line, want[id])
			}
		}
		if p == hour && len(got) < 30 {
			l.t.Fatalf("%s: readers see %d events", p, len(got))
		}
	}
}

// done wants the scene's end: all there, all fragments gone.
func (l *lake) done() {
	l.t.Helper()
	l.check()
	if left := l.keys(layout.Raw); len(left) > 0 {
		l.t.Errorf("fragments are left: %v", left)
	}
}

// 51: a crash between any two calls, before or after the call took effect, leaves a state that readers see rightly and from which the next
// run goes on. The crash points are those of a run without a fault.
func TestCrashAnywhere(t *testing.T) {
	t.Parallel()
	l := scene(t)
	trace := faulty.New(nil)
	l.bucket, l.cat = faulty.NewBucket(l.store, trace), catalogtest.NewFaulty(l.cat, trace)
	l.play(true)
	l.done()
	total := trace.Count()
	if total < 200 {
		t.Fatalf("a run has only %d operations", total)
	}
	t.Logf("%d operations", total)
	for when, every := range map[faulty.When]int{faulty.After: 1, faulty.Before: 5, faulty.Midway: 3, faulty.Late: 2} { // before one is after another
		for n := 1; n <= total; n += every {
			l := scene(t)
			whole := l.cat
			faults := faulty.Crash(n, when, fmt.Errorf("crash at operation %d, %v", n, when))
			l.bucket, l.cat = faulty.NewBucket(l.store, faults), catalogtest.NewFaulty(whole, faults)
			for _, d := range days { // until it crashes
				l.clock.pass(d)
				_, err := l.compactor().Round(context.Background(), time.Time{}, nil)
				if err != nil || faults.Count() >= n {
					break
				}
			}
			l.bucket, l.cat = l.store, whole
			l.seen()
			if n%4 < 2 {
				faults.Land() // a request that was still under way, before the next run
			}
			l.clock.pass(time.Minute)
			l.round()
			l.seen()
			faults.Land() // or after it
			l.seen()
			l.play(true)
			l.done()
			if t.Failed() {
				t.Fatalf("operation %d of %d, %v", n, total, when)
			}
		}
	}
}

// A single fault anywhere, in a run that goes on: it is reported or overcome, and nothing is lost.
func TestFaultAnywhere(t *testing.T) {
	t.Parallel()
	for _, when := range []faulty.When{faulty.Before, faulty.After, faulty.Midway, faulty.Late} {
		for n := 1; ; n++ {
			l := scene(t)
			faults := faulty.Once(n, when, errors.New("fault"))
			whole := l.cat
			l.bucket, l.cat = faulty.NewBucket(l.store, faults), catalogtest.NewFaulty(whole, faults)
			l.play(false)
			faults.Land()
			l.cat = whole
			l.play(false)
			l.done()
			if t.Failed() {
				t.Fatalf("operation %d, %v", n, when)
			}
			if faults.Count() < n {
				break
			}
			n += 4 // the crash test takes each
		}
	}
}

// 52: several compactors at once, on the same partitions.
func TestSeveralAtOnce(t *testing.T) {
	t.Parallel()
	for seed := range 20 {
		l := scene(t)
		var wg sync.WaitGroup
		for range 3 {
			wg.Go(func() {
				for range 4 {
					r, err := l.compactor().Round(context.Background(), time.Time{}, nil)
					if err != nil || len(r.SetAside) > 0 {
						t.Errorf("seed %d: %v, %v", seed, err, r.SetAside)
					}
					l.clock.pass(3 * time.Hour)
				}
			})
		}
		wg.Wait()
		l.seen()
		l.play(true)
		l.done()
	}
}

// 53, 55: a run that stops anywhere, sleeps for days while another does all the work, and goes on.
func TestZombie(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		l := scene(t)
		other := l.compactor()
		z := &zombie{Bucket: l.store, n: n, asleep: func() {
			for _, d := range days {
				l.clock.pass(d)
				if _, err := other.Round(context.Background(), time.Time{}, nil); err != nil {
					t.Error(err)
				}
			}
			l.check()
		}}
		l.bucket = z
		if _, err := l.compactor().Round(context.Background(), time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
		l.bucket = l.store
		l.seen()
		l.play(true)
		l.done()
		if t.Failed() {
			t.Fatalf("asleep before operation %d", n)
		}
		if z.n > 0 {
			t.Logf("%d operations", n)
			break
		}
	}
}

// 53: whatever happens between a listing and the reading of what it lists, a race is never told as something that was deleted.
func TestLookBesideSealAndSweep(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		l := newLake(t)
		l.config.Policy.MajorParts, l.config.Policy.MajorShare = 100, 2
		l.config.Policy.Grace, l.config.Policy.LongestQuery, l.config.Policy.Live = 0, 0, 0
		l.parts(2)
		l.settle()
		l.clock.pass(5 * time.Hour)
		l.config.Policy.MajorParts, l.config.Policy.MajorShare = 1, 0
		l.events(hour, 1)
		c := l.compactor()
		z := &zombie{Bucket: l.store, n: n, asleep: func() { l.settle() }}
		c.bucket = z
		r, err := c.Round(context.Background(), time.Time{}, nil)
		if err != nil || len(r.SetAside) > 0 {
			t.Fatalf("asleep before operation %d: %v, %v", n, err, r.SetAside)
		}
		if z.n > 0 {
			break
		}
	}
}

// Where the seal of a swept generation is missing in a listing, and whether it is there cannot be read, that is told, and nothing else.
func TestLookForASealFails(t *testing.T) {
	l := newLake(t)
	l.config.Policy.MajorParts, l.config.Policy.MajorShare = 1, 0
	l.config.Policy.Grace, l.config.Policy.LongestQuery, l.config.Policy.Live = 0, 0, 0
	l.parts(2)
	l.clock.pass(5 * time.Hour)
	l.settle()
	first := l.keys(layout.Location(hour, layout.FirstGeneration))
	seal := first[len(first)-1]
	broken := errors.New("not allowed")
	l.bucket = faulty.NewBucket(unlisted{l.store, seal}, faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.Get && key == seal {
			return faulty.Before, broken
		}
		return faulty.Never, nil
	}))
	r, err := l.compactor().RoundOfAll(t.Context(), time.Time{}, nil)
	if err != nil || len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, broken) || strings.Contains(r.SetAside[0].Err.Error(), "deleted") || r.Lost > 0 {
		t.Errorf("%d races lost, set aside %v, %v", r.Lost, r.SetAside, err)
	}
}

// unlisted is a bucket whose listings leave out an object.
type unlisted struct {
	bucket.Bucket
	key string
}

func (u unlisted) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range u.Bucket.List(ctx, prefix, after) {
			if o.Key != u.key && !yield(o, err) {
				return
			}
		}
	}
}

// A stale run goes on writing into a successor's directory that was swept meanwhile: the gaps in it disturb nobody.
func TestOrphanWithGaps(t *testing.T) {
	l := scene(t)
	orphan := layout.Slot{Partition: hour, Generation: layout.FirstGeneration.Successor("00000000"), Number: 2}
	if _, err := l.store.Put(t.Context(), orphan.Key(), strings.NewReader("late"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	l.play(true)
	l.done()
	if keys := l.keys(layout.Location(hour, orphan.Generation)); len(keys) > 0 {
		t.Errorf("it is left: %v", keys)
	}
}

// zombie is the bucket of a run that falls asleep just before its nth operation.
type zombie struct {
	bucket.Bucket
	n      int
	asleep func()
}

func (z *zombie) tick() {
	if z.n--; z.n == 0 {
		z.asleep()
	}
}

func (z *zombie) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	z.tick()
	return z.Bucket.List(ctx, prefix, after)
}

func (z *zombie) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	z.tick()
	return z.Bucket.Get(ctx, key, r)
}

func (z *zombie) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	z.tick()
	return z.Bucket.Put(ctx, key, body, c)
}

func (z *zombie) Delete(ctx context.Context, objects ...bucket.Object) error {
	z.tick()
	return z.Bucket.Delete(ctx, objects...)
}
