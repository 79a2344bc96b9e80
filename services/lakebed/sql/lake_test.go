package sql_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/services/lakebed/sql"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// hour is the one in which most events of these tests lie; now is shortly after it.
var (
	hour = layout.PartitionOf(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))
	now  = time.Date(2026, 11, 23, 9, 10, 0, 0, time.UTC)
)

// lake is one made by hand.
type lake struct {
	t       *testing.T
	dir     string
	bucket  bucket.Bucket
	catalog *fixed
	id      string
	next    int // sequence number
}

// fixed is a catalog that a test fills.
type fixed struct {
	table      catalog.Table
	partitions []catalog.Partition
}

func (f *fixed) Table(context.Context) (catalog.Table, error) { return f.table, nil }

func (f *fixed) Partitions(context.Context, ...layout.Partition) ([]catalog.Partition, error) {
	return f.partitions, nil
}

func (f *fixed) SetTable(context.Context, catalog.Table) (catalog.Table, error) {
	return catalog.Table{}, errors.ErrUnsupported
}

func (f *fixed) SetPartitions(context.Context, []catalog.Partition) error {
	return errors.ErrUnsupported
}

func newLake(t *testing.T) *lake { return newLakeIn(t, filepath.Join(t.TempDir(), "lake")) }

func newLakeIn(t *testing.T, dir string) *lake {
	t.Helper()
	if err := os.MkdirAll(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	b, err := bucket.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.Close() })
	return &lake{t: t, dir: dir, bucket: b, catalog: &fixed{}, id: "id"}
}

func (l *lake) put(key string, body []byte) {
	l.t.Helper()
	if _, err := l.bucket.Put(l.t.Context(), key, bytes.NewReader(body), bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

// part stores lines as a part that the catalog does not show yet.
func (l *lake) part(p layout.Partition, g layout.Generation, n int, lines ...string) {
	l.t.Helper()
	w, err := part.NewWriter(l.t.TempDir())
	if err != nil {
		l.t.Fatal(err)
	}
	defer w.Close()
	for _, line := range lines {
		if err := w.Write([]byte(line+"\n"), 1); err != nil {
			l.t.Fatal(err)
		}
	}
	if err := w.Finish(part.Header{Kind: part.Data, Inputs: fmt.Sprintf("%032x", n)}); err != nil {
		l.t.Fatal(err)
	}
	in, err := w.Open()
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := l.bucket.Put(l.t.Context(), layout.Slot{Partition: p, Generation: g, Number: n}.Key(), in, bucket.Condition{Absent: true}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) empty(p layout.Partition, g layout.Generation, n int, h part.Header) {
	l.t.Helper()
	body, err := part.Empty(h)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put(layout.Slot{Partition: p, Generation: g, Number: n}.Key(), body)
}

// publish registers a generation, and widens the table by lines.
func (l *lake) publish(p layout.Partition, g layout.Generation, lines ...string) {
	l.t.Helper()
	l.declare(lines...)
	for i := range l.catalog.partitions {
		if l.catalog.partitions[i].Hour == p {
			l.catalog.partitions[i].Location = layout.Location(p, g)
			return
		}
	}
	l.catalog.partitions = append(l.catalog.partitions, catalog.Partition{Hour: p, Location: layout.Location(p, g)})
}

func (l *lake) declare(lines ...string) {
	l.t.Helper()
	in := schema.NewInferrer(schema.Limits{}, nil)
	for _, line := range lines {
		if err := in.Observe([]byte(line)); err != nil {
			l.t.Fatalf("%s: %v", line, err)
		}
	}
	var table []schema.Field
	for _, c := range l.catalog.table.Columns {
		table = append(table, c.Field)
	}
	merged, _ := schema.Merge(table, in.Columns())
	l.catalog.table.Columns = nil
	for _, f := range merged {
		l.catalog.table.Columns = append(l.catalog.table.Columns, catalog.Column{Field: f})
	}
}

// events stores and publishes one part.
func (l *lake) events(p layout.Partition, lines ...string) {
	l.t.Helper()
	l.part(p, layout.FirstGeneration, 1, lines...)
	l.publish(p, layout.FirstGeneration, lines...)
}

func (l *lake) fragment(p layout.Partition, gz bool, lines ...string) string {
	l.t.Helper()
	l.next++
	sequence := fmt.Sprintf("%020d", l.next)
	f := layout.Fragment{Partition: p, Span: layout.Span{Shard: "shardId-000000000000", First: sequence, Last: sequence}, Hash: uint64(l.next), Gzip: gz}
	body := []byte(strings.Join(lines, "\n") + "\n")
	if gz {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		z.Write(body)
		z.Close()
		body = buf.Bytes()
	}
	l.put(f.Key(), body)
	return f.Key()
}

func (l *lake) open() *sql.Session {
	l.t.Helper()
	s, err := sql.Open(l.t.Context(), sql.Lake{
		Bucket: l.bucket, Catalog: l.catalog, Root: l.dir, IDField: l.id, Now: func() time.Time { return now }, Threads: 2,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	l.t.Cleanup(func() {
		if err := s.Close(); err != nil {
			l.t.Error(err)
		}
	})
	return s
}

// answer gives the rows of a query as CSV without the header, joined by blanks.
func answer(t *testing.T, s *sql.Session, query string) string {
	t.Helper()
	text, err := ask(t.Context(), s, query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return text
}

func ask(ctx context.Context, s *sql.Session, query string) (string, error) {
	rows, err := s.Query(ctx, query)
	if err != nil {
		return "", err
	}
	defer rows.Close()
	var out bytes.Buffer
	if err := render.Table(&out, render.AsCSV, rows.Columns(), rows.All()); err != nil {
		return "", err
	}
	_, text, _ := strings.Cut(out.String(), "\n")
	return strings.ReplaceAll(strings.TrimSuffix(text, "\n"), "\n", " "), nil
}

func check(t *testing.T, s *sql.Session, query, want string) {
	t.Helper()
	if got := answer(t, s, query); got != want {
		t.Errorf("%s\n got %s\nwant %s", query, got, want)
	}
}

// github gives the lines of the real events, or skips the test.
func github(t *testing.T) []string {
	t.Helper()
	_, file, _, _ := runtime.Caller(0)
	path := filepath.Join(filepath.Dir(file), "../../../../shared/data/github-events-2021-07-21.ndjson.gz")
	f, err := os.Open(path)
	if err != nil {
		t.Skipf("SKIPPED: the real events are not there, so nothing is known of them: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	in := bufio.NewScanner(z)
	in.Buffer(nil, 32<<20)
	for in.Scan() {
		lines = append(lines, in.Text())
	}
	if in.Err() != nil {
		t.Fatal(in.Err())
	}
	return lines
}
