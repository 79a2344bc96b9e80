package contract

import (
	"context"
	"errors"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
)

// shardReads: processes see each other's batches, and a warm one reads what is new, and the overlap again.
func shardReads(t *testing.T, c *claimTables) {
	now := time.Now()
	o, table := claims.Options{Now: func() time.Time { return now }}, c.table(t)
	writer, reader := dynamoclaims.NewShard(c.client, table, o), dynamoclaims.NewShard(c.client, table, o)
	var batches []claims.Batch
	for n := range 10 {
		batches = append(batches, claimBatch(claimShard, n*100, 50, n*100))
		settleClaims(t, writer, batches[n])
		now = now.Add(time.Second)
	}
	wantClaims(t, reader, batches[0], claims.Own)
	cold := reader.Usage()
	if cold.Items != 10 || cold.Repeated != 0 || cold.Reads != 1 || cold.Bytes < 10*50*24 || cold.Bytes > 10*(50*24+200) {
		t.Errorf("cold: %+v", cold)
	}
	wantClaims(t, reader, claimBatch(claimShard, 9000, 50, 900), claims.Duplicate)
	warm := reader.Usage()
	if warm.Items != 10 || warm.Repeated != 3 || warm.Reads != 2 { // those of the last two seconds before the newest
		t.Errorf("warm: %+v", warm)
	}
	now = now.Add(time.Second)
	settleClaims(t, writer, claimBatch(claimShard, 1000, 50, 1000))
	now = now.Add(10 * time.Second)
	wantClaims(t, reader, claimBatch(claimShard, 9000, 50, 1000), claims.Duplicate)
	if u := reader.Usage(); u.Items != 11 || u.Repeated != 6 || u.Reads != 3 {
		t.Errorf("one more: %+v", u)
	}
	wantClaims(t, reader, claimBatch("shardId-never-seen", 0, 50, 1000), claims.Fresh)
	settleClaims(t, reader, batches[3]) // nothing in it is unknown
	if u := reader.Usage(); u.Written != 0 {
		t.Errorf("what is known is written: %+v", u)
	}
	if u := writer.Usage(); u.Written != 11 || u.Reads != 0 {
		t.Errorf("writer: %+v", u)
	}
}

// shardExpires: an item is over by the clock and its own time, for whoever reads it and whether TTL removed it or not.
func shardExpires(t *testing.T, c *claimTables) {
	now := time.Now()
	o, table := claims.Options{Keep: time.Minute, Now: func() time.Time { return now }}, c.table(t)
	warm := dynamoclaims.NewShard(c.client, table, o)
	b := claimBatch(claimShard, 0, 3, 0)
	settleClaims(t, warm, b)
	for _, step := range []struct {
		after time.Duration
		want  claims.Verdict
	}{{0, claims.Own}, {59 * time.Second, claims.Own}, {time.Second, claims.Fresh}, {time.Hour, claims.Fresh}} {
		now = now.Add(step.after)
		wantClaims(t, warm, b, step.want)
		wantClaims(t, dynamoclaims.NewShard(c.client, table, o), b, step.want)
	}
	items := c.items(t, table)
	if len(items) != 1 {
		t.Fatalf("%d items", len(items))
	}
	expires, err := strconv.ParseInt(items[0]["expires"].(*types.AttributeValueMemberN).Value, 10, 64)
	if err != nil || time.Unix(expires, 0).Before(now.Add(-time.Hour-time.Minute).Add(24*time.Hour)) {
		t.Errorf("TTL %v, %v", expires, err)
	}
}

// shardClocks: writers whose clocks differ see each other's items, and one that is far ahead hides nobody's.
func shardClocks(t *testing.T, c *claimTables) {
	now := time.Now()
	at := func(skew time.Duration) claims.Options {
		return claims.Options{Now: func() time.Time { return now.Add(skew) }}
	}
	table := c.table(t)
	ahead, behind := dynamoclaims.NewShard(c.client, table, at(time.Hour)), dynamoclaims.NewShard(c.client, table, at(-1900*time.Millisecond))
	reader := dynamoclaims.NewShard(c.client, table, at(0))
	settleClaims(t, ahead, claimBatch(claimShard, 0, 3, 0))
	settleClaims(t, reader, claimBatch(claimShard, 10, 3, 10))
	wantClaims(t, reader, claimBatch(claimShard, 900, 3, 0), claims.Duplicate)
	wantClaims(t, reader, claimBatch(claimShard, 900, 3, 10), claims.Duplicate)
	settleClaims(t, behind, claimBatch(claimShard, 20, 3, 20)) // before what was read already
	wantClaims(t, reader, claimBatch(claimShard, 900, 3, 20), claims.Duplicate)
	wantClaims(t, reader, claimBatch(claimShard, 20, 3, 20), claims.Own)
	now = now.Add(6 * time.Minute)
	wantClaims(t, reader, claimBatch(claimShard, 900, 3, 10), claims.Fresh)
	fast := dynamoclaims.NewShard(c.client, table, at(10*time.Second)) // a reader; all writers are behind it
	for n := range 3 {
		b := claimBatch("shardId-000000000008", n*10, 3, 100+n*10)
		settleClaims(t, dynamoclaims.NewShard(c.client, table, at(0)), b)
		wantClaims(t, fast, b, claims.Own)
		now = now.Add(time.Second)
	}
}

