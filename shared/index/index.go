// Package index is the format of a part's index: the fingerprints of its lines, in their order, and the fragments that it consumed. An
// index spares reading the part; it is a cache that can be made anew from it.
//
// The file: magic, length of the head (uint32), the head (JSON), the fingerprints (24 bytes each: id, then body as uint64), XXH64 of
// all before it. Integers are little endian.
package index

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"iter"

	"github.com/cespare/xxhash/v2"
	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/spool"
)

const (
	magic   = "LBIDX001"
	record  = 24
	maxHead = 1 << 30
)

// Head is what an index says before its fingerprints.
type Head struct {
	Count    int64      `json:"count"` // of fingerprints
	Consumed []Consumed `json:"consumed"`

	// Rebuilt says that the index was made anew from the part, so that the fragments it consumed are not known by name.
	Rebuilt bool `json:"rebuilt,omitempty"`
}

// Consumed is one fragment whose events are in the part, or were dropped as copies when it was made.
type Consumed struct {
	Name  string `json:"name"` // last segment of its key
	Lines int64  `json:"lines"`
}

// ErrCorrupt says that an index cannot be used and is to be made anew.
var ErrCorrupt = errors.New("index is corrupt")

// Writer spools fingerprints. Close ends it.
type Writer struct {
	spool *spool.Spool
	count int64
}

// NewWriter starts an index, spooled below dir ("" for the system's folder for such) once it is large.
func NewWriter(dir string) *Writer { return &Writer{spool: spool.New(dir)} }

// Add appends the fingerprints of the part's next lines.
func (w *Writer) Add(page ...event.Fingerprint) error {
	for i := range page {
		b, err := w.spool.Next(record)
		if err != nil {
			return fmt.Errorf("spool index: %w", err)
		}
		copy(b[:16], page[i].ID[:])
		binary.LittleEndian.PutUint64(b[16:], page[i].Body)
		w.count++
	}
	return nil
}

// All gives every fingerprint added so far; it stops where the spool cannot be read.
func (w *Writer) All() iter.Seq[event.Fingerprint] {
	return func(yield func(event.Fingerprint) bool) {
		_ = w.Each(func(page []event.Fingerprint) error { // a spool cut short compares as different
			for _, f := range page {
				if !yield(f) {
					return io.EOF
				}
			}
			return nil
		})
	}
}

// Each calls f for all fingerprints added so far, some of them at once, until it gives an error. A page is good until f returns.
func (w *Writer) Each(f func(page []event.Fingerprint) error) error {
	return each(w.spool.Reader(), w.count, f)
}

// Sum is a hash of all fingerprints added so far, in their order.
func (w *Writer) Sum() (uint64, error) {
	sum := xxhash.New()
	if _, err := io.Copy(sum, w.spool.Reader()); err != nil {
		return 0, fmt.Errorf("read spooled index: %w", err)
	}
	return sum.Sum64(), nil
}

// buffer is what is read at once, of a small index less.
const buffer = 1 << 16

// Open gives the finished index.
func (w *Writer) Open(consumed []Consumed, rebuilt bool) (io.Reader, error) {
	text, err := json.Marshal(Head{Count: w.count, Consumed: consumed, Rebuilt: rebuilt})
	if err != nil {
		return nil, fmt.Errorf("encode index: %w", err)
	}
	head := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(text)))
	head = append(head, text...)
	sum := xxhash.New()
	if _, err := sum.Write(head); err != nil {
		return nil, err
	}
	return io.MultiReader(bytes.NewReader(head), io.TeeReader(w.spool.Reader(), sum), &lazy{sum: sum}), nil
}

// Close drops the spool.
func (w *Writer) Close() error { return w.spool.Close() }

// lazy gives the checksum once all before it has been read.
type lazy struct {
	sum  *xxhash.Digest
	tail []byte
	done bool
}

