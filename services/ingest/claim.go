package ingest

import (
	"context"
	"fmt"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// claim decides every event's fate: first among themselves, then against what has been stored before. Of the records with one id the first
// stays; a copy is a duplicate, and one with another body goes to quarantine, since it is no copy.
//
// Of the copies in one delivery only the first's verdict counts, but all are claimed: the owner of an id may be a later one, from a delivery
// that was cut otherwise and not stored, and a first copy that did not know it would be dropped as a duplicate of what is dropped here.
func (i *Ingester) claim(ctx context.Context, b *batch) error {
	b.claimed = b.claims()
	verdicts, err := i.claims.Claim(ctx, b.claimed)
	if err != nil {
		return fmt.Errorf("claim %d events: %w", len(b.events), err)
	}
	if len(verdicts) != len(b.events) {
		return fmt.Errorf("claim %d events: got %d verdicts", len(b.events), len(verdicts))
	}
	b.index.reset(len(b.events))
	for n := range b.events {
		e := &b.events[n]
		switch at := b.index.first(b.events, n); {
		case at == n:
			b.judge(e, verdicts[n])
		case b.events[at].Fingerprint.Body == e.Fingerprint.Body:
			e.fate = duplicate
		default:
			b.conflict(e)
		}
	}
	return nil
}

func (b *batch) judge(e *item, v claims.Verdict) {
	switch v {
	case claims.Duplicate:
		e.fate = duplicate
	case claims.Conflict:
		b.conflict(e)
	case claims.Fresh, claims.Own:
	}
}

func (b *batch) conflict(e *item) {
	e.fate = rejected
	b.reject(e.record, event.Rejection{
		Reason: event.IDConflict, Data: e.Data, Position: e.Position,
		Detail: "another event with this id and another body was stored before",
	})
}

// claims gives the claims of all events.
func (b *batch) claims() claims.Batch {
	c := claims.Batch{Shard: b.span.Shard, First: b.span.First, Last: b.span.Last, Claims: make([]claims.Claim, len(b.events))}
	for n := range b.events {
		e := &b.events[n]
		from := &b.records[e.record]
		c.Claims[n] = claims.Claim{Fingerprint: e.Fingerprint, Sequence: from.Sequence, Position: from.Position + e.Position}
	}
	return c
}
