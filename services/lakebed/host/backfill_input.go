package host

import (
	"bufio"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
)

// input is one file or object of historical events.
type input struct {
	name  string // an absolute path, or s3://bucket/key
	size  int64
	state string // its ETag, or when it was last changed
	tries int    // of a read that fails
	open  func(ctx context.Context, offset int64) (io.ReadCloser, string, error)
}

// shard is the name under which the input delivers. One that is changed is another.
func (in *input) shard() string {
	return fmt.Sprintf("backfill-%.16x", sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%s", in.name, in.size, in.state)))
}

var errInputChanged = errors.New("it has changed while it was read: run it again, which reads all of it anew")

// explain makes what is wrong with the input an InputError, and leaves alone what concerns reading it.
func (in *input) explain(err error, line int64) error {
	var failed *readError
	switch {
	case errors.Is(err, context.Canceled), errors.As(err, &failed):
		return err
	case brokenGzip(err):
		err = fmt.Errorf("the gzip stream breaks off after line %d (%w): the lines before are in the lake. Get the whole of it and give it again: "+
			"nothing is stored twice", line, err)
	}
	return &InputError{in.name, err}
}

// readError says that an input could not be read, which says nothing of what is in it.
type readError struct{ err error }

func (e *readError) Error() string { return e.err.Error() }

func (e *readError) Unwrap() error { return e.err }

// raw gives the input's bytes as they lie, from an offset on.
func (in *input) raw(ctx context.Context, offset int64) *raw {
	return &raw{in: in, next: offset, stop: func(d time.Duration) error { return sleep(ctx, d) },
		open: func(offset int64) (io.ReadCloser, string, error) { return in.open(ctx, offset) }}
}

// raw opens the input anew where a read broke off: what is read slowly outlives its connection.
type raw struct {
	in     *input
	next   int64 // offset
	body   io.ReadCloser
	failed int // reads, since one has not
	stop   func(time.Duration) error
	open   func(offset int64) (io.ReadCloser, string, error)
}

// Read implements io.Reader.
func (r *raw) Read(p []byte) (int, error) {
	if err := r.stop(0); err != nil {
		return 0, err
	}
	if r.next >= r.in.size {
		return 0, io.EOF
	}
	n, err := r.read(p[:min(int64(len(p)), r.in.size-r.next)])
	r.next += int64(n)
	var input *InputError
	if n > 0 {
		r.failed = 0
	}
	if err == nil || errors.As(err, &input) {
		return n, err
	}
	_ = r.Close() // it has failed already
	if r.failed++; r.failed > r.in.tries {
		return n, &readError{fmt.Errorf("read %s: %w", r.in.name, err)}
	}
	return n, r.stop(time.Duration(r.failed) * time.Second)
}

func (r *raw) read(p []byte) (int, error) {
	if r.body == nil {
		body, state, err := r.open(r.next)
		if err != nil {
			return 0, err
		}
		if r.body = body; state != r.in.state {
			return 0, &InputError{r.in.name, errInputChanged}
		}
	}
	n, err := r.body.Read(p)
	if errors.Is(err, io.EOF) { // before its end
		err = nil
		if n == 0 {
			err = &InputError{r.in.name, errInputChanged}
		}
	}
	return n, err
}

// Close implements io.Closer.
func (r *raw) Close() error {
	if r.body == nil {
		return nil
	}
	err := r.body.Close()
	r.body = nil
	return err
}

// text is an input's text, decompressed.
type text struct {
	io.Reader
	raw *raw
}

// read is how far the input is read, as it lies.
func (t *text) read() int64 { return t.raw.next }

// Close implements io.Closer.
func (t *text) Close() error { return t.raw.Close() }

// read opens the text from where the mark says. A gzip stream of which nothing is stored yet is read once to its end before, as damage in the
// middle can look like other events.
func (in *input) read(ctx context.Context, m *mark) (*text, error) {
	zipped, err := in.zipped(ctx)
	if err != nil {
		return nil, err
	}
	if !zipped {
		r := in.raw(ctx, m.Text)
		return &text{r, r}, nil
	}
	if m.Arrival.IsZero() {
		if err := in.check(ctx); err != nil {
			return nil, err
		}
	}
	t, err := in.unzip(ctx)
	if err != nil {
		return nil, err
	}
	if _, err := io.CopyN(io.Discard, t, m.Text); err != nil {
		return nil, errors.Join(in.explain(err, 0), t.Close())
	}
	return t, nil
}

// zipped tells whether the input is gzip, by its first bytes.
func (in *input) zipped(ctx context.Context) (bool, error) {
	r := in.raw(ctx, 0)
	defer func() { _ = r.Close() }()
	var head [2]byte
	_, err := io.ReadFull(r, head[:])
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return false, nil
	}
	return head[0] == 0x1f && head[1] == 0x8b, err
}

func (in *input) unzip(ctx context.Context) (*text, error) {
	r := in.raw(ctx, 0)
	z, err := gzip.NewReader(bufio.NewReaderSize(r, 1<<18))
	if err != nil {
		return nil, errors.Join(in.explain(err, 0), r.Close())
	}
	return &text{z, r}, nil
}

// check reads a gzip stream to its end.
func (in *input) check(ctx context.Context) error {
	t, err := in.unzip(ctx)
	if err != nil {
		return err
	}
	defer func() { _ = t.Close() }()
	n, err := io.Copy(io.Discard, t)
	if err != nil && brokenGzip(err) {
		return &InputError{in.name, fmt.Errorf("the gzip stream is damaged after %d bytes of text (%w): nothing of it was stored; get the whole of it and "+
			"give it again", n, err)}
	}
	return err
}

// unchanged tells an input that was written to while it was read: what came is read by the next try.
func (in *input) unchanged(ctx context.Context) error {
	if in.tries > 0 {
		return nil // S3 gives one state of an object, and it was compared
	}
	body, state, err := in.open(ctx, 0)
	if err != nil {
		return err
	}
	if state != in.state {
		err = &InputError{in.name, errInputChanged}
	}
	return errors.Join(err, body.Close())
}

// fileInput is a file.
func fileInput(path string, info os.FileInfo) input {
	state := func(i os.FileInfo) string {
		return fmt.Sprintf("%d bytes, %s", i.Size(), i.ModTime().UTC().Format(time.RFC3339Nano))
	}
	return input{name: path, size: info.Size(), state: state(info), open: func(_ context.Context, offset int64) (io.ReadCloser, string, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, "", &InputError{path, reason(err)}
		}
		now, err := f.Stat()
		if err == nil {
			_, err = f.Seek(offset, io.SeekStart)
		}
		if err != nil {
			return nil, "", errors.Join(&InputError{path, err}, f.Close())
		}
		return f, state(now), nil
	}}
}

// objectTries is how often a broken read of an object is taken up again where it broke off.
const objectTries = 5

// objectInput is an object in S3.
func objectInput(b bucket.Bucket, name string, o bucket.Object) input {
	return input{name: name, size: o.Size, state: o.ETag, tries: objectTries, open: func(ctx context.Context, offset int64) (io.ReadCloser, string, error) {
		body, now, err := b.Get(ctx, o.Key, bucket.Range{Offset: offset})
		if errors.Is(err, bucket.ErrNotFound) {
			return nil, "", &InputError{name, errors.New("it is not there any more")}
		}
		return body, now.ETag, err
	}}
}
