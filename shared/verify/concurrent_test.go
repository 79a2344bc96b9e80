package verify

import (
	"context"
	"errors"
	"io"
	"iter"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

var errFailed = errors.New("the store fails")

// hooked counts the reads of a bucket. Before each it calls do, and one of them fails.
type hooked struct {
	bucket.Bucket
	mu   sync.Mutex
	n    int
	fail int // which one; -1: none
	do   func(n int)
}

func (h *hooked) count() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.n
}

func (h *hooked) step() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	n := h.n
	h.n++
	if h.do != nil {
		h.do(n)
	}
	if n == h.fail {
		return errFailed
	}
	return nil
}

func (h *hooked) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		if err := h.step(); err != nil {
			yield(bucket.Object{}, err)
			return
		}
		h.Bucket.List(ctx, prefix, after)(yield)
	}
}

func (h *hooked) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if err := h.step(); err != nil {
		return nil, bucket.Object{}, err
	}
	return h.Bucket.Get(ctx, key, r)
}

// hookedCatalog steps along with the bucket.
type hookedCatalog struct {
	catalog.Catalog
	*hooked
}

func (c *hookedCatalog) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	if err := c.step(); err != nil {
		return nil, err
	}
	return c.Catalog.Partitions(ctx, which...)
}

func (c *hookedCatalog) Table(ctx context.Context) (catalog.Table, error) {
	if err := c.step(); err != nil {
		return catalog.Table{}, err
	}
	return c.Catalog.Table(ctx)
}

// All of a lake's life goes on beside the verifier, at every pace, and nothing of it is taken for a breach. Time passes fast: the grace is
// nothing, so that what was merged vanishes at once.
func TestNothingThatMovesIsABreach(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) { // what waits for a compactor costs no time
		for _, every := range []int{1, 3, 6} {
			for begin := 0; liveBeside(t, begin, every); begin++ {
			}
		}
	})
}

// liveBeside has the lake live a step every so many reads, from a read on. It tells whether the verifier read as far.
func liveBeside(t *testing.T, begin, every int) bool {
	l := newLake(t)
	l.Grace = 0
	l.store(hour8, lines(hour8, "a", 3)...)
	l.store(hour8, lines(hour8, "b", 3)...)
	l.merge(hour8, "")
	r, read := l.lives(t, l.life(), begin, every)
	if r.Events != 10 || r.Live != 10 {
		t.Fatalf("got %+v", r)
	}
	return read >= begin
}

// lives has the lake live on, a step every so many reads of a verifier from a read on, and then what is left of it. It gives what is found at
// the end, and how much the first verifier read.
func (l *lake) lives(t *testing.T, life []func(), begin, every int) (Report, int) {
	t.Helper()
	h := &hooked{Bucket: l.Bucket, fail: -1}
	h.do = func(n int) {
		if len(life) > 0 && n >= begin && (n-begin)%every == 0 {
			life[0]()
			life = life[1:]
		}
	}
	lake := l.Lake
	lake.Bucket, lake.Catalog, lake.Now, lake.Parallel = h, &hookedCatalog{l.Catalog, h}, l.clock, 1
	r, err := Run(t.Context(), lake, nil)
	if err != nil || len(r.Breaches) > 0 {
		t.Fatalf("a step every %d reads from the %dth on: %v, %v", every, begin, err, r.Breaches)
	}
	read := h.count()
	for ; len(life) > 0; life = life[1:] {
		life[0]()
	}
	r = l.run()
	whole(t, r)
	return r, read
}

// life is what happens to a lake, in steps.
func (l *lake) life() []func() {
	var next layout.Generation
	return []func(){
		func() {
			l.deliver(batch{
				lines:   map[layout.Partition][]string{hour8: lines(hour8, "c", 3)},
				rejects: map[event.Reason][]string{event.NotJSON: {"x"}},
			})
		},
		func() { l.merge(hour8, "") },
		func() { next = l.succeed(hour8, "0123456789abcdef") },
		func() { l.seal(hour8, next) },
		func() { l.publish(hour8, next) },
		func() { l.sweepSlots(hour8) },
		func() { l.sweepRaw(hour8) },
		func() { must(ledger.RollUp(context.Background(), l.Bucket, start.Add(100*grace), 0)) },
		func() { l.store(hour8, line(hour8, "late", "")) },
		func() { l.merge(hour8, "") },
		func() { l.sweepRaw(hour8) },
	}
}

