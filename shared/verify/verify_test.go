package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

func whole(t testing.TB, r Report) {
	t.Helper()
	for _, b := range append(r.Breaches, r.Warnings...) {
		t.Errorf("%s [%s]", b, b.Partition)
	}
}

func TestWholeLake(t *testing.T) {
	l := full(t)
	r := l.run()
	whole(t, r)
	if !r.Whole() || !r.Closes() || len(r.Checksum) != 16 {
		t.Errorf("got %+v", r)
	}
	want := Report{
		Partitions: 4, Parts: 5, Bytes: r.Bytes, Events: 9 + 5 + 10, Live: 24 + 6, Checksum: r.Checksum,
		Fragments: 3 + 2 + 2, Waiting: 2, WaitLines: 7, Overdue: 5, Rejects: 3, TotalBytes: r.TotalBytes,
		Deliveries: 7, Received: 5 + 12 + 2 + 2 + 4 + 10, Stored: 5 + 8 + 2 + 2 + 4 + 10, Duplicates: 1,
		Quarantined: map[string]int64{"not_json": 2, "empty": 1},
		Merged:      11 + 6 + 10, Dropped: 1 + 1, Conflicts: 1, Unsettled: 3,
		Hours: []HourAccount{
			{Partition: hour8.String(), Stored: 11, Merged: 11, Dropped: 1, Conflicts: 1, Events: 9, Live: 9},
			{Partition: hour9.String(), Stored: 6, Duplicates: 1, Merged: 6, Dropped: 1, Events: 5, Live: 5},
			{Partition: hour10.String(), Stored: 4, Unsettled: 3, Waiting: 7, Live: 6},
			{Partition: hour11.String(), Stored: 10, Merged: 10, Events: 10, Live: 10},
		},
		sum: r.sum,
	}
	if !reflect.DeepEqual(r, want) {
		t.Errorf("got  %+v\nwant %+v", r, want)
	}
}

func TestEmptyLake(t *testing.T) {
	r := newLake(t).run()
	whole(t, r)
	if r.Events != 0 || !r.Closes() {
		t.Errorf("got %+v", r)
	}
}

