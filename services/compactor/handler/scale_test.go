package handler

import (
	"bytes"
	"context"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// wide is a lake of many hours, each with a part, of which some are dirty.
type wide struct {
	t       testing.TB
	store   *bucket.Memory
	catalog catalog.Catalog
	trace   *faulty.Faults
	listed  *listed
	hours   int
	bound   time.Duration // of the catalog's writes
	seq     int
}

func newWide(t testing.TB, c catalog.Catalog, hours int) *wide {
	t.Helper()
	l := &wide{t: t, store: bucket.NewMemory(l0), catalog: c, hours: hours}
	id := schema.Field{Name: "event_uuid", Spelling: "event_uuid", Type: schema.Type{Kind: schema.String}}
	at := schema.Field{Name: "created_at", Spelling: "created_at", Type: schema.Type{Kind: schema.String}}
	table := catalog.Table{Columns: []catalog.Column{{Field: id, Since: l0()}, {Field: at, Since: l0()}}, Followed: true}
	if _, err := c.SetTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	h := part.Header{Version: part.Version, Kind: part.Data, Inputs: strings.Repeat("a", 32), Fragments: 1}
	body, err := part.Empty(h)
	if err != nil {
		t.Fatal(err)
	}
	w := index.NewWriter(t.TempDir())
	defer func() { _ = w.Close() }() // nothing was spooled
	entries := make([]catalog.Partition, hours)
	slot := func(n int) layout.Slot {
		return layout.Slot{Partition: hour + layout.Partition(n), Generation: layout.FirstGeneration, Number: 1}
	}
	for n := range hours { // in order of their keys, as a bucket in memory likes it
		l.put(slot(n).Key(), body)
	}
	for n := range hours {
		idx, err := w.Open(nil, false)
		if err == nil {
			_, err = l.store.Put(t.Context(), layout.Index{Slot: slot(n), Inputs: h.Inputs}.Key(), idx, bucket.Condition{})
		}
		if err != nil {
			t.Fatal(err)
		}
		p := slot(n).Partition
		entries[n] = catalog.Partition{
			Hour: p, Location: layout.Location(p, layout.FirstGeneration), Columns: []schema.Field{id, at}, PublishedAt: l0(), WrittenAt: l0(),
		}
	}
	if err := c.SetPartitions(t.Context(), entries); err != nil {
		t.Fatal(err)
	}
	return l
}

// l0 is the time at which all is written.
func l0() time.Time { return hour.Start().Add(10 * time.Minute) }

func (l *wide) put(key string, text []byte) {
	l.t.Helper()
	if _, err := l.store.Put(l.t.Context(), key, bytes.NewReader(text), bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

// soil puts a fragment of one event into each of so many hours, all over the lake.
func (l *wide) soil(dirty int, more string) {
	l.t.Helper()
	for n := range dirty {
		l.seq++
		p := hour + layout.Partition(n*l.hours/dirty)
		text := fmt.Appendf(nil, `{"event_uuid":"e%d","created_at":%q%s}`+"\n", l.seq, p.Start().Add(time.Minute).Format(time.RFC3339), more)
		span := layout.Span{Shard: "s", First: fmt.Sprint(l.seq), Last: fmt.Sprint(l.seq)}
		l.put(layout.Fragment{Partition: p, Hash: xxhash.Sum64(text), Span: span}.Key(), text)
	}
}

func (l *wide) handler() *Handler {
	l.t.Helper()
	l.trace, l.listed = faulty.New(nil), &listed{Bucket: l.store}
	now := func() time.Time { return l0().Add(time.Minute) } // something has waited
	var traced catalog.Catalog = catalogtest.NewFaulty(l.catalog, l.trace)
	if l.bound > 0 {
		traced = l.catalog // it counts its own calls: the trace sets partitions one by one
	}
	c, err := compactor.New(faulty.NewBucket(l.listed, l.trace), traced, compactor.Config{
		Policy: compactor.Policy{
			Target: 1 << 20, Close: 15 * time.Minute, MajorParts: 8, MajorShare: 2, Bound: l.bound, Grace: 4 * time.Hour, Live: 2 * time.Hour, LongestQuery: 30 * time.Minute,
		},
		Mapping: event.DefaultMapping, Scratch: l.t.TempDir(), Memory: 1 << 20, Parallel: 2, Now: now,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	send := func(context.Context, []Message) error { return nil }
	return New(Config{Compactor: c, Send: send, Log: telemetry.New(&bytes.Buffer{}, "Lakebed", "clicks", now), Now: now})
}

// listed counts the objects that listings give: S3 takes a call for each 1,000.
type listed struct {
	bucket.Bucket
	objects atomic.Int64
}

func (l *listed) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range l.Bucket.List(ctx, prefix, after) {
			if l.objects.Add(1); !yield(o, err) {
				return
			}
		}
	}
}

// calls tells how often each operation was called.
func (l *wide) calls() string {
	n := map[faulty.Op]int{}
	for _, s := range l.trace.Trace() {
		n[s.Op]++
	}
	var all []string
	for _, op := range slices.Sorted(maps.Keys(n)) {
		all = append(all, fmt.Sprintf("%d %s", n[op], op))
	}
	return fmt.Sprintf("%d calls: %s; %d objects listed", l.trace.Count(), strings.Join(all, ", "), l.listed.objects.Load())
}

// plan has a plan made, and wants that it sees the dirty hours and no others.
func (l *wide) plan(dirty int) string {
	l.t.Helper()
	answer, err := l.handler().Invoke(l.t.Context(), []byte(`{"version":1,"do":"plan"}`))
	if want := fmt.Sprintf(`"dirty":%d,"sent":%d,`, dirty, dirty); err != nil || !strings.Contains(string(answer), want) {
		l.t.Fatalf("got %s, %v", answer, err)
	}
	return l.calls()
}

func (l *wide) round(dirty int) string {
	l.t.Helper()
	r, err := l.handler().Compactor.Round(l.t.Context(), time.Time{}, nil)
	if err != nil || r.Minors != dirty || r.Partitions != dirty || len(r.SetAside) > 0 {
		l.t.Fatalf("got %+v, %v", r, err)
	}
	return l.calls()
}

// A plan and a round of 50 dirty hours ask the same of the stores whether there are 100 hours or 100,000.
func TestCostFollowsWhatChanged(t *testing.T) {
	const dirty = 50
	var plans, rounds []string
	for _, hours := range []int{100, 100_000} {
		l := newWide(t, catalog.NewMemory(), hours)
		l.soil(dirty, "")
		plans, rounds = append(plans, l.plan(dirty)), append(rounds, l.round(dirty))
		t.Logf("of %d hours %d are dirty: a plan has %s; a round has %s", hours, dirty, plans[len(plans)-1], rounds[len(rounds)-1])
	}
	if plans[0] != plans[1] || rounds[0] != rounds[1] {
		t.Errorf("the calls follow what there is: %q, %q", plans, rounds)
	}
}

// Where the table gets a column, every hour has to follow, by the nature of it: one write each, in one round.
func TestColumnIsFollowedByAll(t *testing.T) {
	for _, hours := range []int{100, 1000} {
		l := newWide(t, catalog.NewMemory(), hours)
		l.soil(1, `,"new":true`)
		calls := l.round(1)
		t.Logf("of %d hours one brings a column: %s", hours, calls)
		n := 0
		for _, s := range l.trace.Trace() {
			if s.Op == faulty.SetPartition {
				n++
			}
		}
		if n != hours {
			t.Errorf("%d writes of %d hours", n, hours)
		}
		all, err := l.catalog.Partitions(t.Context())
		if err != nil || slices.ContainsFunc(all, func(p catalog.Partition) bool { return len(p.Columns) != 3 }) {
			t.Errorf("not every hour has followed: %v", err)
		}
	}
}

// BenchmarkRound is a round of 50 dirty hours of 100, and of 100,000.
func BenchmarkRound(b *testing.B) {
	for _, hours := range []int{100, 100_000} {
		b.Run(fmt.Sprint(hours), func(b *testing.B) {
			l := newWide(b, catalog.NewMemory(), hours)
			for b.Loop() {
				b.StopTimer()
				for key := range fragments(b, l.store) {
					if err := l.store.Delete(b.Context(), bucket.Object{Key: key}); err != nil {
						b.Fatal(err)
					}
				}
				l.soil(50, "")
				b.StartTimer()
				l.round(50)
			}
		})
	}
}

func fragments(t testing.TB, b bucket.Bucket) map[string]bool {
	t.Helper()
	keys := map[string]bool{}
	for o, err := range b.List(t.Context(), layout.Raw, "") {
		if err != nil {
			t.Fatal(err)
		}
		keys[o.Key] = true
	}
	return keys
}
