package erasure

import (
	"bytes"
	"encoding/binary"
	"math/bits"

	"github.com/lakebed/lakebed/shared/event"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// skipString takes the place behind an opening quote, and gives that behind the closing one.
func skipString(src []byte, i int) int {
	for {
		for ; i+8 <= len(src); i += 8 {
			w := binary.LittleEndian.Uint64(src[i:])
			quote, escape := w^ones*'"', w^ones*'\\'
			// Each term sets the high bit of the bytes it looks for, and false ones only behind a true one.
			if m := ((quote-ones)&^quote | (escape-ones)&^escape) & highs; m != 0 {
				i += bits.TrailingZeros64(m) >> 3
				break
			}
		}
		for i < len(src) && src[i] != '"' && src[i] != '\\' {
			i++
		}
		switch {
		case i >= len(src):
			return malformed
		case src[i] == '"':
			return i + 1
		}
		i += 2
	}
}

// skipKey is skipString, and tells whether the text is plain: ASCII without escapes.
func skipKey(src []byte, i int) (end int, plain bool) {
	i = event.SkipPlain(src, i)
	if i < len(src) && src[i] == '"' {
		return i + 1, true
	}
	return skipString(src, i), false
}

// skipValue takes the place of any value, and gives that behind it.
func skipValue(src []byte, i int) int {
	if i >= len(src) {
		return malformed
	}
	switch src[i] {
	case '"':
		return skipString(src, i+1)
	case '{', '[':
		return skipContainer(src, i)
	}
	return skipScalar(src, i)
}

func skipContainer(src []byte, i int) int {
	depth := 0
	for i < len(src) {
		switch src[i] {
		case '"':
			if i = skipString(src, i+1); i < 0 {
				return malformed
			}
			continue
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
		i++
	}
	return malformed
}

// skipScalar takes the place of a number, true, false or null.
func skipScalar(src []byte, i int) int {
	start := i
	for i < len(src) && src[i] != ',' && src[i] != '}' && src[i] != ']' {
		i++
	}
	if i == start || bytes.IndexByte([]byte("-0123456789tfn"), src[start]) < 0 {
		return malformed
	}
	return i
}

// closing is the place behind the bracket that has to be at i.
func closing(src []byte, i int, bracket byte) int {
	if i < 0 || i >= len(src) || src[i] != bracket {
		return malformed
	}
	return i + 1
}
