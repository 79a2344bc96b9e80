package compactor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
	"github.com/lakebed/lakebed/shared/spool"
)

// merge makes one part out of fragments.
type merge struct {
	*visit
	lane  layout.Lane
	known []*slot        // whose events are dropped
	table []schema.Field // as the look saw it
	chunk *chunk

	decoder   *event.Decoder
	erases    *eraser // nil when nothing is to be erased
	erased    *xxhash.Digest
	part      *part.Writer
	index     *index.Writer
	schema    *schema.Inferrer
	inputs    []string
	consumed  []index.Consumed
	fragments []fragment // that the chunk's lines point into
	header    part.Header
	bytes     int64
	conflicts map[int][]refusal // by fragment
	refused   *spool.Spool      // their text
	order     *event.Order
	included  map[uint64]bool // columns of members, by their hash
	chosen    bool            // how hard the part is compressed
	left      []fragment      // to be merged, with those that are being read
	sieve     *sieve          // of a merge with many chunks; nil where each is compared with all ids
	doubts    *spool.Spool    // lines that the sieve let through
	doubted   int64           // how many
}

// newMerge begins one. The tombstones are read after the fragments were listed: one that it does not know came after every fragment that it
// merges, and whoever put it finds them.
func (v *visit) newMerge(ctx context.Context, s *state, lane layout.Lane, c *chunk) (m *merge, err error) {
	set, err := v.tombstones.Load(ctx, v.bucket)
	if err != nil {
		return nil, err
	}
	table := columns(s.table)
	m = &merge{
		visit: v, lane: lane, table: table, chunk: c, schema: schema.NewInferrer(schema.Limits{}, table), conflicts: map[int][]refusal{},
		order: event.NewOrder(v.partition.Start()), included: map[uint64]bool{},
	}
	for _, d := range s.current().data() {
		if d.Lane.Overlaps(lane) {
			m.known = append(m.known, d)
		}
	}
	m.header = part.Header{Kind: part.Data, Lane: lane}
	for _, k := range m.known {
		m.inputs = append(m.inputs, k.Inputs)
	}
	if m.decoder, err = event.NewDecoder(v.config.Mapping, 0); err != nil {
		return nil, err
	}
	if e := (eraser{set, v.partition, m.decoder}); !e.idle() {
		m.erases, m.erased = &e, xxhash.New()
	}
	m.part, m.index = part.NewWriter(v.config.Scratch), index.NewWriter(v.config.Scratch)
	m.doubts, m.refused = spool.New(v.config.Scratch), spool.New(v.config.Scratch)
	return m, nil
}

func (m *merge) close() error {
	return errors.Join(m.part.Close(), m.index.Close(), m.doubts.Close(), m.refused.Close())
}

// full tells whether the part has about reached its target size, or conflicts have reached it, or their memory. It is asked after each fragment.
func (m *merge) full() bool {
	return max(m.part.Size(), m.refused.Size()) >= m.config.Policy.Target || m.header.Conflicts*refusalRoom >= m.config.Memory
}

