package compactor

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// These tests carry the numbers of the faults that they inject.

func (l *lake) get(key string) []byte {
	l.t.Helper()
	body, _, err := l.store.Get(context.Background(), key, bucket.Range{})
	if err != nil {
		l.t.Fatal(err)
	}
	text, err := io.ReadAll(body)
	if err != nil {
		l.t.Fatal(err)
	}
	return text
}

func (l *lake) set(key string, text []byte) {
	l.t.Helper()
	if _, err := l.store.Put(context.Background(), key, bytes.NewReader(text), bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) remove(key string) {
	l.t.Helper()
	if err := l.store.Delete(context.Background(), bucket.Object{Key: key}); err != nil {
		l.t.Fatal(err)
	}
}

// objects gives all that lies below a prefix.
func (l *lake) objects(prefix string) map[string]string {
	l.t.Helper()
	all := map[string]string{}
	for _, key := range l.keys(prefix) {
		all[key] = string(l.get(key))
	}
	return all
}

func slotKey(g layout.Generation, n int) string {
	return layout.Slot{Partition: hour, Generation: g, Number: n}.Key()
}

// succeeded is a lake whose hour has a second generation: the first had three parts, which are swept or not.
func succeeded(t *testing.T, swept bool) (*lake, layout.Generation) {
	t.Helper()
	l := newLake(t)
	l.parts(3)
	l.settle()
	if swept {
		l.clock.pass(l.config.Policy.Grace + time.Hour)
		l.settle()
	}
	_, g, err := layout.ParseLocation(l.location(hour))
	if err != nil || g.Number() != 2 {
		t.Fatalf("Location is %s, %v", l.location(hour), err)
	}
	return l, g
}

// 47: a thousand fragments come after their hour was compacted, over twenty-five visits, each with a copy of what came long before: each event is
// seen once, the copies are dropped, and what is left does not grow with the number of times.
func TestLateAThousandTimes(t *testing.T) {
	t.Parallel()
	l := newLake(t)
	l.parts(3)
	l.settle()
	const visits, each = 25, 40
	var total Result
	for visit := range visits {
		for n := range each {
			l.put(hour, "", false, lineOf(hour, fmt.Sprint("late", visit, "-", n), ""), lineOf(hour, fmt.Sprint("late", visit/2, "-", n), ""))
		}
		r := l.settle()
		l.check()
		total.Add(r)
	}
	l.clock.pass(l.config.Policy.Grace + time.Hour)
	l.settle()
	l.check()
	if n := len(l.keys(l.location(hour))); n > 2*l.config.Policy.MajorParts {
		t.Errorf("%d parts are left", n)
	}
	if total.Fragments != visits*each || total.Events != visits*each || total.Duplicates != visits*each || total.Majors == 0 {
		t.Errorf("got %+v", total)
	}
	if left := l.keys(layout.Raw); len(left) > 0 {
		t.Errorf("%d fragments are left", len(left))
	}
}

// 48: the clocks of the store and of two compactors that take turns are off by ten minutes either way, and one of them goes back by an hour
// in between. Readers see each event once all the time; nothing goes before the grace, less what the clocks are off; and all comes to its
// end.
func TestClockSkew(t *testing.T) {
	t.Parallel()
	const off = 10 * time.Minute
	for _, skew := range [][3]time.Duration{{off, -off, 0}, {-off, off, 0}, {0, off, -off}, {0, -off, off}, {off, off, -off}, {-off, -off, off}} {
		for _, back := range []int{-1, 0, 9} { // after this round
			skew, l := skew, newLake(t)
			l.store = bucket.NewMemory(func() time.Time { return l.clock.now().Add(skew[0]) })
			l.bucket = l.store
			l.config.Policy.Target = 3000
			l.parts(3)
			l.put(hour, "", false, l.want[hour]["e0-2"], lineOf(hour, "late", ""))
			retired := map[string]time.Time{} // generations, since when the Location does not name them
			before := l.location(hour)
			for n, d := range slices.Concat(slices.Repeat([]time.Duration{20 * time.Minute}, 20), days) {
				l.clock.pass(d)
				if n == back {
					skew[1] -= time.Hour
				}
				for turn := range 4 {
					l.config.Now = func() time.Time { return l.clock.now().Add(skew[1+turn%2]) }
					r := l.round()
					if len(r.SetAside) > 0 {
						t.Fatal(r.SetAside)
					}
					l.seen()
					l.heldFor(retired, l.config.Policy.Grace-2*off-time.Hour, r)
					if now := l.location(hour); now != before {
						retired[before], before = l.clock.now(), now
					}
				}
			}
			l.done()
			if _, g, err := layout.ParseLocation(before); err != nil || g.Number() < 2 || len(retired) == 0 {
				t.Errorf("skew %v: no generation was succeeded: %s", skew, before)
			}
			if t.Failed() {
				t.Fatalf("skew %v, back after round %d", skew, back)
			}
		}
	}
}

// heldFor wants every part of a retired generation whole for so long.
func (l *lake) heldFor(retired map[string]time.Time, least time.Duration, r Result) {
	l.t.Helper()
	for location, since := range retired {
		if held := l.clock.now().Sub(since); held < least {
			for _, key := range l.keys(location) {
				if h, _, err := part.ReadHeader(context.Background(), l.store, key); err != nil || h.Kind == part.Swept {
					l.t.Errorf("%s was swept after %s: %+v, %v", key, held, r, err)
				}
			}
		}
	}
}

// hiding is a bucket whose listings leave objects out.
type hiding struct {
	bucket.Bucket
	hide func(key string) bool
}

func (b *hiding) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range b.Bucket.List(ctx, prefix, after) {
			if (err != nil || !b.hide(o.Key)) && !yield(o, err) {
				return
			}
		}
	}
}

