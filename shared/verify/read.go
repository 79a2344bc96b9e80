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
	"github.com/lakebed/lakebed/shared/part"
)

// reader reads one object after the other.
type reader struct {
	*run
	decoder *event.Decoder
	in      *bufio.Reader
	zip     *gzip.Reader
	hash    *xxhash.Digest
	bytes   int64 // read so far
}

func (r *run) newReader() (*reader, error) {
	d, err := event.NewDecoder(r.Mapping, 0)
	if err != nil {
		return nil, err
	}
	return &reader{run: r, decoder: d, in: bufio.NewReaderSize(nil, 1<<16), hash: xxhash.New()}, nil
}

// damage says that an object was read, and that its bytes are not whole.
type damage struct{ err error }

func (d *damage) Error() string { return d.err.Error() }

func (d *damage) Unwrap() error { return d.err }

// source tells a store that fails from bytes that are damaged: what the store says is kept.
type source struct {
	body io.ReadCloser
	read *int64
	err  error
}

func (s *source) Read(b []byte) (int, error) {
	n, err := s.body.Read(b)
	*s.read += int64(n)
	if err != nil && !errors.Is(err, io.EOF) {
		s.err = err
	}
	return n, err
}

// eachLine calls do with the number, from 1, and the text of every line of the object at key, and gives the XXH64 of all of them. An error
// is bucket.ErrNotFound, a *damage, what do gave, or a failure of the store. A line lives until the next call.
func (k *reader) eachLine(ctx context.Context, key string, gz bool, do func(n int64, line []byte) error) (uint64, error) {
	body, _, err := k.Bucket.Get(ctx, key, bucket.Range{})
	if err != nil {
		return 0, fmt.Errorf("open %s: %w", key, err)
	}
	defer body.Close()
	src := &source{body: body, read: &k.bytes}
	judge := func(err error) error {
		if src.err != nil || ctx.Err() != nil {
			return fmt.Errorf("read %s: %w", key, errors.Join(src.err, ctx.Err()))
		}
		return &damage{err}
	}
	k.in.Reset(src)
	var text io.Reader = k.in
	if gz {
		if err := k.unzip(); err != nil {
			return 0, judge(err)
		}
		text = k.zip
	}
	k.hash.Reset()
	lines := part.NewLines(io.TeeReader(text, k.hash))
	for lines.Next() {
		if err := do(lines.Count(), lines.Bytes()); err != nil {
			return 0, err
		}
	}
	if err := lines.Err(); err != nil {
		return 0, judge(err)
	}
	return k.hash.Sum64(), nil
}

func (k *reader) unzip() (err error) {
	if k.zip == nil {
		k.zip, err = gzip.NewReader(k.in)
		return err
	}
	return k.zip.Reset(k.in)
}