// hashInputs names a set of inputs: equal ones make equal parts.
func hashInputs(kind string, inputs ...string) string {
	h := sha256.New()
	for _, s := range append([]string{kind}, inputs...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(s), s) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// add merges one fragment, which lies in the chunk's text, whole, or, when it cannot be read, none of it.
func (m *merge) add(ctx context.Context, f fragment, start, end int) error {
	number, c := len(m.fragments), m.chunk
	lines, packs := len(c.lines), len(c.packed)
	identify := m.identify
	if f.Gzip {
		identify = m.identifyPacked
	}
	gone, err := identify(f, number, start, end)
	if err != nil {
		c.lines, c.packed = c.lines[:lines], c.packed[:packs]
		if errors.Is(err, errHuge) {
			if err := m.flush(ctx); err != nil {
				return err
			}
			if m.sieve == nil {
				if err := m.sift(ctx, m.left); err != nil {
					return err
				}
			}
			return m.addHuge(ctx, f)
		}
		return err
	}
	m.took(f, int64(len(c.lines)-lines+len(gone)))
	m.drop(number, gone)
	if c.crowded(m.config.Memory) {
		return m.flush(ctx)
	}
	return nil
}

func (m *merge) took(f fragment, lines int64) {
	m.fragments = append(m.fragments, f)
	m.inputs = append(m.inputs, f.Name())
	m.consumed = append(m.consumed, index.Consumed{Name: f.Name(), Lines: lines})
	m.header.Fragments++
	m.header.Lines += lines
	m.bytes += f.object.Size
}

// drop counts lines that are erased. Which they are is part of what the merge is made of.
func (m *merge) drop(fragment int, numbers []int) {
	for _, n := range numbers {
		m.header.Erased++
		_, _ = fmt.Fprintf(m.erased, "%d:%d\n", fragment, n) // a hash never fails
	}
}

// identify finds the lines of a plain fragment, and gives the numbers of those that are to be erased, which are left out.
func (m *merge) identify(_ fragment, from, start, end int) (gone []int, err error) {
	text := m.chunk.text[:end]
	for number := 0; start < end; number++ {
		length := bytes.IndexByte(text[start:], '\n')
		if length < 0 {
			return nil, fmt.Errorf("%w: line %d has no end", errBroken, number+1)
		}
		l, erase, err := m.identifyLine(text[start : start+length])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", errBroken, number+1, err)
		}
		if erase {
			gone = append(gone, number)
		} else {
			l.start, l.end, l.from, l.number = uint32(start), uint32(start+length), uint32(from), uint32(number)
			m.chunk.lines = append(m.chunk.lines, l)
		}
		start += length + 1
	}
	return gone, nil
}

// identifyLine tells what a line is, and whether it is to be erased.
func (m *merge) identifyLine(text []byte) (l line, erase bool, err error) {
	if l, err = m.lineOf(text); err == nil && m.erases != nil {
		erase, err = m.erases.match(text)
	}
	return l, erase, err
}

func (m *merge) lineOf(text []byte) (l line, err error) {
	g, err := m.decoder.Glance(text)
	if err != nil {
		return l, err
	}
	return line{Fingerprint: event.Fingerprint{ID: g.ID, Body: xxhash.Sum64(text)}, order: m.order.Of(g)}, nil
}

// flush dedupes the chunk against itself, the parts there are and the part under way, and writes what is new. Lines that were unpacked before come before
// all that are still packed: to unpack those may need the room of their text.
func (m *merge) flush(ctx context.Context) error {
	c := m.chunk
	if len(c.lines) == 0 {
		c.clear() // of fragments that are erased
		return nil
	}
	if err := m.compare(ctx); err != nil {
		return err
	}
	for i, k := 0, 0; i < len(c.lines) || k < len(c.packed); { // in the order in which they came: of lines with one id the first stays
		if k == len(c.packed) || c.packed[k].first > i {
			if err := m.judge(i); err != nil {
				return err
			}
			i++
			continue
		}
		join := m.unpack
		if m.whole(&c.packed[k]) {
			join = m.copy
		}
		if err := join(&c.packed[k]); err != nil {
			return err
		}
		i, k = c.packed[k].last, k+1
	}
	if err := m.writeFresh(); err != nil {
		return err
	}
	c.clear()
	if m.many() {
		return m.resolve(ctx)
	}
	return nil
}

// compare finds out which of the chunk's ids the lane has already: by streaming them all past it, or, of a merge with many chunks, by the sieve. That
// doubts the copies within the chunk, too: where it doubts many, they are better found in the chunk.
func (m *merge) compare(ctx context.Context) error {
	c := m.chunk
	if m.sieve == nil {
		c.index()
		return m.eachID(ctx, c.stored)
	}
	if m.sieve.mark(c.lines) > len(c.lines)/16 {
		c.index()
	}
	return nil
}

// eachID calls f for the fingerprints of the parts there are, and of the one under way.
func (m *merge) eachID(ctx context.Context, f func([]event.Fingerprint) error) error {
	for _, k := range m.known {
		if _, err := m.eachKnown(ctx, k, f); err != nil {
			return err
		}
	}
	return m.index.Each(f)
}

