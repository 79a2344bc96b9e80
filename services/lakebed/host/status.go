package host

import (
	"context"
	"fmt"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

// Status is what a lake holds.
type Status struct {
	Partitions  []compactor.Summary
	Received    int64
	Quarantined map[string]int64 // by reason, without what a replay stored
	Unread      []Unread         // of the quarantine, and not counted
	Halted      []error          // of partitions that cannot be looked at, and are not counted
}

// Status looks at every partition that the catalog or the bucket knows.
func (l *Lake) Status(ctx context.Context) (Status, error) {
	s := Status{Quarantined: map[string]int64{}}
	c, err := l.Compactor()
	if err != nil {
		return s, err
	}
	known, err := c.Partitions(ctx)
	if err != nil {
		return s, err
	}
	for _, p := range known {
		sum, err := c.Summary(ctx, p)
		if ctx.Err() != nil {
			return s, ctx.Err()
		}
		if err != nil {
			s.Halted = append(s.Halted, fmt.Errorf("look at %s: %w", p, err))
			continue
		}
		s.Partitions = append(s.Partitions, sum)
	}
	live, err := l.quarantined(ctx, func(u Unread) { s.Unread = append(s.Unread, u) })
	if err != nil {
		return s, err
	}
	for key, n := range live {
		if at, err := layout.ParseReject(key); err == nil && n > 0 {
			s.Quarantined[at.Reason] += n
		}
	}
	err = ledger.Each(ctx, l.Bucket, func(_ string, e ledger.Entry) error {
		if e.Replay == "" { // what is replayed was counted when it was first received
			s.Received += e.Received
		}
		return nil
	}, func(string, error) {}) // reported above
	return s, err
}

// Oldest is the time of the oldest fragment that waits to be merged; zero when none does.
func (s *Status) Oldest() time.Time {
	var oldest time.Time
	for _, p := range s.Partitions {
		if p.Waiting > 0 && (oldest.IsZero() || p.Oldest.Before(oldest)) {
			oldest = p.Oldest
		}
	}
	return oldest
}
