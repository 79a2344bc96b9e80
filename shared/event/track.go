package event

import (
	"bytes"
	"encoding/binary"
)

// step is a key that has been met behind the same keys of the same objects. What it took to find out of it then holds again: that it is spelled
// as a key must be, that its object has no key before it that is the same but for case, which roles it plays. Most events of a stream
// have the keys of one before them in the same order; of those each key is compared with one step, and nothing else.
type step struct {
	// What is looked at for each key comes first, to lie together.
	head, mask, tail uint64 // the first eight bytes of spelled, of which the mask says how many count; its last eight, if there are as many
	spelled          []byte // the brace or the comma before the key, the key with its quotes, and the colon
	other            *step  // another key in this one's place
	next             steps  // what came behind it
	inner            steps  // the first key of the object that was its value
	items            steps  // of an object in an array that was its value
	here, through    uint8  // as match gives them

	count  int    // of the keys of its object up to this one
	seen   filter // of their hashes
	before *step  // the key before it in its object
	folded []byte // its folded text
	hash   uint64 // of that
}

// steps are those that hang at one place.
type steps struct{ newest *step }

const (
	maxSteps  = 4096    // of a scanner; then it learns anew
	maxOthers = 16      // in one place: an object whose keys are data is not learnt
	maxLearnt = 1 << 10 // bytes of a key
)

// find gives the step whose key stands at i, or nil. (Nearly all keys are told by two words; a call to compare bytes takes longer.)
func (p *steps) find(src []byte, i int) *step {
	if p == nil {
		return nil
	}
	rest := src[min(i, len(src)):]
	head := firstWord(rest)
	for k := p.newest; k != nil; k = k.other {
		if (head^k.head)&k.mask != 0 {
			continue
		}
		n := len(k.spelled)
		if n <= 8 || n <= len(rest) && binary.LittleEndian.Uint64(rest[n-8:]) == k.tail && (n <= 16 || string(rest[8:n]) == string(k.spelled[8:])) {
			return k
		}
	}
	return nil
}

// learn makes a step of the key that was noted last, or gives nil.
func (s *scanner) learn(place *steps, before *step, spelled []byte, here, through uint8) *step {
	others := 0
	for p := place.newest; p != nil; p = p.other {
		others++
	}
	count := 1
	var seen filter
	if before != nil {
		count, seen = before.count+1, before.seen
	}
	if s.steps >= maxSteps || others >= maxOthers || count > fewKeys || len(spelled) > maxLearnt {
		return nil
	}
	s.steps++
	noted := &s.keys[len(s.keys)-1]
	seen.add(noted.hash)
	k := &step{
		spelled: bytes.Clone(spelled), head: firstWord(spelled), mask: ^uint64(0), folded: bytes.Clone(s.textOf(noted)), hash: noted.hash,
		here: here, through: through, count: count, seen: seen, before: before, other: place.newest,
	}
	if n := len(spelled); n >= 8 {
		k.tail = binary.LittleEndian.Uint64(spelled[n-8:])
	} else {
		k.mask = 1<<(8*n) - 1
	}
	place.newest = k
	return k
}

// firstWord gives the first eight bytes of a text; of a shorter one, with zeros behind, which no key has in it.
func firstWord(text []byte) uint64 {
	if len(text) >= 8 {
		return binary.LittleEndian.Uint64(text)
	}
	var word [8]byte
	copy(word[:], text)
	return binary.LittleEndian.Uint64(word[:])
}

// recall notes the keys up to a step, of which only their text is known.
func (s *scanner) recall(k *step) filter {
	if k == nil {
		return filter{}
	}
	for p := k; p != nil; p = p.before {
		s.addKey(p.hash, p.folded)
	}
	return k.seen
}

// has reports whether one of the keys up to a step has this folded text, where ASCII letters may still be capitals.
func (k *step) has(hash uint64, text []byte) bool {
	for ; k != nil; k = k.before {
		if k.hash == hash && compareFolded(k.folded, text) == 0 {
			return true
		}
	}
	return false
}
