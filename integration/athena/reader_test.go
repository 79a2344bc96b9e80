package athena

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/shared/layout"
)

const (
	compactions = 200              // that readers live through, at least
	ofAnHour    = 10               // events of each batch in each of its hours
	longest     = 10 * time.Second // that a query may take
)

// least is how often what happens has to, and both tables be looked at, before the test ends.
var least = map[string]int64{
	"generations_sealed": 10, "slots_swept": 10, "objects_deleted": 100, "schema_changes": 10, "duplicates_dropped": 100, "events": 20, "events_live": 20,
}

// witness knows what readers must see by now, and may: cells, each of a batch's events in one hour, which is one fragment.
type witness struct {
	mu            sync.Mutex
	begun, stored int // batches whose ingestion has begun, and ended
	now           layout.Partition
	seen          map[string]map[string]bool // by table
	done          map[string]int64           // what compaction told, summed up; and how often each table was looked at
}

// A stream flows, its schema grows, two compactors merge, seal, swap and sweep, and all the while Trino is asked: of `events` each cell is seen
// whole or not at all, and once seen, it stays; of `events_live` a recent hour is seen as far as it is ingested. No query fails.
func duringAll(t *testing.T, s *site) {
	l := newLake(t, s, "reader")
	w := &witness{
		now:  layout.PartitionOf(time.Now()),
		seen: map[string]map[string]bool{"events": {}, "events_live": {}}, done: map[string]int64{},
	}
	g, ctx := errgroup.WithContext(t.Context())
	ctx, stop := context.WithTimeout(ctx, 10*time.Minute)
	defer stop()
	for table := range w.seen {
		g.Go(func() error { return w.while(ctx, time.Second, func() error { return l.look(ctx, w, table) }) })
	}
	g.Go(func() error { return w.while(ctx, 0, func() error { return l.feed(ctx, w) }) })
	for _, pause := range []time.Duration{0, 3 * time.Second} { // two that never rest do most things twice
		g.Go(func() error { return w.while(ctx, pause, func() error { return l.compact(ctx, w) }) })
	}
	err := g.Wait()
	t.Logf("%d batches, %d compactions, %v", w.stored, w.compactions(), w.done)
	if err != nil {
		t.Fatal(err)
	}
	l.settle(w)
}

// while repeats until enough has happened.
func (w *witness) while(ctx context.Context, pause time.Duration, do func() error) error {
	for ; !w.enough(); time.Sleep(pause) {
		if err := do(); err != nil {
			return err
		}
		if ctx.Err() != nil {
			return fmt.Errorf("not enough has happened: %w", ctx.Err())
		}
	}
	return nil
}

func (w *witness) enough() bool {
	if w.compactions() < compactions {
		return false
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for what, n := range least {
		if w.done[what] < n {
			return false
		}
	}
	return true
}

func (w *witness) compactions() int64 {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.done["parts_written"] + w.done["generations_sealed"]
}

// hours are those of a batch: two recent ones, of which the view reads fragments, and two that come to rest and are swept.
func (w *witness) hours(batch int) []layout.Partition {
	return []layout.Partition{w.now, w.now - 1, w.now - 10 - layout.Partition(batch/6), w.now - 50 - layout.Partition(batch/9)}
}

// feed ingests a batch, unless compaction is far behind: some events of each hour, with a new member in every fourth batch and a column whose
// type widens; and a copy of an older event of each.
func (l *lake) feed(ctx context.Context, w *witness) error {
	if int64(w.begun) > w.compactions()/3+2 { // only this one writes it
		time.Sleep(50 * time.Millisecond)
		return nil
	}
	w.mu.Lock()
	batch := w.begun
	w.begun++
	w.mu.Unlock()
	var b strings.Builder
	for h := range w.hours(batch) {
		for n := range ofAnHour + 1 {
			of := batch
			if n == ofAnHour {
				of, n = batch/2, batch%ofAnHour
			}
			hour, widening := w.hours(of)[h], []string{"1", "1.5", `"text"`}[min(of/8, 2)]
			fmt.Fprintf(&b, `{"event_uuid":"b%04d-%d-%d","created_at":%q,"event_name":"lesson:started","w":%s,"o":{"m%d":%d}}`+"\n",
				of, h, n, hour.Start().Format(time.RFC3339), widening, of/4, of)
		}
	}
	_, err := l.try(ctx, strings.NewReader(b.String()), "ingest", "-")
	w.mu.Lock()
	defer w.mu.Unlock()
	w.stored = w.begun
	return err
}

// compact works until nothing is due; what readers may still see goes twelve seconds later.
func (l *lake) compact(ctx context.Context, w *witness) error {
	rows, err := l.try(ctx, nil, "compact", "--major-parts", "4", "--major-share", "0.5", "--grace", "14s", "--longest-query", longest.String())
	if err != nil {
		return err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	for key, v := range rows[0] {
		if n, is := v.(json.Number); is {
			i, _ := n.Int64() // 0 for the one that is none
			w.done[key] += i
		}
	}
	return nil
}

// look asks for a table's cells once.
func (l *lake) look(ctx context.Context, w *witness, table string) error {
	w.mu.Lock()
	before, must := w.stored, slices.Collect(maps.Keys(w.seen[table]))
	w.mu.Unlock()
	if table == "events_live" {
		for batch := range before {
			must = append(must, cell(batch, w.now), cell(batch, w.now-1))
		}
	}
	widening := map[string]string{"events": "w", "events_live": "created_datetime"}[table]
	if len(must) == 0 {
		widening = "event_uuid" // until the first event is merged, `events` has no w
	}
	began := time.Now()
	r, err := l.site.trino.Query(ctx, l.name, "SELECT substr(event_uuid, 1, 5) || ' ' || dt || ' ' || hour, count(*), count(DISTINCT event_uuid), count("+widening+") FROM "+table+" GROUP BY 1")
	if time.Since(began) > longest {
		return nil // what it reads may be swept meanwhile
	}
	if err != nil {
		return fmt.Errorf("%s: %w", table, err)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.done[table]++
	whole, found := fmt.Sprint(ofAnHour), map[string]bool{}
	for _, row := range r.Rows {
		name := fmt.Sprint(row[0])
		if fmt.Sprint(row[1]) != whole || fmt.Sprint(row[2]) != whole || fmt.Sprint(row[3]) != whole {
			return fmt.Errorf("%s shows %v, want %s", table, row, whole)
		}
		found[name], w.seen[table][name] = true, true
	}
	if len(found) > 4*w.begun {
		return fmt.Errorf("%s shows %d cells of %d", table, len(found), 4*w.begun)
	}
	for _, name := range must {
		if !found[name] {
			return fmt.Errorf("%s has lost %s, after %d batches", table, name, before)
		}
	}
	return nil
}

func cell(batch int, hour layout.Partition) string {
	return fmt.Sprintf("b%04d %s %s", batch, hour.Date(), hour.Start().Format("15"))
}

// settle merges what is left: then both tables show all.
func (l *lake) settle(w *witness) {
	l.t.Helper()
	time.Sleep(4 * time.Second) // twice the catalog's bound
	if err := l.compact(l.t.Context(), w); err != nil {
		l.t.Fatal(err)
	}
	for table := range w.seen {
		if err := l.look(l.t.Context(), w, table); err != nil || len(w.seen[table]) != 4*w.stored {
			l.t.Errorf("in the end %s shows %d cells of %d batches, %v", table, len(w.seen[table]), w.stored, err)
		}
	}
	l.run(nil, "verify")
}
