package claims

import (
	"hash/maphash"
	"iter"

	"github.com/lakebed/lakebed/shared/event"
)

// table finds ordinals by the hash of their id: open addressing with linear probing, eight bytes a slot, at most three quarters full.
type table struct {
	seed  maphash.Seed // so that no producer can choose ids that collide
	slots []slot       // a power of two
	used  int
}

// slot is a hash in the upper half and an ordinal in the lower; 0 is free.
type slot uint64

// taken marks each hash, so that no taken slot is 0; the bits below it say where the slot belongs.
const taken = 1 << 31

func (s slot) hash() uint32    { return uint32(s >> 32) }
func (s slot) ordinal() uint32 { return uint32(s) }

func newTable() table { return table{seed: maphash.MakeSeed(), slots: make([]slot, 64)} }

func (t *table) hash(id event.ID) uint32 { return uint32(maphash.Bytes(t.seed, id[:])) | taken }

// candidates yields the ordinals whose ids have the hash.
func (t *table) candidates(hash uint32) iter.Seq[uint32] {
	return func(yield func(uint32) bool) {
		mask := uint32(len(t.slots) - 1)
		for i := hash & mask; t.slots[i] != 0; i = (i + 1) & mask {
			if t.slots[i].hash() == hash && !yield(t.slots[i].ordinal()) {
				return
			}
		}
	}
}

func (t *table) insert(hash, ordinal uint32) {
	if 4*(t.used+1) > 3*len(t.slots) {
		t.grow()
	}
	t.place(slot(hash)<<32 | slot(ordinal))
	t.used++
}

func (t *table) place(s slot) {
	mask := uint32(len(t.slots) - 1)
	i := s.hash() & mask
	for t.slots[i] != 0 {
		i = (i + 1) & mask
	}
	t.slots[i] = s
}

func (t *table) grow() {
	old := t.slots
	t.slots = make([]slot, 2*len(old))
	for _, s := range old {
		if s != 0 {
			t.place(s)
		}
	}
}

// remove frees a slot, and moves up those behind it that would no longer be found.
func (t *table) remove(hash, ordinal uint32) {
	mask := uint32(len(t.slots) - 1)
	hole := hash & mask
	for t.slots[hole] != slot(hash)<<32|slot(ordinal) {
		if t.slots[hole] == 0 {
			return
		}
		hole = (hole + 1) & mask
	}
	t.used--
	for i := (hole + 1) & mask; t.slots[i] != 0; i = (i + 1) & mask {
		home := t.slots[i].hash() & mask
		if (i-home)&mask >= (i-hole)&mask { // its home is not behind the hole
			t.slots[hole] = t.slots[i]
			hole = i
		}
	}
	t.slots[hole] = 0
}
