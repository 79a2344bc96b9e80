package compactor

import (
	"context"
	"fmt"
	"maps"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// old is a lake with a closed hour of 3 parts, whose events an earlier transform, which knew of no created_datetime and named types otherwise, has
// made; late is a fragment that waits.
func old(t *testing.T) *lake {
	l := newLake(t)
	for n := range 3 {
		var lines []string
		for i := range 10 {
			lines = append(lines, lineOf(hour, fmt.Sprintf("e%d-%d", n, i), fmt.Sprintf(`,"event_name":"a:b","n":%d,"event_type":"A"`, i)))
		}
		l.put(hour, "", false, lines...)
		l.round()
	}
	l.clock.at = hour.End().Add(l.config.Policy.Close + time.Minute)
	l.put(hour, "", false, lineOf(hour, "late", `,"event_name":"a:b"`))
	return l
}

// renew is what readers are to see of old once it is reprocessed.
func (l *lake) renew() {
	for id, line := range l.want[hour] {
		line = strings.TrimSuffix(strings.TrimSuffix(line, `,"event_type":"A"}`), "}")
		l.want[hour][id] = line + `,"created_datetime":"2026-11-23T08:01:00Z","event_type":"a","event_subtype":"b"}`
	}
}

func (l *lake) reprocess(anew ...string) Rewritten {
	l.t.Helper()
	r, err := l.compactor().Reprocess(context.Background(), hour, anew, false)
	if err != nil {
		l.t.Fatal(err)
	}
	return r
}

func TestReprocess(t *testing.T) {
	l := old(t)
	if r, err := l.compactor().Reprocess(t.Context(), hour, []string{"event_type"}, true); err != nil || r.Changed != 31 || r.Lines != 31 || len(l.keys(layout.Visits)) > 0 {
		t.Errorf("a try gives %+v, %v", r, err)
	}
	r := l.reprocess("event_type")
	if r.Lines != 31 || r.Changed != 31 || r.Dropped+r.Refused != 0 || !r.Anew {
		t.Errorf("got %+v", r)
	}
	l.renew()
	l.check()
	table, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if names := fmt.Sprint(declared(table)); !strings.Contains(names, "event_subtype") {
		t.Errorf("columns are %s", names)
	}
	keys := l.keys(l.location(hour))
	if h, _, err := part.ReadHeader(t.Context(), l.store, keys[0]); len(keys) != 1 || err != nil || h.Events != 31 || h.Lines != 31 || h.Fragments != 4 {
		t.Errorf("%v: %+v, %v", keys, h, err)
	}
	if r := l.reprocess("event_type"); r.Changed != 0 || r.Lines != 31 || r.Anew {
		t.Errorf("a second time gives %+v", r)
	}
	l.put(hour, "", false, l.want[hour]["late"]) // a copy that the new transform has seen
	if r := l.settle(); r.Duplicates != 1 || r.Conflicts != 0 {
		t.Errorf("a copy: %+v", r)
	}
	l.check()
}

// What the transform refuses stays as it was, and is counted once, however often it is read.
func TestReprocessRefused(t *testing.T) {
	l := newLake(t)
	l.put(hour, "", false, lineOf(hour, "bad", ""), lineOf(hour, "good", `,"event_name":"x"`))
	l.settle()
	l.put(hour, "", false, lineOf(hour, "late", ""))
	for _, try := range []bool{true, false} { // without created_at there is no event
		if r, err := l.compactor().Reprocess(t.Context(), hour, []string{"created_at"}, try); err != nil || r.Refused != 2 || r.Changed != 1 || r.Lines != 3 {
			t.Errorf("got %+v, %v", r, err)
		}
	}
	if got := l.view(hour); got["bad"] != l.want[hour]["bad"] || got["good"] == l.want[hour]["good"] {
		t.Errorf("readers see %v", got)
	}
}

// What a producer wrote stays, though an earlier transform has added something behind it.
func TestReprocessKeepsTheProducers(t *testing.T) {
	l := newLake(t)
	mine := lineOf(hour, "mine", `,"event_name":"a:b","event_type":"MINE","created_datetime":"2026-11-23T08:01:00Z","event_subtype":"b"`)
	l.put(hour, "", false, mine, lineOf(hour, "old", `,"event_name":"a:b","created_datetime":"2026-11-23T08:01:00Z","event_type":"A"`))
	l.settle()
	if r := l.reprocess("event_type", "event_subtype", "created_datetime"); r.Lines != 2 || r.Changed != 1 {
		t.Errorf("got %+v", r)
	}
	want := lineOf(hour, "old", `,"event_name":"a:b","created_datetime":"2026-11-23T08:01:00Z","event_type":"a","event_subtype":"b"`)
	if got := l.view(hour); got["mine"] != mine || got["old"] != want {
		t.Errorf("readers see %v", got)
	}
}

// The hour is visited until the old generation is swept, though no fragment is left in it; and then no more.
func TestReprocessIsSwept(t *testing.T) {
	l := old(t)
	l.settle()
	l.clock.pass(100 * time.Hour)
	l.settle()
	if left := l.keys(layout.Raw); len(left) > 0 {
		t.Fatalf("fragments are left: %v", left)
	}
	gone := l.keys(l.location(hour))
	l.reprocess("event_type")
	l.renew()
	if dirty, err := l.compactor().Survey(t.Context()); err != nil || len(dirty) != 1 || dirty[0].Partition != hour {
		t.Errorf("dirty are %v, %v", dirty, err)
	}
	l.clock.pass(time.Hour)
	if r := l.settle(); r.Swept > 0 {
		t.Errorf("within the grace: %+v", r)
	}
	l.clock.pass(l.config.Policy.Grace)
	l.settle()
	for _, key := range gone {
		if h, _, err := part.ReadHeader(t.Context(), l.store, key); err != nil || h.Kind != part.Swept && h.Kind != part.Seal {
			t.Errorf("%s: %+v, %v", key, h, err)
		}
	}
	if left := l.keys(layout.Visits); len(left) > 0 {
		t.Errorf("still marked: %v", left)
	}
	l.check()
}

// On a catalog that cannot compare it waits until the generation may be sealed.
func TestReprocessBound(t *testing.T) {
	l := old(t)
	l.cat = catalog.NewMemoryLastWriter()
	l.config.Policy.Bound = 5 * time.Millisecond
	l.config.Now = func() time.Time { return l.clock.now().Add(time.Since(start)) }
	r := l.reprocess("event_type")
	l.renew()
	l.check()
	if !r.Anew || r.Changed != 31 {
		t.Errorf("got %+v", r)
	}
}

var start = time.Now()

// 51, 70: reprocessing is broken off at any call, before or after it took effect; readers see each event once, old or new, and a second run
// ends it.
func TestReprocessCrashAnywhere(t *testing.T) {
	t.Parallel()
	run := func(l *lake) error {
		_, err := l.compactor().Reprocess(context.Background(), hour, []string{"event_type"}, false)
		return err
	}
	l := old(t)
	trace := faulty.New(nil)
	l.bucket, l.cat = faulty.NewBucket(l.store, trace), catalogtest.NewFaulty(l.cat, trace)
	if err := run(l); err != nil {
		t.Fatal(err)
	}
	total := trace.Count()
	if total < 50 {
		t.Fatalf("only %d operations", total)
	}
	for when, every := range map[faulty.When]int{faulty.After: 1, faulty.Before: 5, faulty.Midway: 3, faulty.Late: 2} { // before one is after another
		for n := 1; n <= total; n += every {
			l := old(t)
			before := maps.Clone(l.want[hour])
			whole := l.cat
			faults := faulty.Crash(n, when, fmt.Errorf("crash at operation %d, %v", n, when))
			l.bucket, l.cat = faulty.NewBucket(l.store, faults), catalogtest.NewFaulty(whole, faults)
			crashed := run(l)
			l.bucket, l.cat = l.store, whole
			l.renew()
			after := l.want[hour]
			got := l.view(hour)
			if _, fresh := got["late"]; len(got) != 30 && (len(got) != 31 || !fresh) {
				t.Fatalf("%v: readers see %d events", crashed, len(got))
			}
			for id, line := range got {
				if line != before[id] && line != after[id] {
					t.Fatalf("%v: %s is %q", crashed, id, line)
				}
			}
			faults.Land()
			if err := run(l); err != nil {
				t.Fatalf("after %v: %v", crashed, err)
			}
			l.check()
			l.clock.pass(100 * time.Hour)
			l.settle()
			l.check()
			if left := append(l.keys(layout.Raw), l.keys(layout.Visits)...); len(left) > 0 {
				t.Fatalf("after %v: left are %v", crashed, left)
			}
		}
	}
}

// 70: while it sleeps before any operation, of which the seal is the last, a late event is merged by another: once, and as the new transform makes it.
func TestReprocessBesideAWorker(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		l := old(t)
		l.config.Policy.MajorParts, l.config.Policy.MajorShare = 100, 1 // the other merges fragments only
		other := l.compactor()
		z := &zombie{Bucket: l.store, n: n, asleep: func() {
			l.put(hour, "", false, lineOf(hour, "raced", `,"event_name":"a:b"`))
			if _, err := other.Round(context.Background(), time.Time{}, nil); err != nil {
				t.Error(err)
			}
		}}
		l.bucket = z
		l.reprocess("event_type")
		l.bucket = l.store
		if z.n > 0 {
			if n < 50 {
				t.Errorf("it took %d operations", n-1)
			}
			return
		}
		l.settle()
		l.renew()
		l.check()
	}
}
