package compactor

import (
	"encoding/binary"

	"github.com/lakebed/lakebed/shared/event"
)

// line is one line of a chunk.
type line struct {
	event.Fingerprint
	start, end int    // in the chunk's text, without the newline
	from       uint32 // index of its fragment
	number     uint32 // in its fragment, from 0
	first      uint32 // index of the first line with its id
	known      bool   // of a first line: its id is in a part already,
	body       uint64 // with this body
}

type fate uint8

const (
	fresh fate = iota
	duplicate
	conflict
)

// chunk holds as many lines as memory allows. Ids seen earlier are streamed against it, so that memory follows what is new, however large
// the hour is.
type chunk struct {
	text  []byte
	lines []line
	table []uint32 // open addressing: 1 + index into lines, 0 for free
	mask  uint64
}

// room is the memory that a line costs beside its text: the entry, and its share of a table that is at most two thirds full.
const room = 80

func (c *chunk) size() int64 { return int64(len(c.text)) + int64(len(c.lines))*room }

func (c *chunk) reset() { c.text, c.lines = c.text[:0], c.lines[:0] }

// index fills the table, and finds the first line with each id.
func (c *chunk) index() {
	n := 16
	for n*2 < len(c.lines)*3 {
		n *= 2
	}
	if cap(c.table) >= n {
		c.table = c.table[:n]
		clear(c.table)
	} else {
		c.table = make([]uint32, n)
	}
	c.mask = uint64(n - 1)
	for i := range c.lines {
		at, found := c.find(c.lines[i].ID)
		if !found {
			c.table[at] = uint32(i + 1)
		}
		c.lines[i].first = c.table[at] - 1
	}
}

// find gives the place of an id in the table, and whether it is taken.
func (c *chunk) find(id event.ID) (uint64, bool) {
	// A UUID's bits are not all random; multiplying spreads those that are.
	at := (binary.LittleEndian.Uint64(id[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(id[8:])*0xc2b2ae3d27d4eb4f)
	for at = at >> 20 & c.mask; c.table[at] != 0; at = (at + 1) & c.mask {
		if c.lines[c.table[at]-1].ID == id {
			return at, true
		}
	}
	return at, false
}

// stored takes an event that is in a part already.
func (c *chunk) stored(f event.Fingerprint) error {
	if at, found := c.find(f.ID); found {
		l := &c.lines[c.table[at]-1]
		l.known, l.body = true, f.Body
	}
	return nil
}

// fate judges a line once all stored events were shown: of the records with one id, the first that was stored stays.
func (c *chunk) fate(i int) fate {
	l := &c.lines[i]
	first := &c.lines[l.first]
	kept := first.Body
	switch {
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