// 59: a listing is a hint. Whatever objects it leaves out, now and then, no reader sees an event twice or misses one that was seen, and once
// it is whole again, all comes to its end.
func TestListIsAHint(t *testing.T) {
	t.Parallel()
	for seed := range uint64(40) {
		l := scene(t)
		random := rand.New(rand.NewPCG(seed, 0))
		l.bucket = &hiding{l.store, func(string) bool { return random.IntN(6) == 0 }}
		for n, d := range days {
			l.clock.pass(d)
			for range 3 {
				if _, err := l.compactor().Round(t.Context(), time.Time{}, nil); err != nil { // a partition may be set aside
					t.Fatal(err)
				}
				l.seen()
			}
			if t.Failed() {
				t.Fatalf("seed %d, day %d", seed, n)
			}
		}
		l.bucket = l.store
		l.play(true)
		l.done()
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}

// 60: two thousand fragments, by runs each of which is killed after five hundred calls, in little memory: each run makes progress, and the end
// is exact. A hundred thousand would be fifty times the same; a fragment that is larger than memory is TestLargerThanMemory's.
func TestManyFragmentsManyRuns(t *testing.T) {
	t.Parallel()
	const fragments, calls = 2000, 500
	l := newLake(t)
	l.config.Memory, l.config.Policy.Target = 64<<10, 3<<10
	for range fragments {
		l.events(hour, 2)
	}
	pending := func() int {
		v := l.visit()
		s, err := v.look(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		n := 0
		for i := range s.fragments {
			if s.fragments[i].pending() {
				n++
			}
		}
		return n
	}
	runs := 0
	for left := fragments; left > 0; runs++ {
		l.bucket = faulty.NewBucket(l.store, faulty.Crash(calls, faulty.Before, nil))
		l.compactor().Work(t.Context(), Task{Partition: hour}, time.Time{})
		l.bucket = l.store
		now := pending()
		if now >= left {
			t.Fatalf("run %d: %d fragments were left, %d are", runs, left, now)
		}
		left = now
	}
	l.settle()
	l.check()
	if runs < 3 {
		t.Errorf("only %d runs", runs)
	}
	t.Logf("%d runs of at most %d calls, %d parts", runs, calls, len(l.keys(l.location(hour))))
}

// newer makes what a later version would have written of a part.
func newer(text []byte) []byte { return bytes.Replace(text, []byte(`"v":1`), []byte(`"v":2`), 1) }

// flipped makes a part whose header says nothing.
func flipped(text []byte) []byte {
	text = bytes.Clone(text)
	text[16] ^= 0x20
	return text
}

// 61, 66, 69: what only a person, a broken store or a later version can have done halts the partition: it is named, nothing in it is
// written, and its Location stays. The other partitions go on, and it goes on itself once that is undone.
func TestHalts(t *testing.T) {
	first := layout.FirstGeneration
	for _, c := range []struct {
		name  string
		swept bool // the first generation is
		key   func(next layout.Generation) string
		make  func([]byte) []byte // of what is there; nil: the object is deleted
		from  string              // of what is there instead
		lost  bool                // the catalog, too
		says  string
	}{
		{name: "61 header of a part corrupt", key: func(g layout.Generation) string { return slotKey(g, 1) }, make: flipped, says: "part-00001"},
		{name: "61 header of a seal corrupt", key: func(layout.Generation) string { return slotKey(first, 4) }, make: flipped, says: "part-00004"},
		{name: "61 seal empty", key: func(layout.Generation) string { return slotKey(first, 4) }, make: func([]byte) []byte { return nil }, says: "part-00004"},
		{name: "61 seal that leads too far", key: func(layout.Generation) string { return slotKey(first, 4) }, make: func(text []byte) []byte { return bytes.Replace(text, []byte("gen-0002"), []byte("gen-0003"), 1) }, says: "gen-0003"},
		{name: "61 slot behind a seal", key: func(layout.Generation) string { return slotKey(first, 5) }, make: func([]byte) []byte { return must(part.Empty(part.Header{Kind: part.Data, Inputs: "x"})) }, says: "follows a seal"},
		{name: "61 seal deleted", key: func(layout.Generation) string { return slotKey(first, 4) }, says: "seal"},
		{name: "61 seal of a swept generation deleted", swept: true, key: func(layout.Generation) string { return slotKey(first, 4) }, says: "seal"},
		{name: "61 seal of a swept generation and catalog lost", swept: true, key: func(layout.Generation) string { return slotKey(first, 4) }, lost: true, says: "seal"},
		{name: "66 first slot deleted", key: func(layout.Generation) string { return slotKey(first, 1) }, says: "is missing"},
		{name: "66 swept slot deleted", swept: true, key: func(layout.Generation) string { return slotKey(first, 2) }, says: "is missing"},
		{name: "66 successor deleted", key: func(g layout.Generation) string { return slotKey(g, 1) }, says: "was deleted"},
		{name: "66 a part copied over another", key: func(layout.Generation) string { return slotKey(first, 2) }, from: slotKey(first, 1), make: bytes.Clone, says: "part-00002"},
		{name: "66 something foreign among the parts", key: func(g layout.Generation) string { return layout.Location(hour, g) + "notes.txt" }, make: func([]byte) []byte { return []byte("x") }, says: "move it away"},
		{name: "69 newer part", key: func(g layout.Generation) string { return slotKey(g, 1) }, make: newer, says: "newer lakebed"},
		{name: "61 newer seal", key: func(layout.Generation) string { return slotKey(first, 4) }, make: newer, says: "newer lakebed"},
		{name: "69 newer swept slot", swept: true, key: func(layout.Generation) string { return slotKey(first, 1) }, make: newer, says: "newer lakebed"},
	} {
		t.Run(c.name, func(t *testing.T) {
			l, next := succeeded(t, c.swept)
			key, location := c.key(next), l.location(hour)
			was, there := l.objects("")[key]
			from := was
			if c.from != "" {
				from = string(l.get(c.from))
			}
			if l.remove(key); c.make != nil {
				l.set(key, c.make([]byte(from)))
			}
			if c.lost {
				l.cat, location = catalog.NewMemory(), ""
			}
			l.put(hour, "", false, lineOf(hour, "waits", ""), l.want[hour]["e0-1"])
			l.put(hour+2, "", false, lineOf(hour+2, "other", ""))
			before := l.objects(layout.EventsPrefix(hour))
			for range 3 {
				r := l.round()
				if len(r.SetAside) != 1 || r.SetAside[0].Partition != hour || !strings.Contains(r.SetAside[0].Err.Error(), c.says) {
					t.Fatalf("set aside are %v, want %q", r.SetAside, c.says)
				}
				l.clock.pass(48 * time.Hour)
			}
			if after := l.objects(layout.EventsPrefix(hour)); !maps.Equal(before, after) {
				t.Errorf("it wrote: there was %v, there is %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
			}
			if now := l.location(hour); now != location {
				t.Errorf("Location was %q, is %q", location, now)
			}
			if got := l.view(hour + 2); len(got) != 1 {
				t.Errorf("the other partition has %d events", len(got))
			}
			if l.remove(key); there {
				l.set(key, []byte(was))
			}
			if r := l.settle(); len(r.SetAside) > 0 {
				t.Errorf("it does not go on: %v", r.SetAside)
			}
			l.check()
		})
	}
}

// 69: tombstones of a later version stop every merge, since nobody here knows what they erase; nothing else is harmed.
func TestHaltsAtNewerTombstones(t *testing.T) {
	l, _ := succeeded(t, false)
	l.bury(hour.End())
	text := []byte(nil)
	for _, k := range l.keys(layout.Erasures) {
		if k != layout.ErasureKey {
			text = newer(l.get(k))
		}
	}
	key := layout.Erasure(xxhash.Sum64(text))
	l.set(key, text)
	seen := l.view(hour)
	l.put(hour, "", false, lineOf(hour, "waits", ""))
	r := l.round()
	if len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), "newer lakebed") || r.Minors != 0 {
		t.Errorf("got %+v", r)
	}
	if !maps.Equal(seen, l.view(hour)) {
		t.Error("readers see something else")
	}
	l.remove(key)
	l.settle()
	l.check()
}

// 62: no name is used again. Every slot of a swept generation is taken for ever; and where the directory of a successor that lost was
// removed, a run that slept goes on writing into it without an effect, until it is removed again.
func TestNamesAreNotUsedAgain(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	v := l.visit()
	s := l.look(v)
	data := s.current().data()
	plan := [][]*slot{data[:1], data[1:]} // as with another target size
	r := &row{visit: v, generation: layout.FirstGeneration.Successor(planHash(plan))}
	if _, err := r.add(t.Context(), plan[0]); err != nil {
		t.Fatal(err)
	}
	l.settle()
	l.clock.pass(l.config.Policy.Grace + time.Hour)
	l.settle()
	if left := l.keys(layout.Location(hour, r.generation)); len(left) > 0 {
		t.Fatalf("the directory that lost is left: %v", left)
	}
	taken := l.keys(layout.Location(hour, layout.FirstGeneration))
	if len(taken) != 4 {
		t.Fatalf("the first generation has the slots %v", taken)
	}
	for n := range taken {
		at := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: n + 1}
		there, err := v.create(t.Context(), at, part.Header{Kind: part.Data, Inputs: "x"}, fixed([]byte("x")))
		if err != nil || there == nil || there.Kind == part.Data {
			t.Errorf("%s: %+v, %v", at.Key(), there, err)
		}
	}
	again := &row{visit: v, generation: r.generation}
	if _, err := again.add(t.Context(), plan[0]); !errors.Is(err, errLost) { // its parts are swept
		t.Errorf("got %v", err)
	}
	l.set(layout.Slot{Partition: hour, Generation: r.generation, Number: 1}.Key(), []byte("late")) // as a write that was under way
	if err := v.seal(t.Context(), s, r); !errors.Is(err, errLost) {
		t.Errorf("sealed to it: %v", err)
	}
	l.check()
	l.put(hour, "", false, lineOf(hour, "new", ""))
	l.play(true)
	l.done()
	if left := l.keys(layout.Location(hour, r.generation)); len(left) > 0 {
		t.Errorf("it is left: %v", left)
	}
}

