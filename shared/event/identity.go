// Package event turns what a stream delivers into events as the lake keeps them. Decode checks each document strictly, in one pass,
// and writes it as one line with the transform's fields; Inspect and Identify read such lines again. Nothing here does I/O or looks at
// the clock: the same record, arrival and configuration give the same bytes.
package event

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"
)

// ID is an event's identity in 128 bits: a UUID's own, else a cryptographic hash of the id's text cut to 128 (see ParseID).
type ID [16]byte

// seed keeps producers from choosing ids that collide in a table.
var seed = [2]uint64{rand.Uint64(), rand.Uint64()}

// Hash is for tables in memory: another in each process, so that nothing but speed may depend on it.
func (id *ID) Hash() uint64 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(id[:8])^seed[0], binary.LittleEndian.Uint64(id[8:])^seed[1])
	return high ^ low
}

// Fingerprint tells events apart: records with one ID are copies when their Body is equal too, and in conflict when it is not.
type Fingerprint struct {
	ID   ID
	Body uint64 // XXH64 of the stored line without its newline
}

// Origin is a record's identity in its stream; it stays the same however often the record is delivered.
type Origin struct {
	Shard    string
	Sequence string // decimal digits, as Kinesis gives them
	Position int    // of the event in its record, from 0
}
