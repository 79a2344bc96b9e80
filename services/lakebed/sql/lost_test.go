package sql_test

import (
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// Rows that nobody would miss: a statement that reads an hour whose parts are gone fails and names what is missing; one about other hours does not.
func TestLostHours(t *testing.T) {
	first, second := layout.FirstGeneration, layout.Generation("gen-0002-0123456789abcdef")
	at := func(g layout.Generation, n int) string {
		return layout.Slot{Partition: hour, Generation: g, Number: n}.Key()
	}
	const line = `{"id":"a"}`
	for name, c := range map[string]struct {
		damage func(l *lake)
		says   string
	}{
		"a part before another is gone": {func(l *lake) {
			l.part(hour, first, 2, line)
			l.publish(hour, first, line)
		}, at(first, 1)},
		"a later generation has no part": {func(l *lake) { l.publish(hour, second, line) }, layout.Location(hour, second)},
		"the first has none, and an index": {func(l *lake) {
			l.publish(hour, first, line)
			l.index(hour, first, 1, 1, "x")
			if err := l.bucket.Delete(t.Context(), bucket.Object{Key: at(first, 1)}); err != nil {
				t.Fatal(err)
			}
		}, layout.Location(hour, first)},
		"the catalog does not know it": {func(l *lake) { l.part(hour, first, 1, line) }, "lakebed rebuild"},
		"the catalog leads elsewhere": {func(l *lake) {
			l.events(hour, line)
			entries, err := l.catalog.Partitions(t.Context(), hour)
			if err != nil {
				t.Fatal(err)
			}
			entries[0].Location = layout.Location(hour+1, first)
			if err := l.catalog.SetPartitions(t.Context(), entries); err != nil {
				t.Fatal(err)
			}
		}, "lakebed rebuild"},
		"nothing is merged yet":             {func(l *lake) { l.publish(hour, first, line); l.fragment(hour, false, line) }, ""},
		"nothing is left, and nothing was":  {func(l *lake) { l.publish(hour, first, line) }, ""},
		"a later generation is not shown":   {func(l *lake) { l.events(hour, line); l.part(hour, second, 2, line) }, ""},
		"a generation before it is swept":   {func(l *lake) { l.part(hour, second, 1, line); l.publish(hour, second, line) }, ""},
		"an hour without an entry or parts": {func(l *lake) { l.fragment(hour, false, line) }, ""},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			l.events(hour+1, `{"id":"b"}`)
			c.damage(l)
			s := l.open()
			check(t, s, "SELECT id FROM events WHERE hour = '09'", "b")
			check(t, s, "SELECT count(*) FROM events_raw WHERE hour = '09'", "0")
			for _, view := range []string{"events", "events_live"} {
				_, err := ask(t.Context(), s, "SELECT count(*) FROM "+view)
				if c.says == "" && err != nil || c.says != "" && (err == nil || !strings.Contains(err.Error(), c.says)) {
					t.Errorf("%s: got %v, want it to say %q", view, err, c.says)
				}
			}
		})
	}
}

// A fragment whose content is not what its name says is left out, though every line of it can be read.
func TestFragmentOfOtherContent(t *testing.T) {
	l := newLake(t)
	l.fragment(hour, false, `{"id":"a"}`)
	flipped, emptied := l.fragment(hour, false, `{"id":"b"}`), l.fragment(hour, false, `{"id":"c"}`)
	l.put(flipped, []byte(`{"id":"B"}`+"\n"))
	l.put(emptied, nil)
	s := l.open()
	check(t, s, "SELECT id FROM events_live", "a")
	if got := strings.Join(s.Broken(), " "); got != flipped+" "+emptied {
		t.Errorf("broken: %s", got)
	}
}
