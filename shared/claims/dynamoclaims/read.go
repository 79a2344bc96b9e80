package dynamoclaims

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
)

// readSize is how many keys a BatchGetItem may hold.
const readSize = 100

// read looks at the items of ids that have one, consistently. One that is gone by now is undecided again; one that was not processed waits for
// the next round; one that cannot be read counts as not there: fresh is safe.
func (g *Global) read(ctx context.Context, _ claims.Batch, groups []*group) error {
	keys := types.KeysAndAttributes{ConsistentRead: aws.Bool(true)}
	at := make(map[string]*group, len(groups))
	for _, group := range groups {
		key := idKey(group.id)
		at[key] = group
		keys.Keys = append(keys.Keys, attributes{keyName: text(key), sortName: text(onlySort)})
	}
	out, err := g.client.BatchGetItem(ctx, &dynamodb.BatchGetItemInput{
		RequestItems: map[string]types.KeysAndAttributes{g.table: keys}, ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
	})
	if err != nil {
		return fmt.Errorf("read %d claims: %w", len(groups), err)
	}
	items := out.Responses[g.table]
	g.count(func(u *Usage) { u.Reads++; u.Items += int64(len(items)); u.ReadUnits += units(out.ConsumedCapacity...) })
	waiting := out.UnprocessedKeys[g.table].Keys
	for _, a := range items {
		if group := at[textOf(a, keyName)]; group != nil {
			g.judge(group, a)
			delete(at, textOf(a, keyName))
		}
	}
	for _, a := range waiting {
		delete(at, textOf(a, keyName))
	}
	for _, group := range at {
		group.state = undecided
	}
	if len(waiting) > 0 {
		return fmt.Errorf("%w: %d keys were not processed", errUnsettled, len(waiting))
	}
	return nil
}

// judge says what an item means for its id.
func (g *Global) judge(group *group, a attributes) {
	f, err := foundIn(a)
	switch {
	case err != nil:
		group.state = fresh
		g.count(func(u *Usage) { u.Unreadable++ })
	case !g.now().Before(f.expires):
		group.state, group.found = over, f
	default:
		group.state, group.found = taken, f
	}
}
