package compactor

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
)

func TestMinorDropsCopies(t *testing.T) {
	l := newLake(t)
	a, b, c := lineOf(hour, "a", `,"n":1`), lineOf(hour, "b", `,"n":2`), lineOf(hour, "c", `,"x":{"y":[1,2]}`)
	l.put(hour, "", false, a, b, a)
	l.put(hour, "", true, b, c)
	r := l.round()
	l.check()
	if r.Lines != 5 || r.Events != 3 || r.Duplicates != 2 || r.Fragments != 2 || r.Minors != 1 {
		t.Errorf("got %+v", r)
	}
	l.put(hour, "", false, c, lineOf(hour, "d", ""), a) // against the part there is
	r = l.round()
	l.check()
	if r.Events != 1 || r.Duplicates != 2 {
		t.Errorf("got %+v", r)
	}
	if r = l.round(); r.Progress() {
		t.Errorf("a third round did something: %+v", r)
	}
}

// 47: a late fragment is merged into a partition that was compacted, once or a hundred times.
func TestLateFragments(t *testing.T) {
	l := newLake(t)
	for range 100 {
		l.events(hour, 1)
		l.settle()
		l.check()
		l.clock.pass(10 * time.Minute)
	}
	if n := len(l.keys(l.location(hour))); n > 2*l.config.Policy.MajorParts {
		t.Errorf("%d parts are left", n)
	}
}

// A fragment of nothing but copies leaves a trace, so that it is not merged again and again.
func TestOnlyCopies(t *testing.T) {
	l := newLake(t)
	a := lineOf(hour, "a", "")
	l.put(hour, "", false, a)
	l.round()
	l.put(hour, "", false, a)
	if r := l.round(); r.Duplicates != 1 || r.Events != 0 || r.Minors != 1 {
		t.Errorf("got %+v", r)
	}
	l.check()
	if r := l.round(); r.Progress() {
		t.Errorf("it is merged again: %+v", r)
	}
}

