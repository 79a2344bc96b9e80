package event

import (
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/cespare/xxhash/v2"
)

// DefaultMaxLine is 11 MiB: Kinesis takes records of up to 10 MiB, the transform's fields come on top, and DuckDB reads objects of up to
// 16 MiB.
const DefaultMaxLine = 11 << 20

// Decoder splits records into events. It is not safe for concurrent use. Its memory is kept for the next batch, so that decoding allocates
// nothing for an event once it has seen a batch of that size.
type Decoder struct {
	// MaxLine is how many bytes a document may have as it comes, and as a line. It may be set before the first use; at most 1 GiB.
	MaxLine int

	maxFuture time.Duration
	paths     paths
	mapped    [roles]uint64 // hashes of the paths' first keys
	transform func(*Draft) error

	scanner scanner
	arena   arena
	draft   Draft
	event   Event // being decoded, or inspected
	fault   fault // why it is none
	size    int   // of its document; 0 while the end of that is not known
	scratch [6 * MaxID]byte
	name    []byte // scratch
	swap    []byte // scratch
}

// NewDecoder gives a decoder of events that carry their identity where m says. Their time may lie up to maxFuture behind the arrival of
// their record. The error names the path that is bad.
func NewDecoder(m Mapping, maxFuture time.Duration) (*Decoder, error) {
	p, err := m.parse()
	if err != nil {
		return nil, err
	}
	if maxFuture < 0 {
		return nil, fmt.Errorf("max future %s: %w", maxFuture, errors.New("negative"))
	}
	d := &Decoder{MaxLine: DefaultMaxLine, maxFuture: maxFuture, paths: p, transform: transform}
	d.scanner.paths = &d.paths
	d.draft.d = d
	for role, path := range p {
		if len(path) > 0 {
			d.mapped[role] = hashFold(appendFold(nil, []byte(path[0])))
		}
	}
	return d, nil
}

// Event is an event as it is stored.
type Event struct {
	Line        []byte // one line of JSON without white space, with the transform's fields, without a newline; it lives until Reset
	Fingerprint Fingerprint
	Time        time.Time // UTC, from 1990 on
	Data        []byte    // the exact bytes that it came as; they alias the record's
	Position    int       // of the event in its record, from 0; rejected pieces count too
}

// Decode splits a record's data into documents, with any white space or none between them, calls accept or reject for each in order, and
// gives their number. The record's arrival is what maxFuture is measured from, so that a retry decides alike. A record without a
// document is one rejection.
//
// A document that is complete JSON ends where it ends, whatever is wrong with it. Of any other the rejected piece goes on to the next line
// that begins with '{', so that of NDJSON one bad line is one rejection. A panic of the decoder or the transform is such a piece's
// rejection; one of accept or reject is passed on.
func (d *Decoder) Decode(data []byte, arrival time.Time, accept func(Event), reject func(Rejection)) int {
	begin := skipSpace(data, 0)
	if begin == len(data) {
		reject(Rejection{Reason: Empty, Detail: strconv.Itoa(len(data)) + " bytes without a document", Data: data})
		return 1
	}
	if format := compression(data); format != "" {
		reject(Rejection{Reason: Compressed, Detail: "the record is " + format, Data: data})
		return 1
	}
	latest := arrival.Add(d.maxFuture)
	n := 0
	for ; begin < len(data); n++ {
		ok := d.piece(data[begin:], latest)
		piece := data[begin : begin+d.size : begin+d.size]
		begin = skipSpace(data, begin+d.size)
		if ok {
			d.event.Data, d.event.Position = piece, n
			accept(d.event)
		} else {
			reject(Rejection{Reason: d.fault.reason, Detail: d.fault.String(), Data: piece, Position: n})
		}
	}
	return n
}

// Reset ends the life of all lines; their memory is used again.
func (d *Decoder) Reset() {
	d.arena.reset()
	d.scanner.reset(nil, nil)
	d.event = Event{}
	if cap(d.swap) > maxScratch {
		d.swap = nil
	}
}

// piece decodes the document that data begins with into d.event, or says in d.fault why it is none, and sets d.size to the size of the piece
// that it makes. A piece that is broken is judged by itself, whatever follows it, so that it is judged alike when it comes back alone.
func (d *Decoder) piece(data []byte, latest time.Time) (ok bool) {
	ok = d.guarded(data, latest)
	if d.size == 0 {
		size := nextLine(data)
		d.guarded(data[:size], latest) // unless that says anything, d.fault stays
		ok, d.size = false, size
	}
	return ok
}

// guarded makes a panic a fault.
func (d *Decoder) guarded(data []byte, latest time.Time) (ok bool) {
	d.size = 0
	d.arena.begin()
	defer d.caught()
	f := d.decode(data, latest)
	if f.reason != "" {
		d.fault = f
		d.arena.drop()
	}
	return f.reason == ""
}

func (d *Decoder) caught() {
	if p := recover(); p != nil {
		d.fault = fault{Panic, brief(fmt.Sprint(p)), -1}
		d.arena.drop()
	}
}

// decode decodes the document that data begins with. It sets d.size when the document is complete.
func (d *Decoder) decode(data []byte, latest time.Time) fault {
	end, f := d.scan(data, &d.arena)
	if f.reason != "" {
		return f
	}
	d.size = end
	if f = d.identity(); f.reason != "" {
		return f
	}
	if d.event.Time.After(latest) {
		return fault{TimeRange, "the time is further in the future than allowed", -1}
	}
	if f = d.draft.run(); f.reason != "" {
		return f
	}
	line := d.arena.line()
	if len(line) > d.MaxLine {
		return fault{TooLarge, "the line is longer than " + strconv.Itoa(d.MaxLine) + " bytes", -1}
	}
	d.event.Line, d.event.Fingerprint.Body = line, xxhash.Sum64(line)
	return fault{}
}
