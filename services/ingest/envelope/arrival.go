package envelope

import (
	"math"
	"strconv"
)

// arrival gives when the record arrived, in Unix milliseconds, or -1.
func (r *record) arrival() int64 {
	seconds, err := strconv.ParseFloat(string(r.Kinesis.Arrival), 64)
	if err != nil || seconds <= 0 {
		return -1
	}
	return int64(math.Round(seconds * 1000))
}

// milliseconds reads seconds that are spelled as Lambda does it: ten digits, and a point and up to three more unless they are zeros. Of any
// other number it gives 0.
func milliseconds(number []byte) int64 {
	const whole = len("1795422600")
	if len(number) < whole || number[0] == '0' {
		return 0
	}
	fraction := number[whole:]
	if n := len(fraction); n == 1 || n > len(".123") || n > 0 && fraction[0] != '.' {
		return 0
	}
	n := int64(0)
	for _, c := range number[:whole] {
		if c < '0' || c > '9' {
			return 0
		}
		n = 10*n + int64(c-'0')
	}
	n *= 1000
	for unit, i := int64(100), 1; i < len(fraction); unit, i = unit/10, i+1 {
		if c := fraction[i]; c < '0' || c > '9' {
			return 0
		}
		n += unit * int64(fraction[i]-'0')
	}
	return n
}
