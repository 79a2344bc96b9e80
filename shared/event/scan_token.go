package event

import (
	"encoding/binary"
	"math/bits"
	"strconv"
	"unicode/utf8"
	"unsafe"
)

// string scans from behind the opening quote to behind the closing one. The text is plain when it is ASCII without escapes.
func (s *scanner) string(i int) (end int, plain bool) {
	src := s.src
	plain = true
	for {
		for ; i+8 <= len(src); i += 8 { // skipPlain, in place
			if m := special(binary.LittleEndian.Uint64(src[i:])); m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
		}
		if i+8 > len(src) {
			i = skipPlain(src, i)
		}
		if i >= len(src) {
			return s.unexpected("'\"'", i), false
		}
		switch c := src[i]; {
		case c == '"':
			return i + 1, plain
		case c == '\\':
			if i = s.escape(i); i < 0 {
				return -1, false
			}
		case c < ' ':
			return s.fail(NotJSON, "control character "+describe(c)+" in a string", i), false
		default:
			r, n := utf8.DecodeRune(src[i:])
			if r == utf8.RuneError && n == 1 {
				return s.fail(Encoding, "not UTF-8", i), false
			}
			i += n
		}
		plain = false
	}
}

// skipPlain gives the first byte from i on that is a quote, a backslash, a control character or not ASCII.
func skipPlain(src []byte, i int) int {
	for ; i+8 <= len(src); i += 8 {
		if m := special(binary.LittleEndian.Uint64(src[i:])); m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(src) && src[i] >= ' ' && src[i] < utf8.RuneSelf && src[i] != '"' && src[i] != '\\' {
		i++
	}
	return i
}

// isPlain reports whether a text is ASCII without quotes, backslashes and control characters.
func isPlain(text string) bool {
	b := unsafe.Slice(unsafe.StringData(text), len(text))
	n := len(b)
	switch {
	case n >= 8:
		for i := 0; i < n-8; i += 8 {
			if special(binary.LittleEndian.Uint64(b[i:])) != 0 {
				return false
			}
		}
		return special(binary.LittleEndian.Uint64(b[n-8:])) == 0
	case n >= 4:
		return special(uint64(binary.LittleEndian.Uint32(b))|uint64(binary.LittleEndian.Uint32(b[n-4:]))<<32) == 0
	}
	return skipPlain(b, 0) == n
}

// special sets the high bit of each of eight bytes that is a quote, a backslash, a control character or not ASCII, and of others only behind
// one of those: of an ASCII byte, taking one off sets it only where the byte was zero, or where the byte before it borrows.
func special(w uint64) uint64 {
	return ((w ^ ones*'"' - ones) | (w ^ ones*'\\' - ones) | (w - ones*' ') | w) & highs
}

// escape scans the escape at the backslash i. Halves of surrogate pairs must come in pairs.
func (s *scanner) escape(i int) int {
	if i+1 >= len(s.src) {
		return s.unexpected("an escape", i+1)
	}
	switch s.src[i+1] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 2
	case 'u':
	default:
		return s.unexpected("an escape", i+1)
	}
	unit, end := hexUnit(s.src, i)
	switch {
	case end < 0:
		return s.fail(NotJSON, "\\u without four hexadecimal digits", i)
	case unit < 0xD800 || unit > 0xDFFF:
		return end
	case unit < 0xDC00:
		if low, pair := hexUnit(s.src, end); pair >= 0 && 0xDC00 <= low && low <= 0xDFFF {
			return pair
		}
	}
	return s.fail(Encoding, "half of a surrogate pair", i)
}

// hexUnit reads \uXXXX at i. Its end is -1 when that is not there.
func hexUnit(src []byte, i int) (unit rune, end int) {
	if i+6 > len(src) || src[i] != '\\' || src[i+1] != 'u' {
		return 0, -1
	}
	for _, c := range src[i+2 : i+6] {
		digit, ok := hexDigit(c)
		if !ok {
			return 0, -1
		}
		unit = unit<<4 | rune(digit)
	}
	return unit, i + 6
}

func hexDigit(c byte) (byte, bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// number scans the number at i, whose first byte is a digit or a minus. What follows it is for the caller to judge.
func (s *scanner) number(i int) int {
	src := s.src
	if src[i] == '-' {
		i++
	}
	switch {
	case i < len(src) && src[i] == '0':
		i++
	case i < len(src) && isDigit(src[i]):
		i = skipDigits(src, i)
	default:
		return s.unexpected("a digit", i)
	}
	if i < len(src) && src[i] == '.' {
		i++
		if i >= len(src) || !isDigit(src[i]) {
			return s.unexpected("a digit", i)
		}
		i = skipDigits(src, i)
	}
	if i < len(src) && src[i]|0x20 == 'e' {
		i++
		if i < len(src) && (src[i] == '+' || src[i] == '-') {
			i++
		}
		if i >= len(src) || !isDigit(src[i]) {
			return s.unexpected("a digit", i)
		}
		i = skipDigits(src, i)
	}
	return i
}

func isDigit(c byte) bool { return c-'0' < 10 }

func skipDigits(src []byte, i int) int {
	for ; i+8 <= len(src); i += 8 {
		w := binary.LittleEndian.Uint64(src[i:]) ^ ones*'0'
		// A digit is below 10 now. The high bit is set of each byte that is none, and of others only behind one.
		if m := (w | (w + ones*(0x80-10))) & highs; m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
	}
	for i < len(src) && isDigit(src[i]) {
		i++
	}
	return i
}

func (s *scanner) literal(i int, word string) int {
	if len(s.src)-i < len(word) || string(s.src[i:i+len(word)]) != word {
		return s.unexpected(word, i)
	}
	return i + len(word)
}

// describe spells a byte so that a person can read it.
func describe(c byte) string {
	if ' ' < c && c < utf8.RuneSelf-1 {
		return "'" + string(rune(c)) + "'"
	}
	return "byte 0x" + strconv.FormatUint(uint64(c), 16)
}
