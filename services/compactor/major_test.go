package compactor

import (
	"bytes"
	"context"
	"errors"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// parts makes n parts of ten events each in an hour that is then closed.
func (l *lake) parts(n int) {
	l.t.Helper()
	for range n {
		l.events(hour, 10)
		l.round()
	}
	l.clock.at = hour.End().Add(l.config.Policy.Close + time.Minute)
}

func TestMajor(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	l.put(hour+1, "", false, lineOf(hour+1, "later", ""))
	r := l.settle()
	l.check()
	if r.Majors != 1 {
		t.Errorf("got %+v", r)
	}
	_, g, err := layout.ParseLocation(l.location(hour))
	if err != nil || g.Number() != 2 {
		t.Errorf("Location is %s", l.location(hour))
	}
	if n := len(l.keys(l.location(hour))); n != 1 {
		t.Errorf("%d parts in the successor", n)
	}
	h, _, err := part.ReadHeader(t.Context(), l.store, l.keys(l.location(hour))[0])
	if err != nil || h.Events != 30 || h.Lines != 30 || h.Fragments != 3 {
		t.Errorf("got %+v, %v", h, err)
	}
	l.put(hour, "", false, l.want[hour]["e0-3"], lineOf(hour, "late", "")) // the successor knows what it holds
	if r = l.settle(); r.Duplicates != 1 || r.Events != 1 {
		t.Errorf("got %+v", r)
	}
	l.check()
}

// Large parts are put together as they are compressed, whatever comes between them.
func TestMajorCopies(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Anew = 8 << 10
	var parts [][]byte
	for _, n := range []int{20_000, 10, 20_000, 30_000, 10} {
		l.events(hour, n)
		l.round()
		keys := l.keys(l.location(hour))
		parts = append(parts, l.get(keys[len(keys)-1]))
	}
	l.clock.at = hour.End().Add(l.config.Policy.Close + time.Minute)
	if r := l.settle(); r.Majors != 1 {
		t.Fatalf("got %+v", r)
	}
	l.check()
	keys := l.keys(l.location(hour))
	if len(keys) != 1 {
		t.Fatalf("%d parts", len(keys))
	}
	all := l.get(keys[0])
	for i, p := range parts {
		if len(p) >= 64<<10 && !bytes.Contains(all, p[part.HeaderSize:]) {
			t.Errorf("part %d, of %d bytes, is compressed anew", i+1, len(p))
		}
	}
	if h, err := part.ParseHeader(all); err != nil || h.Events != 70_020 || h.Fragments != 5 {
		t.Errorf("got %+v, %v", h, err)
	}
}

// A part whose last line has no end is damaged, though its gzip is whole.
func TestPartWithoutItsEnd(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	key := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 2}.Key()
	h, err := part.ParseHeader(l.get(key))
	if err != nil {
		t.Fatal(err)
	}
	w := part.NewWriter(t.TempDir())
	text := strings.Repeat("{}\n", int(h.Events)) + "{}"
	if err := errors.Join(w.Write([]byte(text), h.Events), w.Finish(h)); err != nil {
		t.Fatal(err)
	}
	r, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	l.set(key, body)
	if r := l.round(); len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), key) || r.Majors != 0 {
		t.Errorf("got %+v", r)
	}
}

// A late event does not have a whole hour written again.
func TestMajorNotForALateEvent(t *testing.T) {
	l := newLake(t)
	l.events(hour, 3000)
	l.round()
	l.clock.at = hour.End().Add(time.Hour)
	l.put(hour, "", false, lineOf(hour, "late", ""))
	if r := l.settle(); r.Majors != 0 {
		t.Errorf("got %+v", r)
	}
	l.check()
}

// Sweep follows the clock: nothing goes before its time, and then everything goes, in order.
func TestSweep(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	l.settle()
	old := l.keys(layout.Location(hour, layout.FirstGeneration))
	if r := l.settle(); r.Swept+r.Deleted != 0 {
		t.Fatalf("swept at once: %+v", r)
	}
	l.clock.pass(l.config.Policy.Grace - 5*time.Minute)
	if r := l.settle(); r.Swept+r.Deleted != 0 {
		t.Fatalf("swept within the grace: %+v", r)
	}
	l.clock.pass(10 * time.Minute)
	r := l.settle()
	l.check()
	if r.Swept != 3 || r.DeletedRaw != 3 {
		t.Errorf("got %+v", r)
	}
	if left := l.keys(layout.Raw); len(left) != 0 {
		t.Errorf("left below raw/: %v", left)
	}
	if now := l.keys(layout.Location(hour, layout.FirstGeneration)); !slices.Equal(now, old) {
		t.Errorf("slots' names were freed: %v, then %v", old, now)
	}
	for i, key := range old {
		h, _, err := part.ReadHeader(t.Context(), l.store, key)
		if want := map[bool]part.Kind{false: part.Swept, true: part.Seal}[i == len(old)-1]; err != nil || h.Kind != want {
			t.Errorf("%s is %s, %v; want %s", key, h.Kind, err, want)
		}
	}
	if n := len(l.keys(layout.Indexes)); n != 1 {
		t.Errorf("%d indexes are left", n)
	}
	dirty, err := l.compactor().Survey(t.Context())
	if err != nil || len(dirty) != 0 {
		t.Errorf("still dirty: %v, %v", dirty, err)
	}
}