// 63: a query that began before a generation was succeeded reads all of it for as long as the grace. That is the bound: one that takes
// longer finds empty parts, never a part of the events and never an error.
func TestReaderWithinTheGrace(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	location := l.location(hour)
	files := l.keys(location) // as the query's plan has them
	want := l.view(hour)
	read := func() map[string]bool {
		got := map[string]bool{}
		for _, key := range files {
			lines, err := part.Open(t.Context(), l.store, key, true)
			if err != nil {
				t.Fatal(err)
			}
			for lines.Next() {
				got[string(lines.Bytes())] = true
			}
			if err := errors.Join(lines.Err(), lines.Close()); err != nil {
				t.Fatal(err)
			}
		}
		return got
	}
	l.settle()
	if l.location(hour) == location {
		t.Fatal("no generation was succeeded")
	}
	for spent := time.Duration(0); spent < l.config.Policy.Grace-time.Minute; spent += 10 * time.Minute {
		if got := read(); len(got) != len(want) {
			t.Fatalf("after %s the query reads %d of %d events", spent, len(got), len(want))
		}
		l.clock.pass(10 * time.Minute)
		l.settle()
	}
	l.clock.pass(20 * time.Minute)
	l.settle()
	if got := read(); len(got) != 0 {
		t.Errorf("beyond the grace it reads %d events", len(got))
	}
	l.check()
}

