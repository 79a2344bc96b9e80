package event

import (
	"bytes"
	"crypto/sha256"
)

// MaxID is the length in bytes of the longest id, as text.
const MaxID = 256

// idDomain keeps the hashes of ids apart from those of other texts.
const idDomain = "lakebed event id\x00"

// ParseID gives the identity of an id's text. A UUID in its canonical form (8-4-4-4-12 hexadecimal digits, in any case) gives its own
// 128 bits; any other text the first 128 bits of its SHA-256 in a domain of its own. An integer is known by its decimal text, so that
// the id 17 and the id "17" are one. The error is a *Rejection.
func ParseID(text string) (ID, error) {
	id, f := parseID([]byte(text))
	if f.reason != "" {
		return ID{}, &Rejection{Reason: f.reason, Detail: f.detail}
	}
	return id, nil
}

func parseID(text []byte) (ID, fault) {
	if len(text) == 0 {
		return ID{}, fault{IDInvalid, "the id is empty", -1}
	}
	if len(text) > MaxID {
		return ID{}, fault{IDInvalid, "the id is longer than 256 bytes", -1}
	}
	if id, ok := parseUUID(text); ok {
		return id, fault{}
	}
	var domain [len(idDomain) + MaxID]byte
	sum := sha256.Sum256(append(append(domain[:0], idDomain...), text...))
	return ID(sum[:16]), fault{}
}

// idOf gives the identity that a checked JSON value stands for.
func idOf(value, scratch []byte) (ID, fault) {
	switch c := value[0]; {
	case c == '"':
		body := value[1 : len(value)-1]
		if id, ok := parseUUID(body); ok {
			return id, fault{}
		}
		if len(body) > 6*MaxID { // no escape is longer than six bytes
			return ID{}, fault{IDInvalid, "the id is longer than 256 bytes", -1}
		}
		if bytes.IndexByte(body, '\\') >= 0 {
			body = appendUnquoted(scratch, body)
		}
		return parseID(body)
	case c == 'n':
		return ID{}, fault{IDMissing, "the id is null", -1}
	case c == '-' || isDigit(c):
		if !isInteger(value) {
			return ID{}, fault{IDInvalid, "the id is a number, but no integer", -1}
		}
		if string(value) == "-0" {
			value = value[1:]
		}
		return parseID(value)
	}
	return ID{}, fault{IDInvalid, "the id is neither a string nor an integer", -1}
}

// isInteger reports whether a checked number is written without a fraction and an exponent.
func isInteger(number []byte) bool {
	if number[0] == '-' {
		number = number[1:]
	}
	return skipDigits(number, 0) == len(number)
}

func parseUUID(text []byte) (id ID, ok bool) {
	return id, len(text) == lenUUID && readUUID(&id, text)
}

const lenUUID = len("00000000-0000-0000-0000-000000000000")

// readUUID reads the UUID that text begins with, and tells whether it is one.
func readUUID(id *ID, text []byte) bool {
	text = text[:lenUUID]
	if text[8] != '-' || text[13] != '-' || text[18] != '-' || text[23] != '-' {
		return false
	}
	all := byte(0)
	for n, i := range uuidBytes {
		high, low := hexValue[text[i]], hexValue[text[i+1]]
		all |= high | low
		id[n] = high<<4 | low
	}
	return all <= 15
}

// uuidBytes is where each byte's two digits stand in a UUID's text.
var uuidBytes = [16]uint8{0, 2, 4, 6, 9, 11, 14, 16, 19, 21, 24, 26, 28, 30, 32, 34}

// hexValue is a digit's value, or 255.
var hexValue = func() (table [256]byte) {
	for c := range table {
		digit, ok := hexDigit(byte(c))
		if !ok {
			digit = 255
		}
		table[c] = digit
	}
	return table
}()
