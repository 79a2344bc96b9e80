package compactor

import (
	"slices"

	"github.com/lakebed/lakebed/shared/event"
)

// line is one line of a chunk.
type line struct {
	event.Fingerprint
	order      uint64 // of the lines in a part: by name, then by time
	body       uint64 // of a first line that is known: of the event that has its id
	start, end uint32 // in the text that it lies in, without the newline
	from       uint32 // index of its fragment
	number     uint32 // in its fragment, from 0
	first      uint32 // index of the first line with its id; its own where lines were marked, and not indexed
	known      bool   // of a first line: its id is in a part already
	doubted    bool   // its id may be in a part already, or in the one under way, or in a line before; of lines with one id the first counts
	lies       place
}

// place is where a line's text lies.
type place uint8

const (
	inText     place = iota
	inUnpacked       // decompressed, or part of what is too large to be read at once
	inPacked         // compressed, within its fragment
)

type fate uint8

const (
	fresh fate = iota
	duplicate
	conflict
	doubtful
)

// chunk holds as many lines as memory allows. Ids seen earlier are streamed against it, so that memory follows what is new, however large
// the hour is.
type chunk struct {
	text     []byte // fragments, as they are stored
	unpacked []byte
	lines    []line
	packed   []packed
	fresh    []ordered // lines to be written
	spare    []ordered // scratch
	block    []byte    // scratch
	table    []uint32  // open addressing: 1 + index into lines, 0 for free
	filter   []uint64  // a bit for each id, of eight for each place of the table: most ids that are not in the table are found out without it
	mask     uint64
	touched  uint32
}

// ordered is a line to be written.
type ordered struct {
	order uint64
	line  uint32
}

// room is the memory that a line costs beside its text: the entry, its place among those to be written, and its share of a table that is at
// most two thirds full, and of the filter.
const room = 112

// crowded tells whether the lines take up their share, a quarter, of the memory that text takes up the rest of.
func (c *chunk) crowded(memory int64) bool { return int64(len(c.lines))*room >= memory/4 }

// bytes is a line's text.
func (c *chunk) bytes(l *line) []byte {
	if l.lies == inUnpacked {
		return c.unpacked[l.start:l.end]
	}
	return c.text[l.start:l.end]
}

// clear forgets the lines, and what a merge that failed had no more time to write; what fragments lie in the text stays.
func (c *chunk) clear() {
	c.lines, c.packed, c.fresh, c.unpacked, c.block = c.lines[:0], c.packed[:0], c.fresh[:0], c.unpacked[:0], c.block[:0]
}

// index fills the table, and finds the first line with each id.
func (c *chunk) index() {
	n := 64
	for n*2 < len(c.lines)*3 {
		n *= 2
	}
	c.table, c.filter, c.mask = zeros(c.table, n), zeros(c.filter, n/8), uint64(n-1)
	for i := range c.lines {
		l := &c.lines[i]
		h := l.ID.Hash()
		at, found := h, false
		if c.filtered(h) {
			at, found = c.find(l.ID, h)
		} else { // it needs no comparing
			for at &= c.mask; c.table[at] != 0; at = (at + 1) & c.mask {
			}
			word, bit := c.bit(h)
			*word |= bit
		}
		if !found {
			c.table[at] = uint32(i + 1)
		}
		l.first = c.table[at] - 1
	}
}

// zeros gives n zeros, in place of s where it has room.
func zeros[T any](s []T, n int) []T {
	if cap(s) < n {
		return make([]T, n)
	}
	s = s[:n]
	clear(s)
	return s
}

// bit is where in the filter an id with this hash has its bit.
func (c *chunk) bit(h uint64) (word *uint64, bit uint64) {
	return &c.filter[h>>38&(c.mask>>3)], 1 << (h >> 32 & 63)
}

// filtered tells whether an id with this hash may be in the table.
func (c *chunk) filtered(h uint64) bool {
	word, bit := c.bit(h)
	return *word&bit != 0
}

// find gives the place of an id, which has this hash, in the table, and whether it is taken.
func (c *chunk) find(id event.ID, h uint64) (uint64, bool) {
	at := h
	for at &= c.mask; c.table[at] != 0; at = (at + 1) & c.mask {
		if c.lines[c.table[at]-1].ID == id {
			return at, true
		}
	}
	return at, false
}

// stored takes events that are in a part already.
func (c *chunk) stored(page []event.Fingerprint) error {
	for i := range page {
		f := &page[i]
		h := f.ID.Hash()
		if !c.filtered(h) {
			continue
		}
		if at, found := c.find(f.ID, h); found {
			l := &c.lines[c.table[at]-1]
			l.known, l.body = true, f.Body
		}
	}
	return nil
}

// fate judges a line once all stored events were shown: of the records with one id, the first that was stored stays.
func (c *chunk) fate(i int) fate {
	l := &c.lines[i]
	first := &c.lines[l.first]
	kept := first.Body
	switch {
	case first.doubted:
		return doubtful
	case first.known:
		kept = first.body
	case l == first:
		return fresh
	}
	if l.Body == kept {
		return duplicate
	}
	return conflict
}

// sort puts the lines to be written in order, and keeps equal ones in the order in which they came: a radix sort by the digits that differ.
func (c *chunk) sort() {
	const digit = 11
	var all, any uint64 = ^uint64(0), 0
	for _, o := range c.fresh {
		all, any = all&o.order, any|o.order
	}
	from, to := c.fresh, slices.Grow(c.spare[:0], len(c.fresh))[:len(c.fresh)]
	for shift := 0; shift < 64; shift += digit {
		if (all^any)>>shift&(1<<digit-1) == 0 {
			continue
		}
		var ends [1 << digit]uint32
		for _, o := range from {
			ends[o.order>>shift&(1<<digit-1)]++
		}
		sum := uint32(0)
		for i, n := range ends {
			ends[i] = sum
			sum += n
		}
		for _, o := range from {
			at := &ends[o.order>>shift&(1<<digit-1)]
			to[*at] = o
			*at++
		}
		from, to = to, from
	}
	c.fresh, c.spare = from, to
}

// stride is how many places in memory are fetched together. A processor waits for one after another where each is used before the next is known.
const stride = 32

// fetch brings lines that are to be written, which lie anywhere in the chunk, into the processor's cache.
func (c *chunk) fetch(some []ordered) {
	sum := uint32(0)
	for _, o := range some {
		sum ^= c.lines[o.line].start
	}
	for _, o := range some {
		text := c.bytes(&c.lines[o.line])
		for i := 0; i < len(text); i += 64 { // each line of the cache
			sum ^= uint32(text[i])
		}
	}
	c.touched ^= sum // else the compiler would see that nobody needs it
}