// shardOwner: of two batches that were under way at once and stored the same events, all processes take the first that was settled for the
// owner, whatever they had read before.
func shardOwner(t *testing.T, c *claimTables) {
	now := time.Now()
	o, table := claims.Options{Now: func() time.Time { return now }}, c.table(t)
	a, b := claimBatch(claimShard, 0, 3, 0), claimBatch(claimShard, 10, 3, 0)
	one, two := dynamoclaims.NewShard(c.client, table, o), dynamoclaims.NewShard(c.client, table, o)
	wantClaims(t, one, a, claims.Fresh)
	wantClaims(t, two, b, claims.Fresh)
	settleClaims(t, one, a)
	now = now.Add(time.Second)
	settleClaims(t, two, b)
	for _, s := range []claims.Claims{one, two, dynamoclaims.NewShard(c.client, table, o)} {
		wantClaims(t, s, a, claims.Own)
		wantClaims(t, s, b, claims.Duplicate)
	}
}

// shardLarge: the largest batch of Kinesis is one item, and larger ones are several.
func shardLarge(t *testing.T, c *claimTables) {
	for n, want := range map[int]int{1: 1, 10_000: 1, 16_000: 1, 16_001: 2, 30_000: 2} {
		table := c.table(t)
		s := dynamoclaims.NewShard(c.client, table, claims.Options{})
		b := claimBatch(claimShard, 0, n, 0)
		wantClaims(t, s, b, claims.Fresh)
		settleClaims(t, s, b)
		wantClaims(t, s, b, claims.Own)
		wantClaims(t, dynamoclaims.NewShard(c.client, table, claims.Options{}), claimBatch(claimShard, 50_000, n, 0), claims.Duplicate)
		items := c.items(t, table)
		ids := 0
		for _, item := range items {
			if size := itemSize(item); size > 400<<10 {
				t.Errorf("an item of %d bytes", size)
			}
			count, _ := strconv.Atoi(item["ids"].(*types.AttributeValueMemberN).Value)
			ids += count
		}
		if len(items) != want || ids != n {
			t.Errorf("%d claims are %d ids in %d items, want %d", n, ids, len(items), want)
		}
	}
}

// shardLimit: what a process remembers and reads is bounded by the limit, over all shards.
func shardLimit(t *testing.T, c *claimTables) {
	now := time.Now()
	table := c.table(t)
	o := claims.Options{Limit: 60_000, Now: func() time.Time { return now }}
	writer := dynamoclaims.NewShard(c.client, table, o)
	for n := range 12 { // 144,000 ids, of 3.5 MB: four pages
		settleClaims(t, writer, claimBatch(claimShard, n*12_000, 12_000, n*12_000))
		now = now.Add(time.Second)
	}
	reader := dynamoclaims.NewShard(c.client, table, o)
	wantClaims(t, reader, claimBatch(claimShard, 900_000, 1000, 143_000), claims.Duplicate)
	wantClaims(t, reader, claimBatch(claimShard, 900_000, 1000, 90_000), claims.Duplicate)
	wantClaims(t, reader, claimBatch(claimShard, 900_000, 1000, 0), claims.Fresh)
	if u := reader.Usage(); u.Items > 8 {
		t.Errorf("it reads on beyond the limit: %+v", u)
	}
	settleClaims(t, writer, claimBatch("other", 0, 12_000, 500_000))
	wantClaims(t, reader, claimBatch("other", 50_000, 10, 500_000), claims.Duplicate)
	before := reader.Usage().Items
	wantClaims(t, reader, claimBatch(claimShard, 900_000, 1000, 143_000), claims.Duplicate)
	if read := reader.Usage().Items - before; read < 5 {
		t.Errorf("%d items were read: the first shard was not forgotten for the other", read)
	}
}

