package ingest

import "math/bits"

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
	for i := id.Hash() & mask; ; i = (i + 1) & mask {
		if x[i] == 0 {
			x[i] = int32(n) + 1
			return n
		}
		if at := int(x[i]) - 1; events[at].Fingerprint.ID == id {
			return at
		}
	}
}
