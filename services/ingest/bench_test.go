package ingest

import (
	"fmt"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
	"github.com/lakebed/lakebed/shared/benchtest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// BenchmarkIngest is the whole hot path but for the envelope, into memory: 10,000 events of about 430 bytes a delivery, all new, each in a
// record of its own, or 100 in an aggregate.
func BenchmarkIngest(b *testing.B) {
	b.Run("records", func(b *testing.B) { benchmarkIngest(b, 1) })
	b.Run("aggregates", func(b *testing.B) { benchmarkIngest(b, 100) })
}

func benchmarkIngest(b *testing.B, together int) {
	const n = 10_000
	i, err := New(bucket.NewMemory(time.Now), claims.NewMemory(claims.Options{}), Config{Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: 1, Parallel: 2})
	if err != nil {
		b.Fatal(err)
	}
	deliveries := make([]Delivery, 20)
	size := 0
	for k := range deliveries {
		deliveries[k].Shard = fmt.Sprint("s", k)
		var some []string
		for j := range n {
			data := fmt.Appendf(nil, `{"event_uuid":"%08x-%04x-4%03x-8000-%012x","created_at":"2026-11-23T08:%02d:%02d.%03dZ","event_name":"lesson:completed","user_id":%d,`+
				`"session":{"device":"Pixel 8","os":"Android","version":"14","locale":"pt-BR"},"payload":{"lesson_id":%d,"score":0.875,"answers":[1,0,1,1,1,0,1],`+
				`"comment":"this lesson was great but a little too long for me, thanks","plan":null,"retries":%d},"tags":["mobile","weekly"],"ip":"203.0.113.%d"}`,
				j*2654435761, k, j%4096, j, j%60, j%60, j%1000, j*7919, j%500, j%3, j%250)
			size += len(data)
			if some = append(some, string(data)); len(some) < together {
				continue
			}
			if together > 1 {
				data = kpltest.Events(some...)
			}
			some = some[:0]
			deliveries[k].Records = append(deliveries[k].Records, Record{Sequence: fmt.Sprint(j + 1), Arrival: arrival, Data: data})
		}
	}
	b.ReportAllocs()
	start, events, bytes := benchtest.CPU(), 0, 0
	for k := 0; b.Loop(); k++ {
		d := deliveries[k%len(deliveries)]
		d.Shard = fmt.Sprint("s", k)
		r, err := i.Ingest(b.Context(), d)
		if err != nil {
			b.Fatal(err)
		}
		events += int(r.Received)
		bytes += size / len(deliveries)
	}
	used := (benchtest.CPU() - start).Seconds()
	b.ReportMetric(float64(events)/used, "events/CPU-s")
	b.ReportMetric(float64(bytes)/1e6/used, "MB/CPU-s")
}
