package faulty

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Bucket is a bucket under faults.
type Bucket struct {
	bucket.Bucket
	faults *Faults
}

// NewBucket puts b under faults.
func NewBucket(b bucket.Bucket, f *Faults) *Bucket { return &Bucket{b, f} }

// List breaks before the first object, halfway, or after the last.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		n, when, fault := b.faults.begin(List, prefix)
		if when == Never {
			for o, err := range b.Bucket.List(ctx, prefix, after) {
				if err != nil {
					_ = b.faults.end(n, err)
				}
				if !yield(o, err) {
					return
				}
			}
			return
		}
		fault = fmt.Errorf("list %q: %w", prefix, b.faults.end(n, fault))
		var found []bucket.Object
		if when == After || when == Midway {
			for o, err := range b.Bucket.List(ctx, prefix, after) {
				if err == nil {
					found = append(found, o)
				}
			}
		}
		if when == Midway {
			found = found[:len(found)/2]
		}
		for _, o := range found {
			if !yield(o, nil) {
				return
			}
		}
		yield(bucket.Object{}, fault)
	}
}

// Get fails, or gives a body that breaks off after half of its bytes.
func (b *Bucket) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	n, when, fault := b.faults.begin(Get, key)
	if when != Never && when != Midway {
		return nil, bucket.Object{}, fmt.Errorf("get %s: %w", key, b.faults.end(n, fault))
	}
	body, o, err := b.Bucket.Get(ctx, key, r)
	if err != nil || when == Never {
		return body, o, b.faults.end(n, err)
	}
	defer body.Close()
	data, err := io.ReadAll(body)
	if err != nil {
		return nil, o, b.faults.end(n, err)
	}
	_ = b.faults.end(n, fault)
	return io.NopCloser(io.MultiReader(bytes.NewReader(data[:len(data)/2]), failing{fault})), o, nil
}

// Put fails as told; halfway its body does, which with io.EOF stores half of it.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	n, when, fault := b.faults.begin(Put, key)
	if when == Never {
		o, err := b.Bucket.Put(ctx, key, body, c)
		return o, b.faults.end(n, err)
	}
	if when != Before {
		data, err := io.ReadAll(body)
		if err != nil {
			fault = err
			when = Before
		}
		put := func(ctx context.Context, body io.Reader) { _, _ = b.Bucket.Put(ctx, key, body, c) }
		switch when {
		case After:
			put(ctx, bytes.NewReader(data))
		case Midway:
			put(ctx, io.MultiReader(bytes.NewReader(data[:len(data)/2]), failing{fault}))
		case Late:
			b.faults.hold(func() { put(context.WithoutCancel(ctx), bytes.NewReader(data)) })
		}
	}
	return bucket.Object{}, fmt.Errorf("put %s: %w", key, b.faults.end(n, fault))
}

// Delete removes the objects one by one.
func (b *Bucket) Delete(ctx context.Context, objects ...bucket.Object) error {
	var failed []error
	for _, o := range objects {
		err := b.faults.Do(ctx, Delete, o.Key, func(ctx context.Context) error { return b.Bucket.Delete(ctx, o) })
		if err != nil && len(bucket.KeyErrors(err)) == 0 {
			err = &bucket.KeyError{Key: o.Key, Err: fmt.Errorf("delete: %w", err)}
		}
		failed = append(failed, err)
	}
	return errors.Join(failed...)
}

// failing is a reader that only fails.
type failing struct{ err error }

func (f failing) Read([]byte) (int, error) { return 0, f.err }
