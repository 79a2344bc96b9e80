package compactor

import (
	"bufio"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/spool"
)

// sieve tells ids that were surely not stored before from those that may have been: a Bloom filter whose bits for an id lie in one line of the
// processor's cache. A merge of many chunks puts the ids that the hour has into it once, instead of streaming them past each chunk; only the few
// that may have been stored are looked up, all together, in the end.
type sieve struct {
	blocks [][8]uint64
	mask   uint64
}

// newSieve is for about so many ids, as far as the memory goes: two bytes an id let through one in a thousand; with less it lets through more.
func newSieve(ids, memory int64) *sieve {
	n := int64(1)
	for n*64 < 2*ids && n*2*64 <= memory {
		n *= 2
	}
	return &sieve{make([][8]uint64, n), uint64(n - 1)}
}

// bits gives an id's block, and its bits in it.
func (s *sieve) bits(id event.ID) (block *[8]uint64, h uint64) {
	h = mixed(id)
	return &s.blocks[h>>40&s.mask], h * 0x9e3779b97f4a7c15
}

const probes = 4 // nine bits of the hash each

func (s *sieve) add(id event.ID) {
	b, h := s.bits(id)
	for range probes {
		b[h>>6&7] |= 1 << (h & 63)
		h >>= 9
	}
}

// has tells whether an id may have been added. It is never wrong in saying no.
func (s *sieve) has(id event.ID) bool {
	b, h := s.bits(id)
	for range probes {
		if b[h>>6&7]&(1<<(h&63)) == 0 {
			return false
		}
		h >>= 9
	}
	return true
}

// sift begins a merge of many chunks: it puts the ids that the lane has into a sieve.
func (m *merge) sift(ctx context.Context, pending []fragment) error {
	ids := int64(0)
	for _, k := range m.known {
		ids += k.Events
	}
	for i := range pending {
		ids += 1 + pending[i].packedSize()/16 // few lines shrink to less
	}
	m.sieve = newSieve(ids, m.config.Memory)
	return m.eachID(ctx, func(f event.Fingerprint) error {
		m.sieve.add(f.ID)
		return nil
	})
}

// doubt puts aside a line whose id may have been stored, with those of its chunk that have the same.
func (m *merge) doubt(l *line) error {
	text := m.chunk.bytes(l)
	head := binary.LittleEndian.AppendUint32(nil, l.from)
	head = binary.LittleEndian.AppendUint32(head, l.number)
	head = binary.LittleEndian.AppendUint32(head, uint32(len(text)))
	for _, b := range [][]byte{head, text} {
		if _, err := m.doubts.Write(b); err != nil {
			return fmt.Errorf("spool lines: %w", err)
		}
	}
	return nil
}

// resolve compares the lines that were put aside exactly, in their order. (Of records with one id those that were not put aside came before.)
func (m *merge) resolve(ctx context.Context) error {
	if m.doubts.Size() == 0 {
		return nil
	}
	aside, sieve := m.doubts, m.sieve
	m.doubts, m.sieve = spool.New(m.config.Scratch), nil
	err := m.compareAside(ctx, aside)
	m.sieve = sieve
	return errors.Join(err, aside.Close())
}

func (m *merge) compareAside(ctx context.Context, aside *spool.Spool) error {
	c, in := m.chunk, bufio.NewReader(aside.Reader())
	var head [12]byte
	var text []byte
	for {
		if _, err := io.ReadFull(in, head[:]); errors.Is(err, io.EOF) {
			return m.flush(ctx)
		} else if err != nil {
			return fmt.Errorf("read spooled lines: %w", err)
		}
		size := int(binary.LittleEndian.Uint32(head[8:]))
		text = slices.Grow(text[:0], size)[:size]
		if _, err := io.ReadFull(in, text); err != nil {
			return fmt.Errorf("read spooled lines: %w", err)
		}
		l, _, err := m.identifyLine(text)
		if err != nil {
			return fmt.Errorf("read spooled lines: %w", err)
		}
		l.from, l.number = binary.LittleEndian.Uint32(head[:]), binary.LittleEndian.Uint32(head[4:])
		c.unpack(&l, text)
		c.lines = append(c.lines, l)
		if c.crowded(m.config.Memory) || int64(len(c.unpacked)) >= m.config.Memory/2 {
			if err := m.flush(ctx); err != nil {
				return err
			}
		}
	}
}

// mixed spreads an id's bits. Those of a UUID are not all random.
func mixed(id event.ID) uint64 {
	h := binary.LittleEndian.Uint64(id[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(id[8:])*0xc2b2ae3d27d4eb4f
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}
