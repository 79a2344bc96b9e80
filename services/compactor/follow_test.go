package compactor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// slowly is a catalog that takes its time, by the lake's clock, and tells of each write before it does it.
type slowly struct {
	catalog.Catalog
	clock      *clock
	list, each time.Duration // of a list of all, and of setting some
	table      func(catalog.Table)
	partitions func([]catalog.Partition)
	written    int
}

func (s *slowly) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	if len(which) == 0 {
		s.clock.pass(s.list)
	}
	return s.Catalog.Partitions(ctx, which...)
}

func (s *slowly) SetPartitions(ctx context.Context, p []catalog.Partition) error {
	if s.partitions != nil {
		s.partitions(p)
	}
	s.clock.pass(s.each)
	err := s.Catalog.SetPartitions(ctx, p)
	if err == nil {
		s.written += len(p)
	}
	return err
}

func (s *slowly) SetTable(ctx context.Context, t catalog.Table) (catalog.Table, error) {
	if s.table != nil {
		s.table(t)
	}
	return s.Catalog.SetTable(ctx, t)
}

// crowd is a lake of 10,000 partitions besides hour, which are older and are to follow, in a catalog that cannot compare and whose whole
// list takes longer than the bound.
func crowd(t *testing.T, bound time.Duration) (*lake, *slowly) {
	l := newLake(t)
	l.events(hour, 1)
	l.settle()
	table, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	whole := catalog.NewMemoryLastWriter()
	table.Version = ""
	if _, err := whole.SetTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	all, err := l.cat.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for n := range 10_000 {
		p := hour - layout.Partition(n+1)
		all = append(all, catalog.Partition{Hour: p, Location: layout.Location(p, layout.FirstGeneration), Columns: declared(table)})
	}
	if err := whole.SetPartitions(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	l.config.Policy.Bound = bound
	s := &slowly{Catalog: whole, clock: l.clock, list: 2 * bound, each: bound / 2}
	l.cat = s
	return l, s
}

// A table of 10,000 partitions follows whatever the whole of it takes, is gone on with where a run was broken off, and says so when done.
func TestManyFollow(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // bounds pass by its clock, however slow the machine is
		l, s := crowd(t, 20*time.Millisecond)
		l.put(hour, "", false, lineOf(hour, "wide", `,"fresh":1`))
		ctx, stop := context.WithCancel(t.Context())
		calls := 0
		moved := catalog.Partition{Hour: hour - 9000, Location: layout.Location(hour-9000, layout.FirstGeneration.Successor("00000000"))}
		s.partitions = func(p []catalog.Partition) {
			if calls == 0 { // after it was listed
				if err := s.Catalog.SetPartitions(t.Context(), []catalog.Partition{moved}); err != nil {
					t.Error(err)
				}
			}
			if calls++; calls == 1 && (p[0].Hour != hour || p[1].Hour != hour-1 || p[2].Hour != hour-2) {
				t.Errorf("the first to follow are %s, %s and %s", p[0].Hour, p[1].Hour, p[2].Hour)
			}
			if calls == 10 {
				stop()
			}
		}
		if r := l.compactor().Work(ctx, Task{Partition: hour}, time.Time{}); r.Minors != 0 || len(r.SetAside) != 1 {
			t.Fatalf("broken off: %+v", r)
		}
		if s.written < 3000 || s.written > 4000 {
			t.Fatalf("%d followed until it was broken off", s.written)
		}
		s.partitions = nil
		if r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Minors != 1 || len(r.SetAside) != 0 {
			t.Fatalf("the next run: %+v", r)
		}
		if got := l.location(moved.Hour); got != moved.Location {
			t.Errorf("the Location of %s was set back to %s", moved.Hour, got)
		}
		if s.written != 10_001 {
			t.Errorf("%d writes for 10,001 partitions", s.written)
		}
		if got := l.types()["fresh"]; got != "bigint" {
			t.Errorf("the column is %q", got)
		}
		l.check()
	})
}

