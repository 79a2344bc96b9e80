package compactor

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/layout"
)

// byLane gives n events, apart by their lanes.
func (l *lake) byLane(n, lanes int) map[layout.Lane][]string {
	l.t.Helper()
	apart := map[layout.Lane][]string{}
	for i := range n {
		line := lineOf(hour, fmt.Sprintf("l%d-%d", l.seq, i), "")
		lane := layout.LaneOf(idOf(l.t, line), lanes)
		apart[lane] = append(apart[lane], line)
	}
	return apart
}

// A fragment that is broken is known as such only to the visit that found it. One in each lane does not keep the hour from being put in order.
func TestBrokenInEachLane(t *testing.T) {
	for _, broken := range [][]layout.Lane{{}, {"0"}, {"0", "1"}} {
		l := newLake(t)
		for range 10 {
			for lane, lines := range l.byLane(20, 2) {
				l.put(hour, lane, false, lines...)
			}
		}
		for _, lane := range broken {
			l.seq++
			f := layout.Fragment{Partition: hour, Lane: lane, Span: layout.Span{Shard: "s", First: fmt.Sprint(l.seq), Last: "9"}, Hash: 1}
			if _, err := l.store.Put(t.Context(), f.Key(), strings.NewReader("{}\n"), bucket.Condition{}); err != nil {
				t.Fatal(err)
			}
		}
		var total Result
		for range 4 {
			r := l.settle()
			total.Add(r)
			l.clock.pass(48 * time.Hour)
		}
		l.check()
		if left := len(l.keys(layout.Raw)); total.Majors != 1 || left != len(broken) {
			t.Errorf("broken in %v: %d major compactions, %d fragments left", broken, total.Majors, left)
		}
	}
}

// Whoever has the first lane of an hour puts its parts together, and nobody else.
func TestOneMajorOfManyLanes(t *testing.T) {
	l := newLake(t)
	for lane, lines := range l.byLane(400, 8) {
		l.put(hour, lane, false, lines...)
	}
	l.settle()
	l.clock.pass(3 * time.Hour)
	dirty, err := l.compactor().Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tasks := Plan(dirty, l.clock.now())
	if len(tasks) != 8 {
		t.Fatalf("%d tasks", len(tasks))
	}
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.List && key == layout.RawPrefix(hour) {
			t.Error("the fragments of all lanes are listed")
		}
		return faulty.Never, nil
	}))
	for _, task := range tasks[1:] {
		if r := l.compactor().Work(t.Context(), task, time.Time{}); r.BytesMoved > 0 || r.Majors > 0 {
			t.Errorf("lane %s: %+v", task.Lane, r)
		}
	}
	l.bucket = l.store
	if r := l.compactor().Work(t.Context(), tasks[0], time.Time{}); r.Majors != 1 {
		t.Errorf("the first lane: %+v", r)
	}
	l.check()
}

// Workers of several lanes compact one hour side by side: each merges its own fragments, and that of the first one does the rest. None of the others lists what is not its own.
func TestLanesSideBySide(t *testing.T) {
	l := newLake(t)
	byLane := map[layout.Lane][]string{}
	for i := range 400 {
		line := lineOf(hour, fmt.Sprint("s", i), "")
		lane := layout.LaneOf(idOf(t, line), 4)
		byLane[lane] = append(byLane[lane], line)
	}
	for lane, lines := range byLane {
		l.put(hour, lane, false, lines[:len(lines)/2]...)
		l.put(hour, lane, false, lines[len(lines)/3:]...)
	}
	l.round() // the hour is registered, the table has its columns
	l.check()
	for lane, lines := range byLane {
		l.put(hour, lane, false, lines[0], strings.Replace(lines[1], `"s`, `"n`, 1))
	}
	dirty, err := l.compactor().Survey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	tasks := Plan(dirty, l.clock.now())
	if len(tasks) != 4 {
		t.Fatalf("%d tasks", len(tasks))
	}
	alone := l.compactor().Work(t.Context(), tasks[0], time.Time{})
	if alone.Minors != 1 || alone.Majors != 0 {
		t.Errorf("the worker of lane %s: %+v", tasks[0].Lane, alone)
	}
	results := make([]Result, len(tasks))
	var workers sync.WaitGroup
	for i, task := range tasks[1:] {
		workers.Go(func() { results[i] = l.compactor().Work(t.Context(), task, time.Time{}) })
	}
	workers.Wait()
	var total Result
	for _, r := range results {
		total.Add(r)
	}
	if total.Minors != 3 || len(total.SetAside) > 0 || total.Events != 3 || total.Duplicates != 3 {
		t.Errorf("the others: %+v", total)
	}
	l.check()
}
