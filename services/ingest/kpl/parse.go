package kpl

import (
	"errors"
	"fmt"
	"iter"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// The fields of AggregatedRecord, then of Record.
const (
	fieldKeys    = 1
	fieldHashes  = 2
	fieldRecords = 3

	fieldKey  = 1
	fieldHash = 2
	fieldData = 3
)

// table is how many entries a table has, and the index that a sub-record wants of it, plus one. The tables may come behind the sub-records.
type table struct{ size, most uint64 }

func (t *table) want(index uint64) {
	if index == math.MaxUint64 {
		index--
	}
	t.most = max(t.most, index+1)
}

// field is one of a message, or the error that ends it.
type field struct {
	number protowire.Number
	kind   protowire.Type
	varint uint64
	bytes  []byte // its capacity is its length
	err    error
}

// fields gives those of a message in order. Fields that the format does not know are given too: they are to be passed over, as protobuf
// has it.
func fields(message []byte) iter.Seq[field] {
	return func(yield func(field) bool) {
		for len(message) > 0 {
			var f field
			n := 0
			f.number, f.kind, n = protowire.ConsumeTag(message)
			if n > 0 {
				message = message[n:]
				switch f.kind {
				case protowire.VarintType:
					f.varint, n = protowire.ConsumeVarint(message)
				case protowire.BytesType:
					f.bytes, n = protowire.ConsumeBytes(message)
					f.bytes = f.bytes[:len(f.bytes):len(f.bytes)]
				default:
					n = protowire.ConsumeFieldValue(f.number, f.kind, message)
				}
			}
			if n < 0 {
				f.err = fmt.Errorf("no protobuf: %w", protowire.ParseError(n))
			}
			if !yield(f) || f.err != nil {
				return
			}
			message = message[n:]
		}
	}
}

// record is a sub-record.
type record struct {
	data      []byte
	key, hash uint64 // indices into the tables
	hashed    bool   // hash is there
}

var (
	errIncomplete = errors.New("it lacks its data or its partition key")
	errTwice      = errors.New("a field is there twice")
	errType       = errors.New("a field is of another type")
	errNested     = errors.New("it is an aggregate itself")
)

// parse reads a sub-record. A field that is there twice is refused, where protobuf would let the last one win: no byte of data is dropped.
func parse(message []byte) (record, error) {
	var r record
	var seen [fieldData + 1]bool
	for f := range fields(message) {
		if f.err != nil {
			return record{}, f.err
		}
		if f.number > fieldData {
			continue
		}
		if seen[f.number] {
			return record{}, errTwice
		}
		seen[f.number] = true
		want := protowire.VarintType
		switch f.number {
		case fieldKey:
			r.key = f.varint
		case fieldHash:
			r.hash, r.hashed = f.varint, true
		case fieldData:
			r.data, want = f.bytes, protowire.BytesType
		}
		if f.kind != want {
			return record{}, errType
		}
	}
	switch {
	case !seen[fieldKey] || !seen[fieldData]:
		return record{}, errIncomplete
	case Is(r.data):
		return record{}, errNested
	}
	return r, nil
}
