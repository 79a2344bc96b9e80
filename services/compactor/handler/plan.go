package handler

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
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
	rolled, rollErr := h.rollUp(ctx, soft)
	p.RolledUp = rolled
	err = errors.Join(err, rollErr)
	v.metrics = []telemetry.Metric{
		telemetry.Count("DirtyPartitions", p.Dirty), telemetry.Count("TasksSent", p.Sent), telemetry.InSeconds("OldestUncompacted", oldest),
	}
	v.attrs = append(v.attrs, slog.Bool("all", all), slog.Int("rolled_up", p.RolledUp))
	if err != nil {
		return nil, err
	}
	return p, nil
}

// check surveys as a plan does, and neither sends nor tells anything: whoever asks whether the planner could plan is not to pass for one that did.
func (h *Handler) check(ctx context.Context, v *invocation) (any, error) {
	v.message = "check"
	dirty, err := h.Compactor.Survey(ctx)
	if err != nil {
		return nil, err
	}
	return Planned{Version: Version, Dirty: len(dirty)}, nil
}

// messages makes one a task, and one for each of the other partitions if all are wanted.
func (h *Handler) messages(ctx context.Context, tasks []compactor.Task, all bool) ([]Message, error) {
	planned := map[layout.Partition]bool{}
	messages := make([]Message, 0, len(tasks))
	for _, t := range tasks {
		planned[t.Partition] = true
		messages = append(messages, messageOf(t))
	}
	if all {
		every, err := h.Compactor.Partitions(ctx)
		if err != nil {
			return nil, err
		}
		for _, p := range every {
			if !planned[p] {
				messages = append(messages, messageOf(compactor.Task{Partition: p}))
			}
		}
	}
	return messages, nil
}

// rollUp rolls the ledger up until the time is up: the next plan goes on.
func (h *Handler) rollUp(ctx context.Context, soft time.Time) (int, error) {
	bounded, cancel := ctx, context.CancelFunc(func() {})
	if !soft.IsZero() {
		bounded, cancel = context.WithDeadline(ctx, soft)
	}
	defer cancel()
	done, err := h.Compactor.RollUp(bounded)
	if bounded.Err() != nil && ctx.Err() == nil {
		err = nil
	}
	return done.RolledUp, err
}

// atOnce is how many partitions a plan looks at at once.
const atOnce = 8

// oldest gives the age of the oldest fragment that is not merged. Most fragments in a survey are, and wait only to be deleted, so the
// partitions are looked at, the longest waiting first and ever more at once, until none of the rest can hold an older one. One that cannot
// be looked at, and all once the time is up, count as if nothing of theirs were merged: the answer is never too small.
func (h *Handler) oldest(ctx context.Context, tasks []compactor.Task, now, soft time.Time) time.Duration {
	oldest := time.Duration(0)
	tasks = slices.CompactFunc(slices.Clone(tasks), func(a, b compactor.Task) bool { return a.Partition == b.Partition }) // its lanes
	for n := 1; len(tasks) > 0 && tasks[0].Waiting > oldest; n = min(2*n, atOnce) {
		if late(soft) {
			return tasks[0].Waiting
		}
		n = min(n, len(tasks))
		ages := make([]time.Duration, n)
		var looks sync.WaitGroup
		for i, t := range tasks[:n] {
			looks.Go(func() { ages[i] = h.age(ctx, t, now) })
		}
		looks.Wait()
		oldest = max(oldest, slices.Max(ages))
		tasks = tasks[n:]
	}
	return oldest
}

// age is that of the partition's oldest fragment that is not merged, zero when all are.
func (h *Handler) age(ctx context.Context, t compactor.Task, now time.Time) time.Duration {
	s, err := h.Compactor.Summary(ctx, t.Partition)
	switch {
	case err != nil:
		return t.Waiting
	case s.Waiting == 0:
		return 0
	}
	return now.Sub(s.Oldest)
}
