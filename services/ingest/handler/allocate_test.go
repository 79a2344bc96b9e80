package handler

import (
	"context"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// dropping is a bucket that keeps nothing.
type dropping struct{ bucket.Bucket }

func (dropping) Put(_ context.Context, key string, body io.Reader, _ bucket.Condition) (bucket.Object, error) {
	n, err := io.Copy(io.Discard, body)
	return bucket.Object{Key: key, Size: n}, err
}

// What an invocation takes is a number of allocations that does not depend on how many events it brings, but for what each member of a compressed fragment
// takes, of some 1,000 lines: its columns and their compression.
func TestInvokeAllocates(t *testing.T) {
	if raceEnabled {
		t.Skip("the race detector has the pools drop some of what they are given")
	}
	for name, c := range map[string]struct {
		lanes    int
		gzip     bool
		thousand float64 // allocations more for each 1,000 events
	}{
		"plain":             {1, false, 0},
		"plain, in 4 lanes": {4, false, 0},
		"gzip":              {1, true, 80},
		"gzip, in 4 lanes":  {4, true, 80},
	} {
		t.Run(name, func(t *testing.T) {
			allocations := func(events int) float64 {
				i, err := ingest.New(dropping{}, claims.None{},
					ingest.Config{Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: c.lanes, Gzip: c.gzip, Parallel: 2})
				if err != nil {
					t.Fatal(err)
				}
				h := New(i, telemetry.New(io.Discard, "Lakebed", "clicks", time.Now), time.Now, nil)
				data := make([]string, events)
				for n := range data {
					data[n] = fmt.Sprintf(`{"event_uuid":"%08d-0000-4000-8000-000000000000","created_at":1795422600,"event_name":"a:%d","text":%q}`, n, n%8, strings.Repeat("x", n%100))
				}
				payload := kinesis(data...)
				return testing.AllocsPerRun(20, func() {
					if _, err := h.Invoke(t.Context(), payload); err != nil {
						t.Fatal(err)
					}
				})
			}
			few, more, many := allocations(100), allocations(1000), allocations(10_000)
			t.Logf("%v allocations for 100 events, %v for 1,000, %v for 10,000", few, more, many)
			if limit := few + 20; more > limit+c.thousand || many > limit+10*c.thousand { // the pools may lose something to a collection
				t.Errorf("%v allocations for 100 events, %v for 1,000, %v for 10,000", few, more, many)
			}
		})
	}
}