// A fragment that is merged and swept between its listing and its reading is counted all the same.
func TestFragmentsThatVanish(t *testing.T) {
	for _, every := range []int{1, 2, 4} {
		for begin := 0; ; begin++ {
			l := newLake(t)
			l.store(hour8, lines(hour8, "a", 3)...)
			steps := []func(){func() { l.merge(hour8, "") }, func() { l.sweepRaw(hour8) }}
			h := &hooked{Bucket: l.Bucket, fail: -1}
			h.do = func(n int) {
				if len(steps) > 0 && n >= begin && (n-begin)%every == 0 {
					steps[0]()
					steps = steps[1:]
				}
			}
			lake := l.Lake
			lake.Bucket, lake.Now = h, l.clock
			r, err := Run(t.Context(), lake, nil)
			if err != nil || len(r.Breaches) > 0 || r.Live != 3 {
				t.Fatalf("a step every %d reads from the %dth on: %v, %+v", every, begin, err, r)
			}
			if h.count() < begin {
				break
			}
		}
	}
}

// What is mended meanwhile is no finding, though nothing came or went.
func TestMended(t *testing.T) {
	for n := 0; ; n++ {
		l := newLake(t)
		l.store(hour8, lines(hour8, "a", 3)...)
		l.merge(hour8, "")
		key := l.indexOf(hour8, 1)
		good := l.get(key)
		l.put(key, good[:len(good)-1])
		h := &hooked{Bucket: l.Bucket, fail: -1}
		h.do = func(at int) {
			if at == n {
				l.put(key, good)
			}
		}
		lake := l.Lake
		lake.Bucket, lake.Now, lake.Parallel = h, l.clock, 1
		r, err := Run(t.Context(), lake, nil)
		l.must(err)
		if len(r.Breaches) > 0 || len(r.Warnings) > 0 && n < h.count()-1 {
			t.Fatalf("mended before the %dth of %d reads: %v %v", n, h.count(), r.Breaches, r.Warnings)
		}
		if n >= h.count() {
			return
		}
	}
}

// A compactor that has sealed has a moment to publish.
func TestPublishedAMomentLater(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLake(t)
		l.store(hour8, lines(hour8, "a", 3)...)
		l.merge(hour8, "")
		next := l.succeed(hour8, "0123456789abcdef")
		l.seal(hour8, next)
		go func() {
			time.Sleep(100 * time.Millisecond)
			l.publish(hour8, next)
		}()
		l.Now = l.clock
		whole(t, l.run())
	})
}

// In an hour that never rests, what is found at each try counts, and what is found at the last alone does not.
func TestNeverAtRest(t *testing.T) {
	l := newLake(t)
	l.store(hour8, lines(hour8, "a", 3)...)
	l.merge(hour8, "")
	l.remove(l.indexOf(hour8, 1))
	l.Now = l.clock
	looks := 0
	inner := l.Catalog
	l.Catalog = &restless{inner, func() {
		looks++
		l.store(hour8, line(hour8, "more", ""))
		if looks == 2*tries-1 {
			e := must(inner.Partitions(t.Context(), hour8))[0]
			e.Location = "elsewhere"
			l.must(inner.SetPartitions(t.Context(), []catalog.Partition{e}))
		}
	}}
	r := l.run()
	if looks != 2*tries || len(r.Breaches) > 0 || len(r.Warnings) != 1 || r.Warnings[0].Code != IndexMissing {
		t.Errorf("%d looks: %v, %v", looks, r.Breaches, r.Warnings)
	}
}

// restless is a catalog beside which something happens at each look at one hour.
type restless struct {
	catalog.Catalog
	do func()
}

func (c *restless) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	if len(which) == 1 {
		c.do()
	}
	return c.Catalog.Partitions(ctx, which...)
}
