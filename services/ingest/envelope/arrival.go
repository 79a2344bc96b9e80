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

// milliseconds reads seconds that are spelled as Lambda does it, from where text begins with them: ten digits, and a point and up to three
// more unless they are zeros. What any other number begins with gives 0, or is followed by what can follow no number.
func milliseconds(text []byte) (n int64, size int) {
	const whole = len("1795422600")
	if len(text) <= whole || text[0] == '0' {
		return 0, 0
	}
	for _, c := range text[:whole] {
		if c -= '0'; c > 9 {
			return 0, 0
		}
		n = 10*n + int64(c)
	}
	n *= 1000
	if text[whole] != '.' {
		return n, whole
	}
	size = whole + 1
	for unit := int64(100); unit > 0 && size < len(text) && text[size]-'0' <= 9; unit /= 10 {
		n += unit * int64(text[size]-'0')
		size++
	}
	if size == whole+1 {
		return 0, 0
	}
	return n, size
}