// shardDamaged: an item that cannot be read, or comes from a later version, takes nothing from its neighbours and is counted once.
func shardDamaged(t *testing.T, c *claimTables) {
	table := c.table(t)
	writer := dynamoclaims.NewShard(c.client, table, claims.Options{})
	for n := range 5 {
		settleClaims(t, writer, claimBatch(claimShard, n*100, 3, n*100))
	}
	items := c.items(t, table)
	slices.SortFunc(items, func(a, b map[string]types.AttributeValue) int {
		return strings.Compare(a["sk"].(*types.AttributeValueMemberS).Value, b["sk"].(*types.AttributeValueMemberS).Value)
	})
	packed := items[0]["batch"].(*types.AttributeValueMemberB).Value
	packed[len(packed)/2] ^= 1
	items[1]["batch"] = &types.AttributeValueMemberB{Value: append([]byte{2}, "of a later version"...)}
	items[2]["batch"] = &types.AttributeValueMemberS{Value: "text"}
	delete(items[3], "batch")
	for _, item := range items[:4] {
		c.put(t, table, item)
	}
	for sk, shard := range map[string]string{"9999 is no time": claimShard, "2999-01-01T00:00:00.000000000Z#1#2": "other"} {
		i := claims.Item{Shard: shard, At: time.Now(), First: claimBatch(claimShard, 0, 3, 0).First, Last: claimBatch(claimShard, 0, 3, 0).Last}
		for _, own := range claimBatch(claimShard, 0, 3, 0).Claims {
			i.IDs = append(i.IDs, own.Fingerprint)
		}
		c.put(t, table, map[string]types.AttributeValue{
			"pk": items[0]["pk"], "sk": &types.AttributeValueMemberS{Value: sk}, "batch": &types.AttributeValueMemberB{Value: i.Pack()}})
	}
	reader := dynamoclaims.NewShard(c.client, table, claims.Options{})
	for range 2 {
		for n := range 4 {
			wantClaims(t, reader, claimBatch(claimShard, n*100, 3, n*100), claims.Fresh)
		}
		wantClaims(t, reader, claimBatch(claimShard, 400, 3, 400), claims.Own)
	}
	if u := reader.Usage(); u.Unreadable != 6 || u.Items != 7 {
		t.Errorf("%+v", u)
	}
}

// shardLost: a table that was emptied, and then dropped, forgets and fails; it never calls an event a duplicate that it does not know.
func shardLost(t *testing.T, c *claimTables) {
	table := c.table(t)
	s := dynamoclaims.NewShard(c.client, table, claims.Options{})
	b := claimBatch(claimShard, 0, 3, 0)
	settleClaims(t, s, b)
	for _, item := range c.items(t, table) {
		key := map[string]types.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
		if _, err := c.client.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &table, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
	wantClaims(t, s, b, claims.Fresh)
	settleClaims(t, s, b)
	wantClaims(t, s, b, claims.Own)
	if _, err := c.client.DeleteTable(t.Context(), &dynamodb.DeleteTableInput{TableName: &table}); err != nil {
		t.Fatal(err)
	}
	var gone *types.ResourceNotFoundException
	if _, err := s.Claim(t.Context(), b); !errors.As(err, &gone) || !strings.Contains(err.Error(), claimShard) {
		t.Errorf("claim: %v", err)
	}
	if err := s.Settle(t.Context(), claimBatch(claimShard, 10, 3, 10)); !errors.As(err, &gone) {
		t.Errorf("settle: %v", err)
	}
}

// shardFaults: throttling that passes is not noticed, throttling that stays is the error, a lost reply changes nothing, and a context that ends
// ends the call.
func shardFaults(t *testing.T, c *claimTables) {
	table := c.table(t)
	b := claimBatch(claimShard, 0, 3, 0)
	for n, f := range []*faultyClaims{{operation: "Query", times: 2}, {operation: "PutItem", times: 2}, {operation: "PutItem", times: 1, landed: true}} {
		s := dynamoclaims.NewShard(c.through(f.meet), table, claims.Options{})
		if _, err := s.Claim(t.Context(), b); err != nil {
			t.Errorf("%s: %v", f.operation, err)
		}
		settleClaims(t, s, claimBatch(claimShard, 100+n*10, 3, 100+n*10))
		if f.met != f.times {
			t.Errorf("%s: %d faults", f.operation, f.met)
		}
	}
	if items := c.items(t, table); len(items) != 3 {
		t.Errorf("%d items", len(items))
	}
	var slow *types.ProvisionedThroughputExceededException
	s := dynamoclaims.NewShard(c.through((&faultyClaims{operation: "Query", times: math.MaxInt}).meet), table, claims.Options{})
	if _, err := s.Claim(t.Context(), b); !errors.As(err, &slow) {
		t.Errorf("claim: %v", err)
	}
	s = dynamoclaims.NewShard(c.through((&faultyClaims{operation: "PutItem", times: math.MaxInt}).meet), table, claims.Options{})
	if err := s.Settle(t.Context(), claimBatch(claimShard, 200, 3, 200)); !errors.As(err, &slow) {
		t.Errorf("settle: %v", err)
	}
	wantClaims(t, dynamoclaims.NewShard(c.client, table, claims.Options{}), claimBatch(claimShard, 200, 3, 200), claims.Fresh)
	ctx, cancel := context.WithCancel(t.Context())
	s = dynamoclaims.NewShard(c.through(cancelClaims(cancel)), table, claims.Options{})
	if _, err := s.Claim(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled under way: %v", err)
	}
}