// The same on a directory, with the catalog in files.
func TestDirectory(t *testing.T) {
	l := full(t)
	want := l.run()
	dir, err := bucket.OpenDir(t.TempDir())
	l.must(err)
	defer dir.Close()
	files, err := catalog.OpenFile(t.TempDir())
	l.must(err)
	defer files.Close()
	other := *l
	other.Bucket, other.Catalog = dir, files
	for _, key := range l.keys("") {
		other.put(key, l.get(key))
	}
	_, err = files.SetTable(t.Context(), withoutVersion(must(l.Catalog.Table(t.Context()))))
	l.must(err)
	for _, p := range must(l.Catalog.Partitions(t.Context())) {
		p.Version = ""
		l.must(files.SetPartitions(t.Context(), []catalog.Partition{p}))
	}
	other.Now = time.Now()
	got := other.run()
	whole(t, got)
	got.Overdue = want.Overdue // by the directory's clock
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

// However little memory there is, and however many workers, the answer is the same.
func TestMemory(t *testing.T) {
	t.Parallel()
	l := full(t)
	big := lines(hour8, "big", 3000)
	for i := range 10 {
		l.store(hour8, big[i*300:i*300+300]...)
		if i%3 == 1 {
			l.merge(hour8, "")
		}
	}
	want := l.run()
	whole(t, want)
	if want.Waiting != 4 || want.Live != 30+3000 {
		t.Errorf("got %+v", want)
	}
	for _, memory := range []int64{1, 1 << 14, 1 << 16} {
		for _, parallel := range []int{1, 4} {
			l.Memory, l.Parallel = memory, parallel
			got := l.run()
			if !reflect.DeepEqual(got, want) {
				t.Errorf("%d bytes, %d workers: got  %+v\nwant %+v", memory, parallel, got, want)
			}
		}
	}
	// And a double is found in whichever share it falls.
	name, row := l.row(hour8)
	n := newPart{lines: []string{big[0], big[17], line(hour8, "new", ""), big[601]}}
	n.Lines, n.Inputs, n.rebuilt = 4, inputs("twice"), true
	l.write(layout.Slot{Partition: hour8, Generation: name, Number: len(row) + 1}, n)
	l.Memory = 1
	r := l.run()
	if len(r.Breaches) != 1 || r.Breaches[0].Code != IDTwice || r.Live != want.Live+4 {
		t.Errorf("got %v, %d live events, before %d", r.Breaches, r.Live, want.Live)
	}
}

// Where the ledger's lists do not fit into memory, they are gathered for some hours at a time.
func TestWindowsOfALedger(t *testing.T) {
	r := &run{Lake: full(t).Lake, report: newReport(), hours: map[layout.Partition]*HourAccount{}}
	r.Memory = 1
	if err := r.readLedger(t.Context()); err != nil || len(r.windows) != 4 {
		t.Errorf("%v, %d windows", err, len(r.windows))
	}
}

// A share that turns out too large is halved.
func TestShares(t *testing.T) {
	l := newLake(t)
	l.store(hour8, lines(hour8, "a", 600)...)
	l.merge(hour8, "")
	l.store(hour8, lines(hour8, "b", 900)...)
	l.Memory = 1
	r := &run{Lake: l.Lake, report: newReport(), hours: map[layout.Partition]*HourAccount{}}
	l.must(r.readLedger(t.Context()))
	if len(r.windows) != 1 || r.windows[0].listed != nil {
		t.Errorf("%d windows", len(r.windows))
	}
	l.must(r.gather(t.Context(), r.windows[0]))
	v := &visit{worker: must(r.newWorker()), window: r.windows[0], state: &state{hour: hour8}}
	l.must(v.look(t.Context()))
	v.beginSifting()
	l.must(v.readParts(t.Context()))
	l.must(v.readFragments(t.Context()))
	if v.sifting {
		t.Error("1500 ids fit into 4 KiB")
	}
	v.events, v.waitLines = 1, 0 // so that it starts with one share
	l.must(v.sift(t.Context()))
	if v.fresh != 900 || len(v.list) > 0 {
		t.Errorf("%d new, %v", v.fresh, v.list)
	}
}

func TestTable(t *testing.T) {
	x := newTable(1 << 12)
	for i := range 20_000 {
		if i%200 == 0 {
			x.reset(prefix{}, 150)
		}
		var id event.ID
		copy(id[:], fmt.Sprint(i%200-1))
		if i%200 == 0 {
			id = event.ID{}
		}
		h := x.hash(id)
		if x.has(id, h) {
			t.Fatalf("%d is in an empty table", i)
		}
		if fresh, ok := x.add(id, h); !fresh || !ok {
			t.Fatalf("%d: %t, %t", i, fresh, ok)
		}
		if fresh, _ := x.add(id, h); fresh || !x.has(id, h) {
			t.Fatalf("%d was forgotten", i)
		}
	}
	if _, ok := (&table{slots: make([]event.ID, 1)}).add(event.ID{1}, 0); ok {
		t.Error("a full table took an id")
	}
}

func TestWindowsHoldEveryHourOnce(t *testing.T) {
	weight := map[layout.Partition]int64{}
	for p := range layout.Partition(100) {
		weight[p] = int64(p % 7 * 10)
	}
	all := windows(weight, 100)
	if len(all) < 10 {
		t.Errorf("%d windows", len(all))
	}
	for p := layout.Partition(-1); p < 102; p++ {
		n := 0
		for _, w := range all {
			if w.holds(p) {
				n++
			}
		}
		if n != 1 {
			t.Errorf("%d windows hold %d", n, p)
		}
	}
}

// Lakes with the same events have the same checksum, however they are stored; others have not.
func TestChecksum(t *testing.T) {
	a, b := newLake(t), newLake(t)
	all := lines(hour8, "e", 9)
	a.store(hour8, all...)
	a.merge(hour8, "")
	for _, text := range slices.Backward(all) {
		b.store(hour8, text)
		b.merge(hour8, "")
	}
	one, other := a.run(), b.run()
	if one.Checksum != other.Checksum || one.Events != other.Events {
		t.Errorf("%s and %s for the same events", one.Checksum, other.Checksum)
	}
	b.store(hour8, line(hour8, "x", ""))
	b.merge(hour8, "")
	if other = b.run(); one.Checksum == other.Checksum {
		t.Error("one checksum for two tables")
	}
}

// What is damaged does not count, nor does it spoil what is counted beside it.
func TestFiguresBesideDamage(t *testing.T) {
	l := full(t)
	before := l.run()
	key := l.keyOf(layout.RawPrefix(hour10), ".json.gz")
	text := bytes.Replace(unzip(l.get(key)), []byte("10-1"), []byte("xx-1"), 1)
	l.put(key, squeeze(text))
	if r := l.run(); r.Live != before.Live-3 || r.Waiting != 1 {
		t.Errorf("got %+v", r)
	}
}

// Deliveries that never finished, that came twice, and that were replayed are told apart.
func TestDeliveries(t *testing.T) {
	l := newLake(t)
	text := lines(hour8, "u", 5)
	l.deliver(batch{lines: map[layout.Partition][]string{hour8: text}, unsettled: true})
	l.store(hour8, text[:2]...)
	l.merge(hour8, "")
	entry := l.keys(layout.LedgerNew)[0]
	e := must(ledger.Parse(bytes.TrimSpace(l.get(entry))))
	e.Replay = "quarantine/x"
	must(ledger.Put(t.Context(), l.Bucket, e))
	r := l.run()
	whole(t, r)
	if r.Unsettled != 5 || r.Received != 4 || r.Replayed != 2 || r.Deliveries != 2 || r.Hours[0].Again != 2 || !r.Closes() {
		t.Errorf("got %+v", r)
	}
	if h := r.Hours[0]; h.Stored-h.Again+h.Unsettled != h.Merged+h.Waiting || h.Merged != h.Events+h.Dropped+h.Conflicts {
		t.Errorf("got %+v", h)
	}
}

func unzip(b []byte) []byte { return must(io.ReadAll(must(gzip.NewReader(bytes.NewReader(b))))) }

func TestProgress(t *testing.T) {
	l := full(t)
	l.Now, l.Parallel = l.clock, 1
	most := int64(0)
	for _, prefix := range []string{layout.Raw, layout.Events, layout.Indexes, layout.Indexes} {
		for _, key := range l.keys(prefix) {
			most += int64(len(l.get(key)))
		}
	}
	var mu sync.Mutex
	var last Progress
	r, err := Run(t.Context(), l.Lake, func(p Progress) {
		if !mu.TryLock() {
			t.Error("called twice at a time")
		}
		defer mu.Unlock()
		if p.Done != last.Done+1 || p.Total != 4 {
			t.Errorf("got %+v after %+v", p, last)
		}
		last = p
	})
	if err != nil || last.Done != 4 || last.Events != r.Events || last.Bytes == 0 || last.Bytes > most {
		t.Errorf("%v, %+v", err, last)
	}
}

// A store that fails is no breach: it is an error.
func TestStoreFails(t *testing.T) {
	t.Parallel()
	l := full(t)
	store := l.Bucket
	for n := 0; ; n++ {
		hook := &hooked{Bucket: store, fail: n}
		lake := l.Lake
		lake.Bucket, lake.Now, lake.Parallel = hook, l.clock, 1
		r, err := Run(context.Background(), lake, nil)
		if len(r.Breaches) > 0 {
			t.Errorf("operation %d fails: %v", n, r.Breaches)
		}
		if hook.count() <= n {
			if err != nil {
				t.Error(err)
			}
			if n < 50 {
				t.Errorf("%d operations only", n)
			}
			return
		}
		if !errors.Is(err, errFailed) {
			t.Errorf("operation %d fails: %v", n, err)
		}
	}
}

// Nor is one that breaks off in the middle of an object or a listing.
func TestStoreBreaksOff(t *testing.T) {
	t.Parallel()
	l := full(t)
	for n := 1; ; n++ {
		faults := faulty.Once(n, faulty.Midway, errFailed)
		lake := l.Lake
		lake.Bucket, lake.Now, lake.Parallel = faulty.NewBucket(l.Bucket, faults), l.clock, 1
		r, err := Run(context.Background(), lake, nil)
		if len(r.Breaches)+len(r.Warnings) > 0 {
			t.Errorf("operation %d breaks off: %v %v", n, r.Breaches, r.Warnings)
		}
		if faults.Count() < n {
			if err != nil || n < 50 {
				t.Errorf("%d operations, %v", n, err)
			}
			return
		}
		// The head of an index may lie before the place where it breaks off.
		if step := faults.Trace()[n-1]; !errors.Is(err, errFailed) && (err != nil || !strings.HasPrefix(step.Key, layout.Indexes)) {
			t.Errorf("%+v breaks off: %v", step, err)
		}
	}
}

func TestStopped(t *testing.T) {
	l := full(t)
	ctx, stop := context.WithCancel(t.Context())
	stop()
	if _, err := Run(ctx, l.Lake, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	if _, err := Run(ctx, l.Lake, func(Progress) { stop() }); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestMappingIsChecked(t *testing.T) {
	l := newLake(t)
	l.Mapping.ID = ""
	if _, err := Run(t.Context(), l.Lake, nil); err == nil {
		t.Error("no error")
	}
}
