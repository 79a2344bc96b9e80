// Package ledger accounts for every delivery: what was received, and what became of it. An entry is written once everything that it
// counts lies in the bucket, and before the delivery is reported as done.
package ledger

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// Version is the format of entries that this code writes; a later one is refused.
const Version = 1

// Entry is the account of one delivery of one shard. The same delivery with the same outcome gives the same bytes.
type Entry struct {
	Version int       `json:"v"`
	Shard   string    `json:"shard"`
	First   string    `json:"first"`
	Last    string    `json:"last"`
	Arrival time.Time `json:"arrival"`          // of the first record
	Replay  string    `json:"replay,omitempty"` // key of the quarantine object that was delivered again

	Received    int64            `json:"received"` // events, or what could not be told apart as such
	Hours       []Hour           `json:"hours,omitempty"`
	Quarantined map[string]int64 `json:"quarantined,omitempty"` // by reason
	Rejects     []string         `json:"rejects,omitempty"`     // keys of the quarantine objects
}

// Hour is what a delivery brought for one partition.
type Hour struct {
	Partition  string     `json:"partition"`
	Stored     int64      `json:"stored"`
	Duplicates int64      `json:"duplicates"`
	Fragments  []Fragment `json:"fragments,omitempty"`
}

// Fragment is one fragment written, or found there already.
type Fragment struct {
	Name  string `json:"name"`
	Lines int64  `json:"lines"`
}

// Check tells whether the entry closes: received = stored + duplicates + quarantined, and stored = the lines of the fragments.
func (e Entry) Check() error {
	sum := int64(0)
	for _, n := range e.Quarantined {
		sum += n
	}
	for _, h := range e.Hours {
		sum += h.Stored + h.Duplicates
		lines := int64(0)
		for _, f := range h.Fragments {
			lines += f.Lines
		}
		if lines != h.Stored {
			return fmt.Errorf("%s: %d events stored in fragments of %d lines", h.Partition, h.Stored, lines)
		}
	}
	if sum != e.Received {
		return fmt.Errorf("received %d, accounted for %d", e.Received, sum)
	}
	return nil
}

// Put stores the entry. An entry that is there already is the same one.
func Put(ctx context.Context, b bucket.Bucket, e Entry) (layout.Entry, error) {
	e.Version = Version
	e.Arrival = e.Arrival.UTC()
	text, err := json.Append(nil, e, json.SortMapKeys)
	if err != nil {
		return layout.Entry{}, fmt.Errorf("encode ledger entry: %w", err)
	}
	text = append(text, '\n')
	at := layout.Entry{
		Arrival: layout.PartitionOf(e.Arrival),
		Span:    layout.Span{Shard: e.Shard, First: e.First, Last: e.Last},
		Hash:    xxhash.Sum64(text),
	}
	_, err = b.Put(ctx, at.Key(), bytes.NewReader(text), bucket.Condition{Absent: true})
	if err != nil && !errors.Is(err, bucket.ErrExists) {
		return at, fmt.Errorf("put %s: %w", at.Key(), err)
	}
	return at, nil
}

// Parse reads one entry.
func Parse(text []byte) (Entry, error) {
	var e Entry
	if err := json.Unmarshal(text, &e); err != nil {
		return e, fmt.Errorf("parse ledger entry: %w", err)
	}
	if e.Version > Version {
		return e, fmt.Errorf("parse ledger entry: it has format version %d, this program reads up to %d: use a newer lakebed", e.Version, Version)
	}
	return e, nil
}