// A partition of one part is done once its fragments are swept, and nothing is swept that events_live may still read.
func TestSweepWaitsForLive(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Grace = l.config.Policy.LongestQuery
	l.events(hour, 1)
	l.round()
	l.clock.at = hour.End().Add(l.config.Policy.Live + l.config.Policy.LongestQuery - time.Minute)
	if r := l.settle(); r.Deleted != 0 {
		t.Errorf("got %+v", r)
	}
	l.clock.pass(2 * time.Minute)
	if r := l.settle(); r.DeletedRaw != 1 {
		t.Errorf("got %+v", r)
	}
	l.check()
}

// intruder is a bucket in which somebody else acts just before the first create of a key with a given suffix.
type intruder struct {
	bucket.Bucket
	before string
	act    func()
}

func (b *intruder) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if b.act != nil && c.Absent && strings.HasSuffix(key, b.before) {
		act := b.act
		b.act = nil
		act()
	}
	return b.Bucket.Put(ctx, key, body, c)
}

func TestSealLosesToALatePart(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	other := l.compactor()
	l.bucket = &intruder{l.store, "gen-0001/part-00004.json.gz", func() {
		l.put(hour, "", false, lineOf(hour, "raced", ""), l.want[hour]["e0-1"])
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1)); len(r.SetAside) > 0 || r.Minors != 1 {
			t.Errorf("the other got %+v", r)
		}
	}}
	r := l.settle()
	l.check()
	if r.Majors == 0 || r.Minors != 0 { // the raced part was copied, not merged again
		t.Errorf("got %+v", r)
	}
	if h, _, err := part.ReadHeader(t.Context(), l.store, layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 5}.Key()); err != nil || h.Kind != part.Seal {
		t.Errorf("slot 5 is %+v, %v", h, err)
	}
}

func TestSealLosesToAnotherSeal(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	other := l.compactor()
	other.config.Policy.Target = 1500 // puts other parts together, so that its successor has another name
	l.bucket = &intruder{l.store, "gen-0001/part-00004.json.gz", func() {
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Time{}); len(r.SetAside) > 0 || r.Majors == 0 {
			t.Errorf("the other got %+v", r)
		}
	}}
	r := l.settle()
	l.check()
	if r.Lost == 0 {
		t.Errorf("got %+v", r)
	}
	chain := map[string]bool{}
	for at := layout.FirstGeneration; at != ""; {
		chain[layout.Location(hour, at)] = true
		keys := l.keys(layout.Location(hour, at))
		h, _, err := part.ReadHeader(t.Context(), l.store, keys[len(keys)-1])
		if err != nil {
			t.Fatal(err)
		}
		at = layout.Generation(h.Next)
	}
	for _, key := range l.keys(layout.Events) {
		if !chain[key[:strings.LastIndex(key, "/")+1]] {
			t.Errorf("an orphan is left: %s", key)
		}
	}
}

// Who loses its slot to a part that may hold the same events looks again.
func TestMinorLosesItsSlotToItsLane(t *testing.T) {
	l := newLake(t)
	l.put(hour, "0", false, lineOf(hour, "a", ""))
	other := l.compactor()
	l.bucket = &intruder{l.store, "gen-0001/part-00001.json.gz", func() {
		l.put(hour, "0", false, lineOf(hour, "b", ""))
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Events != 2 {
			t.Errorf("the other got %+v", r)
		}
	}}
	if r := l.settle(); r.Lost != 1 || r.Events != 0 {
		t.Errorf("got %+v", r)
	}
	l.check()
}

// Who loses it to another lane takes the next.
func TestMinorLosesItsSlotToAnotherLane(t *testing.T) {
	l := newLake(t)
	l.put(hour, "1", false, lineOf(hour, "a", ""))
	other := l.compactor()
	l.bucket = &intruder{l.store, "gen-0001/part-00001.json.gz", func() {
		l.put(hour, "0", false, lineOf(hour, "b", ""))
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1)); r.Events != 1 {
			t.Errorf("the other got %+v", r)
		}
	}}
	if r := l.settle(); r.Lost != 0 || r.Events != 1 {
		t.Errorf("got %+v", r)
	}
	l.check()
}

// A generation named by nobody else is repaired first, and nothing else is done in that run.
func TestRepair(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	l.settle()
	right := l.location(hour)
	set := func(location string) {
		entries, err := l.cat.Partitions(t.Context(), hour)
		if err != nil || len(entries) != 1 {
			t.Fatal(entries, err)
		}
		entries[0].Location = location
		if err := l.cat.SetPartitions(t.Context(), entries); err != nil {
			t.Fatal(err)
		}
	}
	set(layout.Location(hour, layout.FirstGeneration)) // as a zombie does
	l.events(hour, 5)
	r := l.round()
	if r.Repaired != 1 || r.Minors != 0 || l.location(hour) != right {
		t.Errorf("got %+v, Location %s", r, l.location(hour))
	}
	l.settle()
	l.check()

	set("events/dt=1999-01-01/hour=00/gen-0001/") // 68
	l.put(hour+1, "", false, lineOf(hour+1, "x", ""))
	r = l.round()
	if len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), "rebuild") {
		t.Errorf("got %+v", r)
	}
	if got := l.view(hour + 1); len(got) != 1 {
		t.Errorf("the other partition has %d events", len(got))
	}
}

