package verify

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/part"
)

// reader reads one object after the other.
type reader struct {
	*run
	decoder *event.Decoder
	in      *bufio.Reader
	lines   *part.Lines
	zip     *gzip.Reader
	hash    *xxhash.Digest
	bytes   int64 // read so far
}

func (r *run) newReader() (*reader, error) {
	d, err := event.NewDecoder(r.Mapping, 0)
	if err != nil {
		return nil, err
	}
	return &reader{run: r, decoder: d, in: bufio.NewReaderSize(nil, 1<<16), lines: part.NewLines(nil), hash: xxhash.New()}, nil
}

// damage says that an object was read, and that its bytes are not whole.
type damage struct{ err error }

func (d *damage) Error() string { return d.err.Error() }

func (d *damage) Unwrap() error { return d.err }

// source tells a store that fails from bytes that are damaged: what the store says is kept.
type source struct {
	io.ReadCloser
	read *int64
	err  *error
}

func (s source) Read(b []byte) (int, error) {
	n, err := s.ReadCloser.Read(b)
	*s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		*s.err = err
	}
	return n, err
}

// tapped is a bucket whose objects are read through sources: package index takes whatever ends its reading for damage.
type tapped struct {
	bucket.Bucket
	read *int64
	err  error
}

func (t *tapped) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	body, o, err := t.Bucket.Get(ctx, key, r)
	if err != nil {
		return nil, o, err
	}
	return source{body, t.read, &t.err}, o, nil
}

// readHead is index.ReadHead, but that a failure of the store is one.
func (r *reader) readHead(ctx context.Context, key string) (index.Head, error) {
	t := &tapped{Bucket: r.Bucket, read: &r.bytes}
	head, err := index.ReadHead(ctx, t, key)
	return head, t.judge(ctx, key, err)
}

// eachPrint is index.Each, but that a failure of the store is one.
func (r *reader) eachPrint(ctx context.Context, key string, do func(event.Fingerprint) error) error {
	t := &tapped{Bucket: r.Bucket, read: &r.bytes}
	_, err := index.Each(ctx, t, key, func(page []event.Fingerprint) error {
		for _, f := range page {
			if err := do(f); err != nil {
				return err
			}
		}
		return nil
	})
	return t.judge(ctx, key, err)
}

func (t *tapped) judge(ctx context.Context, key string, err error) error {
	if failed := errors.Join(t.err, ctx.Err()); failed != nil {
		return fmt.Errorf("read %s: %w", key, failed)
	}
	return err
}

// eachLine calls do with the number, from 1, and the text of every line of the object at key, and gives the XXH64 of all of them. An error
// is bucket.ErrNotFound, a *damage, what do gave, or a failure of the store. A line lives until the next call.
func (r *reader) eachLine(ctx context.Context, key string, gz bool, do func(n int64, line []byte) error) (uint64, error) {
	t := &tapped{Bucket: r.Bucket, read: &r.bytes}
	body, _, err := t.Get(ctx, key, bucket.Range{})
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", key, err)
	}
	defer body.Close()
	r.in.Reset(body)
	var text io.Reader = r.in
	if gz {
		if err := r.unzip(); err != nil {
			return 0, t.judge(ctx, key, &damage{err})
		}
		text = r.zip
	}
	r.hash.Reset()
	lines := r.lines
	lines.Reset(io.TeeReader(text, r.hash))
	for lines.Next() {
		if err := do(lines.Count(), lines.Bytes()); err != nil {
			return 0, err
		}
	}
	if err := lines.Err(); err != nil {
		return 0, t.judge(ctx, key, &damage{err})
	}
	return r.hash.Sum64(), nil
}

func (r *reader) unzip() (err error) {
	if r.zip == nil {
		r.zip, err = gzip.NewReader(r.in)
		return err
	}
	return r.zip.Reset(r.in)
}
