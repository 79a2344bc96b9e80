// Package bucket is where a lake lies: a flat map of keys to immutable objects. Dir keeps them below a directory, Memory in the process,
// s3bucket in S3; all pass the acceptance suite in buckettest.
package bucket

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Bucket stores objects under slash-separated keys. Every method is safe for concurrent use, also by other processes where the
// implementation outlives one.
type Bucket interface {
	// List yields the objects whose keys begin with prefix and sort after the key after ("" for all), in byte order of their keys.
	// Objects written or deleted while the listing runs may be in it or not. An error ends the listing.
	List(ctx context.Context, prefix, after string) iter.Seq2[Object, error]

	// Get opens an object, or the part of it that r names. A range that reaches past the end is cut there. The caller closes the body.
	// ErrNotFound says that there is no such object.
	Get(ctx context.Context, key string, r Range) (io.ReadCloser, Object, error)

	// Put stores the whole of body, durably, or nothing: a reader sees the old object or the new one, and an error from body leaves the
	// old one. ErrExists and ErrChanged say that the condition did not hold, and that nothing was written by this call. After any other
	// error the object may have been written or not: look again.
	Put(ctx context.Context, key string, body io.Reader, c Condition) (Object, error)

	// Delete removes objects. One with an ETag is removed only while it has that ETag (else ErrChanged); one that is not there is no
	// error. The others are removed even when one fails: the error joins one KeyError for each that was not.
	Delete(ctx context.Context, objects ...Object) error
}

// Object describes one stored object.
type Object struct {
	Key      string
	Size     int64     // bytes
	ETag     string    // changes whenever the object's bytes do; in Dir and Memory at every write
	Modified time.Time // by the store's clock; zero in what a Put to S3 returns
}

// Range is a span of an object's bytes. The zero Range is the whole object.
type Range struct {
	Offset int64
	Length int64 // 0: to the end
}

// Condition guards a Put. The zero Condition writes whatever is there.
type Condition struct {
	Absent bool   // create: only while no object has the key (If-None-Match: *)
	Match  string // replace: only while the object has this ETag (If-Match)
}

// Errors that callers act upon; all else is a failure of the store.
var (
	ErrNotFound = errors.New("no such object")
	ErrExists   = errors.New("object exists already")
	ErrChanged  = errors.New("object has changed")
)

// KeyError is the failure of one key in a call that covers several.
type KeyError struct {
	Key string
	Err error
}

func (e *KeyError) Error() string { return e.Key + ": " + e.Err.Error() }

// Unwrap gives the cause.
func (e *KeyError) Unwrap() error { return e.Err }