// A worker whose hour needs nothing new commits while others follow, having helped.
func TestNobodyWaitsForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // bounds pass by its clock, however slow the machine is
		l, s := crowd(t, 20*time.Millisecond)
		l.put(hour, "", false, lineOf(hour, "wide", `,"fresh":1`))
		l.put(hour-1, "", false, lineOf(hour-1, "plain", ""))
		s.each = time.Second
		calls, helped := 0, 0
		s.partitions = func([]catalog.Partition) {
			if calls++; calls != 5 {
				return
			}
			before := s.written
			r := l.compactor().Work(t.Context(), Task{Partition: hour - 1}, time.Time{})
			if r.Minors != 1 || len(r.SetAside) != 0 {
				t.Errorf("the other worker: %+v", r)
			}
			helped = s.written - before
			if table, err := l.cat.Table(t.Context()); err != nil || table.Followed {
				t.Errorf("all have followed, or %v", err)
			}
		}
		if r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Minors != 1 || len(r.SetAside) != 0 {
			t.Fatalf("%+v", r)
		}
		if helped == 0 || helped > 3*followAtOnce {
			t.Errorf("it helped with %d", helped)
		}
		if got := l.types()["fresh"]; got != "bigint" {
			t.Errorf("the column is %q", got)
		}
		l.check()
	})
}

// A struct that becomes text cannot be read in partitions that have not followed: they do at once, the wait lies before and after.
func TestTextComesQuickly(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // bounds pass by its clock, however slow the machine is
		const bound = 200 * time.Millisecond
		l, s := crowd(t, bound)
		s.each = 0
		l.put(hour, "", false, lineOf(hour, "a", `,"o":{"a":1}`))
		l.round()
		l.put(hour, "", false, lineOf(hour, "b", `,"o":"text"`))
		type write struct {
			what string
			at   time.Time
		}
		var log []write
		s.table = func(t catalog.Table) {
			log = append(log, write{fmt.Sprintf("table %s %v", t.Columns[len(t.Columns)-1].Type.Hive(), t.Followed), time.Now()})
		}
		s.partitions = func(p []catalog.Partition) {
			if len(p) > 1 && log[len(log)-1].what != "partitions" {
				log = append(log, write{"partitions", time.Now()})
			} else {
				log[len(log)-1].at = time.Now()
			}
		}
		l.round()
		words := ""
		for _, w := range log {
			words += w.what + ", "
		}
		if want := "table struct<a:bigint> false, table string false, partitions, table string true, "; words != want {
			t.Fatalf("it wrote %s", words)
		}
		if wait := log[1].at.Sub(log[0].at); wait < bound {
			t.Errorf("changed %s after it was told that it will be", wait)
		}
		if wait := log[3].at.Sub(log[2].at); wait < bound {
			t.Errorf("done %s after the last partition", wait)
		}
		if took := log[2].at.Sub(log[1].at); took > 5*bound {
			t.Errorf("the partitions took %s", took)
		}
		if got := l.types()["o"]; got != "string" {
			t.Errorf("the column is %q", got)
		}
	})
}

// Who follows a table that has changed since stops, rather than setting partitions back.
func TestFollowsNoOldTable(t *testing.T) {
	synctest.Test(t, func(t *testing.T) { // bounds pass by its clock, however slow the machine is
		l, s := crowd(t, 20*time.Millisecond)
		old, err := l.cat.Table(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.put(hour, "", false, lineOf(hour, "wide", `,"fresh":1`))
		l.round()
		before := s.written
		if err := l.visit().followAll(t.Context(), old, time.Time{}); !errors.Is(err, catalog.ErrStale) {
			t.Errorf("got %v", err)
		}
		if s.written != before {
			t.Errorf("%d partitions were set back", s.written-before)
		}
		if got := l.types()["fresh"]; got != "bigint" {
			t.Errorf("the column is %q", got)
		}
	})
}
