// Package pipeline measures ingest as Lambda calls it.
package pipeline

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/handler"
	"github.com/lakebed/lakebed/shared/benchtest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/telemetry"
)

const (
	payloads = 100
	records  = 500 // in one
)

var hour = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// BenchmarkIngest is all of ingest but for the calls of AWS: a payload of Lambda's Kinesis event source is decoded, its events are validated, transformed, claimed
// and stored as fragments in memory, and a line is logged. Each event is new, or, with copies, one of fifty came before.
func BenchmarkIngest(b *testing.B) {
	for _, gzip := range []bool{false, true} {
		for _, copies := range []bool{true, false} {
			b.Run(fmt.Sprintf("gzip=%t/copies=%t", gzip, copies), func(b *testing.B) { benchmarkIngest(b, gzip, copies) })
		}
	}
}

func benchmarkIngest(b *testing.B, gzip, copies bool) {
	events := benchtest.Events(payloads*records, hour, false, 1)
	size := int64(0)
	for n := range events {
		if copies && n%50 == 49 {
			events[n] = events[n-40]
		}
		size += int64(len(events[n]))
	}
	now := func() time.Time { return hour.Add(time.Hour) }
	var m benchtest.Meter
	for b.Loop() {
		b.StopTimer()
		var all [][]byte
		for n := range payloads {
			all = append(all, payload(n, events[n*records:][:records]))
		}
		i, err := ingest.New(bucket.NewMemory(now), claims.NewMemory(claims.Options{}), ingest.Config{
			Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: 1, Gzip: gzip, Parallel: 2,
		})
		if err != nil {
			b.Fatal(err)
		}
		h := handler.New(i, telemetry.New(io.Discard, "Lakebed", "events", now), now, nil)
		b.StartTimer()
		m.Start()
		for _, p := range all {
			if _, err := h.Invoke(b.Context(), p); err != nil {
				b.Fatal(err)
			}
		}
		m.Stop()
	}
	m.Report(b, int64(b.N*len(events)), int64(b.N)*size)
}

// payload is what Lambda hands over.
func payload(n int, events [][]byte) []byte {
	all := make([]string, len(events))
	for i, e := range events {
		sequence := fmt.Sprintf("495903382710602568520000000000000000%020d", n*records+i)
		all[i] = fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"%x","sequenceNumber":%q,"data":%q,"approximateArrivalTimestamp":%d.%03d},`+
			`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000000:%s","eventName":"aws:kinesis:record",`+
			`"invokeIdentityArn":"arn:aws:iam::123456789012:role/lakebed-ingest","awsRegion":"us-east-1",`+
			`"eventSourceARN":"arn:aws:kinesis:us-east-1:123456789012:stream/events"}`,
			i*7919, sequence, base64.StdEncoding.EncodeToString(e), hour.Add(time.Hour).Unix(), i, sequence)
	}
	return []byte(`{"Records":[` + strings.Join(all, ",") + `]}`)
}
