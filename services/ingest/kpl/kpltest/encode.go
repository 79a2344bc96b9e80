// Package kpltest makes aggregates for tests, byte for byte as Amazon's own aggregator makes them: package kpl's tests hold it to that.
package kpltest

import (
	"crypto/md5" //nolint:gosec // the format's own checksum; nothing is secured by it
	"slices"

	"google.golang.org/protobuf/encoding/protowire"
)

// Record is a sub-record.
type Record struct {
	Key  string `json:"key"`  // partition key
	Hash string `json:"hash"` // explicit hash key, if any
	Data []byte `json:"data"`
}

// Encode gives the aggregate of records.
func Encode(records ...Record) []byte {
	var keys, hashes []string
	var encoded []byte
	for _, r := range records {
		var one []byte
		one = protowire.AppendTag(one, 1, protowire.VarintType)
		one = protowire.AppendVarint(one, index(&keys, r.Key))
		if r.Hash != "" {
			one = protowire.AppendTag(one, 2, protowire.VarintType)
			one = protowire.AppendVarint(one, index(&hashes, r.Hash))
		}
		one = protowire.AppendTag(one, 3, protowire.BytesType)
		one = protowire.AppendBytes(one, r.Data)
		encoded = protowire.AppendTag(encoded, 3, protowire.BytesType)
		encoded = protowire.AppendBytes(encoded, one)
	}
	var message []byte
	for _, key := range keys {
		message = protowire.AppendTag(message, 1, protowire.BytesType)
		message = protowire.AppendString(message, key)
	}
	for _, hash := range hashes {
		message = protowire.AppendTag(message, 2, protowire.BytesType)
		message = protowire.AppendString(message, hash)
	}
	return Seal(append(message, encoded...))
}

// Events gives the aggregate of sub-records with one partition key.
func Events(data ...string) []byte {
	records := make([]Record, len(data))
	for k, text := range data {
		records[k] = Record{Key: "p", Data: []byte(text)}
	}
	return Encode(records...)
}

// Seal puts the magic number and the checksum around a message, whatever it is.
func Seal(message []byte) []byte {
	sum := md5.Sum(message) //nolint:gosec // see the import
	return slices.Concat([]byte("\xf3\x89\x9a\xc2"), message, sum[:])
}

// index gives the place of s in the table, to which it is added when it is new. The tables of tests are short, or of one entry.
func index(table *[]string, s string) uint64 {
	k := slices.Index(*table, s)
	if k < 0 {
		k = len(*table)
		*table = append(*table, s)
	}
	return uint64(k)
}
