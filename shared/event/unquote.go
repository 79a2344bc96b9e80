package event

import (
	"bytes"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote gives the text that a checked string's body stands for. It is src itself, or lives in s.text until the next call.
func (s *scanner) unquote(body []byte) []byte {
	if bytes.IndexByte(body, '\\') < 0 {
		return body
	}
	s.text = appendUnquoted(s.text[:0], body)
	return s.text
}

// appendUnquoted appends the text of a string's body. It expects the body to be valid, but stands anything: bytes that make no escape stay.
func appendUnquoted(dst, body []byte) []byte {
	for {
		n := bytes.IndexByte(body, '\\')
		if n < 0 || n+1 >= len(body) {
			return append(dst, body...)
		}
		dst = append(dst, body[:n]...)
		c := body[n+1]
		if c != 'u' {
			dst = append(dst, unescape(c))
			body = body[n+2:]
			continue
		}
		unit, end := hexUnit(body, n)
		if end < 0 {
			return append(dst, body[n:]...)
		}
		if utf16.IsSurrogate(unit) {
			if low, pair := hexUnit(body, end); pair >= 0 {
				unit, end = utf16.DecodeRune(unit, low), pair
			}
		}
		dst = utf8.AppendRune(dst, unit)
		body = body[end:]
	}
}

func unescape(c byte) byte {
	switch c {
	case 'b':
		return '\b'
	case 'f':
		return '\f'
	case 'n':
		return '\n'
	case 'r':
		return '\r'
	case 't':
		return '\t'
	}
	return c
}

// keyAt spells the key whose text begins at i so that a person can read it.
func (s *scanner) keyAt(i int) string {
	end, _ := s.string(i)
	return strconv.Quote(brief(string(s.unquote(s.src[i : end-1]))))
}
