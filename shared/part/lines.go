package part

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
)

// MaxLine is the longest line, in bytes, that a reader accepts: more than any that ingest writes.
const MaxLine = 32 << 20

// ErrLong says that a line is longer than MaxLine.
var ErrLong = fmt.Errorf("longer than %d bytes", MaxLine)

// Lines reads NDJSON line by line.
type Lines struct {
	in   *bufio.Reader
	line []byte
	long []byte
	err  error
	n    int64
	from []io.Closer
}

// NewLines reads from r.
func NewLines(r io.Reader) *Lines { return newLines(r, buffer) }

// Reset goes on with another reader, as NewLines does anew.
func (l *Lines) Reset(r io.Reader) {
	l.in.Reset(r)
	l.line, l.err, l.n = nil, nil, 0
}

func newLines(r io.Reader, size int64) *Lines {
	return &Lines{in: bufio.NewReaderSize(r, int(min(size, buffer)))}
}

// buffer is what is read at once, of a small object less.
const buffer = 1 << 16

// Next goes to the next line, which Bytes gives without its newline until the next call.
func (l *Lines) Next() bool {
	if l.err != nil {
		return false
	}
	l.long = l.long[:0]
	for {
		piece, err := l.in.ReadSlice('\n')
		if err == nil && len(l.long) == 0 {
			l.line = piece[:len(piece)-1]
			l.n++
			return true
		}
		l.long = append(l.long, piece...)
		switch {
		case err == nil:
			l.line = l.long[:len(l.long)-1]
			l.n++
			return true
		case errors.Is(err, bufio.ErrBufferFull) && len(l.long) <= MaxLine:
			continue
		case errors.Is(err, bufio.ErrBufferFull):
			l.err = fmt.Errorf("line %d: %w", l.n+1, ErrLong)
		case errors.Is(err, io.EOF) && len(l.long) == 0:
			l.err = io.EOF
		case errors.Is(err, io.EOF):
			l.err = fmt.Errorf("line %d: %w", l.n+1, io.ErrUnexpectedEOF)
		default:
			l.err = fmt.Errorf("line %d: %w", l.n+1, err)
		}
		return false
	}
}

// Bytes is the present line.
func (l *Lines) Bytes() []byte { return l.line }

// Count is how many lines were read.
func (l *Lines) Count() int64 { return l.n }

// Err is why Next gave false; nil at a proper end.
func (l *Lines) Err() error {
	if errors.Is(l.err, io.EOF) && !errors.Is(l.err, io.ErrUnexpectedEOF) {
		return nil
	}
	return l.err
}

// Open gives the decompressed lines of the object at key, a part or (plain when gz is false) a fragment. The caller closes them.
func Open(ctx context.Context, b bucket.Bucket, key string, gz bool) (*Lines, error) {
	body, o, err := b.Get(ctx, key, bucket.Range{})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	from := []io.Closer{body}
	var in io.Reader = body
	size := o.Size
	if gz {
		z, err := gzip.NewReader(bufio.NewReaderSize(body, int(min(size, buffer))))
		if err != nil {
			return nil, errors.Join(fmt.Errorf("open %s: %w", key, err), body.Close())
		}
		from, in = append(from, z), z
		size *= 8
	}
	l := newLines(in, size)
	l.from = from
	return l, nil
}

// Close closes what Open opened.
func (l *Lines) Close() error {
	var err error
	for _, c := range l.from {
		err = errors.Join(err, c.Close())
	}
	return err
}
