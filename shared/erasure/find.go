package erasure

import (
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

// maxDepth is how deep the search follows a path and the arrays on it; a stored line never nests so deep.
const maxDepth = 10_000

// branch is a field that a value may hold: rest is the path that is still to go from there. With none, the value itself is the field's.
type branch struct {
	rest  string
	field *field
}

// finder searches one document after the other. It is not safe for concurrent use.
type finder struct {
	set   *Set
	src   []byte
	open  []branch // of the values that are open, the outer first
	text  []byte   // scratch: keys and strings that are not plain
	form  []byte   // scratch
	hash  hasher
	until time.Time
	found bool
}

// Find tells whether a stored line, a valid, compact JSON object, matches a tombstone, and gives the latest time of those that it matches: it
// is erased if it happened before. It reads the line once, and allocates nothing when it has none of the fields. Of other bytes it may find
// anything, but never panics.
func (s *Set) Find(line []byte) (until time.Time, found bool) {
	if len(s.fields) == 0 {
		return until, false
	}
	f, ok := s.finders.Get().(*finder)
	if !ok {
		f = &finder{set: s, hash: newHasher(s.secret)}
	}
	f.src, f.until, f.found = line, time.Time{}, false
	f.open = append(f.open[:0], s.roots...)
	f.value(0, 0, 0)
	until, found = f.until, f.found
	f.src = nil
	if cap(f.text)+cap(f.form) > maxScratch {
		f.text, f.form = nil, nil
	}
	s.finders.Put(f)
	return until, found
}

// maxScratch bounds what one odd line leaves allocated.
const maxScratch = 1 << 20

// malformed is where nothing more can be read.
const malformed = -1

// value takes the place of a value that may hold the branches open from first on, and gives the place behind it.
func (f *finder) value(i, first, depth int) int {
	if i >= len(f.src) || depth > maxDepth {
		return malformed
	}
	switch f.src[i] {
	case '{':
		return f.object(i+1, first, depth+1)
	case '[':
		return f.array(i+1, first, depth+1)
	case '"':
		end := skipString(f.src, i+1)
		if end > 0 && f.wanted(first) {
			f.string(f.src[i+1:end-1], first)
		}
		return end
	default:
		end := skipScalar(f.src, i)
		if end > 0 && f.wanted(first) {
			f.scalar(f.src[i:end], first)
		}
		return end
	}
}

// object takes the place behind the opening brace.
func (f *finder) object(i, first, depth int) int {
	if i < len(f.src) && f.src[i] == '}' {
		return i + 1
	}
	last := len(f.open)
	for {
		if i >= len(f.src) || f.src[i] != '"' {
			return malformed
		}
		start := i + 1
		end, plain := skipKey(f.src, start)
		if end < 0 || end >= len(f.src) || f.src[end] != ':' {
			return malformed
		}
		if !plain || first > 0 || f.set.lengths&lengthBit(end-1-start) != 0 {
			f.enter(f.src[start:end-1], plain, first, last)
		}
		if len(f.open) > last {
			i = f.value(end+1, last, depth)
			f.open = f.open[:last]
		} else {
			i = skipValue(f.src, end+1)
		}
		if i < 0 || i >= len(f.src) || f.src[i] != ',' {
			return closing(f.src, i, '}')
		}
		i++
	}
}

// array takes the place behind the opening bracket.
func (f *finder) array(i, first, depth int) int {
	if i < len(f.src) && f.src[i] == ']' {
		return i + 1
	}
	for {
		if i = f.value(i, first, depth); i < 0 || i >= len(f.src) || f.src[i] != ',' {
			return closing(f.src, i, ']')
		}
		i++
	}
}

// enter opens the branches from first to last that go on below a key.
func (f *finder) enter(key []byte, plain bool, first, last int) {
	if !plain {
		f.text = event.Unquote(f.text[:0], key)
		n := len(f.text)
		f.text = event.FoldKey(f.text, f.text)
		key = f.text[n:]
	}
	for at := first; at < last; at++ {
		b := f.open[at]
		if !leads(b.rest, key) {
			continue
		}
		b.rest = b.rest[len(key):]
		if b.rest != "" {
			b.rest = b.rest[1:]
		}
		f.open = append(f.open, b)
	}
}

// leads tells whether a folded path begins with a key, of which ASCII letters may be capitals.
func leads(path string, key []byte) bool {
	if len(key) > len(path) || path == "" || len(key) < len(path) && path[len(key)] != '.' {
		return false
	}
	for i, c := range key {
		if 'A' <= c && c <= 'Z' {
			c += 'a' - 'A'
		}
		if c != path[i] {
			return false
		}
	}
	return true
}

// wanted tells whether a value is one of the fields themselves.
func (f *finder) wanted(first int) bool {
	for _, b := range f.open[first:] {
		if b.rest == "" {
			return true
		}
	}
	return false
}

// string takes the body of a string.
func (f *finder) string(body []byte, first int) {
	f.text = event.Unquote(f.text[:0], body)
	f.form = appendText(f.form[:0], f.text)
	f.match(first)
}

// scalar takes a number, true, false or null.
func (f *finder) scalar(token []byte, first int) {
	switch token[0] {
	case 'n':
		return
	case 't', 'f':
		f.form = append(f.form[:0], token...)
	default:
		f.form = appendNumber(f.form[:0], token)
	}
	f.match(first)
}

func (f *finder) match(first int) {
	for _, b := range f.open[first:] {
		if b.rest != "" {
			continue
		}
		if until, ok := b.field.until[f.hash.hash(b.field.path, f.form)]; ok {
			f.found = true
			if until.After(f.until) {
				f.until = until
			}
		}
	}
}
