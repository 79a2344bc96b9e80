package compactor

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"iter"
	"runtime"
	"slices"
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

// BenchmarkDedupe judges 10 million lines exactly, every fiftieth a copy of any earlier one, as a merge of that many does: chunk by chunk, with a sieve
// that lets through those to be compared. What is counted: the tables, the sieve, the index that grows, and all that is done with the lines that come
// through; not the reading and identifying of the others, nor their sorting, schema and compressing. B/id is what the sieve and one chunk take, but for
// text: a bound, divided by the number of ids. Beside it, what a flat table in memory takes that does no more than tell such ids apart.
func BenchmarkDedupe(b *testing.B) {
	b.Run("merge", benchmarkMerge)
	b.Run("table", benchmarkTable)
}

const dedupeCount, dedupeEvery = 10_000_000, 50

func benchmarkTable(b *testing.B) {
	var used time.Duration
	for b.Loop() {
		table, mask := make([]event.ID, 1<<24), uint64(1<<24-1)
		duplicates, start := 0, benchtest.CPU()
		for n := range uint64(dedupeCount) {
			var id event.ID
			appendID(id[:0], n)
			at := id.Hash() & mask
			for table[at] != (event.ID{}) && table[at] != id {
				at = (at + 1) & mask
			}
			if table[at] == id {
				duplicates++
			}
			table[at] = id
		}
		used += benchtest.CPU() - start
		if duplicates != dedupeCount/dedupeEvery {
			b.Fatalf("%d duplicates", duplicates)
		}
	}
	b.ReportMetric(float64(unsafe.Sizeof(event.ID{})<<24)/dedupeCount, "B/id")
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/dedupeCount, "CPU-ns/id")
}

func benchmarkMerge(b *testing.B) {
	const count = dedupeCount
	l := benchLake(b)
	v := l.compactor().visit(hour, new(Result))
	s, err := v.look(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var used time.Duration
	c := new(chunk)
	for b.Loop() {
		m, err := v.newMerge(b.Context(), s, "", c)
		if err != nil {
			b.Fatal(err)
		}
		m.sieve = newSieve(count, m.config.Memory)
		m.took(fragment{}, count)
		for n := uint64(0); n < count; {
			c.clear()
			for ; n < count && !c.crowded(m.config.Memory); n++ {
				c.append(b, m, n)
			}
			start := benchtest.CPU()
			if err := m.dedupe(b.Context()); err != nil {
				b.Fatal(err)
			}
			used += benchtest.CPU() - start
		}
		start := benchtest.CPU()
		if err := m.resolve(b.Context()); err != nil {
			b.Fatal(err)
		}
		used += benchtest.CPU() - start
		if m.header.Duplicates != count/dedupeEvery || m.part.Size() == 0 {
			b.Fatalf("got %+v", m.header)
		}
		b.ReportMetric(float64(sieveBlockSize*len(m.sieve.blocks)+4*cap(c.table)+16*(cap(c.fresh)+cap(c.spare))+8*cap(c.filter)+int(unsafe.Sizeof(line{}))*cap(c.lines))/count, "B/id")
		if err := m.close(); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(used.Nanoseconds())/float64(b.N)/count, "CPU-ns/id")
	b.ReportMetric(float64(unsafe.Sizeof(event.Fingerprint{})), "B-index/id")
}

// append adds the nth line to the chunk: a new one, or a copy.
func (c *chunk) append(b *testing.B, m *merge, n uint64) {
	var id [12]byte // no garbage, whose collecting would be counted
	appendID(id[:0], n)
	text := slices.Grow(c.block[:0], 128)
	text = append(text, `{"event_uuid":"`...)
	text = append(hex.AppendEncode(text, id[:4]), "-0000-4000-8000-"...)
	text = append(hex.AppendEncode(text, id[6:]), `","created_at":"`...)
	text = append(hour.Start().AppendFormat(text, time.RFC3339), `"}`...)
	c.block = text[:0]
	l, _, err := m.identifyLine(text)
	if err != nil {
		b.Fatal(err)
	}
	l.number = uint32(n)
	c.keep(&l, text)
	c.lines = append(c.lines, l)
}

// appendID appends the 12 bytes of the nth id, which is a new one or that of any line before.
func appendID(to []byte, n uint64) []byte {
	of := n
	if n%dedupeEvery == dedupeEvery-1 {
		of = n * 2654435761 % n / dedupeEvery * dedupeEvery // of one that is none itself
	}
	x := of*0x9e3779b97f4a7c15 + 1
	x ^= x >> 29
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(to, uint32(x*0xbf58476d1ce4e5b9>>32)), x)
}

// dedupe is flush and what addAll does after it, without the part.
func (m *merge) dedupe(ctx context.Context) error {
	c := m.chunk
	if err := m.compare(ctx); err != nil {
		return err
	}
	for i := range c.lines {
		if err := m.judge(i); err != nil {
			return err
		}
	}
	for _, o := range c.fresh {
		if err := m.index.Add(c.lines[o.line].Fingerprint); err != nil {
			return err
		}
	}
	c.clear()
	if m.many() {
		return m.resolve(ctx)
	}
	return nil
}
