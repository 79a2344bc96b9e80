package compactor

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/lakebed/lakebed/shared/spool"
)

// doubt puts aside a line whose id may have been stored, or have stood in a line before.
func (m *merge) doubt(l *line) error {
	text := m.chunk.bytes(l)
	var head [12]byte
	binary.LittleEndian.PutUint32(head[:], l.from)
	binary.LittleEndian.PutUint32(head[4:], l.number)
	binary.LittleEndian.PutUint32(head[8:], uint32(len(text)))
	_, err := m.doubts.Write(head[:])
	if err == nil {
		_, err = m.doubts.Write(text)
	}
	if err != nil {
		return fmt.Errorf("spool lines: %w", err)
	}
	m.doubted++
	return nil
}

// many tells whether so many lines were put aside that ids are to be streamed past them now: with those of another chunk, most of which take up a quarter of the
// memory at most, they would not have room at once; or the spool grows large.
func (m *merge) many() bool {
	return m.doubted*room >= m.config.Memory/4*3 || m.doubts.Size() >= max(m.config.Policy.Target-m.refused.Size(), m.config.Policy.Target/4)
}

// resolve compares the lines that were put aside exactly, in their order. (Of records with one id those that were not put aside came before.)
func (m *merge) resolve(ctx context.Context) error {
	if m.doubted == 0 {
		return nil
	}
	aside, lines := m.doubts, m.doubted
	m.doubts, m.doubted = spool.New(m.config.Scratch), 0
	return errors.Join(m.compareAside(ctx, aside, lines), aside.Close())
}

// compareAside reads so many lines twice, as many at once as memory has room for: for their ids, past which those that there are are streamed, and then for
// what is to be done with them.
func (m *merge) compareAside(ctx context.Context, aside *spool.Spool, lines int64) error {
	c := m.chunk
	ids, texts := &asideReader{in: bufio.NewReader(aside.Reader())}, &asideReader{in: bufio.NewReader(aside.Reader())}
	for {
		for int64(len(c.lines))*room < m.config.Memory && ids.next() {
			l, err := m.lineOf(ids.text)
			if err != nil {
				return fmt.Errorf("read spooled lines: %w", err)
			}
			l.from, l.number = ids.from, ids.number
			c.lines = append(c.lines, l)
		}
		switch {
		case ids.err != nil:
			return ids.err
		case len(c.lines) == 0 && lines > 0:
			return fmt.Errorf("read spooled lines: %w", io.ErrUnexpectedEOF)
		case len(c.lines) == 0:
			return nil
		}
		lines -= int64(len(c.lines))
		c.index()
		if err := m.eachID(ctx, c.stored); err != nil {
			return err
		}
		for i := range c.lines {
			if !texts.next() {
				return errors.Join(io.ErrUnexpectedEOF, texts.err)
			}
			c.keep(&c.lines[i], texts.text)
			if err := m.judgeUnpacked(i); err != nil {
				return err
			}
			if int64(len(c.unpacked)) >= m.config.Memory/2 {
				if err := m.writeFresh(); err != nil {
					return err
				}
			}
		}
		if err := m.writeFresh(); err != nil {
			return err
		}
		c.clear()
	}
}

// asideReader reads the lines that were put aside.
type asideReader struct {
	in           *bufio.Reader
	from, number uint32
	text         []byte
	err          error
}

// next reads one, and tells whether there was one.
func (r *asideReader) next() bool {
	var head [12]byte
	if _, err := io.ReadFull(r.in, head[:]); errors.Is(err, io.EOF) {
		return false
	} else if err != nil {
		r.err = fmt.Errorf("read spooled lines: %w", err)
		return false
	}
	r.from, r.number = binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
	size := int(binary.LittleEndian.Uint32(head[8:]))
	r.text = slices.Grow(r.text[:0], size)[:size]
	if _, err := io.ReadFull(r.in, r.text); err != nil {
		r.err = fmt.Errorf("read spooled lines: %w", err)
	}
	return r.err == nil
}
