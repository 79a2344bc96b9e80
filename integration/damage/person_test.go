package damage

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// A person deletes objects, or brings back what Lakebed has deleted, as a versioned bucket lets one do.

// A fragment that waits is deleted: verify names it, and it alone; back again, its events come.
func TestDeletedFragment(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	key := w.key(t, -1, "raw/", "hour=11")
	text := w.read(t, key)
	w.remove(t, key)
	w.ok(t, "compact")
	r := w.run(t, "verify")
	if r.code != 3 || !r.says("breach: fragment_missing: "+key) || !r.says("1 promises are broken") {
		t.Errorf("verify does not name what is missing: %s", r)
	}
	w.write(t, key, text)
	w.ok(t, "compact")
	w.exact(t, w.all())
}

// Fragments that were merged and swept come back, with those of a generation that was swept since: they are copies, and are swept again.
func TestRestoredFragments(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	before := w.copied(t)
	for range 2 {
		w.ok(t, slices.Concat([]string{"compact"}, together, atOnce)...)
	}
	if left := w.keys(t, "raw/"); len(left) > 0 {
		t.Fatalf("not swept: %v", left)
	}
	restored := before.keys(t, "raw/")
	for _, key := range restored {
		w.write(t, key, before.read(t, key))
	}
	for _, key := range w.keys(t, "index/") { // and what was merged is no more known by name
		w.remove(t, key)
	}
	if r := w.ok(t, slices.Concat([]string{"compact"}, apart)...); r.says("cannot be merged") {
		t.Error(r)
	}
	w.ok(t, "rebuild") // of the hours to which nothing came back
	w.exact(t, w.all())
	w.ok(t, slices.Concat([]string{"compact"}, together, atOnce)...)
	w.exact(t, w.all())
	if left := w.keys(t, "raw/"); len(left) > 0 {
		t.Errorf("of %d restored, these are left: %v", len(restored), left)
	}
}

// A restored fragment with the events of who was erased brings none of them back.
func TestRestoredErased(t *testing.T) {
	t.Parallel()
	l := lake(t.TempDir())
	all := some("a", 8, 90).byErased()
	l.ok(t, slices.Concat([]string{"ingest"}, fields, []string{file(t, all.text())})...)
	key := l.key(t, 0, "raw/")
	text := l.read(t, key)
	l.ok(t, slices.Concat([]string{"erase", "--field", "who", "--value", erasedOne}, atOnce)...)
	l.ok(t, slices.Concat([]string{"compact", "--all"}, atOnce)...)
	if left := l.keys(t, "raw/"); len(left) > 0 {
		t.Fatalf("not swept: %v", left)
	}
	l.write(t, key, text)
	l.remove(t, l.key(t, 0, "index/"))
	l.ok(t, "compact")
	l.exact(t, all.but(erasedOne))
}

// A part of the current generation is deleted. Its hour halts by name when something comes for it, and the others go on; with the part it goes on.
func TestDeletedPart(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	key := w.key(t, 0, "events/", "hour=10", "gen-0001")
	text := w.read(t, key)
	w.remove(t, key)
	late := some("late", 10, 40)
	w.ok(t, "ingest", file(t, late.text()))
	r := w.run(t, "compact")
	if r.code != 1 || !r.says(fmt.Sprintf("set aside: dt=%s/hour=10:", day)) || !r.says(key) || !r.says("restore") {
		t.Errorf("the hour does not halt by name: %s", r)
	}
	if r := w.run(t, "query", "select count(*) from events"); r.code != 1 || !r.says(key) {
		t.Errorf("a query goes on without it: %s", r)
	}
	if r := w.run(t, "verify"); r.code != 3 || !r.says("breach: slot_missing: "+key) {
		t.Errorf("verify does not name it: %s", r)
	}
	others := w.all().of(func(hour int) bool { return hour != 10 })
	if got := w.ok(t, "query", "-o", "csv", perHour+"events where hour <> '10' group by 1 order by 1").out; got != others.perHour() {
		t.Errorf("other hours: got\n%swant\n%s", got, others.perHour())
	}
	w.write(t, key, text)
	w.ok(t, "compact")
	w.exact(t, slices.Concat(w.all(), late))
}

// The seal of a generation is deleted: the older one is not shown again, by nobody, and nothing is merged into it.
func TestDeletedSeal(t *testing.T) {
	t.Parallel()
	for name, hour := range map[string]int{"swept": 8, "not swept": 13} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWhole(t)
			key := w.key(t, -1, "events/", fmt.Sprintf("hour=%02d", hour), "gen-0001")
			text := w.read(t, key)
			w.remove(t, key)
			late := some("late", hour, 40)
			w.ok(t, "ingest", file(t, late.text()))
			for _, args := range [][]string{{"compact", "--all"}, {"rebuild"}, slices.Concat([]string{"compact"}, together, atOnce)} {
				if r := w.run(t, args...); r.code != 1 || !r.says(fmt.Sprintf("set aside: dt=%s/hour=%02d: ", day, hour)) || !r.says("seal") {
					t.Errorf("the hour does not halt: %s", r)
				}
			}
			if err := compare(w.shown(t), w.all()); err != nil {
				t.Error(err)
			}
			if r := w.run(t, "verify"); r.code != 3 || !r.says("seal_wrong") || !r.says("gen-0001") {
				t.Errorf("verify does not name it: %s", r)
			}
			w.write(t, key, text)
			w.ok(t, "compact")
			w.exact(t, slices.Concat(w.all(), late))
		})
	}
}

// The catalog is deleted: rebuild makes it anew, and queries give what they gave.
func TestDeletedCatalog(t *testing.T) {
	t.Parallel()
	w := newWhole(t)
	w.ok(t, "compact")
	statement := perHour + "events group by 1 order by 1"
	before := w.ok(t, "query", "-o", "csv", statement).out
	columns := w.ok(t, "query", "-o", "csv", "select column_name, column_type from (describe events)").out
	for _, key := range w.keys(t, ".lakebed/catalog/") {
		w.remove(t, key)
	}
	if r := w.run(t, "query", statement); r.code != 1 {
		t.Errorf("a query over no catalog: %s", r)
	}
	w.ok(t, "rebuild")
	if after := w.ok(t, "query", "-o", "csv", statement).out; after != before || after != w.all().perHour() {
		t.Errorf("got\n%sbefore\n%s", after, before)
	}
	if after := w.ok(t, "query", "-o", "csv", "select column_name, column_type from (describe events)").out; after != columns {
		t.Errorf("got\n%sbefore\n%s", after, columns)
	}
	w.ok(t, "compact", "--now", time.Now().Add(24*time.Hour).UTC().Format(time.RFC3339))
	w.exact(t, w.all())
}
