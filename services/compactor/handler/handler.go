// Package handler serves the compactor's Lambda function: invoked by a schedule it plans, invoked by a queue it works.
package handler

import (
	"context"
	"encoding/json"
	"log/slog"
	"runtime/debug"
	"sync/atomic"
	"time"

	"github.com/aws/aws-lambda-go/lambda"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/function"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// What is kept back of an invocation's time. After the soft margin, to which the catalog's bound is added, no step begins and a merge
// commits what it has; after the hard one every call under way is given up, so that no catalog write lands later than it may.
const (
	leastMargin     = time.Second
	mostMargin      = 5 * time.Second
	leastSoftMargin = 5 * time.Second
	mostSoftMargin  = 90 * time.Second
)

// Config is what a handler works with.
type Config struct {
	Compactor *compactor.Compactor
	Bound     time.Duration                          // the compactor's: a commit that changes the table waits so long
	Send      func(context.Context, []Message) error // see Queue
	Log       *telemetry.Log
	Now       func() time.Time
}

// Handler is a lambda.Handler over the raw bytes of an event.
type Handler struct {
	Config
	warm atomic.Bool
}

var _ lambda.Handler = (*Handler)(nil)

// New serves with what is in c, and writes one line of log an invocation.
func New(c Config) *Handler { return &Handler{Config: c} }

// Invoke takes one event.
func (h *Handler) Invoke(ctx context.Context, payload []byte) ([]byte, error) {
	v := h.begin(ctx)
	defer func() {
		if p := recover(); p != nil {
			v.report(ctx, telemetry.Panic(p, debug.Stack()))
			panic(p) // Lambda starts another process: what this one holds cannot be trusted any more
		}
	}()
	answer, err := h.serve(ctx, payload, v)
	if err != nil {
		v.report(ctx, err)
		return nil, err
	}
	v.report(ctx, v.trouble)
	return json.Marshal(answer)
}

func (h *Handler) serve(ctx context.Context, payload []byte, v *invocation) (any, error) {
	soft := function.Before(ctx, time.Now(), leastSoftMargin, mostSoftMargin)
	if !soft.IsZero() {
		soft = soft.Add(-h.Bound)
	}
	ctx, cancel := function.Bound(ctx, leastMargin, mostMargin)
	defer cancel()
	e, err := parse(payload)
	if err != nil {
		return nil, &telemetry.Classified{As: "event", Err: err}
	}
	switch {
	case len(e.Records) > 0:
		return h.drain(ctx, e.Records, soft, v), nil
	case e.Do == "plan":
		return h.plan(ctx, e.All, soft, v)
	case e.Do == "check":
		return h.check(ctx, v)
	}
	return h.visit(ctx, e.Partition, soft, v)
}

// invocation is what is told of one.
type invocation struct {
	*Handler
	start   time.Time
	message string
	metrics []telemetry.Metric
	attrs   []slog.Attr
	trouble error // of an invocation that is no failure as a whole
}

func (h *Handler) begin(ctx context.Context) *invocation {
	v := &invocation{Handler: h, start: h.Now(), message: "compactor"}
	request := ""
	if c, ok := lambdacontext.FromContext(ctx); ok {
		request = c.AwsRequestID
	}
	v.attrs = append(v.attrs, slog.String("request_id", request), slog.Bool("cold_start", h.warm.CompareAndSwap(false, true)))
	return v
}

func (v *invocation) report(ctx context.Context, err error) {
	v.attrs = append(v.attrs, slog.Int64("duration_ms", v.Now().Sub(v.start).Milliseconds()))
	v.Log.Write(ctx, telemetry.Line{Message: v.message, Err: err, Metrics: v.metrics, Attrs: v.attrs})
}

func late(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
