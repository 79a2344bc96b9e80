package event

import (
	"cmp"
	"slices"
	"unicode/utf8"
	"unsafe"
)

// key is a key of an object, known by the hash of its folded text.
type key struct {
	hash   uint64
	at     uint32 // of its text in src
	size   uint32
	folded int32 // where its folded text begins in scanner.folded plus 1; 0: it is plain, and its text is that in src
}

// filter says of most hashes that are new that they are new.
type filter [4]uint64

// add puts h in, and reports whether it may have been there.
func (f *filter) add(h uint64) bool {
	word, bit := &f[h>>6&3], uint64(1)<<(h&63)
	known := *word&bit != 0
	*word |= bit
	return known
}

// may reports whether h may be in.
func (f *filter) may(h uint64) bool { return f[h>>6&3]&(1<<(h&63)) != 0 }

// fewKeys is how many keys of an object are compared one by one; a larger object's are sorted when it closes.
const fewKeys = 32

// note adds a key to those of its object, which begin at s.keys[first], and reports whether it is not known to be among them already.
func (s *scanner) note(k key, text []byte, plain bool, first int, seen *filter) (fresh bool) {
	k.size = uint32(len(text))
	if !plain {
		begin := len(s.folded)
		s.folded = appendFold(s.folded, text)
		text = s.folded[begin:]
		k.folded, k.size = int32(begin)+1, uint32(len(text))
	}
	k.hash = hashFold(text)
	fresh = !seen.add(k.hash) || len(s.keys)-first >= fewKeys || !s.find(s.keys[first:], k.hash, text)
	if !fresh {
		s.repeated(k)
	}
	s.keys = append(s.keys, k)
	return fresh
}

// find reports whether one of the keys has this folded text, where ASCII letters may still be capitals.
func (s *scanner) find(keys []key, hash uint64, text []byte) bool {
	for n := range keys {
		if keys[n].hash == hash && compareFolded(s.textOf(&keys[n]), text) == 0 {
			return true
		}
	}
	return false
}

func (s *scanner) textOf(k *key) []byte {
	if k.folded != 0 {
		return s.folded[k.folded-1:][:k.size]
	}
	return s.src[k.at:][:k.size]
}

// repeated notes a key that its object had before. The first of the document is kept, so that the report does not depend on the hashes.
func (s *scanner) repeated(k key) {
	if s.duplicate < 0 || int(k.at) < s.duplicate {
		s.duplicate = int(k.at)
	}
}

// close checks the keys of a large object in O(n log n), whatever their hashes, and forgets those of all but the top object.
func (s *scanner) close(o *object) {
	if o.place == nil {
		s.sort(s.keys[o.keys:])
	}
	switch {
	case o.depth > 1:
		s.keys, s.folded = s.keys[:o.keys], s.folded[:o.folded]
	case o.place == nil:
		s.top = o.seen
	default:
		s.keys, s.folded = s.keys[:0], s.folded[:0]
		s.top, s.topLast = o.last.seen, o.last
	}
}

// sort finds the repeated ones among many keys.
func (s *scanner) sort(keys []key) {
	if len(keys) <= fewKeys {
		return
	}
	slices.SortFunc(keys, func(a, b key) int {
		if a.hash != b.hash {
			return cmp.Compare(a.hash, b.hash)
		}
		return cmp.Or(compareFolded(s.textOf(&a), s.textOf(&b)), cmp.Compare(a.at, b.at))
	})
	for n := 1; n < len(keys); n++ {
		if keys[n].hash == keys[n-1].hash && compareFolded(s.textOf(&keys[n]), s.textOf(&keys[n-1])) == 0 {
			s.repeated(keys[n])
		}
	}
}

// fold gives a name's text, in which no letters but ASCII ones can still be capitals, and its hash. The text must not be changed; it
// holds as long as name, and until s.text is used again.
func (s *scanner) fold(name string) ([]byte, uint64) {
	text := unsafe.Slice(unsafe.StringData(name), len(name))
	for _, c := range text {
		if c >= utf8.RuneSelf {
			s.text = appendFold(s.text[:0], text)
			text = s.text
			break
		}
	}
	return text, hashFold(text)
}

// hasTop reports whether the top object of the scanned document has a key of this folded text.
func (s *scanner) hasTop(hash uint64, text []byte) bool {
	return s.top.may(hash) && (s.topLast.has(hash, text) || s.find(s.keys, hash, text))
}

// addKey notes a key of which only the folded text is known.
func (s *scanner) addKey(hash uint64, text []byte) {
	s.keys = append(s.keys, key{hash: hash, size: uint32(len(text)), folded: int32(len(s.folded)) + 1})
	s.folded = append(s.folded, text...)
}
