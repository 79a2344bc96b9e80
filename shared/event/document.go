package event

import (
	"bytes"
	"strconv"
	"strings"
	"unicode/utf8"
)

// scan checks the document that data begins with, up to the uniqueness of its keys, and writes it to out without white space. A document
// that is complete but refused sets d.size.
func (d *Decoder) scan(data []byte, out *arena) (end int, f fault) {
	s := &d.scanner
	src := data[:min(len(data), d.MaxLine)]
	s.reset(src, out)
	if len(src) > 0 && src[0] >= utf8.RuneSelf {
		if mark := byteOrderMark(src); mark != "" {
			return 0, fault{Encoding, mark, 0}
		}
	}
	end = s.document()
	switch {
	case end < 0 && len(src) < len(data) && s.fault.at > len(src)-16: // no token but a string or a number is longer
		return 0, fault{TooLarge, "the document is longer than " + strconv.Itoa(d.MaxLine) + " bytes", -1}
	case end < 0:
		return 0, s.fault
	case src[0] != '{':
		if next := data[end:]; len(next) > 0 && next[0] != '{' && next[0] != '[' && skipSpace(next, 0) == 0 {
			return 0, fault{NotJSON, "unexpected " + describe(next[0]), end}
		}
		d.size = end
		return 0, fault{NotObject, "a JSON value, but no object", 0}
	case s.duplicate >= 0:
		d.size = end
		return 0, fault{DuplicateKey, "the object has the key " + s.keyAt(s.duplicate) + " already, or one that differs only in case", s.duplicate}
	}
	return end, fault{}
}

// identity reads what the scanned document says of the event's identity into d.event.
func (d *Decoder) identity() (f fault) {
	s, e := &d.scanner, &d.event
	at := s.found[roleID]
	if at == (span{}) {
		return fault{IDMissing, "the event has no " + strings.Join(d.paths[roleID], "."), -1}
	}
	if value := s.src[at.start:at.end]; len(value) != len(`""`)+lenUUID || !readUUID(&e.Fingerprint.ID, value[1:]) {
		if e.Fingerprint.ID, f = idOf(value, d.scratch[:0]); f.reason != "" {
			return f
		}
	}
	if at = s.found[roleTime]; at == (span{}) {
		return fault{TimeMissing, "the event has no " + strings.Join(d.paths[roleTime], "."), -1}
	}
	if e.Time, f = timeOf(s.src[at.start:at.end], d.scratch[:0]); f.reason == "" && (e.Time.Before(earliest) || !e.Time.Before(endless)) {
		f = fault{TimeRange, "the time is before 1990 or after 9999", -1}
	}
	return f
}

// nextLine gives the size of a piece whose document is broken: it ends before the first line that begins with '{'.
func nextLine(data []byte) int {
	if i := bytes.Index(data, []byte("\n{")); i >= 0 {
		return i
	}
	return len(data)
}

func compression(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\x1f\x8b")):
		return "gzip"
	case bytes.HasPrefix(data, []byte("\x28\xb5\x2f\xfd")):
		return "zstd"
	}
	return ""
}

func byteOrderMark(data []byte) string {
	switch {
	case bytes.HasPrefix(data, []byte("\xef\xbb\xbf")):
		return "byte order mark"
	case bytes.HasPrefix(data, []byte("\xff\xfe")), bytes.HasPrefix(data, []byte("\xfe\xff")):
		return "byte order mark of UTF-16"
	}
	return ""
}
