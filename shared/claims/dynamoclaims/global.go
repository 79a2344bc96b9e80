package dynamoclaims

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// DefaultRetention is how long Global remembers an id: as long as a Kinesis stream may well be set to keep a record.
const DefaultRetention = 7 * 24 * time.Hour

// Global is the strategy of one conditional item an event. It claims ahead of the store: the first record that claims an id owns it for the
// retention, whatever its shard, and every other record with the id is a duplicate, or in conflict, at once.
//
// A duplicate is dropped although its owner may not be stored yet. The owner comes back: its delivery failed and is retried, or ends in the
// failure destination, from where replay delivers it under the same identity; each time the claim is its own. If it never comes back, since the
// destination was not replayed within the retention or was deleted, the event is lost with it, and so are the copies that it stopped. The same
// holds when a table is restored that names owners whose records are gone. Whoever cannot promise to replay takes Shard.
//
// Safe for concurrent use.
type Global struct {
	usage
	client *dynamodb.Client
	table  string
	keep   time.Duration
	now    func() time.Time
	pause  func(ctx context.Context, round int) error
}

// NewGlobal makes the strategy. It remembers an id for o.Keep (DefaultRetention), which is to be longer than a record can take to come back;
// o.Limit is of no use here.
func NewGlobal(client *dynamodb.Client, table string, o claims.Options) *Global {
	g := &Global{client: client, table: table, keep: o.Keep, now: clock(o), pause: pause}
	if g.keep <= 0 {
		g.keep = DefaultRetention
	}
	return g
}

// Claim implements claims.Claims. After an error some of the claims may have been made; the batch will find them to be its own.
func (g *Global) Claim(ctx context.Context, b claims.Batch) ([]claims.Verdict, error) {
	if err := checkContext(ctx, "claim", b.Shard); err != nil {
		return nil, err
	}
	groups := groupsOf(b)
	if err := g.decide(ctx, b, groups); err != nil {
		return nil, fmt.Errorf("claim batch of %s: %w", b.Shard, err)
	}
	verdicts := make([]claims.Verdict, len(b.Claims))
	for _, group := range groups {
		for _, n := range group.claims {
			verdicts[n] = group.verdict(b, n)
		}
	}
	return verdicts, nil
}

// Settle implements claims.Claims. It does nothing: the claim says all there is to say, and marking it as stored would double the cost.
func (g *Global) Settle(ctx context.Context, b claims.Batch) error {
	return checkContext(ctx, "settle", b.Shard)
}

// group is the claims of a batch on one id. Only the first of them may become the owner.
type group struct {
	id     event.ID
	claims []int // indices
	state  state
	found  found // where state is taken
}

// state is what is known of a group's id.
type state uint8

const (
	undecided state = iota
	exists          // an item is there and must be read
	over            // found is past its time
	fresh           // claimed by this call, or nothing that could be read
	taken           // found holds
)

func groupsOf(b claims.Batch) []*group {
	at := make(map[event.ID]*group, len(b.Claims))
	groups := make([]*group, 0, len(b.Claims))
	for n := range b.Claims {
		id := b.Claims[n].ID
		g, ok := at[id]
		if !ok {
			g = &group{id: id}
			at[id] = g
			groups = append(groups, g)
		}
		g.claims = append(g.claims, n)
	}
	return groups
}

// first is the claim that owns the id if the group does.
func (g *group) first(b claims.Batch) claims.Claim { return b.Claims[g.claims[0]] }

// verdict is that of the batch's n-th claim.
func (g *group) verdict(b claims.Batch, n int) claims.Verdict {
	switch {
	case g.state == fresh:
		return claims.Fresh
	case g.owns(b):
		return claims.Own
	case g.found.body == bodyOf(b.Claims[n]):
		return claims.Duplicate
	}
	return claims.Conflict
}

// owns tells whether one of the group's claims is the owner. Then none of them is a duplicate of another record: which of them is stored is
// for the caller.
func (g *group) owns(b claims.Batch) bool {
	o := g.found.owner
	return o.Shard == b.Shard && slices.ContainsFunc(g.claims, func(n int) bool {
		return o.Position == b.Claims[n].Position && claims.CompareSequences(o.Sequence, b.Claims[n].Sequence) == 0
	})
}
