package dynamoclaims

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"time"

	smithytime "github.com/aws/smithy-go/time"

	"github.com/lakebed/lakebed/shared/claims"
)

// rounds is how often a batch's undecided ids are gone through: throttled statements, unprocessed keys, items that went between two calls. Whole
// calls that fail are retried by the SDK before.
const rounds = 8

// atOnce is how many calls are under way for a batch.
const atOnce = 8

// errUnsettled says that ids were still undecided after the last round, and why.
var errUnsettled = errors.New("claims were not answered")

// decide brings each group to fresh or taken. A round inserts what nobody is known to have, reads what somebody has, and takes over what is past
// its time. Each step is conditional on what was seen, so another process can come between any two, and the next round sees that.
func (g *Global) decide(ctx context.Context, b claims.Batch, groups []*group) error {
	var cause error
	for round := range rounds {
		if round > 0 {
			if err := g.pause(ctx, round); err != nil {
				return err
			}
		}
		for _, step := range []struct {
			of   state
			size int
			do   func(context.Context, claims.Batch, []*group) error
		}{{undecided, insertSize, g.insert}, {exists, readSize, g.read}, {over, 1, g.takeOver}} {
			err := each(ctx, step.size, in(groups, step.of), func(ctx context.Context, some []*group) error { return step.do(ctx, b, some) })
			if err != nil && !errors.Is(err, errUnsettled) {
				return err
			}
			if err != nil {
				cause = err
			}
		}
		if len(in(groups, undecided))+len(in(groups, exists))+len(in(groups, over)) == 0 {
			return nil
		}
	}
	if cause == nil {
		cause = errUnsettled
	}
	return fmt.Errorf("after %d rounds: %w", rounds, cause)
}

func in(groups []*group, s state) []*group {
	var some []*group
	for _, g := range groups {
		if g.state == s {
			some = append(some, g)
		}
	}
	return some
}

// each calls do with pieces of groups, several at once. It waits for all; an error that is not errUnsettled stops the others.
func each(ctx context.Context, size int, groups []*group, do func(context.Context, []*group) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	pieces := make(chan []*group, (len(groups)+size-1)/size)
	for ; len(groups) > size; groups = groups[size:] {
		pieces <- groups[:size]
	}
	if len(groups) > 0 {
		pieces <- groups
	}
	close(pieces)
	var wait sync.WaitGroup
	var unsettled error
	var mu sync.Mutex
	for range min(atOnce, len(pieces)) {
		wait.Go(func() {
			for piece := range pieces {
				if ctx.Err() != nil {
					return
				}
				err := do(ctx, piece)
				switch {
				case errors.Is(err, errUnsettled):
					mu.Lock()
					unsettled = err
					mu.Unlock()
				case err != nil:
					cancel(err)
				}
			}
		})
	}
	wait.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	return unsettled
}

// pause waits before a round, twice as long each time and up to as much again: 50 ms to 3.2 s, in all less than 13 s.
func pause(ctx context.Context, round int) error {
	wait := 25 * time.Millisecond << round
	return smithytime.SleepWithContext(ctx, wait+rand.N(wait))
}
