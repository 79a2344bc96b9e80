package e2e

import (
	"context"
	"encoding/json"
	"os/exec"
	"sync"
	"testing"
	"time"
)

// reader asks the lake again and again, all day: each answer has every event once, and all those that an earlier one had.
type reader struct {
	mu      sync.Mutex
	asked   int
	slowest time.Duration
	events  int // in the last answer
}

// pause leaves the machine to the others.
const pause = 2 * time.Second

// read asks until the context ends.
func (s *stack) read(ctx context.Context, t *testing.T) *reader {
	t.Helper()
	r := &reader{}
	var done sync.WaitGroup
	done.Go(func() {
		for ctx.Err() == nil {
			r.ask(ctx, t, s)
			select {
			case <-ctx.Done():
			case <-time.After(pause):
			}
		}
	})
	t.Cleanup(done.Wait)
	return r
}

func (r *reader) ask(ctx context.Context, t *testing.T, s *stack) {
	const question = "select count(*) as n, count(distinct event_uuid) as ids from events"
	began := time.Now()
	c := exec.CommandContext(ctx, s.lakebed, "query", "--lake", s.out.Lake, "--output", "json", question)
	c.Env = append(c.Environ(), s.Environ()...)
	out, err := c.Output()
	took := time.Since(began)
	if ctx.Err() != nil {
		return
	}
	var rows []struct{ N, IDs int }
	if err == nil {
		err = json.Unmarshal(out, &rows)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.asked++
	r.slowest = max(r.slowest, took)
	if err != nil || len(rows) != 1 {
		t.Errorf("query %d: %s: %v", r.asked, out, err)
		return
	}
	if rows[0].N != rows[0].IDs {
		t.Errorf("query %d: %d events have %d ids", r.asked, rows[0].N, rows[0].IDs)
	}
	if rows[0].N < r.events {
		t.Errorf("query %d: %d events, after %d", r.asked, rows[0].N, r.events)
	}
	r.events = rows[0].N
}

// since gives how many were asked since the last call, and how long the slowest of them took.
func (r *reader) since() (asked int, slowest time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	asked, slowest = r.asked, r.slowest
	r.asked, r.slowest = 0, 0
	return asked, slowest
}