// 66: a slot that somebody deleted halts its partition, by name, and no other.
func TestMissingSlot(t *testing.T) {
	l := newLake(t)
	l.parts(2)
	key := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 1}.Key()
	if err := l.store.Delete(t.Context(), bucket.Object{Key: key}); err != nil {
		t.Fatal(err)
	}
	r := l.round()
	if len(r.SetAside) != 1 || !strings.Contains(r.SetAside[0].Err.Error(), key) {
		t.Errorf("got %+v", r.SetAside)
	}
}

// A run that was broken off in a major compaction is taken up by the next in the same directory.
func TestMajorResumes(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Target, l.config.Policy.MajorParts, l.config.Policy.MajorShare = 2000, 3, 2
	l.parts(6)
	r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1))
	if !r.More || r.Majors != 0 || r.BytesMoved == 0 {
		t.Fatalf("got %+v", r)
	}
	first := r.BytesMoved
	again := l.settle()
	l.check()
	if again.Majors != 1 || again.BytesMoved == 0 {
		t.Errorf("got %+v", again)
	}
	total := int64(0)
	for o, err := range l.store.List(t.Context(), l.location(hour), "") {
		if err != nil {
			t.Fatal(err)
		}
		total += o.Size
	}
	if first+again.BytesMoved != total {
		t.Errorf("%d and %d bytes were written for a successor of %d", first, again.BytesMoved, total)
	}
}

func TestRebuild(t *testing.T) {
	l := newLake(t)
	l.parts(3)
	l.put(hour, "", false, lineOf(hour, "s", `,"n":"text","deep":{"x":[1.5]}`))
	l.settle()
	table, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, key := range l.keys(layout.Indexes) {
		if _, err := l.store.Put(t.Context(), key, bytes.NewReader([]byte("junk")), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	l.cat = catalog.NewMemory()
	r, err := l.compactor().Rebuild(t.Context(), func(layout.Partition) {})
	if err != nil || r.Reindexed == 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	l.check()
	again, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	types := func(t catalog.Table) map[string]string {
		m := map[string]string{}
		for _, c := range t.Columns {
			m[c.Name] = c.Type.Hive()
		}
		return m
	}
	if !maps.Equal(types(table), types(again)) {
		t.Errorf("columns were %v, are %v", types(table), types(again))
	}
	if r := l.settle(); r.Repaired > 0 || r.Reindexed > 0 || len(r.SetAside) > 0 {
		t.Errorf("not whole: %+v", r)
	}
	if _, err := indexes(l); err != nil {
		t.Error(err)
	}
}

// amnesia is a catalog that is lost just before its nth read.
type amnesia struct {
	catalog.Catalog
	left int
}

func (a *amnesia) read() {
	if a.left--; a.left == 0 {
		a.Catalog = catalog.NewMemory()
	}
}

func (a *amnesia) Table(ctx context.Context) (catalog.Table, error) {
	a.read()
	return a.Catalog.Table(ctx)
}

func (a *amnesia) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	a.read()
	return a.Catalog.Partitions(ctx, which...)
}

// 68: the catalog is lost once more while it is made anew: no hour is registered by a table that does not know its columns.
func TestRebuildLosesTheCatalog(t *testing.T) {
	l := newLake(t)
	l.parts(2)
	l.put(hour, "", false, lineOf(hour, "s", `,"n":"text","deep":{"x":[1.5]}`))
	l.settle()
	for n := 1; ; n++ {
		a := &amnesia{catalog.NewMemory(), n}
		l.cat = a
		if _, err := l.compactor().Rebuild(t.Context(), func(layout.Partition) {}); err != nil {
			t.Fatal(err)
		}
		if a.left > 0 {
			t.Logf("%d reads", n-1)
			if n < 5 {
				t.Error("that is too few")
			}
			return
		}
		l.settle()
		table, err := l.cat.Table(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if i := slices.IndexFunc(table.Columns, func(c catalog.Column) bool { return c.Name == "n" }); i < 0 || table.Columns[i].Type.Hive() != "string" {
			t.Errorf("lost before read %d: the table has %v", n, table.Columns)
		}
	}
}

// indexes reads every index's head.
func indexes(l *lake) (int, error) {
	n := 0
	for _, key := range l.keys(strings.Replace(l.location(hour), layout.Events, layout.Indexes, 1)) {
		body, _, err := l.store.Get(context.Background(), key, bucket.Range{})
		if err != nil {
			return n, err
		}
		text, err := io.ReadAll(body)
		if err != nil || bytes.Equal(text, []byte("junk")) {
			return n, errors.Join(err, errors.New(key+" was not made anew"))
		}
		n++
	}
	return n, nil
}