// judge has a line of the chunk written, dropped, or put aside.
func (m *merge) judge(i int) error {
	c := m.chunk
	switch c.fate(i) {
	case fresh:
		c.fresh = append(c.fresh, ordered{c.lines[i].order, uint32(i)})
	case duplicate:
		m.header.Duplicates++
	case conflict:
		m.header.Conflicts++
		return m.refuse(&c.lines[i])
	case doubtful:
		return m.doubt(&c.lines[i])
	}
	return nil
}

// keep takes in the text of a line.
func (c *chunk) keep(l *line, text []byte) {
	l.start = uint32(len(c.unpacked))
	c.unpacked = append(c.unpacked, text...)
	l.end, l.lies = uint32(len(c.unpacked)), inUnpacked
}

// block is how many bytes of lines are compressed at once.
const block = 256 << 10

// writeFresh writes the lines that are new, in their order.
func (m *merge) writeFresh() error {
	c := m.chunk
	c.sort()
	if err := m.choose(); err != nil {
		return err
	}
	lines := int64(0)
	write := func() error {
		if lines == 0 {
			return nil
		}
		err := m.part.Write(c.block, lines)
		c.block, lines = c.block[:0], 0
		return err
	}
	for n, o := range c.fresh {
		if n%stride == 0 {
			c.fetch(c.fresh[n:min(n+stride, len(c.fresh))])
		}
		l := &c.lines[o.line]
		begin := len(c.block)
		c.block = append(append(c.block, c.bytes(l)...), '\n')
		if err := m.schema.Observe(c.block[begin : len(c.block)-1]); err != nil {
			return fmt.Errorf("line %d of %s: %w", l.number+1, m.fragments[l.from].Key(), err)
		}
		if err := m.index.Add(l.Fingerprint); err != nil {
			return err
		}
		if lines++; len(c.block) >= block {
			if err := write(); err != nil {
				return err
			}
		}
	}
	c.fresh, c.unpacked = c.fresh[:0], c.unpacked[:0]
	return write()
}

// samples are how many pieces of so many lines tell how hard to compress.
const samples, sampled = 8, 64

// choose has the part compressed as the first of its lines are best compressed. A part of few is compressed as well as can be.
func (m *merge) choose() error {
	c := m.chunk
	if m.chosen || len(c.fresh) < 2*samples*sampled {
		return nil
	}
	m.chosen = true
	for n := range samples {
		if len(c.block) >= 1<<20 {
			break
		}
		for _, o := range c.fresh[n*len(c.fresh)/samples:][:sampled] {
			c.block = append(append(c.block, c.bytes(&c.lines[o.line])...), '\n')
		}
	}
	err := m.part.Choose(c.block)
	c.block = c.block[:0]
	return err
}

// eachKnown calls f for the fingerprints of a part. An index that vanished or turns out corrupt is a reason to look again, and to make it
// anew.
func (v *visit) eachKnown(ctx context.Context, d *slot, f func([]event.Fingerprint) error) (index.Head, error) {
	head, err := index.Each(ctx, v.bucket, d.indexKey(), f)
	if errors.Is(err, index.ErrCorrupt) || errors.Is(err, bucket.ErrNotFound) {
		v.corrupt[d.indexKey()] = true
		return head, errors.Join(errLost, err)
	}
	return head, err
}

// refusal is where the text of a line lies whose id belongs to another event: it is no copy, so it is not dropped.
type refusal struct {
	at     int64
	size   uint32
	number uint32 // in its fragment
}

// refusalRoom is about what a refusal takes in memory, with its share of the map.
const refusalRoom = 64

func (m *merge) refuse(l *line) error {
	text := m.chunk.bytes(l)
	r := refusal{m.refused.Size(), uint32(len(text)), l.number}
	if _, err := m.refused.Write(text); err != nil {
		return fmt.Errorf("spool conflicts: %w", err)
	}
	m.conflicts[int(l.from)] = append(m.conflicts[int(l.from)], r)
	return nil
}

// judgeUnpacked judges a line whose text is the last that was unpacked. The text of one that is not to be written is of no use any more.
func (m *merge) judgeUnpacked(i int) error {
	c := m.chunk
	if err := m.judge(i); err != nil {
		return err
	}
	if n := len(c.fresh); n == 0 || c.fresh[n-1].line != uint32(i) {
		c.unpacked = c.unpacked[:c.lines[i].start]
	}
	return nil
}
