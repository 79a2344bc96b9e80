// Package kpl reads aggregates: records that the Kinesis Producer Library, or one that speaks its format, makes of several.
// https://github.com/awslabs/amazon-kinesis-producer/blob/master/aggregation-format.md
//
//	F3 89 9A C2, an AggregatedRecord as protobuf, the MD5 sum of that
//
//	message AggregatedRecord {
//	  repeated string partition_key_table     = 1;
//	  repeated string explicit_hash_key_table = 2;
//	  repeated Record records                 = 3;
//	}
//	message Record {
//	  required uint64 partition_key_index     = 1;
//	  optional uint64 explicit_hash_key_index = 2;
//	  required bytes  data                    = 3;
//	  repeated Tag    tags                    = 4;
//	}
//
// Amazon's consumers pass over a sub-record whose hash key lies outside the shard that it came in: after a change of shards another shard
// may bring it too. Here every sub-record counts. A copy that comes by another way is dropped by its id, as any other copy is.
package kpl

import (
	"bytes"
	"crypto/md5" //nolint:gosec // the format's own checksum; nothing is secured by it
	"encoding/binary"
	"errors"
	"fmt"
	"iter"

	"google.golang.org/protobuf/encoding/protowire"
)

const magic = "\xf3\x89\x9a\xc2"

// Is reports whether a record is an aggregate, whole or broken: whether it begins with the magic number, white space aside. No JSON does.
func Is(data []byte) bool {
	for len(data) > 0 && (data[0] == ' ' || data[0] == '\n' || data[0] == '\r' || data[0] == '\t') {
		data = data[1:]
	}
	return len(data) >= len(magic) && binary.BigEndian.Uint32(data) == 0xf3899ac2
}

// Aggregate is one that has been checked.
type Aggregate struct {
	message []byte
	count   int
}

var (
	errSpace   = errors.New("white space before the magic number")
	errShort   = errors.New("cut off: too short for a checksum")
	errSum     = errors.New("the MD5 sum is wrong")
	errNothing = errors.New("no sub-records")
)

// Decode checks the whole of an aggregate, and copies nothing: either every sub-record can be read, or there is an error, whose text depends
// on nothing but data. An aggregate in an aggregate is an error, so that no sub-record begins as one.
func Decode(data []byte) (Aggregate, error) {
	message, ok := bytes.CutPrefix(data, []byte(magic))
	if !ok {
		return Aggregate{}, errSpace
	}
	end := len(message) - md5.Size
	if end < 0 {
		return Aggregate{}, errShort
	}
	if md5.Sum(message[:end]) != [md5.Size]byte(message[end:]) { //nolint:gosec // see the import
		return Aggregate{}, errSum
	}
	a := Aggregate{message: message[:end]}
	var keys, hashes table
	for f := range fields(a.message) {
		switch {
		case f.err != nil:
			return Aggregate{}, f.err
		case f.number <= fieldRecords && f.kind != protowire.BytesType:
			return Aggregate{}, errType
		case f.number == fieldKeys:
			keys.size++
		case f.number == fieldHashes:
			hashes.size++
		case f.number == fieldRecords:
			r, err := parse(f.bytes)
			if err != nil {
				return Aggregate{}, fmt.Errorf("sub-record %d: %w", a.count, err)
			}
			keys.want(r.key)
			if r.hashed {
				hashes.want(r.hash)
			}
			a.count++
		}
	}
	switch {
	case a.count == 0:
		return Aggregate{}, errNothing
	case keys.most > keys.size:
		return Aggregate{}, fmt.Errorf("a sub-record names partition key %d of %d", keys.most-1, keys.size)
	case hashes.most > hashes.size:
		return Aggregate{}, fmt.Errorf("a sub-record names explicit hash key %d of %d", hashes.most-1, hashes.size)
	}
	return a, nil
}

// Len gives the number of sub-records: at least one.
func (a Aggregate) Len() int { return a.count }

// Records gives the data of each sub-record, in order. It aliases what was decoded, and cannot be appended to in place.
func (a Aggregate) Records() iter.Seq[[]byte] {
	return func(yield func([]byte) bool) {
		for f := range fields(a.message) {
			if f.number != fieldRecords {
				continue
			}
			if r, _ := parse(f.bytes); !yield(r.data) { // Decode has seen that it parses
				return
			}
		}
	}
}
