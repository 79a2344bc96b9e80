// Package claimstest is the acceptance suite of claims: what every strategy has to do alike.
package claimstest

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"
	"testing"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// Options say in which of the two ways that the contract allows a strategy claims.
type Options struct {
	// Ahead: Claim itself makes the owner, before anything is stored. A repetition of the batch then gives Own where another strategy gives
	// Fresh; a record is its owner by sequence and position, not by lying between the first and the last of a batch; and a batch is settled
	// only after it was claimed, as in the hot path.
	Ahead bool
}

// strategy is the one under test.
type strategy struct {
	claims.Claims
	Options
}

// again is the verdict on a claim that was Fresh, is not settled, and is repeated.
func (s strategy) again() claims.Verdict {
	if s.Ahead {
		return claims.Own
	}
	return claims.Fresh
}

// Run holds the strategies that open makes, each of them without claims, to the contract of claims.Claims. They must remember for longer
// than a test takes, and some thousands of ids.
func Run(t *testing.T, o Options, open func(t *testing.T) claims.Claims) {
	tests := []struct {
		name string
		test func(*testing.T, strategy)
	}{
		{"Fresh", fresh},
		{"NeverSettled", neverSettled},
		{"OwnAfterSettle", ownAfterSettle},
		{"DuplicateAndConflict", duplicateAndConflict},
		{"Bisected", bisected},
		{"SequenceOrder", sequenceOrder},
		{"SettleRepeats", settleRepeats},
		{"DuplicateIsNoOwner", duplicateIsNoOwner},
		{"SameIDInBatch", sameIDInBatch},
		{"Empty", empty},
		{"Concurrent", concurrent},
		{"Cancelled", cancelled},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.test(t, strategy{open(t), o})
		})
	}
}

// batch makes a batch of shard whose records have the numbers [first, last], with the event ids given, one a record from the first on.
func batch(shard string, first, last int, ids ...int) claims.Batch {
	b := claims.Batch{Shard: shard, First: strconv.Itoa(first), Last: strconv.Itoa(last)}
	for i, id := range ids {
		b.Claims = append(b.Claims, claim(id, uint64(id), strconv.Itoa(first+i)))
	}
	return b
}

func claim(id int, body uint64, sequence string) claims.Claim {
	c := claims.Claim{Fingerprint: event.Fingerprint{Body: body}, Sequence: sequence}
	binary.BigEndian.PutUint64(c.ID[8:], uint64(id))
	return c
}

