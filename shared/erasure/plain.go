package erasure

import (
	"bytes"
	"slices"
	"sync"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

// Plain is values of a field in the clear, to be looked for in bytes that may not be an event: those of a quarantined record. It is safe for
// concurrent use, must not be copied once it was used, and must not change then.
type Plain struct {
	Field  string
	Values []string

	once  sync.Once
	set   *Set
	words texts // values that begin with a letter or a digit
	odd   texts // all others
}

// texts are values to be found as text.
type texts struct {
	values  map[string]bool // in the form in which they are hashed
	lengths []int
}

// In tells whether one of the values is in the bytes. Of JSON, also of several documents or with white space, the field decides, as in a
// stored line (see the package). In anything else, cut off or binary, a value is found wherever it stands as a whole, that is, not within
// a longer run of ASCII letters and digits, plain or with JSON's escapes: a short value may then be found where it means something else.
func (p *Plain) In(data []byte) bool {
	p.once.Do(p.prepare)
	if _, found, isJSON := p.set.In(data); isJSON {
		return found
	}
	return p.inText(data) || bytes.IndexByte(data, '\\') >= 0 && p.inText(event.Unquote(nil, data))
}

func (p *Plain) prepare() {
	p.set = newSet(nil)
	path := fold(p.Field)
	for _, d := range digests(nil, path, p.Values) {
		p.set.add(path, d, time.Unix(0, 0))
	}
	for _, v := range p.Values {
		switch {
		case v == "":
		case isWord(v[0]):
			p.words.add(v)
		default:
			p.odd.add(v)
		}
	}
}

func (t *texts) add(value string) {
	if t.values == nil {
		t.values = map[string]bool{}
	}
	t.values[string(appendText(nil, []byte(value)))] = true
	if !slices.Contains(t.lengths, len(value)) {
		t.lengths = append(t.lengths, len(value))
	}
}

// inText looks at each place where a value can begin.
func (p *Plain) inText(data []byte) bool {
	for i := range data {
		if !isWord(data[i]) {
			if p.odd.begin(data[i:]) {
				return true
			}
		} else if (i == 0 || !isWord(data[i-1])) && p.words.begin(data[i:]) {
			return true
		}
	}
	return false
}

// begin tells whether data begins with a value that ends there.
func (t *texts) begin(data []byte) bool {
	var form [36]byte
	for _, n := range t.lengths {
		if n > len(data) || n < len(data) && isWord(data[n-1]) && isWord(data[n]) {
			continue
		}
		text := data[:n]
		if n == len(form) && isUUID(text) {
			text = appendText(form[:0], text)
		}
		if t.values[string(text)] {
			return true
		}
	}
	return false
}

func isWord(c byte) bool { return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' }
