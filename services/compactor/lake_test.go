package compactor

import (
	"bytes"
	"context"
	"fmt"
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
	format "github.com/lakebed/lakebed/shared/fragment"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(time.Millisecond) // no two writes at one time
	return c.at
}

func (c *clock) pass(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(d)
}

// lake is a lake in memory, with what its readers must see.
type lake struct {
	t       testing.TB
	clock   *clock
	bucket  bucket.Bucket // as the compactor sees it
	store   *bucket.Memory
	cat     catalog.Catalog
	config  Config
	seq     int
	foreign bool                                   // compressed fragments are as other programs write them
	want    map[layout.Partition]map[string]string // id to line: the first that was stored
}

var hour = layout.PartitionOf(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))

func newLake(t testing.TB) *lake {
	c := &clock{at: hour.Start().Add(10 * time.Minute)}
	l := &lake{t: t, clock: c, store: bucket.NewMemory(c.now), cat: catalog.NewMemory(), want: map[layout.Partition]map[string]string{}}
	l.bucket = l.store
	l.config = Config{
		Policy: Policy{
			Target: 1 << 20, Close: 15 * time.Minute, MajorParts: 8, MajorShare: 0.1, Grace: 4 * time.Hour, Live: 2 * time.Hour, LongestQuery: 30 * time.Minute,
		},
		Mapping: event.DefaultMapping, Scratch: t.TempDir(), Memory: 1 << 20, Parallel: 1, Now: c.now,
	}
	return l
}

func (l *lake) compactor() *Compactor {
	l.t.Helper()
	c, err := New(l.bucket, l.cat, l.config)
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// line makes an event of the hour.
func lineOf(p layout.Partition, id, more string) string {
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":%q%s}`, id, p.Start().Add(time.Minute).Format(time.RFC3339), more)
}

// put stores a fragment as ingest would, and notes what readers are to see of it.
func (l *lake) put(p layout.Partition, lane layout.Lane, gz bool, lines ...string) layout.Fragment {
	l.t.Helper()
	text := []byte(strings.Join(lines, "\n") + "\n")
	l.seq++
	f := layout.Fragment{
		Partition: p, Lane: lane, Gzip: gz, Hash: xxhash.Sum64(text),
		Span: layout.Span{Shard: "shardId-000000000000", First: fmt.Sprint(l.seq), Last: fmt.Sprint(l.seq)},
	}
	if gz {
		text = l.packed(text, lines)
	}
	if _, err := l.store.Put(context.Background(), f.Key(), bytes.NewReader(text), bucket.Condition{Absent: true}); err != nil {
		l.t.Fatal(err)
	}
	if l.want[p] == nil {
		l.want[p] = map[string]string{}
	}
	for _, line := range lines {
		id := strings.Split(line, `"`)[3]
		if _, again := l.want[p][id]; !again {
			l.want[p][id] = line
		}
	}
	return f
}

// packed compresses lines as ingest does, or, in a lake of foreign fragments, as gzip does.
func (l *lake) packed(text []byte, lines []string) []byte {
	l.t.Helper()
	if l.foreign {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		if _, err := z.Write(text); err != nil {
			l.t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			l.t.Fatal(err)
		}
		return out.Bytes()
	}
	d, err := event.NewDecoder(l.config.Mapping, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	var all []format.Line
	for _, line := range lines {
		print, err := fingerprint(d, []byte(line))
		if err != nil {
			l.t.Fatal(err)
		}
		all = append(all, format.Line{Text: []byte(line), Fingerprint: print})
	}
	body, err := format.Encode(all, xxhash.Sum64(text), l.config.Mapping)
	if err != nil {
		l.t.Fatal(err)
	}
	return body
}

// events stores n new events in one fragment.
func (l *lake) events(p layout.Partition, n int) layout.Fragment {
	l.t.Helper()
	lines := make([]string, n)
	for i := range lines {
		lines[i] = lineOf(p, fmt.Sprintf("e%d-%d", l.seq, i), fmt.Sprintf(`,"n":%d`, i))
	}
	return l.put(p, "", false, lines...)
}

func (l *lake) round() Result {
	l.t.Helper()
	r, err := l.compactor().Round(context.Background(), time.Time{}, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

// settle runs rounds until nothing is left that is due.
func (l *lake) settle() Result {
	l.t.Helper()
	var total Result
	for range 100 {
		r := l.round()
		total.Add(r)
		if !r.Progress() {
			return total
		}
	}
	l.t.Fatal("no end after 100 rounds")
	return total
}

// view reads what the catalog points to: partition, Location, files, rows.
func (l *lake) view(p layout.Partition) map[string]string {
	l.t.Helper()
	ctx := context.Background()
	entries, err := l.cat.Partitions(ctx, p)
	if err != nil {
		l.t.Fatal(err)
	}
	got := map[string]string{}
	if len(entries) == 0 {
		return got
	}
	for o, err := range l.store.List(ctx, entries[0].Location, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		lines, err := part.Open(ctx, l.store, o.Key, true)
		if err != nil {
			l.t.Fatal(err)
		}
		for lines.Next() {
			line := string(lines.Bytes())
			id := strings.Split(line, `"`)[3]
			if _, twice := got[id]; twice {
				l.t.Fatalf("event %s is in %s twice", id, entries[0].Location)
			}
			got[id] = line
		}
		if lines.Err() != nil {
			l.t.Fatalf("%s: %v", o.Key, lines.Err())
		}
		if err := lines.Close(); err != nil {
			l.t.Fatal(err)
		}
	}
	return got
}

// check compares every partition's view with what was stored.
func (l *lake) check() {
	l.t.Helper()
	for p, want := range l.want {
		if got := l.view(p); !maps.Equal(got, want) {
			l.t.Fatalf("%s: readers see %d events, want %d: %v", p, len(got), len(want), differ(want, got))
		}
	}
}

func differ(want, got map[string]string) string {
	for _, id := range slices.Sorted(maps.Keys(want)) {
		if got[id] != want[id] {
			return fmt.Sprintf("%s is %q, want %q", id, got[id], want[id])
		}
	}
	return "there are more"
}

// keys lists what lies below a prefix.
func (l *lake) keys(prefix string) []string {
	l.t.Helper()
	var keys []string
	for o, err := range l.store.List(context.Background(), prefix, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

func (l *lake) location(p layout.Partition) string {
	l.t.Helper()
	entries, err := l.cat.Partitions(context.Background(), p)
	if err != nil {
		l.t.Fatal(err)
	}
	if len(entries) == 0 {
		return ""
	}
	return entries[0].Location
}
