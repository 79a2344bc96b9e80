package event

import "time"

// parseNumber reads a checked JSON number.
func parseNumber(number []byte) (time.Time, fault) {
	if n, ok := parseWhole(number); ok {
		switch {
		case n < 1e11:
			return time.Unix(n, 0).UTC(), fault{}
		case n < 1e14:
			return time.UnixMilli(n).UTC(), fault{}
		case n < 1e17:
			return time.UnixMicro(n).UTC(), fault{}
		}
		return time.Unix(0, n).UTC(), fault{}
	}
	return parseDecimal(number)
}

// parseWhole reads a number of at most 18 digits and nothing else: what most events have.
func parseWhole(number []byte) (n int64, ok bool) {
	if len(number) > 18 {
		return 0, false
	}
	for _, c := range number {
		if !isDigit(c) {
			return 0, false
		}
		n = 10*n + int64(c-'0')
	}
	return n, true
}

// parseDecimal reads a checked JSON number as 0.d₁d₂d₃… × 10^point with d₁ not 0: then point alone tells its magnitude.
func parseDecimal(number []byte) (time.Time, fault) {
	var digits [maxDigits]byte
	kept, point := readDigits(number, &digits)
	if kept == 0 {
		return time.Unix(0, 0).UTC(), fault{}
	}
	switch { // point becomes that of the seconds
	case point > 17:
		point -= 9
	case point > 14:
		point -= 6
	case point > 11:
		point -= 3
	}
	if point > 12 {
		return time.Time{}, noYear
	}
	t := time.Unix(readInt(&digits, 0, point), readInt(&digits, point, point+9))
	if number[0] == '-' {
		t = time.Unix(-t.Unix(), -int64(t.Nanosecond()))
	}
	if !t.Before(endless) || t.Before(year0) {
		return time.Time{}, noYear
	}
	return t.UTC(), fault{}
}

// maxDigits is more than the digits that a time can have: 12 of the seconds and 9 behind them.
const maxDigits = 24

// readDigits keeps the first significant digits of a checked JSON number, and says where its point is.
func readDigits(number []byte, digits *[maxDigits]byte) (kept, point int) {
	fraction, i := 0, 0
	for ; i < len(number) && number[i]|0x20 != 'e'; i++ {
		switch c := number[i]; {
		case c == '-':
		case c == '.':
			fraction = 1
		case c == '0' && kept == 0:
			point -= fraction
		default:
			if kept < maxDigits {
				digits[kept] = c - '0'
				kept++
			}
			point += 1 - fraction
		}
	}
	return kept, point + readExponent(number[i:])
}

// readExponent reads "", e9, E+9 or e-9. Beyond ±2^40, which no number of digits can make up for, it stops counting.
func readExponent(text []byte) int {
	exponent, negative := 0, false
	for _, c := range text {
		switch {
		case c == '-':
			negative = true
		case isDigit(c) && exponent < 1<<40:
			exponent = 10*exponent + int(c-'0')
		}
	}
	if negative {
		return -exponent
	}
	return exponent
}

// readInt reads the digits from one place to another as an integer; outside of those kept there are zeros.
func readInt(digits *[maxDigits]byte, from, to int) (n int64) {
	if to <= 0 {
		return 0
	}
	for place := from; place < to; place++ {
		n *= 10
		if 0 <= place && place < maxDigits {
			n += int64(digits[place])
		}
	}
	return n
}
