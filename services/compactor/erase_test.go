package compactor

import (
	"context"
	"fmt"
	"iter"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
)

const secret = "ada@example.com"

// people is a lake with an hour of 3 parts, in which every fifth event is of the secret, and a fragment that waits with one more.
func people(t *testing.T) *lake {
	l := newLake(t)
	for n := range 3 {
		var lines []string
		for i := range 10 {
			who := fmt.Sprint("user", i)
			if i%5 == 0 {
				who = secret
			}
			lines = append(lines, lineOf(hour, fmt.Sprintf("e%d-%d", n, i), fmt.Sprintf(`,"user":{"mail":%q}`, who)))
		}
		l.put(hour, "", false, lines...)
		l.round()
	}
	l.clock.at = hour.End().Add(l.config.Policy.Close + time.Minute)
	l.put(hour, "", true, lineOf(hour, "late", fmt.Sprintf(`,"user":{"mail":%q}`, secret)), lineOf(hour, "other", ""))
	return l
}

// forget takes the secret from what readers are to see.
func (l *lake) forget() {
	for _, want := range l.want {
		for id, line := range want {
			if strings.Contains(line, secret) {
				delete(want, id)
			}
		}
	}
}

// bury puts the tombstone.
func (l *lake) bury(until time.Time) *erasure.Set {
	l.t.Helper()
	if _, err := erasure.Add(context.Background(), l.store, "user.mail", []string{secret}, until); err != nil {
		l.t.Fatal(err)
	}
	set, err := erasure.Load(context.Background(), l.store)
	if err != nil {
		l.t.Fatal(err)
	}
	return set
}

// hold lists the objects with events that hold the secret.
func (l *lake) hold() []string {
	l.t.Helper()
	var keys []string
	for _, key := range append(l.keys(layout.Raw), l.keys(layout.Events)...) {
		lines, err := part.Open(context.Background(), l.store, key, strings.HasSuffix(key, ".gz"))
		if err != nil {
			l.t.Fatal(err)
		}
		for lines.Next() {
			if strings.Contains(string(lines.Bytes()), secret) {
				keys = append(keys, key)
				break
			}
		}
		_ = lines.Close()
	}
	return keys
}

func TestErase(t *testing.T) {
	l := people(t)
	late := l.want[hour]["late"]
	set := l.bury(l.clock.now())
	if r, err := l.compactor().Erase(t.Context(), hour, set, true); err != nil || r.Dropped != 7 || len(l.hold()) != 7 || len(r.Holding) != 3 {
		t.Errorf("a try gives %+v, %v", r, err)
	}
	r, err := l.compactor().Erase(t.Context(), hour, set, false)
	if err != nil || r.Dropped+r.Erased != 7 || !r.Anew || len(r.SetAside) > 0 {
		t.Errorf("got %+v, %v", r, err)
	}
	if got, want := fmt.Sprint(r.Holding), l.hold(); len(want) == 0 || len(r.Holding) != len(want) {
		t.Errorf("it says that %s hold it, and these do: %s", got, want)
	}
	l.forget()
	l.check()
	sum := part.Header{}
	for _, key := range l.keys(l.location(hour)) {
		h, _, err := part.ReadHeader(t.Context(), l.store, key)
		if err != nil {
			t.Fatal(err)
		}
		sum.Events, sum.Lines, sum.Erased = sum.Events+h.Events, sum.Lines+h.Lines, sum.Erased+h.Erased
	}
	if sum.Events != 25 || sum.Lines != 32 || sum.Erased != 7 {
		t.Errorf("the headers sum up to %+v", sum)
	}
	l.clock.at = r.Gone.Add(time.Minute)
	l.settle()
	if left := l.hold(); len(left) > 0 {
		t.Errorf("at %s it is left in %v", r.Gone, left)
	}
	l.put(hour, "", false, late)
	delete(l.want[hour], "late")
	if r := l.settle(); r.Erased != 1 || r.Events != 0 {
		t.Errorf("a late copy: %+v", r)
	}
	l.check()
	if r, err := l.compactor().Erase(t.Context(), hour, set, false); err != nil || r.Dropped != 0 || r.Anew || len(r.Holding) != 1 {
		t.Errorf("a second time: %+v, %v", r, err)
	}
}

// What happened later than the tombstone says stays, to the second.
func TestEraseUntil(t *testing.T) {
	l := people(t)
	l.put(hour+1, "", false, lineOf(hour+1, "returned", fmt.Sprintf(`,"user":{"mail":%q}`, secret)))
	l.put(hour, "", false, fmt.Sprintf(`{"event_uuid":"after","created_at":"2026-11-23T08:30:01Z","user":{"mail":%q}}`, secret))
	kept := map[string]string{"after": l.want[hour]["after"], "returned": l.want[hour+1]["returned"]}
	set := l.bury(hour.Start().Add(30*time.Minute + time.Second))
	for _, p := range []layout.Partition{hour, hour + 1} {
		if r, err := l.compactor().Erase(t.Context(), p, set, false); err != nil || len(r.SetAside) > 0 {
			t.Fatalf("%+v, %v", r, err)
		}
	}
	l.forget()
	l.want[hour]["after"], l.want[hour+1]["returned"] = kept["after"], kept["returned"]
	l.check()
}

