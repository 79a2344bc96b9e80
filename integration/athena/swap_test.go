package athena

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
)

func reader(text []byte) io.Reader { return bytes.NewReader(text) }

// events are some, numbered from a number, in an hour of 2026-11-20; more is put at the end of each.
func events(from, to, hour int, more string) io.Reader {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, `{"event_uuid":"e%06d","created_at":"2026-11-20T%02d:00:00Z","event_name":"lesson:started","n":%d%s}`+"\n", n, hour, n, more)
	}
	return strings.NewReader(b.String())
}

// rewritten compacts until an hour is rewritten: a generation is sealed only when its Location was published longer ago than the catalog's bound.
func (l *lake) rewritten(hour string) {
	l.t.Helper()
	before := l.locations()[hour]
	for deadline := time.Now().Add(3 * time.Minute); l.locations()[hour] == before; time.Sleep(200 * time.Millisecond) {
		if time.Now().After(deadline) {
			l.t.Fatalf("no major compaction of %s: %v", hour, l.locations())
		}
		done := l.run(nil, "compact", "--major-parts", "1", "--major-share", "0")
		if fmt.Sprint(done[0]["races_lost"]) != "0" { // a call took longer than the catalog's bound: what it wrote is repaired
			continue
		}
		if sealed := fmt.Sprint(done[0]["generations_sealed"]) != "0"; sealed != (l.locations()[hour] != before) || fmt.Sprint(done[0]["locations_repaired"]) != "0" {
			l.t.Fatalf("the Location did not follow the major compaction itself: %v", done)
		}
	}
}

// planned gives the events that a query sees which looked up a Location before it was swapped, and now reads it.
func (l *lake) planned(location string) int64 {
	l.t.Helper()
	client := glue.NewFromConfig(l.site.Config())
	events, err := client.GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: aws.String(l.name), Name: aws.String("events")})
	if err != nil {
		l.t.Fatal(err)
	}
	storage := *events.Table.StorageDescriptor
	storage.Location = aws.String(location)
	name := fmt.Sprintf("planned_%d", time.Now().UnixNano())
	if _, err := client.CreateTable(l.t.Context(), &glue.CreateTableInput{DatabaseName: aws.String(l.name), TableInput: &types.TableInput{
		Name: aws.String(name), TableType: aws.String("EXTERNAL_TABLE"), StorageDescriptor: &storage, Parameters: map[string]string{"EXTERNAL": "TRUE"},
	}}); err != nil {
		l.t.Fatal(err)
	}
	return l.site.number(l.t, l.name, "SELECT count(event_uuid) FROM "+name)
}

// A major compaction swaps the Location, and the very next query sees every event once, as does one that was under way; late events are added, copies
// are not.
func swap(t *testing.T, s *site) {
	l := newLake(t, s, "swap")
	seen := func(want int64) {
		t.Helper()
		if rows := s.query(t, l.name, "SELECT count(event_uuid), count(DISTINCT event_uuid), sum(n) FROM events WHERE hour = '08'"); fmt.Sprint(rows[0]) != fmt.Sprint([]any{want, want, want * (want - 1) / 2}) {
			t.Errorf("it sees %v, want %d events", rows, want)
		}
	}
	l.run(events(0, 500, 8, ""), "run", "-")
	seen(500)
	l.run(events(400, 700, 8, ""), "run", "-")
	seen(700)
	before := l.locations()["2026-11-20 08"]
	l.rewritten("2026-11-20 08")
	seen(700)
	after := l.locations()["2026-11-20 08"]
	if before == after || !strings.Contains(before, "/gen-0001") || !strings.Contains(after, "/gen-0002-") {
		t.Errorf("the Location went from %s to %s", before, after)
	}
	for _, row := range s.query(t, l.name, `SELECT DISTINCT "$path" FROM events WHERE hour = '08'`) {
		if path := fmt.Sprint(row[0]); !strings.HasPrefix(path, after) {
			t.Errorf("it reads %s, the Location is %s", path, after)
		}
	}
	l.run(events(700, 720, 8, `,"late":true`), "run", "-")
	if n := l.planned(before); n != 700 {
		t.Errorf("a query under way sees %d of 700 events of the generation that it began with", n)
	}
	seen(720)
	if n := s.number(t, l.name, "SELECT count(late) FROM events"); n != 20 {
		t.Errorf("%d late events", n)
	}
	if n := l.same("events", "event_uuid", ""); n != 720 {
		t.Errorf("%d rows", n)
	}
	l.run(nil, "compact", "--all", "--now", time.Now().Add(2*time.Hour).UTC().Format(time.RFC3339)) // the grace is an hour
	if n := l.planned(before); n != 0 {
		t.Errorf("%d events of the old generation are left after the grace", n)
	}
	seen(720)
}
