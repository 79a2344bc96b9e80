package compactor

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/part"
)

// fingerprint identifies a line that ingest wrote.
func fingerprint(d *event.Decoder, line []byte) (event.Fingerprint, error) {
	id, err := d.Identify(line)
	return event.Fingerprint{ID: id, Body: xxhash.Sum64(line)}, err
}

// errBroken says that a fragment is not what its name says. It is set aside, and never deleted.
var errBroken = errors.New("fragment is broken")

// errHuge says that a fragment has more lines than memory has room for.
var errHuge = errors.New("fragment has more lines than there is memory for")

// read gets a fragment as it is stored. Of a plain one the lines are checked against the hash in its name.
func (v *visit) read(ctx context.Context, f fragment, text []byte) error {
	body, o, err := v.get(ctx, f)
	if err != nil {
		return err
	}
	defer body.Close()
	if o.Size != int64(len(text)) {
		return fmt.Errorf("%w: %s: it has %d bytes and was listed with %d", errBroken, f.Key(), o.Size, len(text))
	}
	if _, err := io.ReadFull(body, text); err != nil {
		return readError(f, err)
	}
	if !f.Gzip && xxhash.Sum64(text) != f.Hash {
		return wrongHash(f)
	}
	return nil
}

func wrongHash(f fragment) error {
	return fmt.Errorf("%w: %s: its content does not have the hash in its name", errBroken, f.Key())
}

func (v *visit) get(ctx context.Context, f fragment) (io.ReadCloser, bucket.Object, error) {
	body, o, err := v.bucket.Get(ctx, f.Key(), bucket.Range{})
	if errors.Is(err, bucket.ErrNotFound) {
		return nil, o, errLost // swept since the look
	}
	if err != nil {
		return nil, o, fmt.Errorf("open %s: %w", f.Key(), err)
	}
	return body, o, nil
}

// open gives a fragment's text.
func (v *visit) open(ctx context.Context, f fragment) (io.ReadCloser, error) {
	body, _, err := v.get(ctx, f)
	if err != nil {
		return nil, err
	}
	if !f.Gzip {
		return body, nil
	}
	z, err := gzip.NewReader(body)
	if err != nil {
		return nil, errors.Join(readError(f, err), body.Close())
	}
	return unzipped{z, body}, nil
}

// unzipped closes what it decompresses.
type unzipped struct {
	io.Reader
	io.Closer
}

// readError tells a broken fragment from a store that fails: the former is set aside, the latter ends the visit.
func readError(f fragment, err error) error {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, part.ErrLong) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s: %w", errBroken, f.Key(), err)
	}
	return fmt.Errorf("read %s: %w", f.Key(), err)
}

// addHuge merges a fragment that does not fit into memory: it is read twice, to be known as whole before any of it is merged.
func (m *merge) addHuge(ctx context.Context, f fragment) error {
	open := func() (io.ReadCloser, error) { return m.open(ctx, f) }
	sum, lines := xxhash.New(), int64(0)
	err := eachLine(f, open, func(text []byte) error {
		hashLine(sum, text)
		if _, err := m.decoder.Glance(text); err != nil {
			return fmt.Errorf("%w: %s, line %d: %w", errBroken, f.Key(), lines+1, err)
		}
		lines++
		return nil
	})
	if err == nil && sum.Sum64() != f.Hash {
		err = wrongHash(f)
	}
	if err != nil {
		return err
	}
	from, number := len(m.fragments), uint32(0)
	m.took(f, lines)
	var failed error // of the merge; else it is of the reading
	again, c := xxhash.New(), m.chunk
	err = eachLine(f, open, func(text []byte) error {
		hashLine(again, text)
		l, erase, err := m.identifyLine(text)
		if err != nil {
			return err
		}
		l.from, l.number = uint32(from), number
		number++
		if erase {
			m.drop(from, []int{int(l.number)})
			return nil
		}
		c.keep(&l, text)
		c.lines = append(c.lines, l)
		if c.crowded(m.config.Memory) || int64(len(c.unpacked)) >= m.config.Memory/2 {
			failed = m.flush(ctx)
		}
		return failed
	})
	if err == nil && again.Sum64() != f.Hash {
		err = wrongHash(f)
	}
	switch {
	case failed != nil:
		return failed
	case errors.Is(err, errLost): // it was merged and swept meanwhile
		return err
	case err != nil: // it counts as consumed already: nothing of this merge may be committed
		return fmt.Errorf("read %s for the second time: it is not whole: %v", f.Key(), err) //nolint:errorlint // not broken: the visit ends
	}
	return nil
}

func hashLine(to *xxhash.Digest, text []byte) {
	_, _ = to.Write(text) // never fails
	_, _ = to.Write([]byte{'\n'})
}

// eachLine calls do for each line of a fragment.
func eachLine(f fragment, open func() (io.ReadCloser, error), do func([]byte) error) error {
	in, err := open()
	if err != nil {
		return err
	}
	defer in.Close()
	lines := part.NewLines(in)
	for lines.Next() {
		if err := do(lines.Bytes()); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return readError(f, err)
	}
	return nil
}
