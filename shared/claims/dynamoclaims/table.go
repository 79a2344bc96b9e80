// Package dynamoclaims keeps claims in DynamoDB. Two strategies share the shape of a table: partition key `pk` and sort key `sk` (strings), TTL
// on `expires` (a number, Unix seconds). TTL deletes late, or not at all for a while; nothing here relies on it. A table that is lost, or restored
// from long ago, only lets duplicates through to compaction under Shard; for Global see there.
//
// What writing costs, at $0.625 per million units of 1 KB (on demand, us-east-1, https://aws.amazon.com/dynamodb/pricing/on-demand/, November
// 2026), with Kinesis's names, as integration/contract measures it at 500 events a batch:
//
//	Shard   an item has 12,365 bytes, 24 of them an id: 13 units a batch, 2,000 batches a million events: 26,000 units, $0.016. Larger batches come
//	        down to $0.0147; those of 50 events take 2 units each, $0.025.
//	Global  an item has 157 bytes: 1 unit an event: 1,000,000 units, $0.625. A duplicate's insert takes its unit though it fails, and a read unit.
//
// Reading, at $0.125 per million units of 4 KB: Shard reads each batch of the shard once, and again those of the overlap. At one batch of 500
// a second that is four items, 13 units, a claim: 26,000 units a million events, $0.003; at ten batches a second it is 31, 94 units: $0.024. A
// function that starts cold, or takes over a shard, reads the whole window besides: 300 such items, 906 units, $0.0001.
package dynamoclaims

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
)

// The attributes of an item.
const (
	keyName     = "pk"
	sortName    = "sk"
	expiresName = "expires"
	packedName  = "batch" // Shard: the packed batch
	countName   = "ids"   // Shard: how many ids are in it
	ownerName   = "owner" // Global: whose the id is
	bodyName    = "body"  // Global: XXH64 of the event, 16 hexadecimal digits
)

type attributes = map[string]types.AttributeValue

func text(s string) types.AttributeValue { return &types.AttributeValueMemberS{Value: s} }

func unix(t time.Time) types.AttributeValue {
	return &types.AttributeValueMemberN{Value: strconv.FormatInt(t.Unix(), 10)}
}

// textOf gives a string attribute, or "".
func textOf(a attributes, name string) string {
	if s, ok := a[name].(*types.AttributeValueMemberS); ok {
		return s.Value
	}
	return ""
}

// clock is the time by which claims expire.
func clock(o claims.Options) func() time.Time {
	if o.Now == nil {
		return time.Now
	}
	return o.Now
}

// checkContext names what a cancelled context stopped.
func checkContext(ctx context.Context, verb, shard string) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("%s batch of %s: %w", verb, shard, err)
	}
	return nil
}