// 65: a person restores what was swept, as versions make easy: a fragment, an index, a slot of an old generation. Nobody sees an event twice,
// and it is swept again.
func TestRestored(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	old := l.objects("")
	l.play(true)
	l.done()
	swept := l.objects("")
	restored := 0
	for _, key := range slices.Sorted(maps.Keys(old)) {
		if swept[key] == old[key] {
			continue
		}
		restored++
		l.set(key, []byte(old[key]))
		l.play(true)
		l.check()
	}
	if restored < 9 {
		t.Errorf("only %d objects had been swept", restored)
	}
	l.put(hour, "", false, lineOf(hour, "new", "")) // so that the hour is visited
	l.play(true)
	l.done()
	for key, text := range l.objects("") {
		if was, old := old[key]; old && was == text && strings.HasPrefix(key, layout.Events) {
			t.Errorf("%s is left as it was restored", key)
		}
	}
}

// 64, 65: deletions are refused, for ever, as by a lock or a policy: what was merged stays so, new events are merged, and once they are allowed
// everything is swept.
func TestDeletionsRefused(t *testing.T) {
	refused := errors.New("AccessDenied: it is locked")
	l := scene(t)
	faults := faulty.New(func(op faulty.Op, _ string) (faulty.When, error) {
		if op == faulty.Delete {
			return faulty.Before, refused
		}
		return faulty.Never, nil
	})
	l.bucket = faulty.NewBucket(l.store, faults)
	named := false
	for n, d := range days {
		l.clock.pass(d)
		l.put(hour, "", false, lineOf(hour, fmt.Sprint("meanwhile", n), ""))
		for range 10 {
			r := l.round()
			for _, f := range r.SetAside {
				if named = true; !errors.Is(f.Err, refused) {
					t.Errorf("set aside: %v", f.Err)
				}
			}
			l.seen()
		}
		l.check()
	}
	if !named {
		t.Error("nobody is told")
	}
	l.bucket = l.store
	l.play(true)
	l.done()
}

