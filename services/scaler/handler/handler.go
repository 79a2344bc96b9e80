// Package handler is the scaler function: invoked by a schedule, it looks at each stream and changes the shard count of those that need another.
package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/lakebed/lakebed/services/scaler"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// Look says what is known of a stream, and of its traffic since.
type Look func(ctx context.Context, name string, since, now time.Time) (scaler.Stream, error)

// Update changes the shard count of a stream as it was looked at.
type Update func(ctx context.Context, name string, st scaler.Stream, to int, now time.Time) error

// Stream is one that is scaled.
type Stream struct {
	Name     string
	Settings scaler.Settings
	Log      *telemetry.Log
}

// Handler takes invocations.
type Handler struct {
	look   Look
	update Update
	scaled []Stream
	now    func() time.Time
}

// New makes one.
func New(look Look, update Update, scaled []Stream, now func() time.Time) *Handler {
	return &Handler{look, update, scaled, now}
}

// Handle looks at all streams. One that fails holds up no other; the invocation fails in the end.
func (h *Handler) Handle(ctx context.Context, _ any) error {
	errs := make([]error, len(h.scaled))
	var group sync.WaitGroup
	for i := range h.scaled {
		group.Go(func() { errs[i] = h.scale(ctx, &h.scaled[i]) })
	}
	group.Wait()
	return errors.Join(errs...)
}

func (h *Handler) scale(ctx context.Context, s *Stream) error {
	now := h.now()
	st, err := h.look(ctx, s.Name, now.Add(-s.Settings.Quiet-10*time.Minute), now)
	var d scaler.Decision
	if err == nil {
		d = scaler.Decide(s.Settings, st, now)
		if d.Change() && !s.Settings.DryRun {
			err = h.update(ctx, s.Name, st, d.To, now)
		}
	}
	if err != nil {
		err = fmt.Errorf("stream %s: %w", s.Name, err)
	}
	line := telemetry.Line{Message: "scale", Err: err}
	if d.Reason != "" {
		line.Attrs = []slog.Attr{
			slog.String("reason", string(d.Reason)), slog.Int("from", d.From), slog.Int("to", d.To), slog.Bool("dry_run", s.Settings.DryRun),
		}
		if d.Measured {
			line.Attrs = append(line.Attrs, slog.Float64("peak", d.Peak))
		}
		if d.Wanted != "" {
			line.Attrs = append(line.Attrs, slog.String("wanted", string(d.Wanted)))
		}
		line.Metrics = []telemetry.Metric{
			telemetry.Count("Shards", d.From), telemetry.Count("ShardsDecided", d.To), telemetry.Count("ScalingHeldBack", heldBack(&d)),
		}
		if d.Measured {
			line.Metrics = append(line.Metrics, telemetry.Ratio("Demand", d.Demand))
		}
		if d.Reason != scaler.OnDemand && d.Reason != scaler.Updating { // else the calls were not looked up
			line.Metrics = append(line.Metrics, telemetry.Count("CallsLeft", d.Left))
		}
	}
	s.Log.Write(ctx, line)
	return err
}

// heldBack is 1 when the stream is to have other shards than it may, or more would not help.
func heldBack(d *scaler.Decision) int {
	if d.Reason == scaler.AtMaximum || d.Reason == scaler.NoCalls && d.Wanted != scaler.Low || d.Reason == scaler.HotShard {
		return 1
	}
	return 0
}
