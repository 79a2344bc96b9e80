package claimstest

import (
	"context"
	"fmt"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/claims"
)

// Faulty is a strategy under faults. The key of its operations is the batch's shard.
type Faulty struct {
	claims claims.Claims
	faults *faulty.Faults
}

// NewFaulty puts c under faults.
func NewFaulty(c claims.Claims, f *faulty.Faults) *Faulty { return &Faulty{c, f} }

// Claim fails as told. It may take effect all the same: a strategy that claims ahead of the store has then claimed.
func (f *Faulty) Claim(ctx context.Context, b claims.Batch) (verdicts []claims.Verdict, err error) {
	reply := make(chan []claims.Verdict, 1)
	err = f.faults.Do(ctx, faulty.Claim, b.Shard, func(ctx context.Context) error {
		verdicts, err := f.claims.Claim(ctx, b)
		reply <- verdicts
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("claim batch of %s: %w", b.Shard, err)
	}
	return <-reply, nil
}

// Settle fails as told.
func (f *Faulty) Settle(ctx context.Context, b claims.Batch) error {
	if err := f.faults.Do(ctx, faulty.Settle, b.Shard, func(ctx context.Context) error { return f.claims.Settle(ctx, b) }); err != nil {
		return fmt.Errorf("settle batch of %s: %w", b.Shard, err)
	}
	return nil
}
