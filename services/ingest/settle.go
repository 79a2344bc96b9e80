package ingest

import (
	"context"
	"fmt"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

// settle accounts for the delivery, then claims its events as stored: all of it lies in the bucket by now. A crash between the two costs
// nothing but a copy that compaction drops.
func (i *Ingester) settle(ctx context.Context, b *batch, fragments []fragment) error {
	if _, err := ledger.Put(ctx, i.bucket, b.entry(fragments)); err != nil {
		return err
	}
	all, kept := b.claimed.Claims, b.claimed.Claims[:0]
	for n := range b.events {
		if b.events[n].fate == stored {
			kept = append(kept, all[n])
		}
	}
	b.claimed.Claims = kept
	if err := i.claims.Settle(ctx, b.claimed); err != nil {
		return fmt.Errorf("settle %d events: %w", len(kept), err)
	}
	return nil
}

func (b *batch) entry(fragments []fragment) ledger.Entry {
	e := ledger.Entry{
		Shard: b.span.Shard, First: b.span.First, Last: b.span.Last, Arrival: b.records[0].Arrival, Replay: b.replay,
		Received: int64(len(b.rejects)), Rejects: b.keys,
	}
	at := map[layout.Partition]int{}
	hour := func(p layout.Partition) *ledger.Hour {
		k, ok := at[p]
		if !ok {
			k = len(e.Hours)
			at[p] = k
			e.Hours = append(e.Hours, ledger.Hour{Partition: p.String()})
		}
		return &e.Hours[k]
	}
	for _, f := range fragments { // sorted by partition
		h := hour(f.Partition)
		h.Stored += f.lines
		h.Fragments = append(h.Fragments, ledger.Fragment{Name: f.Name(), Lines: f.lines})
		e.Received += f.lines
	}
	for n := range b.events {
		if b.events[n].fate == duplicate {
			hour(b.events[n].partition).Duplicates++
			e.Received++
		}
	}
	for _, r := range b.rejects {
		if e.Quarantined == nil {
			e.Quarantined = map[string]int64{}
		}
		e.Quarantined[string(r.Reason)]++
	}
	return e
}

// Result says what became of a delivery: Received = Stored + Duplicates + the sum of Quarantined.
type Result struct {
	Received    int64
	Stored      int64
	Duplicates  int64
	Quarantined map[event.Reason]int64
	Fragments   int64 // objects
	Bytes       int64 // in them, before compression
	Copies      []Copy
}

// Copy is a duplicate that was dropped, for the log.
type Copy struct {
	ID event.ID
	event.Origin
}

// maxCopies is how many duplicates of a delivery are named; all are counted.
const maxCopies = 100

func (b *batch) result(fragments []fragment) Result {
	r := Result{Quarantined: map[event.Reason]int64{}, Fragments: int64(len(fragments))}
	for _, f := range fragments {
		r.Stored += f.lines
		r.Bytes += int64(len(f.text))
	}
	for n := range b.events {
		e := &b.events[n]
		if e.fate != duplicate {
			continue
		}
		r.Duplicates++
		if len(r.Copies) < maxCopies {
			from := b.records[e.record]
			r.Copies = append(r.Copies, Copy{e.Fingerprint.ID, event.Origin{Shard: b.span.Shard, Sequence: from.Sequence, Position: from.Position + e.Position}})
		}
	}
	for _, x := range b.rejects {
		r.Quarantined[x.Reason]++
	}
	r.Received = r.Stored + r.Duplicates + int64(len(b.rejects))
	return r
}
