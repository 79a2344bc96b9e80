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

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

// at are events that happened at one time, numbered from a number.
func at(when time.Time, from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, `{"event_uuid":"e%06d","created_at":%q,"event_name":"lesson:started","n":%d,"o":{"a":[%d]}}`+"\n", n, when.UTC().Format(time.RFC3339), n, n)
	}
	return b.String()
}

// lately is a condition for tables with projection: without one, each of their hours is listed.
func lately() string {
	return "dt >= '" + time.Now().UTC().Add(-24*time.Hour).Format(time.DateOnly) + "'"
}

// The tables beside `events`, with plain and with gzip fragments, and the view of fresh events by its name: as Terraform made it, and as the named query makes it anew.
func live(t *testing.T, s *site) {
	for _, encoding := range []string{"plain", "gzip"} {
		l := newLake(t, s, "live_"+encoding, "fragment_encoding: "+encoding)
		now := time.Now()
		wants := func(wants map[string]int64) {
			t.Helper()
			for statement, want := range wants {
				if n := s.number(t, l.name, statement); n != want {
					t.Errorf("%s: %s gives %d, want %d", encoding, statement, n, want)
				}
			}
		}
		fresh := map[string]int64{
			"SELECT count(event_uuid) FROM events":                                                       100,
			"SELECT count(DISTINCT event_uuid) FROM events_raw WHERE " + lately():                        150,
			`SELECT count(*) FROM events_raw WHERE "$path" LIKE '%.gz' AND ` + lately():                  map[string]int64{"gzip": 200}[encoding],
			"SELECT count(event_uuid) FROM events_live":                                                  150,
			"SELECT count(DISTINCT event_uuid) FROM events_live":                                         150,
			"SELECT count(created_datetime) FROM events_live WHERE event_subtype = 'started'":            150,
			"SELECT count(data) FROM quarantine WHERE " + lately():                                       2,
			`SELECT count(DISTINCT reason) FROM quarantine WHERE "position" IS NOT NULL AND ` + lately(): 2,
			"SELECT count(event_uuid) FROM events_live WHERE dt < '2020-01'":                             0,
		}
		l.run(strings.NewReader(at(now, 0, 100)), "run", "-")
		l.run(strings.NewReader("{broken\n"+`{"event_uuid":"","created_at":1}`+"\n"), "ingest", "-")
		l.run(strings.NewReader(at(now, 50, 150)), "ingest", "-") // not compacted
		wants(fresh)
		s.query(t, l.name, s.queries[l.name]["live"]) // makes the view anew
		wants(fresh)
		l.run(nil, "compact")
		for _, table := range []string{"events", "events_live"} {
			wants(map[string]int64{"SELECT count(DISTINCT event_uuid) + count(event_uuid) FROM " + table: 300})
		}
		l.merciless()
		l.run(strings.NewReader(varied(now, 1000, 13_000)), "ingest", "-")
		l.run(nil, "compact")
		for _, table := range []string{"events", "events_live"} {
			wants(map[string]int64{"SELECT count(event_uuid) FROM " + table: 12_150, "SELECT sum(n) FROM events": 149*150/2 + (1000+12_999)*6_000})
		}
		if members := l.members(); encoding == "gzip" && members < 10 {
			t.Errorf("the parts have %d gzip members: nothing was copied", members)
		}
	}
	nestedID(t, s)
}

// varied are events that do not shrink to nothing.
func varied(when time.Time, from, to int) string {
	var b strings.Builder
	for n := from; n < to; n++ {
		fmt.Fprintf(&b, `{"event_uuid":"e%06d","created_at":%q,"event_name":"lesson:started","n":%d,"r":"%016x"}`+"\n", n, when.UTC().Format(time.RFC3339), n, uint64(n)*0x9e3779b97f4a7c15)
	}
	return b.String()
}

// members counts the gzip members of all parts.
func (l *lake) members() (n int) {
	l.t.Helper()
	at, err := cloud.ParseLake(cloud.Scheme + bucketName + "/" + l.name)
	if err != nil {
		l.t.Fatal(err)
	}
	b := s3bucket.New(cloud.S3(l.site.Config()), at)
	for o, err := range b.List(l.t.Context(), layout.Events, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		body, _, err := b.Get(l.t.Context(), o.Key, bucket.Range{})
		if err != nil {
			l.t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			l.t.Fatal(err)
		}
		n += bytes.Count(text, []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}) // those without an extra field: all but the first
	}
	return n
}

// nestedID: an id within an object is found in a struct and in text, and copies are told by it.
func nestedID(t *testing.T, s *site) {
	l := newLake(t, s, "live_nested", "id_field: meta.Id")
	now := time.Now().UTC().Format(time.RFC3339)
	fresh := func(ids ...string) io.Reader {
		text := ""
		for _, id := range ids {
			text += fmt.Sprintf(`{"meta":{"Id":%q},"created_at":%q,"event_name":"a:b"}`+"\n", id, now)
		}
		return strings.NewReader(text)
	}
	if n := s.number(t, l.name, "SELECT count(*) FROM events_live"); n != 0 {
		t.Errorf("%d events before the first", n)
	}
	l.run(fresh("a", "b"), "run", "-")
	l.run(fresh("b", "c"), "ingest", "-")
	if n := s.number(t, l.name, "SELECT count(event_type) FROM events_live"); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

// merciless wants that neither the table nor a partition passes over a line that cannot be read.
func (l *lake) merciless() {
	l.t.Helper()
	c := glue.NewFromConfig(l.site.Config())
	table, err := c.GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: aws.String(l.name), Name: aws.String("events")})
	if err != nil {
		l.t.Fatal(err)
	}
	out, err := c.GetPartitions(l.t.Context(), &glue.GetPartitionsInput{DatabaseName: aws.String(l.name), TableName: aws.String("events")})
	if err != nil || len(out.Partitions) == 0 {
		l.t.Fatalf("%d partitions, %v", len(out.Partitions), err)
	}
	all := []map[string]string{table.Table.Parameters, table.Table.StorageDescriptor.SerdeInfo.Parameters}
	for _, p := range out.Partitions {
		all = append(all, p.Parameters, p.StorageDescriptor.SerdeInfo.Parameters)
	}
	for _, parameters := range all {
		for key, value := range parameters {
			if strings.Contains(strings.ToLower(key), "malformed") {
				l.t.Errorf("%s is %s", key, value)
			}
		}
	}
}
