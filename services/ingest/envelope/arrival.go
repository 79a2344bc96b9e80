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
func milliseconds(number string) (n int64) {
	const whole = len("1795422600")
	if len(number) < whole || len(number) > whole+4 || len(number) == whole+1 || number[0] == '0' || len(number) > whole && number[whole] != '.' {
		return 0
	}
	for i := range whole + 4 {
		digit := byte('0')
		if i == whole {
			continue
		}
		if i < len(number) {
			digit = number[i]
		}
		if digit < '0' || digit > '9' {
			return 0
		}
		n = 10*n + int64(digit-'0')
	}
	return n
}
