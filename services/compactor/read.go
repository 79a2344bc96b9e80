package compactor

import (
	"bytes"
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

// errHuge says that a fragment does not fit into memory.
var errHuge = errors.New("fragment is larger than the memory for it")

// read gives a fragment's lines, checked against the hash in its name.
func (v *visit) read(ctx context.Context, f fragment) ([]byte, error) {
	in, err := v.open(ctx, f)
	if err != nil {
		return nil, err
	}
	defer in.Close()
	var text bytes.Buffer
	if !f.Gzip {
		text.Grow(int(min(f.object.Size, v.config.Memory)) + bytes.MinRead)
	}
	n, err := text.ReadFrom(io.LimitReader(in, v.config.Memory+1))
	switch {
	case err != nil:
		return nil, readError(f, err)
	case n > v.config.Memory:
		return nil, errHuge
	case xxhash.Sum64(text.Bytes()) != f.Hash:
		return nil, fmt.Errorf("%w: %s: its content does not have the hash in its name", errBroken, f.Key())
	}
	return text.Bytes(), nil
}

// open gives a fragment's text.
func (v *visit) open(ctx context.Context, f fragment) (io.ReadCloser, error) {
	body, _, err := v.bucket.Get(ctx, f.Key(), bucket.Range{})
	if errors.Is(err, bucket.ErrNotFound) {
		return nil, errLost // swept since the look
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", f.Key(), err)
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
	if errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, io.EOF) {
		return fmt.Errorf("%w: %s: %w", errBroken, f.Key(), err)
	}
	return fmt.Errorf("read %s: %w", f.Key(), err)
}

// addHuge merges a fragment that does not fit into memory: it is read twice, to be known as whole before any of it is merged.
func (m *merge) addHuge(ctx context.Context, f fragment) error {
	sum, lines := xxhash.New(), int64(0)
	err := m.eachLine(ctx, f, func(text []byte) error {
		_, _ = sum.Write(text) // never fails
		_, _ = sum.Write([]byte{'\n'})
		if _, err := fingerprint(m.decoder, text); err != nil {
			return fmt.Errorf("%w: %s, line %d: %w", errBroken, f.Key(), lines+1, err)
		}
		lines++
		return nil
	})
	if err == nil && sum.Sum64() != f.Hash {
		err = fmt.Errorf("%w: %s: its content does not have the hash in its name", errBroken, f.Key())
	}
	if err != nil {
		return err
	}
	from, number := len(m.fragments), 0
	m.took(f, lines)
	again := xxhash.New()
	err = m.eachLine(ctx, f, func(text []byte) error {
		print, err := fingerprint(m.decoder, text)
		if err != nil {
			return err
		}
		_, _ = again.Write(text) // never fails
		_, _ = again.Write([]byte{'\n'})
		if erase, err := m.matches(text); erase || err != nil {
			m.drop(from, []int{number})
			number++
			return err
		}
		start := len(m.chunk.text)
		m.chunk.text = append(append(m.chunk.text, text...), '\n')
		m.chunk.lines = append(m.chunk.lines, line{Fingerprint: print, start: start, end: start + len(text), from: uint32(from), number: uint32(number)})
		number++
		if m.chunk.size() >= m.config.Memory {
			return m.flush(ctx)
		}
		return nil
	})
	if err != nil || again.Sum64() != f.Hash { // it counts as consumed already: nothing of this merge may be committed
		return fmt.Errorf("read %s for the second time: it is not whole: %v", f.Key(), err) //nolint:errorlint // not broken: the visit ends
	}
	return nil
}

func (m *merge) eachLine(ctx context.Context, f fragment, do func([]byte) error) error {
	in, err := m.open(ctx, f)
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
