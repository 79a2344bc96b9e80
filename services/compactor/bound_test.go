package compactor

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// These tests are of a catalog that cannot compare, as Glue: what keeps a healthy writer from setting a Location back is time alone.

// bounded is a lake with such a catalog, and three parts in a closed hour.
func bounded(t *testing.T, bound time.Duration) *lake {
	l := newLake(t)
	l.cat = catalog.NewMemoryLastWriter()
	l.parts(3)
	l.config.Policy.Bound = bound
	l.clock.pass(24 * time.Hour)
	return l
}

func (l *lake) visit() *visit { return l.compactor().visit(hour, &Result{}) }

func (l *lake) look(v *visit) *state {
	l.t.Helper()
	s, err := v.look(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return s
}

// A write lands within the bound of its look or not at all, and says until when it may have landed.
func TestWriteIsBound(t *testing.T) {
	l := bounded(t, time.Minute)
	v := l.visit()
	s := l.look(v)
	l.clock.pass(30 * time.Second)
	if err := v.publish(t.Context(), s); err != nil {
		t.Fatal(err)
	}
	entries, err := l.cat.Partitions(t.Context(), hour)
	if err != nil || !entries[0].WrittenAt.Equal(s.at.Add(time.Minute)) {
		t.Errorf("written at %v, want %v: %v", entries[0].WrittenAt, s.at.Add(time.Minute), err)
	}
	l.clock.pass(31 * time.Second)
	if err := v.publish(t.Context(), s); !errors.Is(err, errLost) {
		t.Errorf("after the bound: %v", err)
	}
}

// A generation is not sealed while a write decided before can still land: not within the bound of the last instant at which the last
// one may have landed.
func TestSealWaits(t *testing.T) {
	l := bounded(t, time.Minute)
	v := l.visit()
	if err := v.publish(t.Context(), l.look(v)); err != nil { // may land within the next minute, and so may one decided just before that
		t.Fatal(err)
	}
	l.clock.pass(119 * time.Second)
	if r := l.round(); r.Majors != 0 || r.Next().IsZero() {
		t.Errorf("sealed after 119 s: %+v", r)
	}
	if err := v.mayStillSeal(t.Context(), l.look(v)); !errors.Is(err, errLost) {
		t.Errorf("the last look before the seal: %v", err)
	}
	l.clock.pass(2 * time.Second)
	if r := l.round(); r.Majors != 1 {
		t.Errorf("not sealed after 121 s: %+v", r)
	}
	l.check()
}

// A seal lands within the bound of the look that allowed it.
func TestSealIsBound(t *testing.T) {
	l := bounded(t, time.Minute)
	v := l.visit()
	s := l.look(v)
	body, err := part.Empty(part.Header{Kind: part.Seal, Next: string(layout.FirstGeneration.Successor("00000000"))})
	if err != nil {
		t.Fatal(err)
	}
	l.clock.pass(61 * time.Second)
	at := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 4}
	if _, err := v.createSeal(t.Context(), s, at, part.Header{}, body); !errors.Is(err, errLost) {
		t.Errorf("got %v", err)
	}
	if _, _, err := l.store.Get(t.Context(), at.Key(), bucket.Range{}); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("it was sealed: %v", err)
	}
}

// Whoever finds a table that is not followed waits out the bound too, also when another has changed it.
func TestTwinWaitsBeforeItFollows(t *testing.T) {
	const bound = 80 * time.Millisecond
	l := bounded(t, bound)
	table, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table.Followed = false
	if _, err := l.cat.SetTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	if err := l.visit().evolve(t.Context(), nil, schema.NewInferrer(schema.Limits{}, nil)); err != nil {
		t.Fatal(err)
	}
	if took := time.Since(start); took < bound {
		t.Errorf("followed after %s", took)
	}
}

// before is a catalog in which somebody else acts just before the next write of partitions.
type before struct {
	catalog.Catalog
	act func()
}

func (b *before) SetPartitions(ctx context.Context, p []catalog.Partition) error {
	if act := b.act; act != nil {
		b.act = nil
		act()
	}
	return b.Catalog.SetPartitions(ctx, p)
}

// A column update decided before a repair lands after it, and sets the Location back. Nothing that readers had seen is hidden by that:
// nothing was merged into the generation before such a write must have landed.
func TestFollowerAfterRepair(t *testing.T) {
	l := bounded(t, 0)
	old, err := l.cat.Partitions(t.Context(), hour)
	if err != nil {
		t.Fatal(err)
	}
	l.round() // seals
	if err := l.cat.SetPartitions(t.Context(), old); err != nil {
		t.Fatal(err) // as if it had crashed between the seal and the publishing
	}
	l.config.Policy.Bound = time.Minute
	l.clock.pass(time.Hour)
	other := l.compactor()
	seen := 0
	l.cat = &before{l.cat, func() {
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Repaired != 1 {
			t.Errorf("not repaired: %+v", r)
		}
		l.put(hour, "", false, lineOf(hour, "late", ""))
		if r := other.Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Minors != 0 || r.Next().IsZero() {
			t.Errorf("merged at once: %+v", r)
		}
		seen = len(l.view(hour))
	}}
	table, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	table.Columns = append(table.Columns, catalog.Column{Field: schema.Field{Name: "new", Type: schema.Type{Kind: schema.Bool}}})
	if table, err = l.cat.SetTable(t.Context(), table); err != nil {
		t.Fatal(err)
	}
	if err := l.visit().followAll(t.Context(), table, time.Time{}); err != nil {
		t.Fatal(err)
	}
	if got := len(l.view(hour)); got < seen {
		t.Errorf("readers saw %d events, then %d", seen, got)
	}
	l.clock.pass(time.Hour)
	l.config.Policy.Bound = 0
	l.settle()
	l.check()
}

// A repair that does not land is a race lost, and no Location repaired.
func TestLostRepairIsNotCounted(t *testing.T) {
	l := bounded(t, 0)
	old, err := l.cat.Partitions(t.Context(), hour)
	if err != nil {
		t.Fatal(err)
	}
	l.round() // seals
	if err := l.cat.SetPartitions(t.Context(), old); err != nil {
		t.Fatal(err)
	}
	l.cat = &stale{l.cat, 3}
	if r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Repaired != 1 || r.Lost != 3 {
		t.Errorf("got %+v", r)
	}
}

// stale is a catalog whose next writes of partitions come too late.
type stale struct {
	catalog.Catalog
	left int
}

func (s *stale) SetPartitions(ctx context.Context, p []catalog.Partition) error {
	if s.left > 0 {
		s.left--
		return catalog.ErrStale
	}
	return s.Catalog.SetPartitions(ctx, p)
}

// Late parts cannot keep a major compaction from ever being finished, however little of it fits into one invocation.
func TestMajorIsFinished(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Target, l.config.Policy.MajorParts, l.config.Policy.MajorShare = 2000, 3, 2
	l.parts(8)
	for i := range 20 {
		l.put(hour, "", false, lineOf(hour, fmt.Sprint("late", i), ""))
		for range 4 { // a merge of the late event, then a group at a time
			r := l.compactor().Work(t.Context(), Task{Partition: hour}, time.Now().Add(-1))
			if len(r.SetAside) > 0 {
				t.Fatal(r.SetAside)
			}
			if r.Majors > 0 {
				l.settle()
				l.check()
				return
			}
		}
	}
	t.Error("20 late events, and no generation was sealed")
}
