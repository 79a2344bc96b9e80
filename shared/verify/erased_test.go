package verify

import (
	"bytes"
	"context"
	"reflect"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// bury puts a tombstone, and gives its key.
func (l *lake) bury(field, value string, until time.Time) string {
	return must(erasure.Add(context.Background(), l.Bucket, field, []string{value}, until))
}

// buried tells whether a tombstone matches a line.
func (l *lake) buried(text string) bool {
	until, found := must(erasure.Load(context.Background(), l.Bucket)).Find([]byte(text))
	return found && must(must(event.NewDecoder(l.Mapping, 0)).Inspect([]byte(text))).Time.Before(until)
}

// erase rewrites an hour without what is buried, and leaves the old generation to the sweeper.
func (l *lake) erase(p layout.Partition) layout.Visit {
	next := l.succeed(p, "0123456789abcdef")
	mark := layout.Visit{Partition: p, Generation: next}
	l.put(mark.Key(), nil)
	l.seal(p, next)
	l.publish(p, next)
	return mark
}

// erased is the full lake with an event erased from hour8, one of which is in a fragment that waits, too, and one record of the quarantine.
func erased(t testing.TB) *lake {
	l := full(t)
	l.bury("o.s", "x2", hour9.Start())
	l.store(hour8, line(hour8, "new", `,"o":{"s":["x2"]}`), line(hour8, "other", `,"o":{"s":"x"}`))
	l.erase(hour8)
	l.bury("O.S", "x9", hour8.Start()) // matches nothing
	n, err := quarantine.Erase(t.Context(), l.Bucket, l.keyOf(layout.Quarantine, "not_json"), func(r quarantine.Reject) bool { return string(r.Data) == "]" })
	if l.must(err); n != 1 {
		t.Fatalf("%d records erased", n)
	}
	return l
}

// What is erased is missing nowhere, and what will be is not live.
func TestErased(t *testing.T) {
	l := erased(t)
	before := full(t).run()
	r := l.run()
	whole(t, r)
	want := HourAccount{Partition: hour8.String(), Stored: 13, Waiting: 2, Merged: 11, Dropped: 1, Conflicts: 1, Erased: 1, Events: 8, Live: 9}
	if r.Hours[0] != want || r.Erased != 1 || r.Events != before.Events-1 || r.Live != before.Live || !r.Closes() {
		t.Errorf("got %+v, live %d, before %d", r.Hours[0], r.Live, before.Live)
	}
	l.merge(hour8, "")
	r = l.run()
	whole(t, r)
	want = HourAccount{Partition: hour8.String(), Stored: 13, Merged: 13, Dropped: 1, Conflicts: 1, Erased: 2, Events: 9, Live: 9}
	if r.Hours[0] != want || r.Erased != 2 {
		t.Errorf("merged: got %+v", r.Hours[0])
	}
	for _, memory := range []int64{1, 1 << 14} { // the ids do not fit
		l.Memory = memory
		if again := l.run(); !reflect.DeepEqual(again, r) {
			t.Errorf("%d bytes: got %+v, want %+v", memory, again, r)
		}
	}
	// Without the tombstone the event is missing.
	for _, key := range l.keys(layout.Erasures) {
		l.remove(key)
	}
	r = l.run()
	if len(r.Breaches) != 2 || r.Breaches[0].Code != EventMissing || r.Breaches[1].Code != EventMissing {
		t.Errorf("got %v", r.Breaches)
	}
}

// The same where the ids do not fit, of a fragment of many lines.
func TestErasedInManyPasses(t *testing.T) {
	l := newLake(t)
	all := lines(hour8, "big", 3000)
	l.store(hour8, all...)
	l.bury("n", "1234", hour9.Start())
	l.merge(hour8, "")
	l.store(hour8, lines(hour8, "wait", 2000)...)
	for _, memory := range []int64{0, 1} {
		l.Memory = memory
		r := l.run()
		whole(t, r)
		if r.Erased != 1 || r.Events != 2999 || r.Live != 2999+1999 {
			t.Errorf("%d bytes: %d erased, %d events, %d live", memory, r.Erased, r.Events, r.Live)
		}
	}
}

// A mark keeps an hour visited, so that its old generation waits for the sweeper.
func TestMarked(t *testing.T) {
	l := erased(t)
	l.merge(hour8, "")
	l.sweepRaw(hour8)
	whole(t, l.run())
}

// Tombstones and the hours' marks are the lake's own; each byte of the former counts.
func TestEveryByteOfATombstoneCounts(t *testing.T) {
	l := erased(t)
	for _, key := range l.keys(layout.Erasures) {
		body := l.get(key)
		for at := range body {
			bad := slices.Clone(body)
			bad[at] ^= 1 << (at % 8)
			l.put(key, bad)
			if r := l.run(); !slices.ContainsFunc(r.Breaches, func(b Breach) bool { return b.Code == ErasureBroken || b.Code == NewerFormat }) {
				t.Errorf("nothing is found when byte %d of %s is %q, not %q: %v", at, key, bad[at], body[at], r.Breaches)
			}
		}
		l.put(key, body)
	}
	whole(t, l.run())
}

// An erasure beside the verifier, at every pace, is no breach.
func TestErasureBeside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		for _, every := range []int{1, 2, 5} {
			for begin := 0; eraseBeside(t, begin, every); begin++ {
			}
		}
	})
}

