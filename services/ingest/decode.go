package ingest

import (
	"fmt"
	"sync"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// batch is a delivery on its way.
type batch struct {
	span    layout.Span
	replay  string
	records []Record
	events  []item
	rejects []quarantine.Reject
	keys    []string // of the quarantine objects written
	release func()   // ends the life of the batch and of its events' lines
	claimed claims.Batch

	decoder *event.Decoder // its events' lines live until its Reset
	index   index          // scratch of claim
	placed  []placed       // scratch of arrange
}

// batches keeps the memory of those that are done: a delivery takes none that grows with its events once there was one of that size.
var batches = sync.Pool{New: func() any { return new(batch) }}

// begin gives an empty batch for a delivery.
func begin(d Delivery, span layout.Span, decoder *event.Decoder, decoders *sync.Pool) *batch {
	b, _ := batches.Get().(*batch)
	b.span, b.replay, b.records, b.decoder = span, d.Replay, d.Records, decoder
	b.release = func() {
		decoder.Reset()
		decoders.Put(decoder)
		clear(b.events)
		clear(b.placed)
		*b = batch{events: b.events[:0], index: b.index, placed: b.placed[:0]}
		batches.Put(b)
	}
	return b
}

// item is one event of a batch.
type item struct {
	event.Event
	partition layout.Partition
	record    int // whose record it came in
	fragment  int // into which it goes, if it is stored
	fate      fate
}

// fate is what becomes of an event.
type fate uint8

const (
	stored fate = iota
	duplicate
	rejected
)

// maxHours is how many partitions one delivery may touch: what goes beyond is quarantined, so that no input makes the writes of one
// invocation unbounded. A delivery of Kinesis holds at most 10,000 records.
const maxHours = 10_000

// maxRejects is how many rejected pieces one delivery may have. The record with which there would be more is kept whole, as one, so that a
// payload full of "[]" takes no more memory than another; the good events in it wait with it.
const maxRejects = 50_000

// decode splits the records into events and rejects. It fails only for a delivery that cannot be named in a key.
func (i *Ingester) decode(d Delivery) (*batch, error) {
	span := layout.Span{Shard: d.Shard, First: d.Records[0].Sequence, Last: d.Records[len(d.Records)-1].Sequence}
	if d.Replay != "" { // what is rejected again goes into the very object that it came from
		at, err := layout.ParseReject(d.Replay)
		if err != nil {
			return nil, fmt.Errorf("decode replay: %w", err)
		}
		span = at.Span
	}
	if err := span.Check(); err != nil {
		return nil, fmt.Errorf("decode delivery: %w", err)
	}
	for n, r := range d.Records {
		if r.Arrival.IsZero() || !layout.PartitionOf(r.Arrival).Valid() {
			return nil, fmt.Errorf("decode delivery: record %s has no arrival time", d.Records[n].Sequence)
		}
	}
	decoder, _ := i.decoders.Get().(*event.Decoder)
	b := begin(d, span, decoder, &i.decoders)
	hours := map[layout.Partition]bool{}
	hour := layout.Partition(-1) // the last of them
	n, before := 0, 0            // the record at hand, and how many pieces of it came before what is being decoded
	crowded := false             // it has more rejected pieces than there is room for
	reject := func(r event.Rejection) {
		if crowded = crowded || len(b.rejects) >= maxRejects; !crowded {
			r.Position += before
			b.reject(n, r)
		}
	}
	accept := func(e event.Event) {
		p := layout.PartitionOf(e.Time)
		if p != hour && !hours[p] {
			if len(hours) >= maxHours {
				reject(event.Rejection{
					Reason: event.TooManyHours, Data: e.Data, Position: e.Position,
					Detail: fmt.Sprintf("one delivery may touch %d hours", maxHours),
				})
				return
			}
			hours[p] = true
		}
		hour = p
		e.Position += before
		b.events = append(b.events, item{Event: e, partition: p, record: n})
	}
	for n = range d.Records {
		r := &d.Records[n]
		before, crowded = 0, false
		events, rejects := len(b.events), len(b.rejects)
		err := r.split(func(data []byte) { before += decoder.Decode(data, r.Arrival, accept, reject) })
		switch {
		case err != nil:
			b.reject(n, event.Rejection{Reason: event.KPLBroken, Detail: err.Error(), Data: r.Data})
		case crowded:
			clear(b.events[events:])
			b.events, b.rejects = b.events[:events], b.rejects[:rejects]
			b.reject(n, event.Rejection{
				Reason: event.TooManyPieces, Data: r.Data,
				Detail: fmt.Sprintf("one delivery may have %d rejected pieces, this record holds %d pieces", maxRejects, before),
			})
		}
	}
	return b, nil
}

// reject sends a piece of the n-th record to quarantine.
func (b *batch) reject(n int, r event.Rejection) {
	from := b.records[n]
	b.rejects = append(b.rejects, quarantine.Reject{
		Reason: r.Reason, Detail: r.Detail, Shard: b.span.Shard, Sequence: from.Sequence,
		Position: from.Position + r.Position, Arrival: from.Arrival, Data: r.Data,
	})
}
