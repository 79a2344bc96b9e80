package event

// MaxDepth is how deep objects and arrays may be nested; the event itself counts as 1. (DuckDB's readers fail at 128.)
const MaxDepth = 64

// MaxKey is how long a key may be, in bytes as it is spelt. (The parser beneath Hive's JSON SerDe refuses a file with a name beyond 50,000.)
const MaxKey = 50_000

// scanner checks one JSON document in one pass by RFC 8259, and notes what the decoder needs of it: where the mapped fields are, the
// keys of the top object, the first duplicate key. With an arena it writes the document there without the white space between tokens;
// all else keeps its bytes.
type scanner struct {
	src   []byte
	fault fault
	out   *arena // nil: only check
	done  int    // src before it is written
	loose bool   // there is white space between tokens

	paths *paths
	found [roles]span

	root  step // as if it were the key of the document
	steps int  // behind it

	top       filter // of the keys of the top object
	topLast   *step  // its last key, if all were steps
	keys      []key  // noted of the objects that are open, the outer first; at the end those of the top object
	folded    []byte // the text of those keys that needed folding
	text      []byte // scratch
	duplicate int    // offset of the first key that its object had before, or -1
}

// span is where a value stands in src. The zero span is none.
type span struct{ start, end int }

// reset prepares s for the document that begins src; src may go on behind it.
func (s *scanner) reset(src []byte, out *arena) {
	if cap(s.keys) > maxScratch {
		s.keys = nil
	}
	if cap(s.folded) > maxScratch {
		s.folded = nil
	}
	s.src, s.out, s.done, s.loose = src, out, 0, false
	s.found = [roles]span{}
	s.keys, s.folded = s.keys[:0], s.folded[:0]
	s.top, s.topLast, s.duplicate = filter{}, nil, -1
	if s.steps >= maxSteps {
		s.root, s.steps = step{}, 0
	}
}

// maxScratch bounds what one odd document leaves allocated.
const maxScratch = 1 << 20

// document scans the value that src begins with, and gives its end, or -1 and s.fault.
func (s *scanner) document() int {
	end := s.value(0, 0, 1<<roles-1, &s.root)
	if end >= 0 && s.out != nil {
		s.out.write(s.src[s.done:end])
	}
	return end
}

// fail notes the fault and gives -1, as every scanning method does when it meets one.
func (s *scanner) fail(reason Reason, detail string, at int) int {
	s.fault = fault{reason, detail, at}
	return -1
}

func (s *scanner) unexpected(want string, at int) int {
	if at >= len(s.src) {
		return s.fail(NotJSON, "unexpected end, want "+want, at)
	}
	return s.fail(NotJSON, "unexpected "+describe(s.src[at])+", want "+want, at)
}

// value scans the value at i, inside depth objects and arrays. In prefix are the roles whose paths lead through this value. If its key is a
// step, the keys in it are looked for behind that.
func (s *scanner) value(i, depth int, prefix uint8, key *step) int {
	if i >= len(s.src) {
		return s.unexpected("a value", i)
	}
	switch c := s.src[i]; c {
	case '"':
		end, _ := s.string(i + 1)
		return end
	case '{', '[':
		if depth == MaxDepth {
			return s.fail(TooDeep, "nested deeper than 64", i)
		}
		if c == '[' {
			return s.array(i+1, depth+1, key)
		}
		o := object{depth: depth + 1, prefix: prefix, keys: len(s.keys), folded: len(s.folded)}
		if key != nil {
			o.place = &key.inner
		}
		return s.object(i, &o)
	case 't':
		return s.literal(i, "true")
	case 'f':
		return s.literal(i, "false")
	case 'n':
		return s.literal(i, "null")
	case '-', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9':
		return s.number(i)
	}
	return s.unexpected("a value", i)
}

// object is one that is being scanned.
type object struct {
	depth        int    // its own included
	prefix       uint8  // see value
	keys, folded int    // where what is noted of its keys begins
	seen         filter // of the keys that are noted

	// As long as all its keys are steps, none is noted: place is where the step of the next one hangs. Else place is nil.
	place *steps
	last  *step // the key before
}

// object scans from the opening brace.
func (s *scanner) object(i int, o *object) int {
	src := s.src
	for first := true; ; first = false {
		// i is at the brace, or behind a value.
		if !first && i < len(src) && src[i] == '}' {
			s.close(o)
			return i + 1
		}
		var here, through uint8
		key := o.place.find(src, i)
		if key != nil {
			i += len(key.spelled)
			here, through = key.here, key.through
			o.place, o.last = &key.next, key
		} else {
			if i = s.space(i); i >= len(src) || src[i] != ',' && !first {
				return s.end(i, o)
			}
			if i = s.space(i + 1); first && i < len(src) && src[i] == '}' {
				return i + 1
			}
			if i, here, through = s.key(i, o); i < 0 {
				return -1
			}
			if o.place != nil {
				key = o.last
			}
		}
		start := s.space(i)
		switch {
		case start < len(src) && src[start] == '"':
			i, _ = s.string(start + 1)
		case start < len(src) && isDigit(src[start]):
			i = s.number(start)
		default:
			i = s.value(start, o.depth, through, key)
		}
		if i < 0 {
			return -1
		}
		if here != 0 {
			s.take(here, span{start, i})
		}
	}
}

