package verify

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
	"github.com/lakebed/lakebed/shared/schema"
)

// lake is built by hand, with the formats' own packages and none of the services': what those promise is written down here once more.
type lake struct {
	testing.TB
	Lake
	clock time.Time
	seq   int
	dir   string // for parts under way
}

var start = time.Date(2026, 11, 20, 8, 0, 0, 0, time.UTC)

// hour8 to hour11 are event hours; deliveries arrive in hour8.
var (
	hour8  = layout.PartitionOf(start)
	hour9  = hour8 + 1
	hour10 = hour8 + 2
	hour11 = hour8 + 3
)

const grace = 4 * time.Hour

func newLake(t testing.TB) *lake {
	l := &lake{TB: t, clock: start, dir: t.TempDir()}
	l.Lake = Lake{
		Bucket: bucket.NewMemory(func() time.Time { return l.clock }), Catalog: catalog.NewMemory(), Mapping: event.DefaultMapping,
		Grace: grace, Live: 2 * time.Hour, LongestQuery: time.Hour, Parallel: 2, Memory: 1 << 20,
	}
	return l
}

func (l *lake) must(err error) {
	l.Helper()
	if err != nil {
		l.Fatal(err)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func line(p layout.Partition, id, rest string) string {
	return fmt.Sprintf(`{"event_uuid":"%s","created_at":"%s"%s}`, id, p.Start().Add(time.Second).Format(time.RFC3339), rest)
}

// lines gives n events of an hour.
func lines(p layout.Partition, prefix string, n int) []string {
	all := make([]string, n)
	for i := range all {
		all[i] = line(p, fmt.Sprintf("%s-%d", prefix, i), fmt.Sprintf(`,"n":%d,"o":{"s":"x%d"}`, i, i))
	}
	return all
}

func (l *lake) put(key string, body []byte) {
	l.Helper()
	_, err := l.Bucket.Put(l.Context(), key, bytes.NewReader(body), bucket.Condition{})
	l.must(err)
}

func (l *lake) get(key string) []byte {
	l.Helper()
	body, _, err := l.Bucket.Get(context.Background(), key, bucket.Range{})
	l.must(err)
	defer body.Close()
	return must(io.ReadAll(body))
}

func (l *lake) remove(key string) {
	l.Helper()
	l.get(key)
	l.must(l.Bucket.Delete(l.Context(), bucket.Object{Key: key}))
}

func (l *lake) keys(prefix string) []string {
	var all []string
	for o, err := range l.Bucket.List(context.Background(), prefix, "") {
		l.must(err)
		all = append(all, o.Key)
	}
	return all
}

// batch is what an ingest of one batch stores.
type batch struct {
	lines      map[layout.Partition][]string
	duplicates map[layout.Partition]int64
	rejects    map[event.Reason][]string
	lane       layout.Lane
	gzip       bool
	unsettled  bool // it was killed before the ledger
}

func (l *lake) deliver(d batch) []string {
	l.Helper()
	l.seq++
	span := layout.Span{Shard: "shard-0", First: fmt.Sprint(l.seq * 100), Last: fmt.Sprint(l.seq*100 + 99)}
	e := ledger.Entry{Shard: span.Shard, First: span.First, Last: span.Last, Arrival: start.Add(time.Duration(l.seq) * time.Second)}
	var keys []string
	for _, p := range slices.Sorted(maps.Keys(d.lines)) {
		text := []byte(strings.Join(d.lines[p], "\n") + "\n")
		f := layout.Fragment{Partition: p, Lane: d.lane, Span: span, Hash: xxhash.Sum64(text), Gzip: d.gzip}
		if d.gzip {
			text = squeeze(text)
		}
		l.put(f.Key(), text)
		keys = append(keys, f.Key())
		n := int64(len(d.lines[p]))
		h := ledger.Hour{Partition: p.String(), Stored: n, Duplicates: d.duplicates[p], Fragments: []ledger.Fragment{{Name: f.Name(), Lines: n}}}
		e.Hours = append(e.Hours, h)
		e.Received += n + h.Duplicates
	}
	for _, reason := range slices.Sorted(maps.Keys(d.rejects)) {
		var all []quarantine.Reject
		for i, data := range d.rejects[reason] {
			all = append(all, quarantine.Reject{Reason: reason, Detail: "d", Shard: span.Shard, Sequence: span.First, Position: i, Arrival: e.Arrival, Data: []byte(data)})
		}
		e.Rejects = append(e.Rejects, must(quarantine.Put(l.Context(), l.Bucket, span, all)))
		if e.Quarantined == nil {
			e.Quarantined = map[string]int64{}
		}
		e.Quarantined[string(reason)] = int64(len(all))
		e.Received += int64(len(all))
	}
	if !d.unsettled {
		_, err := ledger.Put(l.Context(), l.Bucket, e)
		l.must(err)
	}
	return keys
}

// store delivers the lines of one hour.
func (l *lake) store(p layout.Partition, text ...string) string {
	l.Helper()
	return l.deliver(batch{lines: map[layout.Partition][]string{p: text}})[0]
}

func squeeze(text []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	_, err := z.Write(text)
	if err = errors.Join(err, z.Close()); err != nil {
		panic(err)
	}
	return out.Bytes()
}

// row gives the slots of the current generation and its name.
func (l *lake) row(p layout.Partition) (layout.Generation, []part.Header) {
	l.Helper()
	for name := layout.FirstGeneration; ; {
		var row []part.Header
		for n := 1; ; n++ {
			h, _, err := part.ReadHeader(l.Context(), l.Bucket, layout.Slot{Partition: p, Generation: name, Number: n}.Key())
			if errors.Is(err, bucket.ErrNotFound) {
				break
			}
			l.must(err)
			row = append(row, h)
		}
		if len(row) == 0 || row[len(row)-1].Kind != part.Seal {
			return name, row
		}
		name = layout.Generation(row[len(row)-1].Next)
	}
}

func inputs(of ...string) string {
	sum := xxhash.Sum64String(strings.Join(of, " "))
	return fmt.Sprintf("%016x%016x", sum, sum)
}

// newPart is a part to be written, with its index.
type newPart struct {
	part.Header
	lines    []string
	consumed []index.Consumed
	rebuilt  bool
}

// write puts index and part into a slot.
func (l *lake) write(at layout.Slot, n newPart) {
	l.Helper()
	l.put(at.Key(), l.encode(at, n))
}

// encode writes the index and gives the part.
func (l *lake) encode(at layout.Slot, n newPart) []byte {
	l.Helper()
	d := must(event.NewDecoder(l.Mapping, 0))
	x := index.NewWriter(l.dir)
	w := part.NewWriter(l.dir)
	defer func() { l.must(errors.Join(x.Close(), w.Close())) }()
	for _, text := range n.lines {
		id := must(d.Identify([]byte(text)))
		l.must(x.Add(event.Fingerprint{ID: id, Body: xxhash.Sum64String(text)}))
		l.must(w.Write([]byte(text+"\n"), 1))
	}
	n.Kind = part.Data
	l.must(w.Finish(n.Header))
	l.put(layout.Index{Slot: at, Inputs: n.Inputs}.Key(), must(io.ReadAll(must(x.Open(n.consumed, n.rebuilt)))))
	return must(io.ReadAll(must(w.Open())))
}

// texts gives the lines of a part or fragment.
func (l *lake) texts(key string) []string {
	l.Helper()
	in, err := part.Open(l.Context(), l.Bucket, key, strings.HasSuffix(key, ".gz"))
	l.must(err)
	defer in.Close()
	var all []string
	for in.Next() {
		all = append(all, string(in.Bytes()))
	}
	l.must(in.Err())
	return all
}

// evolve makes table and partitions able to read the lines, and registers the hour.
func (l *lake) evolve(p layout.Partition, text []string) {
	l.Helper()
	ctx := l.Context()
	t := must(l.Catalog.Table(ctx))
	all := make([]schema.Field, len(t.Columns))
	for i, c := range t.Columns {
		all[i] = c.Field
	}
	in := schema.NewInferrer(schema.Limits{}, all)
	for _, s := range text {
		l.must(in.Observe([]byte(s)))
	}
	merged, _ := schema.Merge(all, in.Columns())
	t.Columns = nil
	for _, f := range merged {
		t.Columns = append(t.Columns, catalog.Column{Field: f, Since: l.clock})
	}
	t.Followed = true
	_, err := l.Catalog.SetTable(ctx, t)
	l.must(err)
	entries := must(l.Catalog.Partitions(ctx))
	if !slices.ContainsFunc(entries, func(e catalog.Partition) bool { return e.Hour == p }) {
		entries = append(entries, catalog.Partition{Hour: p, Location: layout.Location(p, layout.FirstGeneration), PublishedAt: l.clock})
	}
	for i := range entries {
		entries[i].Columns, entries[i].WrittenAt = schema.Declared(merged), l.clock
	}
	l.must(l.Catalog.SetPartitions(ctx, entries))
}

// merge is a minor compaction of all fragments of a lane that were not merged yet.
func (l *lake) merge(p layout.Partition, lane layout.Lane) {
	l.Helper()
	name, row := l.row(p)
	known, consumed := map[string]string{}, map[string]bool{}
	for i, h := range row {
		at := layout.Slot{Partition: p, Generation: name, Number: i + 1}
		for _, s := range l.texts(at.Key()) {
			known[idOf(s)] = s
		}
		for _, c := range must(index.ReadHead(l.Context(), l.Bucket, layout.Index{Slot: at, Inputs: h.Inputs}.Key())).Consumed {
			consumed[c.Name] = true
		}
	}
	n := newPart{Header: part.Header{Lane: lane}}
	var names []string
	for _, key := range l.keys(layout.RawPrefix(p)) {
		f := must(layout.ParseFragment(key))
		if consumed[f.Name()] || f.Lane != lane {
			continue
		}
		text := l.texts(key)
		for _, s := range text {
			switch was, ok := known[idOf(s)]; {
			case l.buried(s):
				n.Erased++
			case !ok:
				known[idOf(s)] = s
				n.lines = append(n.lines, s)
			case was == s:
				n.Duplicates++
			default:
				n.Conflicts++
				_, err := quarantine.Put(l.Context(), l.Bucket, f.Span, []quarantine.Reject{{Reason: event.IDConflict, Shard: f.Shard, Sequence: f.First, Arrival: start.Add(3 * time.Hour), Data: []byte(s)}})
				l.must(err)
			}
		}
		names = append(names, f.Name())
		n.consumed = append(n.consumed, index.Consumed{Name: f.Name(), Lines: int64(len(text))})
		n.Fragments++
		n.Lines += int64(len(text))
	}
	n.Inputs = inputs(names...)
	l.evolve(p, n.lines)
	l.write(layout.Slot{Partition: p, Generation: name, Number: len(row) + 1}, n)
}

func idOf(text string) string { return strings.Split(text, `"`)[3] }

// succeed writes the successor of the current generation, one part of all.
func (l *lake) succeed(p layout.Partition, nonce string) layout.Generation {
	l.Helper()
	name, row := l.row(p)
	var n newPart
	for i, h := range row {
		at := layout.Slot{Partition: p, Generation: name, Number: i + 1}
		for _, s := range l.texts(at.Key()) {
			if l.buried(s) {
				n.Erased++
			} else {
				n.lines = append(n.lines, s)
			}
		}
		head := must(index.ReadHead(l.Context(), l.Bucket, layout.Index{Slot: at, Inputs: h.Inputs}.Key()))
		n.consumed = append(n.consumed, head.Consumed...)
		n.rebuilt = n.rebuilt || head.Rebuilt
		n.Fragments += h.Fragments
		n.Lines += h.Lines
		n.Duplicates += h.Duplicates
		n.Conflicts += h.Conflicts
		n.Erased += h.Erased
		n.Inputs = inputs(n.Inputs, h.Inputs)
	}
	next := name.Successor(nonce)
	l.write(layout.Slot{Partition: p, Generation: next, Number: 1}, n)
	return next
}

func (l *lake) seal(p layout.Partition, next layout.Generation) {
	l.Helper()
	name, row := l.row(p)
	h := part.Header{Kind: part.Seal, Next: string(next), Inputs: inputs(string(next))}
	l.put(layout.Slot{Partition: p, Generation: name, Number: len(row) + 1}.Key(), must(part.Empty(h)))
}

func (l *lake) publish(p layout.Partition, g layout.Generation) {
	l.Helper()
	e := must(l.Catalog.Partitions(l.Context(), p))[0]
	e.Location, e.PublishedAt, e.WrittenAt = layout.Location(p, g), l.clock, l.clock
	l.must(l.Catalog.SetPartitions(l.Context(), []catalog.Partition{e}))
}

// sweep empties the data slots of the first generation, and removes its indexes.
func (l *lake) sweepSlots(p layout.Partition) {
	l.Helper()
	for _, key := range l.keys(layout.Location(p, layout.FirstGeneration)) {
		h, _, err := part.ReadHeader(l.Context(), l.Bucket, key)
		l.must(err)
		if h.Kind == part.Data {
			h.Kind = part.Swept
			l.put(key, must(part.Empty(h)))
		}
	}
	for _, key := range l.keys(layout.IndexPrefix(p) + string(layout.FirstGeneration) + "/") {
		l.remove(key)
	}
}

func (l *lake) sweepRaw(p layout.Partition) {
	l.Helper()
	for _, key := range l.keys(layout.RawPrefix(p)) {
		l.remove(key)
	}
}

// run verifies at a time past every grace.
func (l *lake) run() Report {
	l.Helper()
	lake := l.Lake
	if lake.Now.IsZero() {
		lake.Now = l.clock.Add(24 * time.Hour)
	}
	r, err := Run(context.Background(), lake, nil)
	l.must(err)
	return r
}

// full is a lake with everything in it. hour8: two parts, a duplicate and a conflict, fragments not swept. hour9: succeeded and swept.
// hour10: fragments that wait, one of them without a ledger entry. hour11: two lanes.
func full(t testing.TB) *lake {
	t.Helper()
	made.Do(func() { made.lake = build(t) })
	l := newLake(t)
	for o, err := range made.Bucket.List(t.Context(), "", "") {
		l.must(err)
		l.clock = o.Modified
		l.put(o.Key, made.get(o.Key))
	}
	l.clock, l.seq = made.clock, made.seq
	_, err := l.Catalog.SetTable(t.Context(), withoutVersion(must(made.Catalog.Table(t.Context()))))
	l.must(err)
	for _, p := range must(made.Catalog.Partitions(t.Context())) {
		p.Version = ""
		l.must(l.Catalog.SetPartitions(t.Context(), []catalog.Partition{p}))
	}
	return l
}

func withoutVersion(t catalog.Table) catalog.Table {
	t.Version = ""
	return t
}

// made is the full lake that others are copies of.
var made struct {
	sync.Once
	*lake
}

func build(t testing.TB) *lake {
	l := newLake(t)
	eight := lines(hour8, "8", 8)
	l.store(hour8, eight[:5]...)
	l.deliver(batch{
		lines:      map[layout.Partition][]string{hour8: append(slices.Clone(eight[5:]), eight[0]), hour9: lines(hour9, "9", 4)},
		duplicates: map[layout.Partition]int64{hour9: 1},
		rejects:    map[event.Reason][]string{event.NotJSON: {"{", "]"}, event.Empty: {""}},
	})
	l.merge(hour8, "")
	l.store(hour8, line(hour8, "8-late", `,"more":[1,2],"nil":null`), line(hour8, "8-1", `,"other":true`))
	l.merge(hour8, "")
	l.merge(hour9, "")
	l.store(hour9, line(hour9, "9-late", `,"n":1.5`), line(hour9, "9-1", `,"n":1,"o":{"s":"x1"}`))
	l.merge(hour9, "")
	l.clock = l.clock.Add(time.Hour)
	next := l.succeed(hour9, "0123456789abcdef")
	l.seal(hour9, next)
	l.publish(hour9, next)
	l.sweepSlots(hour9)
	l.sweepRaw(hour9)
	rolled := must(ledger.RollUp(t.Context(), l.Bucket, start.Add(3*time.Hour), time.Minute))
	if rolled.RolledUp == 0 {
		t.Fatal("nothing was rolled up")
	}
	ten := lines(hour10, "10", 6)
	l.deliver(batch{lines: map[layout.Partition][]string{hour10: ten[:4]}, gzip: true})
	l.deliver(batch{lines: map[layout.Partition][]string{hour10: ten[3:]}, unsettled: true})
	for _, lane := range []layout.Lane{"0", "1"} {
		var some []string
		for _, s := range lines(hour11, "11", 10) {
			id := must(must(event.NewDecoder(l.Mapping, 0)).Identify([]byte(s)))
			if layout.LaneOf(id, 2) == lane {
				some = append(some, s)
			}
		}
		l.deliver(batch{lines: map[layout.Partition][]string{hour11: some}, lane: lane})
		l.merge(hour11, lane)
	}
	l.put(layout.Config, []byte("format: 1\n"))
	return l
}
