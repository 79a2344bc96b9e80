package claims

import (
	"context"
	"fmt"
)

// None is the strategy that knows nothing: every claim is fresh, and all duplicates are compaction's. It costs nothing.
type None struct{}

// Claim implements Claims.
func (None) Claim(ctx context.Context, b Batch) ([]Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("claim batch of %s: %w", b.Shard, err)
	}
	return make([]Verdict, len(b.Claims)), nil
}

// Settle implements Claims.
func (None) Settle(ctx context.Context, b Batch) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("settle batch of %s: %w", b.Shard, err)
	}
	return nil
}
