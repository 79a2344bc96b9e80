package simulation

import (
	"context"
	"sync"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// ahead is a strategy that claims ahead of the store, as the one of an item an event does: an id belongs to the first record that asked for
// it, whether that is stored yet or not, and only that record may store it.
type ahead struct {
	mu    sync.Mutex
	owner map[event.ID]owner
}

type owner struct {
	shard, sequence string
	position        int
	body            uint64
}

func newAhead() *ahead { return &ahead{owner: map[event.ID]owner{}} }

// Claim implements claims.Claims.
func (a *ahead) Claim(ctx context.Context, b claims.Batch) ([]claims.Verdict, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	a.mu.Lock()
	defer a.mu.Unlock()
	verdicts := make([]claims.Verdict, len(b.Claims))
	for i, c := range b.Claims {
		me := owner{b.Shard, c.Sequence, c.Position, c.Body}
		has, taken := a.owner[c.ID]
		switch {
		case !taken:
			a.owner[c.ID] = me
		case has == me:
			verdicts[i] = claims.Own
		case has.body == c.Body:
			verdicts[i] = claims.Duplicate
		default:
			verdicts[i] = claims.Conflict
		}
	}
	return verdicts, nil
}

// Settle implements claims.Claims.
func (a *ahead) Settle(context.Context, claims.Batch) error { return nil }
