package compactor

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"
	"unsafe"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/benchtest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// peak tells how many bytes of heap are live at the most while do runs, over what was live before: the collector runs often meanwhile.
func peak(do func()) (most uint64) {
	live := func() uint64 {
		var m runtime.MemStats
		runtime.GC()
		runtime.ReadMemStats(&m)
		return m.HeapAlloc
	}
	before := live()
	end := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for tick := time.NewTicker(50 * time.Millisecond); ; {
			most = max(most, live())
			select {
			case <-end:
				return
			case <-tick.C:
			}
		}
	})
	do()
	close(end)
	group.Wait()
	return most - min(most, before)
}

// many stores fragments of two events each, one of them a copy of the fragment before.
func many(t testing.TB, fragments int) *lake {
	l := newLake(t)
	l.config.Memory, l.config.Policy.Target = 8<<20, 128<<20
	for n := range fragments {
		l.put(hour, "", false, lineOf(hour, fmt.Sprint("e", n), ""), lineOf(hour, fmt.Sprint("e", max(n-1, 0)), ""))
	}
	l.want = nil // which would count as live
	return l
}

// tally counts the calls to a bucket.
type tally struct {
	bucket.Bucket
	calls atomic.Int64
}

func (c *tally) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	c.calls.Add(1)
	return c.Bucket.List(ctx, prefix, after)
}

func (c *tally) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	c.calls.Add(1)
	return c.Bucket.Get(ctx, key, r)
}

func (c *tally) Put(ctx context.Context, key string, body io.Reader, when bucket.Condition) (bucket.Object, error) {
	c.calls.Add(1)
	return c.Bucket.Put(ctx, key, body, when)
}

// small compacts an hour of many fragments into one part and gives the calls to the bucket, whose listings are of one page here.
func small(t testing.TB, l *lake, fragments int) (calls int64) {
	b := &tally{Bucket: l.store}
	l.bucket = b
	r := l.compactor().Work(context.Background(), Task{Partition: hour}, time.Time{})
	if r.Minors != 1 || r.Events != int64(fragments) || r.Duplicates != int64(fragments) || len(r.SetAside) > 0 {
		t.Fatalf("got %+v", r)
	}
	return b.calls.Load()
}

// perFragment is what a fragment that waits costs in memory beside its text: it is listed, and its name is written into the index.
const perFragment = 1 << 10

// An hour of very many small fragments is compacted with a call for each and a few more, and with the memory that is configured beside what
// their listing takes.
func TestManyFragments(t *testing.T) {
	const fragments = 20_000
	l := many(t, fragments)
	var calls int64
	most := peak(func() { calls = small(t, l, fragments) })
	t.Logf("%d fragments: %.3f calls and %d bytes of memory each (%d in all)", fragments, float64(calls)/fragments, most/fragments, most)
	if calls > fragments+40 {
		t.Errorf("%d calls", calls)
	}
	if limit := 8*uint64(l.config.Memory) + perFragment*fragments; most > limit { // with a filter of ids, and what is not collected yet
		t.Errorf("%d bytes of memory, want at most %d", most, limit)
	}
}

// BenchmarkManyFragments is an hour of 100,000. The peak of memory is that of a run of its own, as to measure it takes time.
func BenchmarkManyFragments(b *testing.B) {
	const fragments = 100_000
	var used time.Duration
	var calls int64
	for b.Loop() {
		b.StopTimer()
		l := many(b, fragments)
		b.StartTimer()
		start := benchtest.CPU()
		calls = small(b, l, fragments)
		used += benchtest.CPU() - start
	}
	l := many(b, fragments)
	most := peak(func() { small(b, l, fragments) })
	b.ReportMetric(float64(calls)/fragments, "calls/fragment")
	b.ReportMetric(float64(most)/(1<<20), "MiB-peak")
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/fragments, "CPU-ns/fragment")
}

// stream is a bucket in which one object is not stored but made as it is read: the index of a part with very many ids.
type stream struct {
	bucket.Bucket
	key   string
	count int64
	known []event.Fingerprint // every so manieth is one of them
}

func (s *stream) head() []byte {
	text, err := json.Marshal(index.Head{Count: s.count, Consumed: []index.Consumed{{Name: "x", Lines: s.count}}})
	if err != nil {
		panic(err) // plain values
	}
	return append(binary.LittleEndian.AppendUint32([]byte("LBIDX001"), uint32(len(text))), text...)
}

func (s *stream) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if key != s.key {
		return s.Bucket.Get(ctx, key, r)
	}
	head := s.head()
	sum := xxhash.New()
	_, _ = sum.Write(head) // never fails
	o := bucket.Object{Key: key, ETag: "x", Size: int64(len(head)) + 24*s.count + 8}
	return io.NopCloser(io.MultiReader(bytes.NewReader(head), &ids{stream: s, sum: sum})), o, nil
}

// ids makes fingerprints, and their checksum at the end.
type ids struct {
	*stream
	sum  *xxhash.Digest
	n    int64
	rest []byte
	buf  [24 << 10]byte
	done bool
}

func (d *ids) Read(b []byte) (int, error) {
	if len(d.rest) == 0 {
		if d.done {
			return 0, io.EOF
		}
		d.fill()
	}
	n := copy(b, d.rest)
	d.rest = d.rest[n:]
	return n, nil
}