func (l *lazy) Read(b []byte) (int, error) {
	if !l.done {
		l.tail, l.done = binary.LittleEndian.AppendUint64(nil, l.sum.Sum64()), true
	}
	if len(l.tail) == 0 {
		return 0, io.EOF
	}
	n := copy(b, l.tail)
	l.tail = l.tail[n:]
	return n, nil
}

// ReadHead fetches the head of the index at key; the fingerprints are not read, nor is the checksum.
func ReadHead(ctx context.Context, b bucket.Bucket, key string) (Head, error) {
	r, err := open(ctx, b, key)
	if err != nil {
		return Head{}, err
	}
	defer r.body.Close()
	return r.head, nil
}

// Each calls f for all fingerprints of the index at key, some of them at once, until it gives an error. ErrCorrupt may come after some calls. A page is
// good until f returns.
func Each(ctx context.Context, b bucket.Bucket, key string, f func(page []event.Fingerprint) error) (Head, error) {
	r, err := open(ctx, b, key)
	if err != nil {
		return Head{}, err
	}
	defer r.body.Close()
	if err := each(r, r.head.Count, f); err != nil {
		return Head{}, fmt.Errorf("read %s: %w", key, err)
	}
	want := r.sum.Sum64()
	var tail [8]byte
	if _, err := io.ReadFull(r.in, tail[:]); err != nil {
		return Head{}, fmt.Errorf("read %s: %w", key, short(err))
	} else if binary.LittleEndian.Uint64(tail[:]) != want {
		return Head{}, fmt.Errorf("read %s: %w: wrong checksum", key, ErrCorrupt)
	}
	return r.head, nil
}

type reader struct {
	body io.ReadCloser
	in   *bufio.Reader
	sum  *xxhash.Digest
	head Head
}

func (r *reader) Read(b []byte) (int, error) {
	n, err := r.in.Read(b)
	_, _ = r.sum.Write(b[:n]) // never fails
	return n, err
}

func open(ctx context.Context, b bucket.Bucket, key string) (*reader, error) {
	body, o, err := b.Get(ctx, key, bucket.Range{})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	r := &reader{body: body, in: bufio.NewReaderSize(body, int(min(o.Size, buffer))), sum: xxhash.New()}
	if err := r.readHead(o.Size); err != nil {
		return nil, errors.Join(fmt.Errorf("read %s: %w", key, err), body.Close())
	}
	return r, nil
}

func (r *reader) readHead(size int64) error {
	var fixed [len(magic) + 4]byte
	if _, err := io.ReadFull(r, fixed[:]); err != nil {
		return short(err)
	}
	n := int64(binary.LittleEndian.Uint32(fixed[len(magic):]))
	if string(fixed[:len(magic)]) != magic || n > size || n > maxHead {
		return fmt.Errorf("%w: it does not begin as an index", ErrCorrupt)
	}
	text := make([]byte, n)
	if _, err := io.ReadFull(r, text); err != nil {
		return short(err)
	}
	if err := json.Unmarshal(text, &r.head); err != nil {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	if r.head.Count < 0 || r.head.Count > size/record || int64(len(fixed))+n+r.head.Count*record+8 != size {
		return fmt.Errorf("%w: %d bytes do not hold %d fingerprints", ErrCorrupt, size, r.head.Count)
	}
	return nil
}

// short tells an index that ends too early from a store that fails.
func short(err error) error {
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %w", ErrCorrupt, err)
	}
	return err
}

func each(r io.Reader, count int64, f func([]event.Fingerprint) error) error {
	page := make([]event.Fingerprint, min(count, 1024))
	buf := make([]byte, record*len(page))
	for ; count > 0; count -= int64(len(page)) {
		page = page[:min(count, int64(len(page)))]
		b := buf[:len(page)*record]
		if _, err := io.ReadFull(r, b); err != nil {
			return short(err)
		}
		for i := range page {
			page[i] = event.Fingerprint{ID: event.ID(b[:16]), Body: binary.LittleEndian.Uint64(b[16:record])}
			b = b[record:]
		}
		if err := f(page); err != nil {
			return err
		}
	}
	return nil
}
