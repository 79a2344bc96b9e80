package athena

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/smithy-go/middleware"
	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// older is how many hours there are besides the one that changes. services/compactor tests 10,000, without a server.
const older = 600

// A table of many partitions changes: a struct becomes text. The run is broken off in the middle, and the next goes on from there; another worker
// commits meanwhile; queries of columns that do not change never fail, and in the end every partition is read in every column.
func many(t *testing.T, s *site) {
	l := newLake(t, s, "many")
	l.run(events(0, 3, 8, `,"o":{"a":1}`), "run", "-")
	b := s3bucket.New(cloud.S3(s.Config()), l.at())
	var batches atomic.Int64
	inBatch := func(int64) {}
	client := glue.NewFromConfig(s.Config(), func(o *glue.Options) {
		o.APIOptions = append(o.APIOptions, func(stack *middleware.Stack) error {
			return stack.Initialize.Add(middleware.InitializeMiddlewareFunc("count", func(ctx context.Context, in middleware.InitializeInput, next middleware.InitializeHandler) (middleware.InitializeOutput, middleware.Metadata, error) {
				if _, is := in.Parameters.(*glue.BatchUpdatePartitionInput); is {
					inBatch(batches.Add(1))
				}
				return next.HandleInitialize(ctx, in)
			}), middleware.Before)
		})
	})
	c := gluecatalog.New(client, gluecatalog.Config{Database: l.name, Table: "events", Lake: l.at(), Deployed: true})
	start := time.Now()
	hour := l.crowd(b, c)
	t.Logf("%d partitions made in %s", older, time.Since(start))
	seen := func(n int64) {
		t.Helper()
		if got := s.number(t, l.name, "SELECT count(event_uuid) FROM events WHERE n >= 0"); got != n {
			t.Errorf("%d events, want %d", got, n)
		}
	}
	seen(older + 3)
	worker := func() *compactor.Compactor {
		w, err := compactor.New(b, c, compactor.Config{
			Policy:  compactor.Policy{Target: 1 << 20, MajorParts: 100, MajorShare: 1, Bound: time.Second, Grace: time.Hour},
			Mapping: event.DefaultMapping, Scratch: t.TempDir(), Memory: 1 << 20, Parallel: 1, Now: time.Now,
		})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	l.run(events(3, 6, 8, `,"o":"text"`), "ingest", "-")
	l.run(events(6, 9, 9, `,"o":{"a":3}`), "ingest", "-")

	ctx, stop := context.WithCancel(t.Context())
	inBatch = func(n int64) {
		if n == 5 { // what one look decides is four
			stop()
		}
	}
	if r := worker().Work(ctx, compactor.Task{Partition: hour}, time.Time{}); r.Minors != 0 {
		t.Errorf("it was not broken off: %+v", r)
	}
	half := l.behind(c)
	if half == 0 || half >= older {
		t.Fatalf("%d partitions are left to follow", half)
	}
	seen(older + 3) // those that have followed, and those that have not, in a column that both know
	if why := s.failure(t, l.name, "SELECT count(o) FROM events"); !strings.Contains(why, "HIVE_PARTITION_SCHEMA_MISMATCH") {
		t.Errorf("a query of the column that becomes text: %q", why)
	}
	latest := (hour - 200).Start().Format(time.DateOnly)
	if got := s.number(t, l.name, "SELECT count(o) FROM events WHERE dt > '"+latest+"'"); got < 100 {
		t.Errorf("%d of the latest events", got)
	}

	inBatch = func(int64) {}
	start, before := time.Now(), batches.Load()
	if r := worker().Work(t.Context(), compactor.Task{Partition: hour + 1}, time.Time{}); r.Minors != 1 { // which needs no change, and helps
		t.Errorf("the other worker: %+v", r)
	}
	if r := worker().Work(t.Context(), compactor.Task{Partition: hour}, time.Time{}); r.Minors != 1 {
		t.Errorf("the next run: %+v", r)
	}
	t.Logf("%d of %d were left; %d batches in %s", half, older, batches.Load()-before, time.Since(start))
	if again := batches.Load() - before; again > int64(half/100+8) { // a few for the two hours' own, and for a batch that was cut
		t.Errorf("%d batches for %d partitions", again, half)
	}
	if n := l.behind(c); n != 0 {
		t.Errorf("%d partitions are behind", n)
	}
	l.followed()
	seen(older + 9)
	for where, want := range map[string]int64{`o = '{"a":1}'`: older + 3, `o = 'text'`: 3, `o = '{"a":3}'`: 3} {
		if got := s.number(t, l.name, "SELECT count(event_uuid) FROM events WHERE "+where); got != want {
			t.Errorf("%s: %d events, want %d", where, got, want)
		}
	}
}

// crowd makes the older hours, each of one part, and gives the hour that changes.
func (l *lake) crowd(b bucket.Bucket, c catalog.Catalog) layout.Partition {
	l.t.Helper()
	known, err := c.Partitions(l.t.Context())
	if err != nil || len(known) != 1 {
		l.t.Fatal(known, err)
	}
	var all []catalog.Partition
	g, ctx := errgroup.WithContext(l.t.Context())
	g.SetLimit(8)
	for n := range older {
		p := known[0]
		p.Hour, p.Version = p.Hour-layout.Partition(n+1), ""
		p.Location = layout.Location(p.Hour, layout.FirstGeneration)
		all = append(all, p)
		g.Go(func() error {
			w := part.NewWriter(l.t.TempDir())
			defer w.Close()
			line := fmt.Sprintf(`{"event_uuid":"old%d","created_at":%q,"event_name":"x","n":%d,"o":{"a":1}}`+"\n", n, p.Hour.Start().Format(time.RFC3339), n)
			if err := w.Write([]byte(line), 1); err != nil {
				return err
			}
			if err := w.Finish(part.Header{Kind: part.Data, Inputs: fmt.Sprintf("%032x", n), Lines: 1}); err != nil {
				return err
			}
			r, err := w.Open()
			if err != nil {
				return err
			}
			_, err = b.Put(ctx, layout.Slot{Partition: p.Hour, Generation: layout.FirstGeneration, Number: 1}.Key(), r, bucket.Condition{})
			return err
		})
	}
	if err := g.Wait(); err != nil {
		l.t.Fatal(err)
	}
	if err := c.SetPartitions(l.t.Context(), all); err != nil {
		l.t.Fatal(err)
	}
	return known[0].Hour
}

// behind counts the partitions whose columns are not the table's: the column o is text there.
func (l *lake) behind(c catalog.Catalog) int {
	l.t.Helper()
	all, err := c.Partitions(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	n := 0
	for _, p := range all {
		for _, f := range p.Columns {
			if f.Name == "o" && strings.HasPrefix(f.Type.Hive(), "struct") {
				n++
			}
		}
	}
	return n
}
