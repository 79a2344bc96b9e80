package compactor

import (
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// Result is what was done. Results add up.
type Result struct {
	Partitions int // visited, for each lane
	Minors     int // parts made of fragments
	Majors     int // generations succeeded
	Published  int // partitions registered, or their columns brought up to the table's
	Repaired   int // Locations that did not name the current generation
	Lost       int // races lost to another worker, each tried again
	Reindexed  int // indexes made anew
	Evolved    int // changes of the table's columns

	Fragments  int64 // merged
	Lines      int64 // read from them
	Events     int64 // of these, new
	Duplicates int64
	Conflicts  int64 // same id, another body: quarantined
	Erased     int64 // late copies of erased events, dropped
	BytesIn    int64 // of the fragments merged, as stored
	RawBytes   int64 // of the new events' lines
	BytesNew   int64 // of parts made of fragments, compressed
	BytesMoved int64 // of parts made of parts, compressed

	Swept      int // slots emptied
	Deleted    int // objects deleted
	RolledUp   int // ledger entries
	DeletedRaw int // of Deleted, fragments

	More     bool        // stopped by the deadline, with work left
	Due      []time.Time // when something more can be done, at most one a partition
	SetAside []Failure
	Broken   []Broken
}

// Failure is a partition that was set aside.
type Failure struct {
	Partition layout.Partition
	Err       error
}

// Broken is an object below raw/ that cannot be merged. It is left where it is.
type Broken struct {
	Key string
	Err error
}

// Add adds what another worker did.
func (r *Result) Add(o Result) {
	r.Partitions += o.Partitions
	r.Minors += o.Minors
	r.Majors += o.Majors
	r.Published += o.Published
	r.Repaired += o.Repaired
	r.Lost += o.Lost
	r.Reindexed += o.Reindexed
	r.Evolved += o.Evolved
	r.Fragments += o.Fragments
	r.Lines += o.Lines
	r.Events += o.Events
	r.Duplicates += o.Duplicates
	r.Conflicts += o.Conflicts
	r.Erased += o.Erased
	r.BytesIn += o.BytesIn
	r.RawBytes += o.RawBytes
	r.BytesNew += o.BytesNew
	r.BytesMoved += o.BytesMoved
	r.Swept += o.Swept
	r.Deleted += o.Deleted
	r.RolledUp += o.RolledUp
	r.DeletedRaw += o.DeletedRaw
	r.More = r.More || o.More
	r.Due = append(r.Due, o.Due...)
	r.SetAside = append(r.SetAside, o.SetAside...)
	r.Broken = append(r.Broken, o.Broken...)
}

// Next is the earliest time at which something more can be done; zero when nothing waits.
func (r *Result) Next() time.Time {
	var next time.Time
	for _, t := range r.Due {
		if next.IsZero() || t.Before(next) {
			next = t
		}
	}
	return next
}

// Progress tells whether anything was changed. A part of a successor that is not sealed yet counts: the next visit goes on behind it.
func (r *Result) Progress() bool {
	return r.Minors+r.Majors+r.Published+r.Repaired+r.Lost+r.Reindexed+r.Swept+r.Deleted+r.RolledUp > 0 || r.BytesMoved > 0
}

// WriteAmplification is the compressed bytes written for each compressed byte of new events.
func (r *Result) WriteAmplification() float64 {
	if r.BytesNew == 0 {
		return 0
	}
	return float64(r.BytesNew+r.BytesMoved) / float64(r.BytesNew)
}

func (r *Result) due(t time.Time) {
	if !t.IsZero() {
		r.Due = append(r.Due, t)
	}
}
