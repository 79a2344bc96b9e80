package claims

import (
	"context"
	"fmt"
	"time"
)

// Options are the settings of the strategies that keep a window. The zero Options hold for the defaults.
type Options struct {
	Keep  time.Duration    // how long a batch is remembered; DefaultKeep
	Limit int              // how many ids at most; DefaultLimit
	Now   func() time.Time // time.Now
}

func (o Options) now() time.Time {
	if o.Now == nil {
		return time.Now()
	}
	return o.Now()
}

// Memory is a strategy that remembers for as long as the process lives.
type Memory struct {
	window  *Window
	options Options
}

// NewMemory makes an empty one.
func NewMemory(o Options) *Memory { return &Memory{NewWindow(o.Keep, o.Limit), o} }

// Claim implements Claims.
func (m *Memory) Claim(ctx context.Context, b Batch) ([]Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("claim batch of %s: %w", b.Shard, err)
	}
	return m.window.Verdicts(b, m.options.now()), nil
}

// Settle implements Claims.
func (m *Memory) Settle(ctx context.Context, b Batch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("settle batch of %s: %w", b.Shard, err)
	}
	m.window.Add(b, m.options.now())
	return nil
}
