// Package claims remembers which events have been stored, so that the hot path can tell a duplicate. It is there to keep fresh data clean:
// what it forgets, compaction finds.
package claims

import (
	"context"

	"github.com/lakebed/lakebed/shared/event"
)

// Claims is one strategy of hot-path dedupe. Safe for concurrent use.
type Claims interface {
	// Claim gives one verdict for each of the batch's claims, in their order. A verdict of Duplicate or Conflict is given only when
	// another record with that id has been stored or, where the strategy claims ahead of the store, is that record's to store. Repeating
	// a batch gives Own or Fresh wherever it did before, unless another record with that id has been stored since. Claims of one batch
	// are not compared with each other: that is for the caller, who has them all, and claims for all of them, copies too. On an error nothing
	// may be concluded; the batch is to be delivered again.
	Claim(ctx context.Context, b Batch) ([]Verdict, error)

	// Settle records the batch's claims as stored. It is called once everything of the batch lies in the bucket, and may be repeated.
	Settle(ctx context.Context, b Batch) error
}

// Batch is what one delivery of one shard claims.
type Batch struct {
	Shard  string
	First  string // sequence number of the first record delivered
	Last   string // and of the last
	Claims []Claim
}

// Claim is one event of a batch.
type Claim struct {
	event.Fingerprint
	Sequence string
	Position int
}

// Verdict says what is known of a claim's event.
type Verdict uint8

// Fresh: nobody has the id. Own: this very record has it, from an earlier delivery. Duplicate: another record has it, with the same body.
// Conflict: another record has it, with another body.
const (
	Fresh Verdict = iota
	Own
	Duplicate
	Conflict
)
