package compactor

import (
	"context"
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/lakebed/lakebed/shared/event"
)

// sieve tells ids that were surely not stored before from those that may have been: a Bloom filter whose bits for an id lie in one line of the
// processor's cache. A merge of many chunks puts the ids that the hour has into it once, instead of streaming them past each chunk; only the few
// lines whose ids may have been there are compared, many at once.
type sieve struct {
	blocks  []sieveBlock
	bits    int // that an id sets
	touched uint64
}

type sieveBlock [8]uint64

const sieveBlockSize = 64

// newSieve is for about so many ids, as far as the memory goes: two bytes an id let through one or two in a thousand, one a thirtieth. An id sets as many bits
// as lets through the fewest.
func newSieve(ids, memory int64) *sieve {
	n := max(1, min(2*ids, memory)/sieveBlockSize)
	best := math.Round(math.Ln2 * float64(8*sieveBlockSize*n) / float64(max(1, ids)))
	return &sieve{blocks: make([]sieveBlock, n), bits: int(max(1, min(best, float64(len(sieveBlock{})))))}
}

func (s *sieve) block(hash uint64) *sieveBlock {
	n, _ := bits.Mul64(hash, uint64(len(s.blocks)))
	return &s.blocks[n]
}

// put adds ids, given by their hashes, and replaces each hash by 1 if the id may have been added before, by 0 if it surely was not. The blocks of all are
// fetched before any is written to.
func (s *sieve) put(hashes []uint64) {
	sum := uint64(0)
	for _, h := range hashes {
		sum ^= s.block(h)[0]
	}
	s.touched ^= sum // else the compiler would see that nobody needs it
	for i, h := range hashes {
		b := s.block(h)
		h *= 0x9e3779b97f4a7c15
		missing, first := uint64(0), h
		for k := range uint64(s.bits) { // one in a word, the first in any
			word, bit := &b[(first+k)%uint64(len(b))], uint64(1)<<(h>>58)
			missing |= bit &^ *word
			*word |= bit
			h <<= 6
		}
		hashes[i] = 0
		if missing == 0 {
			hashes[i] = 1
		}
	}
}

// mark puts the ids of lines, each the first with its own, into the sieve, has those lines doubted whose ids may have been there, be it by a line before,
// and tells how many these are.
func (s *sieve) mark(lines []line) (doubted int) {
	var hashes [stride]uint64
	for from := 0; from < len(lines); from += stride {
		some := lines[from:min(from+stride, len(lines))]
		for i := range some {
			hashes[i] = mixed(some[i].ID)
		}
		s.put(hashes[:len(some)])
		for i := range some {
			some[i].first, some[i].doubted = uint32(from+i), hashes[i] == 1
			doubted += int(hashes[i])
		}
	}
	return doubted
}

// remember puts the ids of events that are stored into the sieve.
func (s *sieve) remember(page []event.Fingerprint) error {
	var hashes [stride]uint64
	for len(page) > 0 {
		n := min(stride, len(page))
		for i := range n {
			hashes[i] = mixed(page[i].ID)
		}
		s.put(hashes[:n])
		page = page[n:]
	}
	return nil
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
	return m.eachID(ctx, m.sieve.remember)
}

// mixed spreads an id's bits, the same way each time: what the sieve doubts decides in which order a part has its lines. Those of a UUID are not all random.
func mixed(id event.ID) uint64 {
	h := binary.LittleEndian.Uint64(id[:8])*0x9e3779b97f4a7c15 ^ binary.LittleEndian.Uint64(id[8:])*0xc2b2ae3d27d4eb4f
	h ^= h >> 32
	h *= 0xd6e8feb86659fd93
	return h ^ h>>32
}
