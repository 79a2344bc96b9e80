package schema

import (
	"bytes"
	"errors"
	"math"
	"strconv"
)

// ErrLine says that a line is not one compact JSON object, or nests deeper than 64. Stored lines are known to be valid: nothing here
// proves it. A malformed line may also pass unnoticed, but never panics.
var ErrLine = errors.New("not a compact JSON object")

// The functions of this file take the place of a value in a line, and give the place behind it or a negative outcome.
const (
	malformed = -1 - iota
	full      // the type would exceed a limit
	breached  // the value does not fit the type
)

// skipString takes the place of an opening quote.
func skipString(b []byte, i int) int {
	for i++; ; i++ {
		j := bytes.IndexByte(b[i:], '"')
		if j < 0 {
			return malformed
		}
		i += j
		if b[i-1] != '\\' {
			return i + 1
		}
		k := i - 1
		for b[k] == '\\' { // ends at the opening quote at the latest
			k--
		}
		if (i-k)%2 == 1 {
			return i + 1
		}
	}
}

// skipContainer takes the place of an opening brace or bracket.
func skipContainer(b []byte, i int) int {
	depth := 0
	for i < len(b) {
		switch b[i] {
		case '"':
			if i = skipString(b, i); i < 0 {
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

// skipValue takes the place of any value.
func skipValue(b []byte, i int) int {
	if i >= len(b) {
		return malformed
	}
	switch b[i] {
	case '"':
		return skipString(b, i)
	case '{', '[':
		return skipContainer(b, i)
	case 't', 'n':
		return skipLiteral(b, i, 4)
	case 'f':
		return skipLiteral(b, i, 5)
	}
	_, end := scanNumber(b, i)
	return end
}

// skipLiteral takes the place of true, false or null, and its length.
func skipLiteral(b []byte, i, n int) int {
	if i+n > len(b) {
		return malformed
	}
	return i + n
}

const maxExact = 1 << 53 // the largest integer up to which a double holds each one

// scanNumber gives a number's kind and the place behind it. A number that neither an int64 nor a float64 holds is a String.
func scanNumber(b []byte, i int) (Kind, int) {
	j := i
	if j < len(b) && b[j] == '-' {
		j++
	}
	digits := j
	for j < len(b) && b[j]-'0' <= 9 {
		j++
	}
	if j == digits {
		return Null, malformed
	}
	if j < len(b) && (b[j] == '.' || b[j]|0x20 == 'e') {
		return scanFloat(b, i)
	}
	if j-digits <= 15 {
		return Int, j
	}
	return sizeInteger(b[digits:j], b[i] == '-'), j
}

func sizeInteger(digits []byte, negative bool) Kind {
	if len(digits) > 19 { // what has at most 19 fits a uint64
		return String
	}
	var n uint64
	for _, c := range digits {
		n = n*10 + uint64(c-'0')
	}
	switch {
	case n <= maxExact:
		return Int
	case n <= math.MaxInt64, negative && n == 1<<63:
		return Long
	}
	return String
}

func scanFloat(b []byte, i int) (Kind, int) {
	j := i
	scientific, exponent := false, 0 // digits of the exponent
	for j < len(b) && (b[j]-'0' <= 9 || b[j] == '.' || b[j] == '-' || b[j] == '+' || b[j]|0x20 == 'e') {
		if b[j]-'0' <= 9 {
			exponent++
		} else if b[j]|0x20 == 'e' {
			scientific, exponent = true, 0
		}
		j++
	}
	// Below 200 digits times 1e99 nothing overflows.
	if j-i < 200 && (!scientific || exponent <= 2) {
		return Double, j
	}
	if f, _ := strconv.ParseFloat(string(b[i:j]), 64); math.IsInf(f, 0) {
		return String, j
	}
	return Double, j
}