func (d *ids) fill() {
	at := d.buf[:0]
	every := d.count / int64(len(d.known))
	for ; d.n < d.count && len(at) < len(d.buf); d.n++ {
		if d.n%every == 0 && d.n/every < int64(len(d.known)) {
			f := d.known[d.n/every]
			at = binary.LittleEndian.AppendUint64(append(at, f.ID[:]...), f.Body)
			continue
		}
		x := uint64(d.n)*0x9e3779b97f4a7c15 + 1
		x ^= x >> 29
		at = binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(binary.LittleEndian.AppendUint64(at, x*0xbf58476d1ce4e5b9), x*0x94d049bb133111eb), x)
	}
	if len(at) == 0 {
		at, d.done = binary.LittleEndian.AppendUint64(at, d.sum.Sum64()), true
	} else {
		_, _ = d.sum.Write(at) // never fails
	}
	d.rest = at
}

// giant is an hour whose one part holds count ids, and a fragment of so many that are known and so many that are new.
func giant(t testing.TB, count int64, known, fresh int) *lake {
	l := newLake(t)
	l.config.Memory = 8 << 20 // for all lines of the fragment at once: each time that there is room for no more, all ids are read
	l.events(hour, 1)
	l.round()
	l.drop(l.keys(layout.Raw)[0])
	at := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 1}
	h, _, err := part.ReadHeader(context.Background(), l.store, at.Key())
	if err != nil {
		t.Fatal(err)
	}
	h.Events, h.Lines, h.Fragments = count, count, 1
	body, err := part.Empty(h)
	if err != nil {
		t.Fatal(err)
	}
	l.write(at.Key(), body)
	s := &stream{Bucket: l.store, key: layout.Index{Slot: at, Inputs: h.Inputs}.Key(), count: count}
	decoder, err := event.NewDecoder(l.config.Mapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	lines := make([]string, known+fresh)
	for n := range lines { // old and new by turns
		lines[n] = lineOf(hour, fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n), "")
		if n*known/len(lines) < (n+1)*known/len(lines) {
			f, err := fingerprint(decoder, []byte(lines[n]))
			if err != nil {
				t.Fatal(err)
			}
			s.known = append(s.known, f)
		}
	}
	l.put(hour, "", false, lines...)
	l.bucket, l.want = s, nil
	return l
}

// against merges the fragment of a giant hour.
func against(t testing.TB, l *lake, known, fresh int) {
	r := l.compactor().Work(context.Background(), Task{Partition: hour}, time.Time{})
	if r.Minors != 1 || r.Events != int64(fresh) || r.Duplicates != int64(known) || r.Conflicts != 0 || len(r.SetAside) > 0 {
		t.Fatalf("got %+v", r)
	}
}

// Copies are found among as many ids as there may be, and the memory for it does not follow them.
func TestManyIDs(t *testing.T) {
	const known, fresh = 1000, 500
	var most [2]uint64
	for i, count := range []int64{20_000, 2_000_000} {
		l := giant(t, count, known, fresh)
		most[i] = peak(func() { against(t, l, known, fresh) })
		t.Logf("%d ids: %d bytes of memory", count, most[i])
	}
	if most[1] > most[0]+4<<20 {
		t.Errorf("memory follows the ids: %v bytes", most)
	}
}

// BenchmarkManyIDs merges a fragment into an hour of 200 million ids, half of its own 10,000 among them. The time is that of making up the ids, too.
func BenchmarkManyIDs(b *testing.B) {
	const count, known, fresh = 200_000_000, 5000, 5000
	var used time.Duration
	for b.Loop() {
		b.StopTimer()
		l := giant(b, count, known, fresh)
		b.StartTimer()
		start := benchtest.CPU()
		against(b, l, known, fresh)
		used += benchtest.CPU() - start
	}
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/count, "CPU-ns/id")
}

// BenchmarkMadeUpIDs is what of that is the making up.
func BenchmarkMadeUpIDs(b *testing.B) {
	const count = 20_000_000
	s := &stream{count: count, known: make([]event.Fingerprint, 1), key: "x"}
	start := benchtest.CPU()
	for b.Loop() {
		body, _, err := s.Get(b.Context(), "x", bucket.Range{})
		if err == nil {
			_, err = io.Copy(io.Discard, body)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64((benchtest.CPU()-start).Nanoseconds())/float64(b.N)/count, "CPU-ns/id")
}

// BenchmarkDedupe judges 10 million lines, a tenth of them copies, in one chunk: far more than one ever holds, as its memory is at most that of the
// configuration. What is counted is the table, the search for each line's first, and its fate; and all that a chunk holds for a line beside its text.
func BenchmarkDedupe(b *testing.B) {
	const count = 10_000_000
	c := &chunk{lines: make([]line, count)}
	for n := range c.lines {
		from := uint64(n)
		if n%10 == 9 {
			from -= 5
		}
		x := from*0x9e3779b97f4a7c15 + 1
		x ^= x >> 29
		l := &c.lines[n]
		binary.LittleEndian.PutUint64(l.ID[:8], x*0xbf58476d1ce4e5b9)
		binary.LittleEndian.PutUint64(l.ID[8:], x*0x94d049bb133111eb)
		l.Body = x
	}
	start := benchtest.CPU()
	for b.Loop() {
		c.index()
		copies := 0
		for i := range c.lines {
			if c.fate(i) == duplicate {
				copies++
			}
		}
		if copies != count/10 {
			b.Fatalf("%d copies", copies)
		}
	}
	b.ReportMetric(float64((benchtest.CPU()-start).Nanoseconds())/float64(b.N)/count, "CPU-ns/id")
	b.ReportMetric(4*float64(len(c.table))/count, "B-table/id")
	b.ReportMetric(float64(unsafe.Sizeof(line{}))+4*float64(len(c.table))/count, "B/id")
	b.ReportMetric(float64(unsafe.Sizeof(event.Fingerprint{})), "B-index/id")
}