// 66: an object that a rule moved away into an archive is there and cannot be read: its partition halts by name, the others go on, and it goes
// on when it is back.
func TestArchived(t *testing.T) {
	archived := errors.New("InvalidObjectState: the object is archived")
	for _, swept := range []bool{false, true} {
		l, next := succeeded(t, swept)
		l.config.Policy.Few = 1000 // what is noted of a slot spares its reading
		for _, key := range []string{slotKey(next, 1), slotKey(layout.FirstGeneration, 1), slotKey(layout.FirstGeneration, 4)} {
			l.put(hour, "", false, lineOf(hour, "waits"+key, ""))
			l.put(hour+2, "", false, lineOf(hour+2, "other"+key, ""))
			l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, k string) (faulty.When, error) {
				if op == faulty.Get && k == key {
					return faulty.Before, archived
				}
				return faulty.Never, nil
			}))
			before := l.objects(layout.EventsPrefix(hour))
			r := l.round()
			if len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, archived) || !strings.Contains(r.SetAside[0].Err.Error(), key) {
				t.Errorf("%s: set aside are %v", key, r.SetAside)
			}
			if !maps.Equal(before, l.objects(layout.EventsPrefix(hour))) {
				t.Errorf("%s: it wrote", key)
			}
			l.bucket = l.store
			l.settle()
			l.check()
		}
	}
}
