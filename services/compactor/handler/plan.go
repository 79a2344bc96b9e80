package handler

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// Planned is the answer to an event that asks for a plan.
type Planned struct {
	Version  int   `json:"version"`
	Dirty    int   `json:"dirty"`          // partitions with fragments
	Sent     int   `json:"sent"`           // tasks
	Oldest   int64 `json:"oldest_seconds"` // how long the oldest fragment that is not merged has waited
	RolledUp int   `json:"rolled_up"`      // ledger entries
}

// plan sends a task for each dirty partition to the workers, or for every one that has data: only that finds a Location which was set back
// where nothing else is due. Then it rolls the ledger up.
func (h *Handler) plan(ctx context.Context, all bool, soft time.Time, v *invocation) (any, error) {
	v.message = "plan"
	dirty, err := h.Compactor.Survey(ctx)
	if err != nil {
		return nil, err
	}
	now := h.Now()
	tasks := compactor.Plan(dirty, now)
	messages, err := h.messages(ctx, tasks, all)
	if err != nil {
		return nil, err
	}
	p := Planned{Version: Version, Dirty: len(dirty), Sent: len(messages)}
	if len(messages) > 0 {
		err = h.Send(ctx, messages)
	}
	var unsent *Unsent
	if errors.As(err, &unsent) {
		p.Sent -= len(unsent.Messages)
	} else if err != nil {
		p.Sent = 0
	}
	oldest := h.oldest(ctx, tasks, now, soft)
	p.Oldest = int64(oldest.Seconds())
	if !late(soft) {
		rolled, rollErr := h.Compactor.RollUp(ctx)
		p.RolledUp = rolled.RolledUp
		err = errors.Join(err, rollErr)
	}
	v.metrics = []telemetry.Metric{
		telemetry.Count("DirtyPartitions", p.Dirty), telemetry.Count("TasksSent", p.Sent), telemetry.InSeconds("OldestUncompacted", oldest),
	}
	v.attrs = append(v.attrs, slog.Bool("all", all), slog.Int("rolled_up", p.RolledUp))
	if err != nil {
		return nil, err
	}
	return p, nil
}

// messages makes one a task, and one for each of the other partitions if all are wanted.
func (h *Handler) messages(ctx context.Context, tasks []compactor.Task, all bool) ([]Message, error) {
	order := make([]layout.Partition, 0, len(tasks))
	for _, t := range tasks {
		order = append(order, t.Partition)
	}
	if all {
		every, err := h.Compactor.Partitions(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range every {
			if !slices.Contains(order[:len(tasks)], p) {
				order = append(order, p)
			}
		}
	}
	messages := make([]Message, len(order))
	for i, p := range order {
		messages[i] = messageOf(p)
	}
	return messages, nil
}

// oldest gives the age of the oldest fragment that is not merged. Most fragments in a survey are, and wait only to be deleted, so the
// partitions are looked at, the longest waiting first, until none of the rest can hold an older one. One that cannot be looked at, and
// all once the time is up, count as if nothing of theirs were merged: the answer is never too small.
func (h *Handler) oldest(ctx context.Context, tasks []compactor.Task, now, soft time.Time) time.Duration {
	oldest := time.Duration(0)
	for _, t := range tasks {
		if t.Waiting <= oldest {
			break
		}
		if late(soft) {
			return t.Waiting
		}
		s, err := h.Compactor.Summary(ctx, t.Partition)
		if err != nil {
			return t.Waiting
		}
		if s.Waiting > 0 {
			oldest = max(oldest, now.Sub(s.Oldest))
		}
	}
	return oldest
}
