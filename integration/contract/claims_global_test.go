package contract

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/smithy-go"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
)

// globalRace: of many records that claim one id at once, exactly one is fresh.
func globalRace(t *testing.T, c *claimTables) {
	table := c.table(t)
	for round := range c.fewer(10) {
		var fresh, duplicate atomic.Int32
		var group sync.WaitGroup
		for n := range 20 {
			group.Go(func() {
				g := dynamoclaims.NewGlobal(c.client, table, claims.Options{})
				b := claimBatch(fmt.Sprint("shard-", n%4), n, 30, round*100)
				for i := range b.Claims {
					b.Claims[i].Sequence = strconv.Itoa(n*100 + i)
				}
				b.First, b.Last = b.Claims[0].Sequence, b.Claims[29].Sequence
				verdicts, err := g.Claim(t.Context(), b)
				if err != nil {
					t.Error(err)
					return
				}
				for _, v := range verdicts {
					switch v {
					case claims.Fresh:
						fresh.Add(1)
					case claims.Duplicate:
						duplicate.Add(1)
					default:
						t.Errorf("verdict %v", v)
					}
				}
			})
		}
		group.Wait()
		if fresh.Load() != 30 || duplicate.Load() != 19*30 {
			t.Errorf("30 ids: %d fresh, %d duplicates", fresh.Load(), duplicate.Load())
		}
	}
}

// globalExpires: an item that is past its time is the next record's, and of several that want it one gets it.
func globalExpires(t *testing.T, c *claimTables) {
	now := time.Now().Truncate(time.Second)
	table := c.table(t)
	g := dynamoclaims.NewGlobal(c.client, table, claims.Options{Keep: time.Hour, Now: func() time.Time { return now }})
	first, second := claimBatch("a", 0, 3, 0), claimBatch("b", 0, 3, 0)
	wantClaims(t, g, first, claims.Fresh)
	now = now.Add(time.Hour - time.Second)
	wantClaims(t, g, first, claims.Own)
	wantClaims(t, g, second, claims.Duplicate)
	now = now.Add(time.Second)
	var fresh atomic.Int32
	var group sync.WaitGroup
	for n := range 10 {
		group.Go(func() {
			verdicts, err := g.Claim(t.Context(), claimBatch(fmt.Sprint("late-", n), 0, 3, 0))
			if err != nil {
				t.Error(err)
			}
			for _, v := range verdicts {
				if v == claims.Fresh {
					fresh.Add(1)
				}
			}
		})
	}
	group.Wait()
	if fresh.Load() != 3 {
		t.Errorf("3 ids were taken over %d times", fresh.Load())
	}
	wantClaims(t, g, first, claims.Duplicate)
	f := &faultyClaims{operation: "PutItem", times: 3, landed: true}
	now = now.Add(time.Hour)
	wantClaims(t, dynamoclaims.NewGlobal(c.through(f.meet), table, claims.Options{Keep: time.Hour, Now: func() time.Time { return now }}), first, claims.Own)
	if f.met != 3 {
		t.Errorf("%d replies were lost", f.met)
	}
}

// globalLarge: the largest batches are claimed and come back as their own.
func globalLarge(t *testing.T, c *claimTables) {
	g := dynamoclaims.NewGlobal(c.client, c.table(t), claims.Options{})
	n := c.fewer(10_000)
	b := claimBatch(claimShard, 0, n, 0)
	wantClaims(t, g, b, claims.Fresh)
	wantClaims(t, g, b, claims.Own)
	if u := g.Usage(); u.Writes != int64(2*n/25) || u.Reads != int64(n/100) || u.Written != int64(n) || u.Items != int64(n) {
		t.Errorf("%+v", u)
	}
}

// globalReplyLost: an insert that landed unnoticed is recognised as the record's own, in the same call and in the next delivery.
func globalReplyLost(t *testing.T, c *claimTables) {
	table := c.table(t)
	f := &faultyClaims{operation: "BatchExecuteStatement", times: 1, landed: true}
	b := claimBatch(claimShard, 0, 20, 0)
	wantClaims(t, dynamoclaims.NewGlobal(c.through(f.meet), table, claims.Options{}), b, claims.Own)
	f = &faultyClaims{operation: "BatchExecuteStatement", times: 3, landed: true}
	b = claimBatch(claimShard, 100, 20, 100)
	if _, err := dynamoclaims.NewGlobal(c.through(f.meet), table, claims.Options{}).Claim(t.Context(), b); err == nil {
		t.Error("no reply, no error")
	}
	g := dynamoclaims.NewGlobal(c.client, table, claims.Options{})
	wantClaims(t, g, claimBatch("other", 0, 20, 100), claims.Duplicate)
	wantClaims(t, g, b, claims.Own)
}