// A worker that read the tombstones before there was one merges what the erasure finds all the same: whatever it does, and whenever, nobody sees
// the secret in the end.
func TestEraseBesideAWorker(t *testing.T) {
	t.Parallel()
	for n := 1; ; n++ {
		l := people(t)
		z := &zombie{Bucket: l.store, n: n, asleep: func() {
			set := l.bury(l.clock.now())
			c, err := New(l.store, l.cat, l.config)
			if err != nil {
				t.Fatal(err)
			}
			if r, err := c.Erase(context.Background(), hour, set, false); err != nil || len(r.SetAside) > 0 {
				t.Fatalf("%+v, %v", r, err)
			}
		}}
		l.bucket = z
		l.settle()
		l.bucket = l.store
		if z.n > 0 {
			t.Logf("%d operations", n)
			break
		}
		l.forget()
		l.clock.pass(100 * time.Hour)
		l.settle()
		l.check()
		if left := l.hold(); len(left) > 0 {
			t.Fatalf("asleep before operation %d: left in %v", n, left)
		}
	}
}

// burier puts a tombstone just before they are listed once more.
type burier struct {
	bucket.Bucket
	listed int
	bury   func()
}

func (b *burier) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	if prefix == layout.Erasures {
		if b.listed++; b.listed == 2 {
			b.bury()
		}
	}
	return b.Bucket.List(ctx, prefix, after)
}

// A conflict that a merge found is quarantined without its bytes when it was erased meanwhile.
func TestEraseConflict(t *testing.T) {
	l := newLake(t)
	l.put(hour, "", false, lineOf(hour, "x", `,"n":1`))
	l.put(hour, "", false, lineOf(hour, "x", fmt.Sprintf(`,"user":{"mail":%q}`, secret)))
	l.bucket = &burier{Bucket: l.store, bury: func() { l.bury(hour.End()) }}
	if r := l.settle(); r.Conflicts != 1 {
		t.Errorf("%+v", r)
	}
	l.bucket = l.store
	keys := l.keys(layout.Quarantine)
	if len(keys) != 1 {
		t.Fatalf("%v", keys)
	}
	rejects, err := quarantine.Read(t.Context(), l.store, keys[0])
	if err != nil || len(rejects) != 1 || !rejects[0].Erased || len(rejects[0].Data) > 0 || rejects[0].Reason != event.IDConflict {
		t.Errorf("%+v, %v", rejects, err)
	}
}

// 51: an erasure is broken off at any call; a second one ends it.
func TestEraseCrashAnywhere(t *testing.T) {
	t.Parallel()
	run := func(l *lake, set *erasure.Set) error {
		_, err := l.compactor().Erase(context.Background(), hour, set, false)
		return err
	}
	l := people(t)
	trace := faulty.New(nil)
	set := l.bury(l.clock.now())
	l.bucket, l.cat = faulty.NewBucket(l.store, trace), catalogtest.NewFaulty(l.cat, trace)
	if err := run(l, set); err != nil {
		t.Fatal(err)
	}
	total := trace.Count()
	for when, every := range map[faulty.When]int{faulty.After: 1, faulty.Before: 5, faulty.Midway: 3, faulty.Late: 2} { // before one is after another
		for n := 1; n <= total; n += every {
			l := people(t)
			set := l.bury(l.clock.now())
			whole := l.cat
			faults := faulty.Crash(n, when, fmt.Errorf("crash at operation %d, %v", n, when))
			l.bucket, l.cat = faulty.NewBucket(l.store, faults), catalogtest.NewFaulty(whole, faults)
			crashed := run(l, set)
			l.bucket, l.cat = l.store, whole
			if n%2 == 0 {
				faults.Land()
			}
			if err := run(l, set); err != nil {
				t.Fatalf("after %v: %v", crashed, err)
			}
			faults.Land()
			l.forget()
			l.check()
			l.clock.pass(100 * time.Hour)
			l.settle()
			l.check()
			if left := l.hold(); len(left) > 0 {
				t.Fatalf("after %v: left in %v", crashed, left)
			}
		}
	}
}

// 48: what the worker before wrote by a clock that is ahead keeps an erasure waiting, with fragments to be merged before and without, and
// nothing else.
func TestEraseWaitsForAClockThatIsAhead(t *testing.T) {
	for _, pending := range []bool{false, true} {
		synctest.Test(t, func(t *testing.T) {
			l := people(t)
			begun := time.Now()
			ahead := 10 * time.Minute
			l.config.Now = func() time.Time { return l.clock.now().Add(time.Since(begun) + ahead) }
			l.put(hour, "", false, lineOf(hour, "column", `,"a_new_column":1`))
			l.settle()
			ahead = 0
			if pending {
				l.put(hour, "", false, lineOf(hour, "pending", ""))
			}
			r, err := l.compactor().Erase(t.Context(), hour, l.bury(l.clock.now()), false)
			if err != nil || r.Dropped+r.Erased != 7 {
				t.Errorf("%d events, %v", r.Dropped+r.Erased, err)
			}
			if waited := time.Since(begun); waited < 9*time.Minute || waited > 11*time.Minute {
				t.Errorf("it waited %s", waited)
			}
			l.forget()
			l.check()
		})
	}
}
