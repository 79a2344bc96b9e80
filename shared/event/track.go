package event

// step is a key that has been met behind the same keys of the same objects. What it took to find out of it then holds again: that it is spelled
// as a key must be, that its object has no key before it that is the same but for case, which roles it plays. Most events of a stream
// have the keys of one before them in the same order; of those each key is compared with one step, and nothing else.
type step struct {
	spelled       []byte // the key with its quotes, and the colon
	folded        []byte // its folded text
	hash          uint64 // of that
	here, through uint8  // as match gives them
	count         int    // of the keys of its object up to this one
	seen          filter // of their hashes
	before        *step  // the key before it in its object

	next  *step // what came behind it
	inner *step // the first key of the object that was its value
	items *step // of an object in an array that was its value
	other *step // another key in this one's place
}

const (
	maxSteps  = 4096    // of a scanner; then it learns anew
	maxOthers = 16      // in one place: an object whose keys are data is not learnt
	maxLearnt = 1 << 10 // bytes of a key
)

// known gives the step at a place whose key stands at i, or nil.
func (s *scanner) known(place **step, i int) *step {
	for k := *place; k != nil; k = k.other {
		if n := len(k.spelled); n <= len(s.src)-i && string(s.src[i:i+n]) == string(k.spelled) {
			return k
		}
	}
	return nil
}

// learn makes a step of the key that was noted last, which is spelled from begin to end.
func (s *scanner) learn(place **step, before *step, spelled []byte, here, through uint8) *step {
	k := &s.keys[len(s.keys)-1]
	count := 1
	var seen filter
	if before != nil {
		count, seen = before.count+1, before.seen
	}
	others := 0
	for p := *place; p != nil; p = p.other {
		others++
	}
	if s.steps >= maxSteps || others >= maxOthers || count > fewKeys || len(spelled) > maxLearnt {
		return nil
	}
	seen.add(k.hash)
	s.steps++
	*place = &step{
		spelled: append([]byte(nil), spelled...), folded: append([]byte(nil), s.textOf(k)...), hash: k.hash, here: here, through: through,
		count: count, seen: seen, before: before, other: *place,
	}
	return *place
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