// globalDamaged: an item that cannot be read stops no event.
func globalDamaged(t *testing.T, c *claimTables) {
	table := c.table(t)
	g := dynamoclaims.NewGlobal(c.client, table, claims.Options{})
	wantClaims(t, g, claimBatch("a", 0, 5, 0), claims.Fresh)
	damages := []func(map[string]types.AttributeValue){
		func(a map[string]types.AttributeValue) { delete(a, "owner") },
		func(a map[string]types.AttributeValue) { a["owner"] = &types.AttributeValueMemberS{Value: "a/x/0"} },
		func(a map[string]types.AttributeValue) {
			a["body"] = &types.AttributeValueMemberB{Value: make([]byte, 16)}
		},
		func(a map[string]types.AttributeValue) {
			a["expires"] = &types.AttributeValueMemberS{Value: "9999999999"}
		},
		func(a map[string]types.AttributeValue) { a["expires"] = &types.AttributeValueMemberN{Value: "1.5"} },
	}
	for k, item := range c.items(t, table) {
		damages[k](item)
		c.put(t, table, item)
	}
	wantClaims(t, g, claimBatch("b", 0, 5, 0), claims.Fresh)
	if u := g.Usage(); u.Unreadable != 5 {
		t.Errorf("%+v", u)
	}
}

// globalCopies: a delivery with several copies of one event, of which a later one owns the id, is not a duplicate of itself. Without that
// copy it is; and so is a piece of the very record.
func globalCopies(t *testing.T, c *claimTables) {
	g := dynamoclaims.NewGlobal(c.client, c.table(t), claims.Options{})
	owner := claimBatch(claimShard, 3, 1, 7)
	wantClaims(t, g, owner, claims.Fresh) // and never stored
	whole := claimBatch(claimShard, 1, 3, 1)
	for n := range whole.Claims {
		whole.Claims[n].Fingerprint = owner.Claims[0].Fingerprint
	}
	whole.Claims[2].Sequence = owner.Claims[0].Sequence
	if got, err := g.Claim(t.Context(), whole); err != nil || !slices.Equal(got, []claims.Verdict{claims.Own, claims.Own, claims.Own}) {
		t.Errorf("verdicts %v, %v", got, err)
	}
	alone := whole
	alone.Claims = whole.Claims[:2]
	wantClaims(t, g, alone, claims.Duplicate)
	piece := owner
	piece.Claims = slices.Clone(owner.Claims)
	piece.Claims[0].Position, piece.Claims[0].Body = 5, 99
	wantClaims(t, g, piece, claims.Conflict)
}

// globalFaults: as shardFaults. What a failed call has claimed is its own when it comes again.
func globalFaults(t *testing.T, c *claimTables) {
	table := c.table(t)
	for n, operation := range []string{"BatchExecuteStatement", "BatchGetItem"} {
		f := &faultyClaims{operation: operation, times: 2}
		g := dynamoclaims.NewGlobal(c.through(f.meet), table, claims.Options{})
		b := claimBatch(claimShard, n*100, 20, n*100)
		wantClaims(t, g, b, claims.Fresh)
		wantClaims(t, g, b, claims.Own)
		if f.met != 2 {
			t.Errorf("%s: %d faults", operation, f.met)
		}
		g = dynamoclaims.NewGlobal(c.through((&faultyClaims{operation: operation, times: math.MaxInt}).meet), table, claims.Options{})
		var slow smithy.APIError
		if _, err := g.Claim(t.Context(), b); !errors.As(err, &slow) || slow.ErrorCode() != "ProvisionedThroughputExceededException" {
			t.Errorf("%s: %v", operation, err)
		}
		wantClaims(t, dynamoclaims.NewGlobal(c.client, table, claims.Options{}), b, claims.Own)
	}
	g := dynamoclaims.NewGlobal(c.client, "no-such-table", claims.Options{})
	if _, err := g.Claim(t.Context(), claimBatch(claimShard, 0, 20, 0)); err == nil || !strings.Contains(err.Error(), claimShard) {
		t.Errorf("no table: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	g = dynamoclaims.NewGlobal(c.through(cancelClaims(cancel)), table, claims.Options{})
	if _, err := g.Claim(ctx, claimBatch(claimShard, 0, 500, 0)); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled under way: %v", err)
	}
}
