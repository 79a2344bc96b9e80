package contract

import (
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
)

// claimCost measures what the package comment of dynamoclaims says, by DynamoDB's rules for the size of items.
func claimCost(t *testing.T, c *claimTables) {
	const size, price = 500, 0.625 // dollars a million units
	batches := c.fewer(20)
	now := time.Now()
	o := claims.Options{Now: func() time.Time { return now }}
	shardTable, globalTable := c.table(t), c.table(t)
	shard, global := dynamoclaims.NewShard(c.client, shardTable, o), dynamoclaims.NewGlobal(c.client, globalTable, o)
	for n := range batches {
		b := claimBatch(claimShard, n*size, size, n*size)
		for _, s := range []claims.Claims{shard, global} {
			wantClaims(t, s, b, claims.Fresh)
			settleClaims(t, s, b)
		}
		now = now.Add(time.Second)
	}
	for name, m := range map[string]struct {
		table string
		usage dynamoclaims.Usage
		units int // a million events
	}{"shard": {shardTable, shard.Usage(), 26_000}, "global": {globalTable, global.Usage(), 1_000_000}} {
		units, bytes := 0, 0
		items := c.items(t, m.table)
		for _, item := range items {
			bytes += itemSize(item)
			units += (itemSize(item) + 1023) / 1024
		}
		million := units * 1_000_000 / (batches * size)
		t.Logf("%s: %d items of %d bytes: %d write units for %d events, %d a million, $%.4f; the emulator says %+v",
			name, len(items), bytes/len(items), units, batches*size, million, float64(million)*price/1e6, m.usage)
		if million != m.units {
			t.Errorf("%s takes %d units a million events, want %d", name, million, m.units)
		}
		if m.usage.Written != int64(len(items)) {
			t.Errorf("%s counted %d items", name, m.usage.Written)
		}
		if !c.moto && m.usage.WriteUnits != float64(units) { // moto says 1 a call
			t.Errorf("%s: the table says %g units", name, m.usage.WriteUnits)
		}
	}
	bytes := shard.Usage().Bytes
	t.Logf("shard: %d items read, %d of them again, %d bytes: about %d read units a million events", shard.Usage().Items, shard.Usage().Repeated, bytes,
		bytes/4096*1_000_000/int64(batches*size))
}

// itemSize is what an item counts: its names and values in UTF-8, binaries as they are, a number one byte for two digits and one more
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/CapacityUnitCalculations.html).
func itemSize(item map[string]types.AttributeValue) int {
	size := 0
	for name, value := range item {
		size += len(name)
		switch v := value.(type) {
		case *types.AttributeValueMemberS:
			size += len(v.Value)
		case *types.AttributeValueMemberB:
			size += len(v.Value)
		case *types.AttributeValueMemberN:
			size += (len(v.Value)+1)/2 + 1
		}
	}
	return size
}
