// Package handler serves Lambda's Kinesis event source with package ingest.
package handler

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/envelope"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
	"github.com/lakebed/lakebed/shared/function"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// done is the answer to an event source mapping that reports batch item failures: none. A delivery is done or it fails as a whole, so that
// its borders stay stable and the next try writes the same objects; a bad record never fails it.
var done = []byte(`{"batchItemFailures":[]}`)

// What is kept back of an invocation's time. All calls of a delivery and the SDK's retries of them end by then, and the delivery fails with
// an error that names the call; it comes again.
const (
	leastMargin = time.Second
	mostMargin  = 10 * time.Second
)

// Handler is a lambda.Handler over the raw bytes of an event.
type Handler struct {
	ingester *ingest.Ingester
	log      *telemetry.Log
	now      func() time.Time
	usage    func() dynamoclaims.Usage // nil where claims are not in a table
	decoders sync.Pool
	warm     atomic.Bool
}

var _ lambda.Handler = (*Handler)(nil)

// New serves with i and writes one line of log an invocation, with what its claims took of their table where usage tells it.
func New(i *ingest.Ingester, log *telemetry.Log, now func() time.Time, usage func() dynamoclaims.Usage) *Handler {
	return &Handler{
		ingester: i, log: log, now: now, usage: usage,
		decoders: sync.Pool{New: func() any { return new(envelope.Decoder) }},
	}
}

// Invoke takes one event. An error means that the whole of it has to be delivered again.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	v := h.begin(ctx, payload)
	defer func() {
		if p := recover(); p != nil {
			v.report(ctx, h.log, telemetry.Panic(p, debug.Stack()))
			panic(p) // Lambda starts another process: what this one holds cannot be trusted any more
		}
	}()
	err := h.serve(ctx, payload, v)
	v.report(ctx, h.log, err)
	if err != nil {
		return nil, err
	}
	return done, nil
}

func (h *Handler) serve(ctx context.Context, payload []byte, v *invocation) error {
	ctx, cancel := function.Bound(ctx, leastMargin, mostMargin)
	defer cancel()
	decoder, _ := h.decoders.Get().(*envelope.Decoder)
	defer h.decoders.Put(decoder)
	deliveries, err := decoder.Decode(payload)
	if err != nil {
		return &telemetry.Classified{As: "event", Err: err}
	}
	if len(deliveries) == 0 {
		return nil // somebody asks whether this serves
	}
	v.came(deliveries)
	for _, d := range deliveries {
		result, err := h.ingester.Ingest(ctx, d)
		if err != nil {
			return fmt.Errorf("ingest %d records of %s: %w", len(d.Records), d.Shard, err)
		}
		v.add(result)
	}
	return nil
}
