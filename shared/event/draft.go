package event

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
	"unsafe"
)

// Draft is an event that the transform works on: strict JSON, on one line. Nothing of it may be kept when the transform returns. Once
// a call was wrong all later ones do nothing, and the event is rejected with the reason Transform and the first call's error.
type Draft struct {
	d       *Decoder
	fields  []field  // that were added to events
	added   []*field // of those, to this one
	stamper stamper
	name    string
	hasName bool
	err     error
}

// Time is when the event happened, in UTC.
func (e *Draft) Time() time.Time { return e.d.event.Time }

// Name is the event's name as it came. There is none when the field is missing or no string.
func (e *Draft) Name() (string, bool) { return e.name, e.hasName }

// JSON is the event as it stands, with what was added. It must not be changed, and holds until the next call of Add or Replace.
func (e *Draft) JSON() []byte { return e.d.arena.line() }

// Has reports whether the event has a field of this name at its top, whatever the case of its letters.
func (e *Draft) Has(name string) bool {
	s := &e.d.scanner
	text, hash := s.fold(name)
	return e.has(hash, text)
}

// has is Has for a folded name.
func (e *Draft) has(hash uint64, folded []byte) bool {
	for _, f := range e.added {
		if f.hash == hash && compareFolded(f.folded, folded) == 0 {
			return true
		}
	}
	return e.d.scanner.hasTop(hash, folded)
}

// Add adds a field with a string. One that the event has already, whatever the case of its letters, is left as it is.
func (e *Draft) Add(name, value string) {
	if f := e.begin(name); f != nil {
		e.put(f, value)
	}
}

// AddTime adds a field with an instant as RFC 3339 in UTC; the fraction of its second is as long as it needs to be, and left out when it
// is zero. A field that the event has already is left as it is.
func (e *Draft) AddTime(name string, t time.Time) {
	if f := e.begin(name); f != nil {
		a := &e.d.arena
		a.reserve(len(f.spelled) + maxStamp + len(`"}`))
		a.buf = append(e.stamper.append(append(a.buf[:len(a.buf)-1], f.spelled...), t), '"', '}')
	}
}

// Replace puts another object in the event's place. It may be spelled in any way, but must be strict JSON, and keep the id and the time.
func (e *Draft) Replace(json []byte) {
	if e.err != nil {
		return
	}
	d := e.d
	d.swap = append(d.swap[:0], json...)
	e.added = e.added[:0]
	d.arena.drop()
	body := bytes.Trim(d.swap, " \t\r\n")
	size := d.size
	end, f := d.scan(body, &d.arena)
	d.size = size
	if f.reason == "" && end != len(body) {
		f = fault{NotJSON, "something behind the object", end}
	}
	id, t := d.event.Fingerprint.ID, d.event.Time
	if f.reason == "" {
		f = d.identity()
	}
	switch {
	case f.reason != "":
		e.fail(fmt.Errorf("replace event: %s: %s", f.reason, f))
	case id != d.event.Fingerprint.ID:
		e.fail(errors.New("replace event: the id is another"))
	case !t.Equal(d.event.Time):
		e.fail(errors.New("replace event: the time is another"))
	}
}

// run lets the transform work on the document just scanned.
func (e *Draft) run() fault {
	e.err = nil
	e.name, e.hasName, e.added = "", false, e.added[:0]
	s := &e.d.scanner
	if at := s.found[roleName]; at != (span{}) && s.src[at.start] == '"' {
		body := s.src[at.start+1 : at.end-1]
		if bytes.IndexByte(body, '\\') >= 0 {
			e.d.name = appendUnquoted(e.d.name[:0], body)
			body = e.d.name
		}
		e.name, e.hasName = unsafe.String(unsafe.SliceData(body), len(body)), true // neither changes while the transform runs
	}
	err := e.d.transform(e)
	if e.err != nil {
		err = e.err
	}
	if err != nil {
		return fault{Transform, brief(err.Error()), -1}
	}
	return fault{}
}

func (e *Draft) fail(err error) {
	if e.err == nil {
		e.err = err
	}
}

// field is a name that a field was added by, and what there is to know of it.
type field struct {
	name    string
	folded  []byte
	hash    uint64 // of that
	spelled []byte // a comma, the key, a colon, and the quote of the value
	err     error  // why there can be no such field
}

// mostFields are kept.
const mostFields = 32

// begin gives the field of this name if it is to be added, and notes that.
func (e *Draft) begin(name string) *field {
	if e.err != nil {
		return nil
	}
	f := e.field(name)
	if e.has(f.hash, f.folded) {
		return nil
	}
	if f.err != nil {
		e.fail(f.err)
		return nil
	}
	e.added = append(e.added, f)
	return f
}

func (e *Draft) field(name string) *field {
	if n := len(e.added); n < len(e.fields) && e.fields[n].name == name { // the same fields in the same order
		return &e.fields[n]
	}
	for n := range e.fields {
		if e.fields[n].name == name {
			return &e.fields[n]
		}
	}
	if len(e.fields) == mostFields { // names without end: the transform makes them of data
		e.fields = nil
	}
	text, hash := e.d.scanner.fold(name)
	f := field{name: strings.Clone(name), folded: bytes.Clone(text), hash: hash, err: e.problem(name, text, hash)}
	f.spelled = append(appendQuoted([]byte{','}, name), ':', '"') // there is at least the id before it
	e.fields = append(e.fields, f)
	return &e.fields[len(e.fields)-1]
}

// problem says why there can be no field of this name.
func (e *Draft) problem(name string, folded []byte, hash uint64) error {
	if name == "" || !utf8.ValidString(name) {
		return fmt.Errorf("add %q: no name for a field", name)
	}
	for role, path := range e.d.paths {
		if len(path) > 0 && e.d.mapped[role] == hash && compareFolded(appendFold(nil, []byte(path[0])), folded) == 0 {
			// A second decoding would read it.
			return fmt.Errorf("add %s: the mapping reads the event's %s there", name, roleNames[role])
		}
	}
	return nil
}

// put writes a field before the closing brace.
func (e *Draft) put(f *field, value string) {
	plain := isPlain(value)
	if !plain && !utf8.ValidString(value) {
		e.fail(fmt.Errorf("add %s: the value is not UTF-8", f.name))
		return
	}
	a := &e.d.arena
	a.reserve(len(f.spelled) + len(`""`) + 6*len(value)) // no character's escape is longer than six bytes
	a.buf = append(a.buf[:len(a.buf)-1], f.spelled...)
	if plain {
		a.buf = append(append(a.buf, value...), '"', '}')
	} else {
		a.buf = append(appendQuoted(a.buf[:len(a.buf)-1], value), '}')
	}
}
