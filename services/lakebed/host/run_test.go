package host

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
)

// runEvents runs two events through a stream of the lake.
func (l *Lake) runEvents(t *testing.T, first int) Ran {
	t.Helper()
	i, err := l.Ingester(claims.None{})
	if err != nil {
		t.Fatal(err)
	}
	number := func(context.Context, int) (uint64, error) { return uint64(first), nil }
	s := &Stream{lake: l, ingester: i, feed: &feed{shard: "s", claims: claims.None{}, number: number}}
	src, err := NewSource(nil, strings.NewReader(eventOf(first, noon)+"\n"+eventOf(first+1, noon)+"\n"))
	if err != nil {
		t.Fatal(err)
	}
	r, err := s.Run(t.Context(), src, time.Hour, Watch{
		Ingested: func(ingest.Result, int64) {}, Compacted: func(compactor.Result) {}, Failed: func(err error) { t.Error(err) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// Over a catalog that cannot compare, an hour that was just sealed is left alone until no older write can land: a run waits for that, and
// ends with all that it ingested in the table.
func TestRunWaitsOutTheBound(t *testing.T) {
	l := memoryLake()
	l.Catalog, l.bound = catalog.NewMemoryLastWriter(), 300*time.Millisecond
	s := l.Settings
	s.Close, s.MajorParts, s.MajorShare, s.Live, s.LongestQuery, s.Grace = 0, 1, 0, 0, 0, time.Hour
	for n := range 2 {
		if r := l.runEvents(t, 10*n+1); r.Events != 2 || r.Waiting != 0 {
			t.Errorf("run %d: %+v", n, r)
		}
	}
	for sealed, end := 0, time.Now().Add(time.Minute); sealed == 0; {
		r, err := l.Compact(t.Context(), Rounds{}, nil)
		if err != nil || time.Now().After(end) {
			t.Fatalf("not sealed: %+v, %v", r, err)
		}
		sealed = r.Majors
	}
	if r := l.runEvents(t, 21); r.Events != 2 || r.Waiting != 0 {
		t.Errorf("after the seal %d events are merged, %d hours wait, due %v", r.Events, r.Waiting, r.Due)
	}
}
