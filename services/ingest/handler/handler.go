// Package handler serves Lambda's Kinesis event source with package ingest.
package handler

import (
	"context"
	"fmt"

	"github.com/aws/aws-lambda-go/lambda"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/envelope"
)

// done is the answer to an event source mapping that reports batch item failures: none. A delivery is done or it fails as a whole, so that
// its borders stay stable and the next try writes the same objects; a bad record never fails it.
var done = []byte(`{"batchItemFailures":[]}`)

// Handler is a lambda.Handler over the raw bytes of an event.
type Handler struct {
	ingester *ingest.Ingester
	report   func(context.Context, ingest.Result)
}

var _ lambda.Handler = (*Handler)(nil)

// New serves with i, and calls report with the result of each delivery that is done.
func New(i *ingest.Ingester, report func(context.Context, ingest.Result)) *Handler {
	return &Handler{i, report}
}

// Invoke takes one event. An error means that the whole of it has to be delivered again.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	deliveries, err := envelope.Decode(payload)
	if err != nil {
		return nil, err
	}
	for _, d := range deliveries {
		result, err := h.ingester.Ingest(ctx, d)
		if err != nil {
			return nil, fmt.Errorf("ingest %d records of %s: %w", len(d.Records), d.Shard, err)
		}
		h.report(ctx, result)
	}
	return done, nil
}
