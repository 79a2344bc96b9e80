package sql_test

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

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
	catalog *catalog.Memory
	id      string
	next    int  // sequence number
	direct  bool // write files as they are, which is faster than through the bucket: nothing is synced
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
	t.Cleanup(func() { _ = b.Close() })
	return &lake{t: t, dir: dir, bucket: b, catalog: catalog.NewMemory(), id: "id"}
}

func (l *lake) put(key string, body []byte) {
	l.t.Helper()
	if l.direct {
		path := filepath.Join(l.dir, filepath.FromSlash(key))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, body, 0o644)); err != nil {
			l.t.Fatal(err)
		}
		return
	}
	if _, err := l.bucket.Put(l.t.Context(), key, bytes.NewReader(body), bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

// part stores lines as a part that the catalog does not show yet.
func (l *lake) part(p layout.Partition, g layout.Generation, n int, lines ...string) {
	l.t.Helper()
	w := part.NewWriter(l.t.TempDir())
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
	body, err := io.ReadAll(in)
	if err != nil {
		l.t.Fatal(err)
	}
	l.put(layout.Slot{Partition: p, Generation: g, Number: n}.Key(), body)
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
	registered, err := l.catalog.Partitions(l.t.Context(), p)
	if err != nil {
		l.t.Fatal(err)
	}
	entry := catalog.Partition{Hour: p}
	if len(registered) > 0 {
		entry = registered[0]
	}
	entry.Location = layout.Location(p, g)
	if err := l.catalog.SetPartitions(l.t.Context(), []catalog.Partition{entry}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) declare(lines ...string) {
	l.t.Helper()
	in := schema.NewInferrer(schema.Limits{}, nil)
	for _, line := range lines {
		if err := in.Observe([]byte(line)); err != nil {
			l.t.Fatalf("%s: %v", line, err)
		}
	}
	table, err := l.catalog.Table(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	var fields []schema.Field
	for _, c := range table.Columns {
		fields = append(fields, c.Field)
	}
	merged, _ := schema.Merge(fields, in.Columns())
	table.Columns = nil
	for _, f := range merged {
		table.Columns = append(table.Columns, catalog.Column{Field: f})
	}
	if _, err := l.catalog.SetTable(l.t.Context(), table); err != nil {
		l.t.Fatal(err)
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
	body := []byte(strings.Join(lines, "\n") + "\n")
	f := layout.Fragment{Partition: p, Span: layout.Span{Shard: "shardId-000000000000", First: sequence, Last: sequence}, Hash: xxhash.Sum64(body), Gzip: gz}
	if gz {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		if _, err := z.Write(body); err != nil {
			l.t.Fatal(err)
		}
		if err := z.Close(); err != nil {
			l.t.Fatal(err)
		}
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