func eraseBeside(t *testing.T, begin, every int) bool {
	l := newLake(t)
	l.Grace = 0
	l.deliver(batch{lines: map[layout.Partition][]string{hour8: lines(hour8, "a", 3)}, rejects: map[event.Reason][]string{event.NotJSON: {"x", "y"}}})
	l.merge(hour8, "")
	l.store(hour8, line(hour8, "b-0", `,"n":0,"o":{"s":"x1"}`), line(hour8, "b-1", ""))
	var mark layout.Visit
	life := []func(){
		func() { l.bury("o.s", "x1", hour9.Start()) },
		func() { l.merge(hour8, "") },
		func() { mark = l.erase(hour8) },
		func() {
			must(quarantine.Erase(context.Background(), l.Bucket, l.keys(layout.Quarantine)[0], func(r quarantine.Reject) bool { return bytes.Equal(r.Data, []byte("y")) }))
		},
		func() { l.sweepRaw(hour8) },
		func() { l.sweepSlots(hour8) },
		func() { l.remove(mark.Key()) },
	}
	r, read := l.lives(t, life, begin, every)
	if r.Events != 3 || r.Erased != 2 {
		t.Fatalf("got %+v", r)
	}
	return read >= begin
}

// An event that is buried and merged away after the tombstones were read is not missing.
func TestBuriedMeanwhile(t *testing.T) {
	for n := 0; ; n++ {
		l := newLake(t)
		l.store(hour8, lines(hour8, "a", 3)...)
		h := &hooked{Bucket: l.Bucket, fail: -1}
		h.do = func(at int) {
			if at == n {
				l.bury("n", "1", hour9.Start())
				l.merge(hour8, "")
			}
		}
		lake := l.Lake
		lake.Bucket, lake.Now, lake.Parallel = h, l.clock, 1
		r, err := Run(t.Context(), lake, nil)
		if err != nil || len(r.Breaches) > 0 {
			t.Fatalf("before the %dth of %d reads: %v, %v", n, h.count(), err, r.Breaches)
		}
		if n >= h.count() {
			return
		}
	}
}

// Below the lake's own folders, what has another form is foreign.
func TestForeignBesideTombstones(t *testing.T) {
	l := erased(t)
	l.put(layout.Backfill("b-0123"), []byte("{}"))
	whole(t, l.run())
	foreign := []string{layout.Backfills + "x/y.json", layout.Erasures + "x.json", layout.VisitPrefix(hour8) + "x"}
	for _, key := range foreign {
		l.put(key, nil)
	}
	var got []string
	for _, b := range l.run().Warnings {
		got = append(got, b.Key)
	}
	if !slices.Equal(got, foreign) {
		t.Errorf("got %v, want %v", got, foreign)
	}
}
