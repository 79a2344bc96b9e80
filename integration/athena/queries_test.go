package athena

import (
	"cmp"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

// named runs a named query as it is shipped, and gives its rows by their columns' names.
func (l *lake) named(name string) []map[string]any {
	l.t.Helper()
	r, err := l.site.trino.Query(l.t.Context(), l.name, l.site.queries[l.name][name])
	if err != nil {
		l.t.Fatalf("%s: %v\n%s", name, err, l.site.queries[l.name][name])
	}
	var rows []map[string]any
	for _, row := range r.Rows {
		one := map[string]any{}
		for i, c := range r.Columns {
			one[c.Name] = row[i]
		}
		rows = append(rows, one)
	}
	return rows
}

// figures wants the numbers of a named query's rows, summed up over the rows that share a key, which is made of some columns: as "key: number number; key: …".
func (l *lake) figures(name, keys, numbers string, want ...string) {
	l.t.Helper()
	sums, order := map[string][]float64{}, []string{}
	for _, row := range l.named(name) {
		var key []string
		for _, k := range strings.Fields(keys) {
			key = append(key, fmt.Sprint(row[k]))
		}
		text := strings.Join(key, " ")
		if sums[text] == nil {
			order = append(order, text)
			sums[text] = make([]float64, len(strings.Fields(numbers)))
		}
		for i, n := range strings.Fields(numbers) {
			v, is := row[n].(json.Number)
			f, err := v.Float64()
			if !is || err != nil {
				l.t.Fatalf("%s: %s is %v", name, n, row[n])
			}
			sums[text][i] += f
		}
	}
	var got []string
	for _, key := range order {
		got = append(got, strings.TrimSpace(key+": "+strings.Trim(fmt.Sprint(sums[key]), "[]")))
	}
	if strings.Join(got, "; ") != strings.Join(want, "; ") {
		l.t.Errorf("%s gives %q, want %q", name, got, want)
	}
}

// Every named query tells the truth of a lake with late events, copies, rejects, and fresh events; on an empty lake none fails.
func queries(t *testing.T, s *site) {
	l := newLake(t, s, "queries")
	empty(t, s)
	a, b := layout.PartitionOf(time.Now().Add(-26*time.Hour)), layout.PartitionOf(time.Now().Add(-time.Hour))
	early, recent := a.Start(), b.Start()
	l.run(strings.NewReader(at(early, 0, 60)+at(recent, 1000, 1040)), "run", "-")
	late := at(early, 60, 70)
	broken := "{broken\n" + `{"event_uuid":"x"` + "\n" + `{"event_uuid":"","created_at":1}` + "\n"
	l.run(strings.NewReader(late+at(early, 60, 63)+at(early, 0, 5)+broken), "run", "-") // 3 copies that ingest sees, 5 that only compaction does
	l.run(strings.NewReader(at(recent, 1040, 1047)), "ingest", "-")
	l.account(a, early.Add(time.Minute))

	dayA, dayB := early.Format("2006-01-02"), recent.Format("2006-01-02")
	hourA, hourB := dayA+" "+early.Format("15"), dayB+" "+recent.Format("15")
	sizes := l.sizes()
	l.figures("hours", "dt hour", "events", hourB+": 40", hourA+": 70")
	l.figures("duplicates", "dt hour", "stored duplicates percent events", hourB+": 47 0 0 40", hourA+": 75 5 6.25 70")
	l.figures("deliveries", "", "received stored duplicates quarantined missing", ": 130 122 5 3 0")
	l.figures("quarantined", "reason", "records", "not_json: 2", "id_invalid: 1")
	l.figures("rejects", "reason", "records", "not_json: 2", "id_invalid: 1")
	l.figures("partitions", "dt hour", "files bytes events", fmt.Sprintf("%s: 1 %d 40", hourB, sizes[hourB]), fmt.Sprintf("%s: 2 %d 70", hourA, sizes[hourA]))
	least := 10485760 / 1099511627776e0 * 5
	l.figures("cost", "dt", "files bytes dollars",
		fmt.Sprintf("%s: 1 %d %v", dayB, sizes[hourB], least), fmt.Sprintf("%s: 2 %d %v", dayA, sizes[hourA], least), fmt.Sprintf("<nil>: 3 %d %v", sizes[hourA]+sizes[hourB], least))
	stages := l.named("freshness")
	for i, stage := range []string{"1 received", "2 stored", "3 compacted"} {
		ago, is := stages[i]["seconds_ago"].(json.Number)
		if n, err := ago.Int64(); stages[i]["stage"] != stage || !is || err != nil || n < 0 || n > 300 {
			t.Errorf("%s: %v", stage, stages[i])
		}
	}
}

// account puts an account of a delivery long ago, of two copies, and has it rolled up; then once more, as if the rolling up had been broken off.
func (l *lake) account(hour layout.Partition, arrival time.Time) {
	l.t.Helper()
	at, err := cloud.ParseLake(cloud.Scheme + bucketName + "/" + l.name)
	if err != nil {
		l.t.Fatal(err)
	}
	store := s3bucket.New(cloud.S3(l.site.Config()), at)
	told := ledger.Entry{Shard: "s", First: "1", Last: "2", Arrival: arrival, Received: 2, Hours: []ledger.Hour{{Partition: hour.String(), Duplicates: 2}}}
	for range 2 {
		if _, err := ledger.Put(l.t.Context(), store, told); err != nil {
			l.t.Fatal(err)
		}
		if n := l.site.number(l.t, l.name, "SELECT count(*) FROM ledger WHERE dt = '"+layout.PartitionOf(arrival).Date()+"'"); n == 1 {
			return
		}
		// Only this hour of arrival ended long enough ago.
		if rolled, err := ledger.RollUp(l.t.Context(), store, time.Now(), time.Hour); err != nil || rolled.RolledUp != 1 {
			l.t.Fatalf("%+v, %v", rolled, err)
		}
	}
	l.t.Fatal("nothing is rolled up")
}

// sizes are the bytes of each hour's parts.
func (l *lake) sizes() map[string]int64 {
	l.t.Helper()
	found := map[string]int64{}
	for hour, location := range l.locations() {
		out, err := cloud.S3(l.site.Config()).ListObjectsV2(l.t.Context(), &s3.ListObjectsV2Input{
			Bucket: aws.String(bucketName), Prefix: aws.String(strings.TrimPrefix(location, cloud.Scheme+bucketName+"/")),
		})
		if err != nil {
			l.t.Fatal(err)
		}
		for _, o := range out.Contents {
			found[hour] += aws.ToInt64(o.Size)
		}
	}
	return found
}

// empty: before the first event every query, and the view, finds its columns and no rows.
func empty(t *testing.T, s *site) {
	const name = "empty"
	if len(s.queries[name]) != 9 {
		t.Errorf("%d named queries", len(s.queries[name]))
	}
	rows := map[string]int{"freshness": 3, "cost": 1}
	for query, statement := range s.queries[name] {
		if got := s.query(t, name, statement); len(got) != rows[query] && query != "live" {
			t.Errorf("%s gives %v", query, got)
		}
	}
	for _, table := range []string{"events", "events_raw", "events_live", "quarantine", "ledger", "ledger_new"} {
		if n := s.number(t, name, "SELECT count(dt) FROM "+table+" WHERE "+lately()); n != 0 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

// The statements of the README's page on Athena do what it says.
func readme(t *testing.T, s *site) {
	text, err := os.ReadFile(filepath.Join(top, "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(text), "```sql\n")
	block, _, _ = strings.Cut(block, "```")
	l := newLake(t, s, "readme")
	l.run(strings.NewReader(`{"event_uuid":"a","created_at":"2026-11-23T09:00:00Z","event_name":"lesson:started","payload":{"lesson":{"id":7}},"extra":{"a":1}}
{"event_uuid":"b","created_at":"2026-11-23T10:00:00Z","event_name":"lesson:ended","extra":"text"}
{"event_uuid":"c","created_at":"2026-11-23T12:00:00Z","event_name":"lesson:ended"}`), "run", "-")
	if now := time.Now().UTC(); now.Hour() == 23 && now.Minute() > 57 {
		time.Sleep(now.Truncate(24 * time.Hour).Add(24 * time.Hour).Sub(now)) // one asks for today
	}
	l.run(strings.NewReader(at(time.Now(), 0, 3)), "ingest", "-")
	want := []string{"[[lesson 2]]", "[[2026-11-23 09:00:00.000 UTC 7] [2026-11-23 10:00:00.000 UTC <nil>] [2026-11-23 12:00:00.000 UTC <nil>]]", "[[1] [<nil>] [<nil>]]", "[[3]]"}
	statements := strings.Split(strings.TrimSpace(block), "\n")
	if len(statements) != len(want) {
		t.Fatalf("%d statements", len(statements))
	}
	for i, statement := range statements {
		statement, _, _ = strings.Cut(statement, ";")
		rows := s.query(t, l.name, statement)
		slices.SortFunc(rows, func(a, b []any) int { return cmp.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
		if got := fmt.Sprint(rows); got != want[i] {
			t.Errorf("%s gives %s, want %s", statement, got, want[i])
		}
	}
}