func expect(t *testing.T, c strategy, b claims.Batch, want ...claims.Verdict) {
	t.Helper()
	got, err := c.Claim(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if !slices.Equal(got, want) {
		t.Errorf("verdicts %v, want %v", got, want)
	}
}

func settle(t *testing.T, c strategy, b claims.Batch) {
	t.Helper()
	if c.Ahead {
		if _, err := c.Claim(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Settle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

// fresh: a claim alone makes nobody an owner that could harm its own repetition, whole, cut, or with records before and after it.
func fresh(t *testing.T, c strategy) {
	b := batch("s", 11, 13, 1, 2, 3)
	expect(t, c, b, claims.Fresh, claims.Fresh, claims.Fresh)
	again := c.again()
	for range 2 {
		expect(t, c, b, again, again, again)
	}
	expect(t, c, batch("s", 12, 12, 2), again)
	expect(t, c, batch("s", 10, 14, 4, 1, 2, 3, 5), claims.Fresh, again, again, again, claims.Fresh)
}

// neverSettled: a batch that was claimed and never stored stops no other record, unless the strategy claims ahead; then it still is its own.
func neverSettled(t *testing.T, c strategy) {
	b := batch("s", 1, 2, 1, 2)
	expect(t, c, b, claims.Fresh, claims.Fresh)
	other := claims.Batch{Shard: "t", First: "1", Last: "2", Claims: []claims.Claim{claim(1, 1, "1"), claim(2, 99, "2")}}
	if c.Ahead {
		expect(t, c, other, claims.Duplicate, claims.Conflict)
	} else {
		expect(t, c, other, claims.Fresh, claims.Fresh)
	}
	expect(t, c, b, c.again(), c.again())
	settle(t, c, b)
	expect(t, c, b, claims.Own, claims.Own)
}

func ownAfterSettle(t *testing.T, c strategy) {
	b := batch("s", 1, 3, 1, 2, 3)
	settle(t, c, b)
	expect(t, c, b, claims.Own, claims.Own, claims.Own)
	expect(t, c, batch("s", 4, 4, 4), claims.Fresh)
}

func duplicateAndConflict(t *testing.T, c strategy) {
	settle(t, c, batch("s", 1, 3, 1, 2, 3))
	later := claims.Batch{Shard: "s", First: "10", Last: "13", Claims: []claims.Claim{
		claim(2, 2, "10"), claim(3, 99, "11"), claim(4, 4, "12"), claim(1, 1, "13")}}
	expect(t, c, later, claims.Duplicate, claims.Conflict, claims.Fresh, claims.Duplicate)
}

// bisected: a batch that comes back cut otherwise, or with records after it, is still its own.
func bisected(t *testing.T, c strategy) {
	settle(t, c, batch("s", 10, 13, 1, 2, 3, 4))
	expect(t, c, batch("s", 10, 11, 1, 2), claims.Own, claims.Own)
	expect(t, c, batch("s", 12, 13, 3, 4), claims.Own, claims.Own)
	expect(t, c, batch("s", 12, 15, 3, 4, 5, 6), claims.Own, claims.Own, claims.Fresh, claims.Fresh)
	settle(t, c, batch("s", 12, 15, 3, 4, 5, 6))
	expect(t, c, batch("s", 11, 14, 2, 3, 4, 5), claims.Own, claims.Own, claims.Own, claims.Own)
	expect(t, c, batch("s", 16, 16, 5), claims.Duplicate)
	expect(t, c, batch("s", 9, 9, 1), claims.Duplicate)
}

// sequenceOrder: sequence numbers are compared as numbers, beyond 64 bits.
func sequenceOrder(t *testing.T, c strategy) {
	const zeros = "00000000000000000000000000000000000000000000000000"
	between := claims.Own // the batch's, though not the record's
	if c.Ahead {
		between = claims.Duplicate
	}
	b := claims.Batch{Shard: "s", First: "9", Last: "1" + zeros, Claims: []claims.Claim{claim(1, 1, "10")}}
	settle(t, c, b)
	for sequence, want := range map[string]claims.Verdict{
		"10": claims.Own, "0" + zeros + "10": claims.Own,
		"9": between, "99999": between, "1" + zeros: between, "00000009": between,
		"8": claims.Duplicate, "0000000008": claims.Duplicate, "2" + zeros: claims.Duplicate, "1" + zeros + "0": claims.Duplicate,
	} {
		expect(t, c, claims.Batch{Shard: "s", First: sequence, Last: sequence, Claims: []claims.Claim{claim(1, 1, sequence)}}, want)
	}
}

func settleRepeats(t *testing.T, c strategy) {
	b := batch("s", 1, 3, 1, 2, 3)
	for range 3 {
		settle(t, c, b)
	}
	expect(t, c, b, claims.Own, claims.Own, claims.Own)
	expect(t, c, batch("s", 4, 6, 3, 2, 1), claims.Duplicate, claims.Duplicate, claims.Duplicate)
}

// duplicateIsNoOwner: a batch that was settled with a duplicate in it does not take the id from the batch that stored it.
func duplicateIsNoOwner(t *testing.T, c strategy) {
	first, second := batch("s", 1, 2, 1, 2), batch("s", 3, 4, 1, 3)
	settle(t, c, first)
	expect(t, c, second, claims.Duplicate, claims.Fresh)
	settle(t, c, second)
	expect(t, c, first, claims.Own, claims.Own)
	expect(t, c, second, claims.Duplicate, claims.Own)
}

// sameIDInBatch: two records of one batch with one id are both its own: telling them apart is for the caller, who has both.
func sameIDInBatch(t *testing.T, c strategy) {
	b := batch("s", 1, 3, 1, 1, 1)
	b.Claims[2].Body = 99
	expect(t, c, b, claims.Fresh, claims.Fresh, claims.Fresh)
	expect(t, c, b, c.again(), c.again(), c.again())
	settle(t, c, b)
	expect(t, c, b, claims.Own, claims.Own, claims.Own)
	expect(t, c, batch("s", 4, 4, 1), claims.Duplicate) // the first one's body holds
}

func empty(t *testing.T, c strategy) {
	b := batch("s", 1, 1)
	expect(t, c, b)
	settle(t, c, b)
	expect(t, c, batch("s", 1, 1, 1), claims.Fresh)
}

// concurrent: shards settle and claim at once, each with ids of its own, and everything comes back as its own.
func concurrent(t *testing.T, c strategy) {
	const shards, batches, size = 4, 4, 50 // more than DynamoDB takes in one call
	var group sync.WaitGroup
	for s := range shards {
		group.Go(func() {
			for n := range batches {
				b := batch(fmt.Sprint("shard", s), n*size, (n+1)*size-1)
				for i := range size {
					b.Claims = append(b.Claims, claim(s*1_000_000+n*size+i, 7, strconv.Itoa(n*size+i)))
				}
				for round, want := range []claims.Verdict{claims.Fresh, claims.Own} {
					got, err := c.Claim(t.Context(), b)
					if err != nil || len(got) != size || slices.ContainsFunc(got, func(v claims.Verdict) bool { return v != want }) {
						t.Errorf("shard %d batch %d round %d: %v, %v", s, n, round, got, err)
					}
					if err := c.Settle(t.Context(), b); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	group.Wait()
}

func cancelled(t *testing.T, c strategy) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	b := batch("s", 1, 1, 1)
	if _, err := c.Claim(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("claim: %v", err)
	}
	if err := c.Settle(ctx, b); !errors.Is(err, context.Canceled) {
		t.Errorf("settle: %v", err)
	}
	expect(t, c, batch("s", 2, 2, 1), claims.Fresh)
}