// end scans the closing brace.
func (s *scanner) end(i int, o *object) int {
	if i >= len(s.src) || s.src[i] != '}' {
		return s.unexpected("',' or '}'", i)
	}
	s.close(o)
	return i + 1
}

// key scans the key at i, which is no step, and gives where it ends, its colon included. If it can be one from now on, o.last is that.
func (s *scanner) key(i int, o *object) (end int, here, through uint8) {
	if i >= len(s.src) || s.src[i] != '"' {
		return s.unexpected("a key", i), 0, 0
	}
	start := i + 1
	end, plain := s.string(start)
	if end < 0 {
		return -1, 0, 0
	}
	text := s.src[start : end-1]
	if len(text) > MaxKey {
		return s.fail(TooLarge, "a key is longer than 50000 bytes", start-1), 0, 0
	}
	if !plain {
		text = s.unquote(text)
	}
	if o.place != nil {
		s.keys, s.folded = s.keys[:o.keys], s.folded[:o.folded]
		o.seen = s.recall(o.last)
	}
	fresh := s.note(key{at: uint32(start)}, text, plain, o.keys, &o.seen)
	if o.prefix != 0 {
		here, through = s.match(text, o.depth, o.prefix)
	}
	if i = s.space(end); i >= len(s.src) || s.src[i] != ':' {
		return s.unexpected("':'", i), 0, 0
	}
	if o.place != nil {
		// The byte before the quote is the brace or the comma, unless it is white space.
		if spelled := s.src[start-2 : i+1]; fresh && i == end && (spelled[0] == '{' || spelled[0] == ',') {
			o.last = s.learn(o.place, o.last, spelled, here, through)
		} else {
			o.last = nil
		}
		if o.place = nil; o.last != nil {
			o.place = &o.last.next
		}
	}
	return i + 1, here, through
}

// array scans from behind the opening bracket.
func (s *scanner) array(i, depth int, key *step) int {
	i = s.space(i)
	if i < len(s.src) && s.src[i] == ']' {
		return i + 1
	}
	for {
		end := s.item(i, depth, key)
		if end < 0 {
			return -1
		}
		i = s.space(end)
		switch {
		case i < len(s.src) && s.src[i] == ',':
			i = s.space(i + 1)
		case i < len(s.src) && s.src[i] == ']':
			return i + 1
		default:
			return s.unexpected("',' or ']'", i)
		}
	}
}

// item scans an element of an array. Objects in it are looked for behind the array's key, whatever place they have.
func (s *scanner) item(i, depth int, key *step) int {
	if key == nil || i >= len(s.src) || s.src[i] != '{' || depth == MaxDepth {
		return s.value(i, depth, 0, nil)
	}
	return s.object(i, &object{depth: depth + 1, keys: len(s.keys), folded: len(s.folded), place: &key.items})
}

// space gives the end of the white space at i, and leaves it out of the output.
func (s *scanner) space(i int) int {
	if i < len(s.src) && s.src[i] > ' ' {
		return i
	}
	return s.skip(i)
}

func (s *scanner) skip(i int) int {
	end := skipSpace(s.src, i)
	if end == i {
		return i
	}
	s.loose = true
	if s.out != nil {
		s.out.write(s.src[s.done:i])
	}
	s.done = end
	return end
}

// skipSpace gives the end of the white space at i, as RFC 8259 defines it.
func skipSpace(src []byte, i int) int {
	for i < len(src) && (src[i] == ' ' || src[i] == '\n' || src[i] == '\r' || src[i] == '\t') {
		i++
	}
	return i
}

// match gives the roles whose paths end at the key text at this depth, and those whose paths go on below it.
func (s *scanner) match(text []byte, depth int, prefix uint8) (here, through uint8) {
	for role := range roles {
		path := s.paths[role]
		if prefix>>role&1 == 0 || len(path) < depth || string(text) != path[depth-1] {
			continue
		}
		if len(path) == depth {
			here |= 1 << role
		} else {
			through |= 1 << role
		}
	}
	return here, through
}

func (s *scanner) take(here uint8, value span) {
	for role := range roles {
		if here>>role&1 != 0 {
			s.found[role] = value
		}
	}
}
