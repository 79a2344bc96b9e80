package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// query is one reader of one hour: the hour's Location, then the files below it, then their rows, each a step of its own.
type query struct {
	*process
	hour  layout.Partition
	until time.Time         // longer it may not take, or nothing is promised
	rows  map[string]string // that it saw
}

var errOver = errors.New("it took longer than the longest query")

// readEvents runs a query of the table events: what was committed before it begins is in it once, what is committed meanwhile at most once.
func (w *World) readEvents() {
	hour := w.hour()
	if w.model.excused(hour) {
		return
	}
	want := maps.Clone(w.model.committed[hour])
	w.query("reader", hour, func(q *query) error { return q.parts() }, func(rows map[string]string) {
		for id, line := range want {
			if _, there := rows[id]; !there && w.model.leaving[id] {
				continue
			}
			if rows[id] != line {
				w.breach("%s: a query of events saw %q for %s, which was committed as %s before it began", hour, rows[id], id, line)
			}
		}
	})
}

// readLive runs a query of events_live, which reads fragments too, of the last hours: whatever was accepted before it begins is in it.
func (w *World) readLive() {
	if w.chance(0.2) {
		w.pass(w.Policy.Grace) // what is merged by now may go as soon as no query reads it
	}
	var fresh []layout.Partition
	for _, p := range w.Hours {
		if !w.model.excused(p) && w.now().Before(p.End().Add(w.Policy.Live)) {
			fresh = append(fresh, p)
		}
	}
	if len(fresh) == 0 {
		return
	}
	hour := oneOf(w.rng, fresh...)
	var want []string
	for id := range w.model.accepted[hour] {
		if w.Claims == "ahead" && !w.model.stored[hour][id] {
			continue // a copy of what another record, which owns the id, is still to store
		}
		want = append(want, id)
	}
	first := w.chance(0.5)
	w.query("live", hour, func(q *query) error {
		if first {
			return errors.Join(q.fragments(), q.parts())
		}
		return errors.Join(q.parts(), q.fragments())
	}, func(rows map[string]string) {
		for _, id := range want {
			if rows[id] == "" && !w.model.leaving[id] {
				w.breach("%s: a query of events_live did not see %s, which was accepted before it began", hour, id)
			}
		}
	})
}

func (w *World) query(kind string, hour layout.Partition, run func(*query) error, check func(map[string]string)) {
	q := &query{hour: hour, until: w.now().Add(w.Longest), rows: map[string]string{}}
	w.met["queries: "+kind]++
	p := w.spawn(kind, 0, func(p *process) error {
		q.process = p
		return run(q)
	})
	if w.chance(0.5) { // who may take away what it reads
		w.worker(hour)
	}
	p.done = func(err error) {
		switch {
		case w.model.excused(hour):
		case errors.Is(err, errOver):
			w.met["queries: over time"]++
		case err != nil:
			w.breach("%s: a query failed: %w", hour, err)
		default:
			for id, line := range q.rows {
				if !w.model.tried[hour][id][line] {
					w.breach("%s: a query saw %q, which nobody sent", hour, line)
				}
			}
			check(q.rows)
		}
	}
}

// parts reads what the catalog shows.
func (q *query) parts() error {
	entries, err := q.catalog.Partitions(q.ctx, q.hour)
	if err != nil || len(entries) == 0 {
		return err
	}
	seen := map[string]bool{}
	return q.below(entries[0].Location, func(key string, rows map[string]string, err error) error {
		for id := range rows {
			if seen[id] {
				return fmt.Errorf("%s is in %s twice", id, entries[0].Location)
			}
			seen[id] = true
		}
		return err
	})
}

// fragments reads raw/, where copies are no surprise.
func (q *query) fragments() error {
	return q.below(layout.RawPrefix(q.hour), func(string, map[string]string, error) error { return nil })
}

func (q *query) below(prefix string, check func(key string, rows map[string]string, err error) error) error {
	var keys []string
	for o, err := range q.bucket.List(q.ctx, prefix, "") {
		if err != nil {
			return q.late(err)
		}
		keys = append(keys, o.Key)
	}
	for _, key := range keys {
		text, err := q.text(key)
		if err != nil {
			return q.late(err)
		}
		rows, err := rowsOf(key, text, strings.HasSuffix(key, ".gz"))
		if err := check(key, rows, err); err != nil {
			return q.late(err)
		}
		for id, line := range rows {
			if _, there := q.rows[id]; !there {
				q.rows[id] = line
			}
		}
	}
	return q.late(nil)
}

func (q *query) text(key string) ([]byte, error) {
	body, _, err := q.bucket.Get(q.ctx, key, bucket.Range{})
	if err != nil {
		return nil, err
	}
	defer body.Close()
	return io.ReadAll(body)
}

// late excuses whatever comes after the longest time that a query may take.
func (q *query) late(err error) error {
	if q.World.now().After(q.until) {
		return errOver
	}
	return err
}

func (w *World) root() context.Context { return context.Background() }
