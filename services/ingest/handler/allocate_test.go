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

// What an invocation takes is a number of allocations that does not depend on how many events it brings.
func TestInvokeAllocates(t *testing.T) {
	allocations := func(events int) float64 {
		i, err := ingest.New(dropping{}, claims.None{}, ingest.Config{Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: 1, Parallel: 2})
		if err != nil {
			t.Fatal(err)
		}
		h := New(i, telemetry.New(io.Discard, "Lakebed", "clicks", time.Now), time.Now, nil)
		data := make([]string, events)
		for n := range data {
			data[n] = fmt.Sprintf(`{"event_uuid":"%08d-0000-4000-8000-000000000000","created_at":1795422600,"event_name":"a:b","text":%q}`, n, strings.Repeat("x", n%100))
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
	if limit := few + 20; more > limit || many > limit { // the pools may lose something to a collection
		t.Errorf("%v allocations for 100 events, %v for 1,000, %v for 10,000", few, more, many)
	}
}
