package dynamoclaims

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
)

// overlap is how far before the last read the next one begins: for writers whose clock is behind, and for an item that was on its way when
// its turn was read. One that comes later still is not seen by processes that are warm, and its duplicates are compaction's.
const overlap = 2 * time.Second

// load brings what is known of a shard up to date.
func (s *Shard) load(ctx context.Context, shard string, k *known) error {
	select {
	case k.turn <- struct{}{}:
		defer func() { <-k.turn }()
	case <-ctx.Done():
		return checkContext(ctx, "claim", shard)
	}
	now := s.now()
	since := now.Add(-s.keep)
	if k.next.After(since) {
		since = k.next
	}
	r := reading{shard: shard, seen: k.seen}
	if err := s.read(ctx, &r, since); err != nil {
		return fmt.Errorf("read claims of shard %s: %w", shard, err)
	}
	for _, item := range slices.Backward(r.items) {
		k.window.Load(item, now)
	}
	// From the newest item, if that is older than this read: a clock that is behind the writers' skips nothing. And from this read, if that
	// is older: one writer whose clock is ahead hides nobody else's items.
	next := now
	if r.newest.Before(now) {
		next = r.newest
	}
	if next = next.Add(-overlap); next.After(k.next) {
		k.next = next
	}
	for _, key := range r.keys {
		k.seen[key] = struct{}{}
	}
	for key := range k.seen {
		if key < sortTime(k.next) {
			delete(k.seen, key)
		}
	}
	return nil
}

// reading is a read of a shard, newest items first.
type reading struct {
	shard  string
	seen   map[string]struct{}
	keys   []string
	items  []claims.Item
	ids    int
	newest time.Time
}

// read queries the items from a time on, consistently. It ends early when it has as many ids as there is room for: memory and time are
// bounded, whatever the shard has seen.
func (s *Shard) read(ctx context.Context, r *reading, since time.Time) error {
	in := &dynamodb.QueryInput{
		TableName: &s.table, ConsistentRead: aws.Bool(true), ScanIndexForward: aws.Bool(false),
		KeyConditionExpression:    aws.String("#pk = :pk AND #sk >= :since"),
		ExpressionAttributeNames:  map[string]string{"#pk": keyName, "#sk": sortName, "#batch": packedName},
		ExpressionAttributeValues: attributes{":pk": text(shardKey(r.shard)), ":since": text(sortTime(since))},
		ProjectionExpression:      aws.String("#sk, #batch"),
		ReturnConsumedCapacity:    types.ReturnConsumedCapacityTotal,
	}
	for {
		out, err := s.client.Query(ctx, in)
		if err != nil {
			return err
		}
		s.count(func(u *Usage) {
			u.Reads++
			u.ReadUnits += unitsOf(out.ConsumedCapacity)
			for _, a := range out.Items {
				r.take(a, u)
			}
		})
		in.ExclusiveStartKey = out.LastEvaluatedKey
		if len(in.ExclusiveStartKey) == 0 || r.ids >= s.limit {
			return nil
		}
	}
}

// take unpacks an item, unless it was read before. One that cannot be read counts as not there: fresh is safe.
func (r *reading) take(a attributes, u *Usage) {
	key := textOf(a, sortName)
	packed, _ := a[packedName].(*types.AttributeValueMemberB)
	if packed != nil {
		u.Bytes += int64(len(packed.Value))
	}
	at, err := timeOf(key)
	if err == nil && at.After(r.newest) {
		r.newest = at
	}
	if _, again := r.seen[key]; again {
		u.Repeated++
		return
	}
	r.keys = append(r.keys, key)
	u.Items++
	if err != nil || packed == nil {
		u.Unreadable++
		return
	}
	item, err := claims.UnpackItem(packed.Value)
	if err != nil || item.Shard != r.shard {
		u.Unreadable++
		return
	}
	r.items = append(r.items, item)
	r.ids += len(item.IDs)
}

// sortLayout is RFC 3339 in UTC with nine decimals always, so that times sort as text.
const sortLayout = "2006-01-02T15:04:05.000000000Z"

func shardKey(shard string) string { return "shard#" + shard }

func sortTime(t time.Time) string { return t.UTC().Format(sortLayout) }

func timeOf(key string) (time.Time, error) {
	at, _, _ := strings.Cut(key, "#")
	return time.Parse(sortLayout, at)
}
