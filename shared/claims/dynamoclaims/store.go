package dynamoclaims

import (
	"context"
	"encoding/hex"
	"fmt"
	"slices"
	"strconv"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
)

// partIDs is how many ids an item holds, of 24 bytes each: 384,000 bytes of the 400 KB that DynamoDB allows
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html).
const partIDs = 16_000

// spare is how much later than it is needed an item expires, so that no clock makes it go too early.
const spare = 24 * time.Hour

// store writes a batch's items, one after the other.
func (s *Shard) store(ctx context.Context, batch claims.Item) error {
	all := batch.IDs
	part := 0
	for ids := range slices.Chunk(all, partIDs) {
		part++
		batch.IDs = ids
		out, err := s.client.PutItem(ctx, &dynamodb.PutItemInput{
			TableName: &s.table, Item: itemOf(batch, part, batch.At.Add(s.keep+spare)), ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal,
		})
		if err != nil {
			return fmt.Errorf("settle batch of %s: put item %d: %w", batch.Shard, part, err)
		}
		s.count(func(u *Usage) {
			u.Writes++
			u.Written++
			u.WriteUnits += unitsOf(out.ConsumedCapacity)
		})
	}
	return nil
}

// itemOf is the item of a part of a batch. Its sort key is the time, the range of the sequence, the part, and the end of the content's checksum: a
// write that is repeated meets itself, and no other content ever has its key.
func itemOf(batch claims.Item, part int, expires time.Time) attributes {
	packed := batch.Pack()
	key := fmt.Sprintf("%s#%s#%s#%03d-%s", sortTime(batch.At), batch.First, batch.Last, part, hex.EncodeToString(packed[len(packed)-4:]))
	return attributes{
		keyName: text(shardKey(batch.Shard)), sortName: text(key), expiresName: unix(expires),
		packedName: &types.AttributeValueMemberB{Value: packed},
		countName:  &types.AttributeValueMemberN{Value: strconv.Itoa(len(batch.IDs))},
	}
}
