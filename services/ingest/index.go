package ingest

import (
	"encoding/binary"
	"math/bits"
	"math/rand/v2"

	"github.com/lakebed/lakebed/shared/event"
)

// index finds the first of a batch's events that has an id: open addressing with linear probing, at most half full. A slot has the event's
// place plus one; 0 is free.
type index []int32

// reset empties it, and makes room for n events.
func (x *index) reset(n int) {
	size := 1 << bits.Len(uint(2*n))
	if cap(*x) < size {
		*x = make(index, size)
		return
	}
	*x = (*x)[:size]
	clear(*x)
}

// first gives the place of the first event with the n-th's id: n, which is noted, where there is none before.
func (x index) first(events []item, n int) int {
	id := events[n].Fingerprint.ID
	mask := uint64(len(x) - 1)
	for i := hash(id) & mask; ; i = (i + 1) & mask {
		if x[i] == 0 {
			x[i] = int32(n) + 1
			return n
		}
		if at := int(x[i]) - 1; events[at].Fingerprint.ID == id {
			return at
		}
	}
}

// secret keeps producers from choosing ids that collide. Nothing but speed depends on it.
var secret = [2]uint64{rand.Uint64(), rand.Uint64()}

func hash(id event.ID) uint64 {
	high, low := bits.Mul64(binary.LittleEndian.Uint64(id[:])^secret[0], binary.LittleEndian.Uint64(id[8:])^secret[1])
	return high ^ low
}
