package sql_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/sql"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
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

// A statement that reads such an hour fails whatever its condition, also one that no NULL meets. Only dt and hour leave the hour out.
func TestLostHoursUnderConditions(t *testing.T) {
	l := newLake(t)
	const line = `{"id":"b","event_type":"lesson","user_id":7,"score":1.5,"paid":true,"geo":{"country":"CH"},"tags":["x"],"created_at":"2026-11-23T09:01:00Z"}`
	l.events(hour+1, line)
	l.part(hour, layout.FirstGeneration, 2, line)
	l.publish(hour, layout.FirstGeneration, line)
	l.fragment(hour+1, false, strings.Replace(line, `"b"`, `"c"`, 1))
	gone := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 1}.Key()
	s := l.open()
	for view, want := range map[string]string{"events": "1", "events_live": "2"} {
		columns := strings.Fields(answer(t, s, "SELECT column_name FROM (DESCRIBE "+view+") WHERE column_name NOT IN ('dt', 'hour')"))
		if len(columns) != 8 {
			t.Fatalf("%s has the columns %q", view, columns)
		}
		conditions := []string{
			"event_type = 'lesson'", "event_type <> 'x'", "event_type < 'z'", "event_type IN ('lesson', 'x')", "event_type LIKE 'l%'", "NOT event_type = 'x'",
			"user_id > 0", "user_id + 1 > 0", "user_id BETWEEN 1 AND 9", "created_at >= '2026-11-23'", "CAST(created_at AS TIMESTAMP) >= '2026-11-23'",
			"geo.country = 'CH'", "tags[1] = 'x'", "paid", "event_type = 'lesson' AND user_id > 0", "event_type = 'lesson' OR user_id = 8",
			"event_type IS NULL", "coalesce(event_type, 'lesson') = 'lesson'",
			"dt = '2026-11-23' AND event_type = 'lesson'", "hour >= '08' AND event_type = 'lesson'", "hour = '08' AND user_id > 0",
		}
		for _, c := range columns {
			conditions = append(conditions, c+" IS NOT NULL")
		}
		for _, c := range conditions {
			got, err := ask(t.Context(), s, "SELECT count(*) FROM "+view+" WHERE "+c)
			if err == nil || !strings.Contains(err.Error(), gone) {
				t.Errorf("%s WHERE %s: got %s, %v, want it to say %q", view, c, got, err, gone)
			}
		}
		for _, other := range []string{"hour = '09'", "hour <> '08'", "hour IN ('09', '10')", "dt || hour >= '2026-11-2309'", "dt = '2026-11-23' AND hour > '08'"} {
			for _, c := range []string{"true", "event_type = 'lesson'", "event_type IS NOT NULL AND user_id > 0", "geo.country = 'CH'"} {
				check(t, s, "SELECT count(*) FROM "+view+" WHERE "+c+" AND "+other, want)
			}
		}
		check(t, s, "SELECT count(*) FROM "+view+" WHERE dt > '2026-11-23' AND event_type = 'lesson'", "0")
	}
}

// late is a catalog in which an hour is registered after all were read.
type late struct {
	catalog.Catalog
	register func()
	asked    []int // for how many by name, call by call; 0 is for all
}

func (c *late) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	c.asked = append(c.asked, len(which))
	if len(which) > 0 {
		c.register()
	}
	return c.Catalog.Partitions(ctx, which...)
}

// Hours with parts that the catalog did not know are asked for once more, in one call: what was registered meanwhile is no damage.
func TestHoursRegisteredMeanwhile(t *testing.T) {
	l := newLake(t)
	const line = `{"id":"a"}`
	l.events(hour, line)
	for n := range layout.Partition(3) {
		l.part(hour+1+n, layout.FirstGeneration, 1, line)
	}
	c := &late{Catalog: l.catalog, register: func() { l.publish(hour+2, layout.FirstGeneration, line) }}
	s, err := sql.Open(t.Context(), sql.Lake{Bucket: l.bucket, Catalog: c, Root: l.dir, IDField: l.id, Now: func() time.Time { return now }, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if !slices.Equal(c.asked, []int{0, 3}) {
		t.Errorf("asked for %d", c.asked)
	}
	check(t, s, "SELECT count(*) FROM events WHERE hour = '08'", "1")
	check(t, s, "SELECT count(*) FROM events WHERE hour = '10'", "0") // until the next look
	for _, hh := range []string{"09", "11"} {
		if got, err := ask(t.Context(), s, "SELECT count(*) FROM events WHERE hour = '"+hh+"'"); err == nil || !strings.Contains(err.Error(), "hour="+hh) {
			t.Errorf("hour %s: got %s, %v", hh, got, err)
		}
	}
	c.asked = nil
	l.publish(hour+1, layout.FirstGeneration, line)
	l.publish(hour+3, layout.FirstGeneration, line)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT count(*) FROM events", "4")
	if !slices.Equal(c.asked, []int{0}) {
		t.Errorf("of a whole lake asked for %d", c.asked)
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