// 17: an event with the id of another is not dropped.
func TestConflict(t *testing.T) {
	l := newLake(t)
	first, second, third := lineOf(hour, "a", `,"n":1`), lineOf(hour, "a", `,"n":2`), lineOf(hour, "a", `,"n":3`)
	l.put(hour, "", false, first)
	l.put(hour, "", false, second)
	l.round()
	l.put(hour, "", false, third, first) // now against a part
	r := l.round()
	l.check()
	if r.Conflicts != 1 || r.Duplicates != 1 {
		t.Errorf("got %+v", r)
	}
	var kept []string
	for _, key := range l.keys(layout.Quarantine) {
		rejects, err := quarantine.Read(t.Context(), l.store, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rejects {
			if r.Reason != event.IDConflict {
				t.Errorf("reason %s", r.Reason)
			}
			kept = append(kept, string(r.Data))
		}
	}
	if fmt.Sprint(kept) != fmt.Sprint([]string{second, third}) {
		t.Errorf("quarantine holds %q", kept)
	}
}

// 58: a fragment that cannot be read is set aside; the others go on, and it is never deleted.
func TestBrokenFragments(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3)
	good := lineOf(hour, "x", "")
	for name, text := range map[string]string{
		"wrong content": "{}\n", "cut": good[:20], "empty": "", "not gzip": "plain\n", "no id": `{"created_at":1}` + "\n",
	} {
		l.seq++
		f := layout.Fragment{Partition: hour, Span: layout.Span{Shard: "s", First: fmt.Sprint(l.seq), Last: "9"}, Hash: 1, Gzip: name == "not gzip"}
		if _, err := l.store.Put(t.Context(), f.Key(), strings.NewReader(text), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := l.store.Put(t.Context(), layout.RawPrefix(hour)+"README.txt", strings.NewReader("hi"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	r := l.settle()
	l.check()
	if len(r.SetAside) > 0 || r.Events != 3 {
		t.Errorf("got %+v", r)
	}
	l.clock.pass(48 * time.Hour)
	l.settle()
	if r := l.round(); len(r.Broken) != 6 {
		t.Errorf("%d are reported broken: %v", len(r.Broken), r.Broken)
	}
	if left := l.keys(layout.Raw); len(left) != 6 {
		t.Errorf("%d objects are left below raw/: %v", len(left), left)
	}
	l.check()
}

// 60: memory follows the configuration, not the fragment or the hour.
func TestLargerThanMemory(t *testing.T) {
	l := newLake(t)
	l.config.Memory = 4 << 10
	for range 5 {
		l.events(hour, 500) // far more than the memory
		l.events(hour, 3)
	}
	copies := make([]string, 0, 400)
	for _, line := range l.want[hour] {
		if copies = append(copies, line); len(copies) == cap(copies) {
			break
		}
	}
	l.put(hour, "", true, copies...)
	r := l.settle()
	l.check()
	if r.Events != 2515 || r.Duplicates != 400 {
		t.Errorf("got %+v", r)
	}
}

// Of a fragment that is read in pieces nothing is merged unless all of it is: the second reading breaks off, once.
func TestHugeFragmentCut(t *testing.T) {
	for _, when := range []faulty.When{faulty.Midway, faulty.Before} {
		l := newLake(t)
		l.config.Memory = 4 << 10
		f := l.events(hour, 500)
		reads := 0
		faults := faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
			if op == faulty.Get && key == f.Key() {
				if reads++; reads == 2 { // to check it, to merge it
					return when, io.ErrUnexpectedEOF
				}
			}
			return faulty.Never, nil
		})
		l.bucket = faulty.NewBucket(l.store, faults)
		if r := l.round(); len(r.SetAside) != 1 || r.Minors != 0 {
			t.Errorf("%v: got %+v", when, r)
		}
		l.settle()
		l.check()
		if reads < 4 {
			t.Errorf("%v: only %d reads", when, reads)
		}
	}
}

// One flipped bit of a fragment sets the fragment aside, and nothing else.
func TestFlippedFragments(t *testing.T) {
	for _, how := range []string{"plain", "packed", "foreign"} {
		for _, memory := range []int64{1 << 20, 2 << 10} {
			l := newLake(t)
			l.config.Memory, l.foreign = memory, how == "foreign"
			f := l.put(hour, "", how != "plain", lineOf(hour, "a", ""), lineOf(hour, "b", strings.Repeat(`,"x":1`, 1)+`,"y":"`+strings.Repeat("abcdefgh", 500)+`"`))
			body, _, err := l.store.Get(t.Context(), f.Key(), bucket.Range{})
			if err != nil {
				t.Fatal(err)
			}
			text, err := io.ReadAll(body)
			if err != nil {
				t.Fatal(err)
			}
			for at := 0; at < len(text); at += 1 + len(text)/97 {
				l.want = map[layout.Partition]map[string]string{}
				l.store, l.cat = bucket.NewMemory(l.clock.now), catalog.NewMemory()
				l.bucket = l.store
				damaged := bytes.Clone(text)
				damaged[at] ^= 0x10
				if _, err := l.store.Put(t.Context(), f.Key(), bytes.NewReader(damaged), bucket.Condition{}); err != nil {
					t.Fatal(err)
				}
				l.events(hour, 2)
				r := l.round()
				if len(r.SetAside) > 0 || r.Events == 2 && len(r.Broken) != 1 {
					t.Fatalf("%s, memory %d, a flip in byte %d: %+v", how, memory, at, r)
				}
				if r.Events == 2 { // a flip in the gzip header's time or system changes nothing
					l.check()
				}
			}
		}
	}
}

// A catalog that was lost is made anew with the columns of what is there, not only of what comes.
func TestLostCatalog(t *testing.T) {
	l := newLake(t)
	l.put(hour, "", false, lineOf(hour, "a", `,"n":"text"`))
	l.settle()
	l.cat = catalog.NewMemory()
	l.put(hour, "", false, lineOf(hour, "b", `,"n":1`))
	l.settle()
	l.check()
	if got := l.types()["n"]; got != "string" {
		t.Errorf("n is %s, and holds text", got)
	}
}

// Conflicts are kept in bounded memory: the merge stops at it, and goes on in the next part.
func TestManyConflicts(t *testing.T) {
	l := newLake(t)
	l.config.Memory = 8 << 10
	for v := range 2 {
		for i := range 20 {
			lines := make([]string, 10)
			for k := range lines {
				lines[k] = lineOf(hour, fmt.Sprint(i, "-", k), fmt.Sprintf(`,"v":%d,"pad":"%s"`, v, strings.Repeat("x", 100)))
			}
			l.put(hour, "", false, lines...)
		}
		l.round()
	}
	l.check()
	if n := len(l.keys(l.location(hour))); n < 3 {
		t.Errorf("40 KB of conflicts were held at once: %d parts", n)
	}
}

// Work too long for one invocation is committed part by part.
func TestDeadline(t *testing.T) {
	l := newLake(t)
	for range 5 {
		l.events(hour, 10)
	}
	past := time.Now().Add(-time.Second)
	for n := 1; ; n++ {
		r := l.compactor().Work(t.Context(), Task{Partition: hour}, past)
		if len(r.SetAside) > 0 {
			t.Fatal(r.SetAside)
		}
		if !r.More {
			break
		}
		if n > 20 {
			t.Fatal("no progress")
		}
	}
	l.check()
	if n := len(l.keys(l.location(hour))); n != 5 {
		t.Errorf("%d parts, want one an invocation", n)
	}
}

func TestTargetSize(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Target = 4 << 10
	for range 40 {
		l.events(hour, 100)
	}
	r := l.settle()
	l.check()
	if r.Minors < 3 {
		t.Errorf("%d parts", r.Minors)
	}
}

// Lanes share the partition's row of slots, and old and new lanes of one hour dedupe against each other.
func TestLanes(t *testing.T) {
	l := newLake(t)
	same := lineOf(hour, "a", "")
	lane := layout.LaneOf(idOf(t, same), 2)
	other := map[layout.Lane]layout.Lane{"0": "1", "1": "0"}[lane]
	var strange string
	for i := 0; strange == ""; i++ {
		if line := lineOf(hour, fmt.Sprint("b", i), ""); layout.LaneOf(idOf(t, line), 2) == other {
			strange = line
		}
	}
	l.put(hour, lane, false, same)
	l.put(hour, other, false, strange)
	r := l.settle()
	l.check()
	if r.Minors != 2 {
		t.Errorf("%d parts for two lanes", r.Minors)
	}
	l.put(hour, "", false, same, strange) // from before the number of lanes was raised, but late
	r = l.settle()
	l.check()
	if r.Duplicates != 2 {
		t.Errorf("got %+v", r)
	}
}

func idOf(t testing.TB, line string) event.ID {
	t.Helper()
	d, err := event.NewDecoder(event.DefaultMapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	id, err := d.Identify([]byte(line))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

// An index is a cache: without it, or with a broken one, nothing is doubled or lost.
func TestLostIndex(t *testing.T) {
	for _, how := range []string{"deleted", "cut", "flipped"} {
		t.Run(how, func(t *testing.T) {
			l := newLake(t)
			f := l.events(hour, 10)
			l.round()
			key := l.keys(layout.Indexes)[0]
			body, o, err := l.store.Get(t.Context(), key, bucket.Range{})
			if err != nil {
				t.Fatal(err)
			}
			var buf bytes.Buffer
			if _, err := buf.ReadFrom(body); err != nil {
				t.Fatal(err)
			}
			text := buf.Bytes()
			switch how {
			case "deleted":
				err = l.store.Delete(t.Context(), o)
			case "cut":
				_, err = l.store.Put(t.Context(), key, bytes.NewReader(text[:len(text)-9]), bucket.Condition{})
			case "flipped":
				text[len(text)-20] ^= 1
				_, err = l.store.Put(t.Context(), key, bytes.NewReader(text), bucket.Condition{})
			}
			if err != nil {
				t.Fatal(err)
			}
			l.put(hour, "", false, lineOf(hour, "new", ""), l.want[hour]["e0-3"])
			r := l.settle()
			l.check()
			if len(r.SetAside) > 0 || r.Reindexed != 1 {
				t.Errorf("got %+v", r)
			}
			_ = f
		})
	}
}

// The same holds where the fragment that comes next does not fit into memory.
func TestCorruptIndexAndHugeFragment(t *testing.T) {
	for _, events := range []int{5, 500} {
		l := newLake(t)
		l.config.Memory = 4 << 10
		l.events(hour, 20)
		l.settle()
		for _, key := range l.keys(layout.IndexPrefix(hour)) {
			text := l.get(key)
			text[len(text)-30] ^= 1
			l.set(key, text)
		}
		l.events(hour, events)
		r := l.settle()
		l.check()
		if len(r.SetAside) > 0 || r.Reindexed != 1 || r.Events != int64(events) {
			t.Errorf("%d events: %+v", events, r)
		}
	}
}

// 57: a part that is damaged is never carried on, neither when it is small, and compressed anew, nor when it is copied as it is.
func TestDamagedPart(t *testing.T) {
	for _, anew := range []int64{0, 1 << 20} {
		damagedPart(t, anew)
	}
}

func damagedPart(t *testing.T, anew int64) {
	const events = 100
	l := newLake(t)
	l.config.Policy.Anew = anew
	l.config.Policy.MajorShare = 0
	l.events(hour, events)
	l.round()
	l.events(hour, events)
	l.round()
	key := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 1}.Key()
	body, _, err := l.store.Get(t.Context(), key, bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	var buf bytes.Buffer
	if _, err := buf.ReadFrom(body); err != nil {
		t.Fatal(err)
	}
	buf.Bytes()[buf.Len()-20] ^= 1
	if _, err := l.store.Put(t.Context(), key, &buf, bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	l.clock.pass(2 * time.Hour)
	r := l.round()
	if len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), key) || r.Majors != 0 {
		t.Errorf("got %+v", r)
	}
	if _, _, err := part.ReadHeader(t.Context(), l.store, layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 3}.Key()); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("the generation was sealed: %v", err)
	}
}

// What a merge that failed was about to write is in no other part.
func TestFailedMergeLeavesNothing(t *testing.T) {
	l := newLake(t)
	later := hour + 1
	for range 6 {
		l.events(later, 2000)
	}
	l.events(hour, 1)
	scratch := l.config.Scratch
	for range 10 { // a pool may give another chunk
		l.config.Scratch = filepath.Join(scratch, "none")
		if r := l.compactor().Work(t.Context(), Task{Partition: later}, time.Time{}); len(r.SetAside) != 1 || !errors.Is(r.SetAside[0].Err, fs.ErrNotExist) {
			t.Fatalf("%+v", r.SetAside)
		}
		l.config.Scratch = scratch
		l.events(hour, 1)
		if r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Time{}); len(r.SetAside) > 0 {
			t.Fatal(r.SetAside)
		}
	}
	l.settle()
	l.check()
}
