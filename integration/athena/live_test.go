package athena

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// The tables beside `events`, the view of fresh events, and the named queries, as Terraform made them.
func live(t *testing.T, s *site) {
	l := newLake(t, s, "live")
	now := time.Now().UTC()
	fresh := func(from, to int) *strings.Reader {
		var b strings.Builder
		for n := from; n < to; n++ {
			fmt.Fprintf(&b, `{"event_uuid":"e%06d","created_at":%q,"event_name":"lesson:started","n":%d,"o":{"a":[%d]}}`+"\n", n, now.Format(time.RFC3339), n, n)
		}
		return strings.NewReader(b.String())
	}
	// The view's query is run as text: Trino finds no view in this emulator's Glue, not even one that it made itself.
	_, view, found := strings.Cut(s.queries[l.name]["live"], " AS\n")
	if !found || len(s.queries[l.name]) != 3 {
		t.Fatalf("named queries %v", s.queries[l.name])
	}
	view = "(" + view + ") AS events_live"
	l.run(fresh(0, 100), "run", "-")
	l.run(strings.NewReader("{broken\n"+`{"event_uuid":"","created_at":1}`+"\n"), "ingest", "-")
	l.run(fresh(50, 150), "ingest", "-") // not compacted
	for statement, want := range map[string]int64{
		"SELECT count(event_uuid) FROM events":                                              100,
		"SELECT count(DISTINCT event_uuid) FROM events_raw":                                 150,
		"SELECT count(event_uuid) FROM events_live":                                         150,
		"SELECT count(DISTINCT event_uuid) FROM events_live":                                150,
		"SELECT count(created_datetime) FROM events_live WHERE event_subtype = 'started'":   150,
		"SELECT count(data) FROM quarantine":                                                2,
		"SELECT count(DISTINCT reason) FROM quarantine WHERE \"position\" IS NOT NULL":      2,
		fmt.Sprintf("SELECT count(event_uuid) FROM events_live WHERE dt < '%s'", "2020-01"): 0,
	} {
		if n := s.number(t, l.name, strings.Replace(statement, "FROM events_live", "FROM "+view, 1)); n != want {
			t.Errorf("%s gives %d, want %d", statement, n, want)
		}
	}
	for name, query := range s.queries[l.name] {
		if name == "live" { // it makes the view, which was run as text
			continue
		}
		if why := s.failure(t, l.name, query); why != "" {
			t.Errorf("%s: %s\n%s", name, why, query)
		}
	}
	l.run(nil, "compact")
	for _, table := range []string{"events", view} {
		if n := s.number(t, l.name, "SELECT count(DISTINCT event_uuid) + count(event_uuid) FROM "+table); n != 300 {
			t.Errorf("%s has %d after compaction, want each of 150 once", table, n)
		}
	}
}
