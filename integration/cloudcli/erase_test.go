package cloudcli

import (
	"fmt"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/shared/bucket"
)

// holding lists the objects in which a text stands, of all that lie in the lake.
func (l *lake) holding(text string) []string {
	l.t.Helper()
	var found []string
	for _, key := range l.keys("") {
		body, _, err := l.bucket.Get(l.t.Context(), key, bucket.Range{})
		if err != nil {
			l.t.Fatal(err)
		}
		var in io.Reader = body
		if strings.HasSuffix(key, ".gz") {
			if in, err = gzip.NewReader(body); err != nil {
				l.t.Fatal(err)
			}
		}
		all, err := io.ReadAll(in)
		if err != nil {
			l.t.Fatal(err)
		}
		_ = body.Close()
		if strings.Contains(string(all), text) {
			found = append(found, key)
		}
	}
	return found
}

// Whoever pushed most of 800 real events is erased from a lake in S3: nobody sees them at once, no object holds them after the grace, and all the
// others are there as before. Reprocessing with the same transform changes nothing, and takes off what it is told to.
func TestEraseAndReprocess(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(github); err != nil {
		emulator.Skip(t, "the real events are not there: %v", err)
	}
	l := newLake(t, account(t), "erase", "id_field: id", "time_field: created_at", "name_field: type", "parallel: 4")
	l.ok(github, "run", "-").has(map[string]int{"stored": 800})
	most := l.ok("", "query", "select actor.login as who, count(*) as n from events group by 1 order by 2 desc, 1 limit 1").rows()[0]
	who, n := fmt.Sprint(most["who"]), int(most["n"].(float64))
	if n < 2 {
		t.Fatalf("%s has %d events", who, n)
	}
	others := fmt.Sprintf("select * from events where actor.login <> '%s' order by id", who)
	before := l.ok("", "query", others).out.String()

	l.ok("", "reprocess").has(map[string]int{"hours": 4, "hours_rewritten": 0, "events": 800, "events_changed": 0})
	l.ok("", "reprocess", "--anew", "created_datetime").has(map[string]int{"hours_rewritten": 0, "events_changed": 0})

	args := []string{"erase", "--field", "Actor.Login", "--value", who}
	report := l.ok("", args...)
	report.has(map[string]int{"events_erased": n, "set_aside": 0, "unreadable": 0})
	if after := l.ok("", "query", "select * from events order by id").out.String(); after != before {
		t.Error("other events have changed")
	}
	l.whole()
	gone, err := time.Parse(time.RFC3339, fmt.Sprint(report.rows()[0]["gone_after"]))
	if err != nil {
		t.Fatal(err)
	}
	l.ok("", "compact", "--now", gone.Add(time.Minute).Format(time.RFC3339))
	if left := l.holding(fmt.Sprintf(`"login":%q`, who)); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	l.ok(github, "run", "-")
	l.ok("", "status").has(map[string]int{"events": 800 - n})
	l.ok("", args...).has(map[string]int{"events_erased": 0})
}
