package verify

import (
	"hash/maphash"

	"github.com/lakebed/lakebed/shared/event"
)

// table is a set of ids of one prefix of their hash, in memory that does not grow. The hash is seeded: producers choose ids, and shall not
// choose where they fall.
type table struct {
	seed  maphash.Seed
	all   []event.ID // touched only as far as needed
	slots []event.ID // open addressing; the zero id is a free slot
	used  int
	zero  bool // the zero id is in the set
	prefix
}

// prefix is a share of all hashes: those whose topmost bits are value.
type prefix struct {
	bits  uint
	value uint64
}

func (p prefix) holds(hash uint64) bool { return p.bits == 0 || hash>>(64-p.bits) == p.value }

// halves are the two shares that p consists of.
func (p prefix) halves() [2]prefix {
	return [2]prefix{{p.bits + 1, p.value << 1}, {p.bits + 1, p.value<<1 | 1}}
}

// prefixes are the shares of the given number of bits.
func prefixes(bits uint) []prefix {
	all := make([]prefix, 1<<bits)
	for i := range all {
		all[i] = prefix{bits, uint64(i)}
	}
	return all
}

const idSize = 16

func newTable(memory int64) *table {
	return &table{seed: maphash.MakeSeed(), all: make([]event.ID, memory/idSize)}
}

// room is how many ids fit.
func (t *table) room() int64 { return int64(len(t.all)) * 3 / 4 }

// reset empties the table, for about n ids of a share.
func (t *table) reset(p prefix, n int64) {
	size := min(n+n/2+64, int64(len(t.all)))
	t.slots = t.all[:size]
	clear(t.slots)
	t.used, t.zero, t.prefix = 0, false, p
}

func (t *table) hash(id event.ID) uint64 { return maphash.Bytes(t.seed, id[:]) }

// find gives the place of an id, and whether it is there.
func (t *table) find(id event.ID, hash uint64) (int, bool) {
	at := int(uint64(uint32(hash)) * uint64(len(t.slots)) >> 32) // the lower half: the upper bits are those of the share
	for ; t.slots[at] != (event.ID{}); at++ {
		if t.slots[at] == id {
			return at, true
		}
		if at+1 == len(t.slots) {
			at = -1
		}
	}
	return at, false
}

// has tells whether the id is in the set.
func (t *table) has(id event.ID, hash uint64) bool {
	if id == (event.ID{}) {
		return t.zero
	}
	_, found := t.find(id, hash)
	return found
}

// add tells whether the id is new, and whether there was room for it.
func (t *table) add(id event.ID, hash uint64) (fresh, ok bool) {
	if id == (event.ID{}) {
		fresh, t.zero = !t.zero, true
		return fresh, true
	}
	at, found := t.find(id, hash)
	if found {
		return false, true
	}
	if (t.used+1)*8 > len(t.slots)*7 {
		return false, false
	}
	t.slots[at] = id
	t.used++
	return true, true
}
