// Package ingest is the hot path: it takes one delivery of a shard, and reports it as done only when every event of it is stored, known as
// a copy of one that is, or quarantined.
package ingest

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// Record is one record of a stream.
type Record struct {
	Sequence string // decimal digits
	Position int    // of its first event: not 0 only where a piece of a record is replayed (see split)
	Arrival  time.Time
	Data     []byte
}

// Delivery is a run of records of one shard, in order.
type Delivery struct {
	Shard   string
	Records []Record
	Replay  string // key of the quarantine object that it was read from, if any
}

// Config is what the hot path can be told.
type Config struct {
	Mapping   event.Mapping
	MaxFuture time.Duration // how far ahead of its arrival an event's time may lie
	Lanes     int           // a power of two
	Gzip      bool          // write fragments as .json.gz
	Parallel  int           // writes under way at once
}

// Ingester takes deliveries. Safe for concurrent use.
type Ingester struct {
	bucket   bucket.Bucket
	claims   claims.Claims
	config   Config
	decoders sync.Pool
}

// New checks the configuration.
func New(b bucket.Bucket, c claims.Claims, config Config) (*Ingester, error) {
	if err := layout.CheckLanes(config.Lanes); err != nil {
		return nil, err
	}
	if config.Parallel < 1 {
		return nil, fmt.Errorf("parallel is %d: want at least 1", config.Parallel)
	}
	first, err := event.NewDecoder(config.Mapping, config.MaxFuture)
	if err != nil {
		return nil, err
	}
	i := &Ingester{bucket: b, claims: c, config: config}
	i.decoders.New = func() any {
		d, _ := event.NewDecoder(config.Mapping, config.MaxFuture) // checked above
		return d
	}
	i.decoders.Put(first)
	return i, nil
}

// Ingest stores a delivery. After an error nothing may be concluded but that the delivery must come again; whenever it does, whole or cut
// differently, no event is lost and none is doubled after compaction.
//
// The order of the steps is the argument: an event is claimed as stored, and counted, only when it lies in the bucket. A crash before
// settle leaves fragments that the next delivery writes again under the same names.
func (i *Ingester) Ingest(ctx context.Context, d Delivery) (Result, error) {
	if len(d.Records) == 0 {
		return Result{}, nil
	}
	b, err := i.decode(d)
	if err != nil {
		return Result{}, err
	}
	defer b.release()
	if err := i.claim(ctx, b); err != nil {
		return Result{}, err
	}
	fragments := b.fragments(i.config)
	if err := i.put(ctx, b, fragments); err != nil {
		return Result{}, err
	}
	if err := i.settle(ctx, b, fragments); err != nil {
		return Result{}, err
	}
	return b.result(fragments), nil
}

// Try tells what decoding makes of a delivery. It writes nothing, and asks nobody what is stored: its Stored counts copies too.
func (i *Ingester) Try(d Delivery) (Result, error) {
	if len(d.Records) == 0 {
		return Result{}, nil
	}
	b, err := i.decode(d)
	if err != nil {
		return Result{}, err
	}
	defer b.release()
	r := b.result(nil)
	r.Stored = int64(len(b.events))
	r.Received += r.Stored
	return r, nil
}
