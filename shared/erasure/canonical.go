package erasure

import (
	"bytes"
	"slices"
	"strconv"
	"strings"
)

// appendText appends the form in which a string is hashed: itself, a canonical UUID in lower case.
func appendText(dst, text []byte) []byte {
	if !isUUID(text) {
		return append(dst, text...)
	}
	for _, c := range text {
		if 'A' <= c && c <= 'F' {
			c += 'a' - 'A'
		}
		dst = append(dst, c)
	}
	return dst
}

func isUUID(text []byte) bool {
	if len(text) != 36 {
		return false
	}
	for i, c := range text {
		switch i {
		case 8, 13, 18, 23:
			if c != '-' {
				return false
			}
		default:
			if !isDigit(c) && (c|0x20 < 'a' || c|0x20 > 'f') {
				return false
			}
		}
	}
	return true
}

func isDigit(c byte) bool { return c-'0' < 10 }

const mostZeros = 40 // that a number's form is filled up with

// appendNumber appends the form in which a number of JSON's grammar is hashed: equal numbers have equal ones. It is the decimal without
// exponent, superfluous zeros and a sign of zero; with many zeros digits and exponent; and the number itself where the exponent is absurd.
func appendNumber(dst, number []byte) []byte {
	if len(number) <= mostZeros && !bytes.ContainsAny(number, ".eE") {
		if string(number) == "-0" {
			number = number[1:]
		}
		return append(dst, number...)
	}
	sign := number[0] == '-'
	mantissa, exponent := bytes.TrimPrefix(number, []byte("-")), 0
	if at := bytes.IndexAny(mantissa, "eE"); at >= 0 {
		text := string(mantissa[at+1:])
		var err error
		if exponent, err = strconv.Atoi(text); err != nil || exponent > 1<<40 || exponent < -1<<40 {
			return append(dst, number...)
		}
		mantissa = mantissa[:at]
	}
	digits := slices.Clone(mantissa)
	if at := bytes.IndexByte(digits, '.'); at >= 0 {
		exponent -= len(digits) - at - 1
		digits = slices.Delete(digits, at, at+1)
	}
	digits = bytes.TrimLeft(digits, "0")
	significant := bytes.TrimRight(digits, "0")
	exponent += len(digits) - len(significant)
	if len(significant) == 0 {
		return append(dst, '0')
	}
	if sign {
		dst = append(dst, '-')
	}
	return appendDecimal(dst, significant, exponent)
}

// appendDecimal spells digits * 10^exponent; the digits neither begin nor end with a zero.
func appendDecimal(dst, digits []byte, exponent int) []byte {
	switch point := len(digits) + exponent; {
	case exponent > mostZeros || exponent < 0 && point < -mostZeros:
		return strconv.AppendInt(append(append(dst, digits...), 'e'), int64(exponent), 10)
	case exponent >= 0:
		return append(append(dst, digits...), strings.Repeat("0", exponent)...)
	case point > 0:
		return append(append(append(dst, digits[:point]...), '.'), digits[point:]...)
	default:
		return append(append(append(dst, "0."...), strings.Repeat("0", -point)...), digits...)
	}
}

// isNumber tells whether a text is a number of JSON's grammar.
func isNumber(text []byte) bool {
	rest := bytes.TrimPrefix(text, []byte("-"))
	digits := func() int {
		n := 0
		for n < len(rest) && isDigit(rest[n]) {
			n++
		}
		rest = rest[n:]
		return n
	}
	zero := len(rest) > 0 && rest[0] == '0'
	if n := digits(); n == 0 || zero && n > 1 {
		return false
	}
	if len(rest) > 0 && rest[0] == '.' {
		rest = rest[1:]
		if digits() == 0 {
			return false
		}
	}
	if len(rest) > 0 && rest[0]|0x20 == 'e' {
		rest = rest[1:]
		if len(rest) > 0 && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		if digits() == 0 {
			return false
		}
	}
	return len(rest) == 0
}

// forms gives all forms under which a value is to be found.
func forms(value string) [][]byte {
	all := [][]byte{appendText(nil, []byte(value))}
	if isNumber([]byte(value)) {
		if n := appendNumber(nil, []byte(value)); !bytes.Equal(n, all[0]) {
			all = append(all, n)
		}
	}
	return all
}
