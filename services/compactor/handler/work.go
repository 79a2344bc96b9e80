package handler

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// failures is the answer to an SQS event source that reports batch item failures. The list is never null: that would fail the whole batch.
type failures struct {
	Items []failure `json:"batchItemFailures"`
}

type failure struct {
	ID string `json:"itemIdentifier"`
}

// errStuck is for a partition on which an invocation's whole time brings nothing about: its message must not go round for ever.
var errStuck = errors.New("no step was finished within one invocation: give the function more time or memory")

// drain works off messages. One whose partition is set aside, or that is not understood, fails alone: the queue delivers it again, and
// after its maximum receives puts it with the dead letters. A partition with work left is sent again, as are those whose turn did not come.
func (h *Handler) drain(ctx context.Context, records []record, soft time.Time, v *invocation) failures {
	v.message = "work"
	answer := failures{Items: []failure{}}
	total := compactor.Result{}
	var trouble []error
	fail := func(r record, err error) {
		answer.Items = append(answer.Items, failure{r.ID})
		trouble = append(trouble, fmt.Errorf("message %s: %w", r.ID, err))
	}
	var again []record
	var messages []Message
	for n, r := range records {
		t, err := taskOf(r.Body)
		if err != nil {
			fail(r, &telemetry.Classified{As: "message", Err: err})
			continue
		}
		left := true
		if n == 0 || !late(soft) {
			var result compactor.Result
			result, left, err = h.work(ctx, t, soft)
			total.Add(result)
		}
		if err != nil {
			fail(r, err)
		} else if left {
			again, messages = append(again, r), append(messages, messageOf(t))
		}
	}
	if len(messages) > 0 {
		if err := h.Send(ctx, messages); err != nil { // the queue still has the messages themselves
			for _, r := range again {
				fail(r, err)
			}
		}
	}
	v.worked(total)
	v.attrs = append(v.attrs, slog.Int("messages", len(records)), slog.Int("sent_again", len(messages)), slog.Int("failed", len(answer.Items)))
	v.trouble = errors.Join(trouble...)
	return answer
}

// work visits a partition and judges the visit: whether work is left for another. One that our own deadline cut off is not set aside: nothing
// is known against the partition. Its message comes again, and if that is so each time, ends with the dead letters.
func (h *Handler) work(ctx context.Context, t compactor.Task, soft time.Time) (r compactor.Result, left bool, err error) {
	r = h.Compactor.Work(ctx, t, soft)
	if len(r.SetAside) > 0 && ctx.Err() != nil {
		err = &telemetry.Classified{As: "deadline", Err: fmt.Errorf("%s: %w", t.Partition, r.SetAside[0].Err)}
		r.SetAside, r.More = nil, true
		return r, true, err
	}
	left, err = outcome(t.Partition, r)
	return r, left, err
}

func outcome(p layout.Partition, r compactor.Result) (left bool, err error) {
	switch {
	case len(r.SetAside) > 0:
		return false, &telemetry.Classified{As: "set_aside", Err: fmt.Errorf("%s is set aside: %w", p, r.SetAside[0].Err)}
	case r.More && !r.Progress() && r.Evolved == 0:
		return true, &telemetry.Classified{As: "stuck", Err: fmt.Errorf("%s: %w", p, errStuck)}
	}
	return r.More, nil
}

// visit does what is due in one partition, for whoever invokes the function by hand.
func (h *Handler) visit(ctx context.Context, name string, soft time.Time, v *invocation) (any, error) {
	v.message = "work"
	p, err := layout.ParsePartition(name)
	if err != nil {
		return nil, &telemetry.Classified{As: "event", Err: err}
	}
	result, _, err := h.work(ctx, compactor.Task{Partition: p}, soft)
	v.worked(result)
	v.trouble = err
	return summaryOf(result), nil
}
