package sql_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/sql"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// Of a lake whose objects have to be brought, those come that the named tables read, within the hours that are shown.
func TestBring(t *testing.T) {
	l := newLake(t)
	l.events(hour-1, `{"id":"a"}`)
	l.events(hour, `{"id":"b"}`)
	l.events(hour+1, `{"id":"c"}`)
	fresh := l.fragment(hour, false, `{"id":"d"}`)
	old := l.fragment(hour-9, false, `{"id":"e"}`)
	slot := func(p layout.Partition) string {
		return layout.Slot{Partition: p, Generation: layout.FirstGeneration, Number: 1}.Key()
	}
	for _, c := range []struct {
		query    string
		from, to layout.Partition
		want     string // the answer; empty for an error
		brought  []string
	}{
		{query: "SELECT 1", want: "1"},
		{query: "SELECT count(*) FROM EVENTS", want: "3", brought: []string{slot(hour - 1), slot(hour), slot(hour + 1)}},
		{query: "SELECT count(*) FROM events", from: hour, to: hour + 1, want: "1", brought: []string{slot(hour)}},
		{query: "SELECT count(*) FROM events", to: hour, want: "1", brought: []string{slot(hour - 1)}},
		{query: "SELECT count(*) FROM events_raw", want: "2", brought: []string{old, fresh}},
		{query: "SELECT count(*) FROM events_raw", from: hour, want: "1", brought: []string{fresh}},
		{query: "SELECT count(*) FROM events_live", from: hour, want: "3", brought: []string{slot(hour), slot(hour + 1), fresh}},
		{query: "SELECT count(*) FROM events_live", want: "4", brought: []string{slot(hour - 1), slot(hour), slot(hour + 1), fresh}},
		{query: "SELECT count(*) FROM quarantine", want: "0"},
		{query: "SELECT count(*) FROM query_table('ev' || 'ents')"},
		{query: "SELECT count(*) FROM query_table('ev' || 'ents') WHERE id = 'a'"},
		{query: "SELECT count(*) FROM query_table('ev' || 'ents') WHERE hour = '08'"},
		{query: "SELECT column_name FROM (DESCRIBE events) WHERE column_name = 'id'", want: "id", brought: []string{slot(hour - 1), slot(hour), slot(hour + 1)}},
	} {
		var brought []string
		s, err := sql.Open(t.Context(), sql.Lake{
			Bucket: l.bucket, Catalog: l.catalog, Root: l.dir, IDField: "id", Now: func() time.Time { return now }, From: c.from, To: c.to, Threads: 1,
			Bring: func(_ context.Context, objects []bucket.Object) error {
				brought = nil
				for _, o := range objects {
					if o.ETag == "" || o.Size == 0 {
						t.Errorf("%s is not described: %+v", o.Key, o)
					}
					brought = append(brought, o.Key)
				}
				return nil
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := ask(t.Context(), s, c.query)
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "name it in the statement") {
				t.Errorf("%s gives %s, %v", c.query, got, err)
			}
		} else if err != nil || got != c.want || !slices.Equal(brought, c.brought) {
			t.Errorf("%s from %d to %d gives %s, want %s: %v\nbrought %q\n   want %q", c.query, c.from, c.to, got, c.want, err, brought, c.brought)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// An object that has gone between the listing and the fetching makes one more look.
func TestBringLooksAgain(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"b"}`)
	calls := 0
	s, err := sql.Open(t.Context(), sql.Lake{
		Bucket: l.bucket, Catalog: l.catalog, Root: l.dir, IDField: "id", Now: func() time.Time { return now },
		Bring: func(_ context.Context, objects []bucket.Object) error {
			if calls += len(objects); calls == 1 {
				return bucket.ErrChanged
			}
			return nil
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	check(t, s, "SELECT count(*) FROM events", "1")
	if calls != 2 {
		t.Errorf("brought %d times", calls)
	}
}
