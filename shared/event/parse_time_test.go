package event

import (
	"errors"
	"math/big"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
)

// timeCases are faults 43 to 46: an empty want is TimeInvalid, "range" is TimeRange.
var timeCases = []struct {
	fault    int
	in, want string
}{
	// Unix times, told apart by magnitude
	{43, "1626847200", "2021-07-21T06:00:00Z"},
	{43, "1626847200123", "2021-07-21T06:00:00.123Z"},
	{43, "1626847200123456", "2021-07-21T06:00:00.123456Z"},
	{43, "1626847200123456789", "2021-07-21T06:00:00.123456789Z"},
	{43, "1626847200.5", "2021-07-21T06:00:00.5Z"},
	{43, "1626847200123.456789", "2021-07-21T06:00:00.123456789Z"},
	{43, "1626847200.123456789", "2021-07-21T06:00:00.123456789Z"}, // beyond a float64
	{43, "1626847200.1234567899999", "2021-07-21T06:00:00.123456789Z"},
	{43, "1626847200123456789.999", "2021-07-21T06:00:00.123456789Z"},
	{43, "99999999999", "5138-11-16T09:46:39Z"},
	{43, "99999999999.9999999999", "5138-11-16T09:46:39.999999999Z"},
	{43, "100000000000", "1973-03-03T09:46:40Z"},
	{43, "99999999999999", "5138-11-16T09:46:39.999Z"},
	{43, "100000000000000", "1973-03-03T09:46:40Z"},
	{43, "99999999999999999", "5138-11-16T09:46:39.999999Z"},
	{43, "100000000000000000", "1973-03-03T09:46:40Z"},
	{43, "253402300799999999999", "9999-12-31T23:59:59.999999999Z"},
	{43, "253402300800000000000", "range"},
	{43, "1e30", "range"},
	{43, "-1", "1969-12-31T23:59:59Z"},
	{43, "-0.5", "1969-12-31T23:59:59.5Z"},
	{43, "-62167219200000", "0000-01-01T00:00:00Z"},
	{43, "-62167219200001", "range"},
	{43, "0", "1970-01-01T00:00:00Z"},
	{43, "-0", "1970-01-01T00:00:00Z"},
	{43, "0.0e99999999999999999999", "1970-01-01T00:00:00Z"},
	{43, "0.000000000001", "1970-01-01T00:00:00Z"},
	{43, "1.6268472E9", "2021-07-21T06:00:00Z"},
	{43, "1.6268472e+9", "2021-07-21T06:00:00Z"},
	{43, "1.6268472e12", "2021-07-21T06:00:00Z"},
	{43, "16268472000000e-4", "2021-07-21T06:00:00Z"},
	{43, "123e-5", "1970-01-01T00:00:00.00123Z"},
	{43, "0.00000000016268472e19", "2021-07-21T06:00:00Z"},
	{43, "1626847200" + strings.Repeat("0", 1000) + "e-1000", "2021-07-21T06:00:00Z"},
	{43, "0." + strings.Repeat("0", 1000) + "16268472e1010", "2021-07-21T06:00:00Z"},
	{43, "1e999999", "range"},
	{43, "1e-999999", "1970-01-01T00:00:00Z"},
	{43, "1e9223372036854775807", "range"},
	{43, "1e-9223372036854775808", "1970-01-01T00:00:00Z"},
	{43, "1e" + strings.Repeat("9", 100_000), "range"},
	{43, "", ""}, {43, " 1626847200", ""}, {43, "1626847200 ", ""}, {43, "+1626847200", ""}, {43, "01626847200", ""}, {43, "1626847200.", ""},
	{43, ".5", ""}, {43, "1e", ""}, {43, "1_000", ""}, {43, "0x10", ""}, {43, "NaN", ""}, {43, "-", ""}, {43, "1626847200,5", ""}, {43, "now", ""}, {43, "true", ""},
	// RFC 3339
	{43, "0001-01-01T00:00:00Z", "0001-01-01T00:00:00Z"},
	{43, "9999-12-31T23:59:59.999999999Z", "9999-12-31T23:59:59.999999999Z"},
	{45, "2021-07-21T06:00:00Z", "2021-07-21T06:00:00Z"},
	{45, "2021-07-21t06:00:00z", "2021-07-21T06:00:00Z"},
	{45, "2021-07-21 06:00:00", "2021-07-21T06:00:00Z"},
	{45, "2021-07-21T06:00:00.1", "2021-07-21T06:00:00.1Z"},
	{45, "2021-07-21T06:00:00.1234567899999999999999Z", "2021-07-21T06:00:00.123456789Z"},
	{45, "2021-07-21T06:00:00." + strings.Repeat("9", 5000) + "Z", "2021-07-21T06:00:00.999999999Z"},
	{45, "2021-07-21T06:00:00-00:00", "2021-07-21T06:00:00Z"},
	{45, "2021-07-21T06:00:00+05:30", "2021-07-21T00:30:00Z"},
	{45, "2021-07-21T06:00:00.5-07:00", "2021-07-21T13:00:00.5Z"},
	{45, "2021-01-01T00:00:00+23:59", "2020-12-31T00:01:00Z"},
	{45, "2020-12-31T23:59:00-23:59", "2021-01-01T23:58:00Z"},
	{45, "2021-03-28T02:30:00+01:00", "2021-03-28T01:30:00Z"}, // an hour that Berlin skipped
	{45, "2016-12-31T23:59:60Z", "2016-12-31T23:59:59Z"},
	{45, "2016-12-31T23:59:60.25Z", "2016-12-31T23:59:59.25Z"},
	{45, "2016-12-31T15:59:60-08:00", "2016-12-31T23:59:59Z"},
	{45, "2024-02-29T00:00:00Z", "2024-02-29T00:00:00Z"},
	{45, "2000-02-29T00:00:00Z", "2000-02-29T00:00:00Z"},
	{46, "2021-07-21T23:59:59.999999999Z", "2021-07-21T23:59:59.999999999Z"},
	{45, "2021-07-21T24:00:00Z", ""}, {45, "2021-07-21T06:60:00Z", ""}, {45, "2021-07-21T06:00:61Z", ""}, {45, "2021-07-21T06:00:00+24:00", ""},
	{45, "2021-07-21T06:00:00+23:60", ""}, {45, "2021-07-21T06:00:00-24:00", ""}, {45, "2021-07-21T06:00:00+5:30", ""}, {45, "2021-07-21T06:00:00+0530", ""},
	{45, "2021-07-21T06:00:00+05", ""}, {45, "2021-07-21T06:00:00 Z", ""}, {45, "2021-07-21T06:00:00ZZ", ""}, {45, "2021-07-21T06:00:00.Z", ""},
	{45, "2021-07-21T06:00:00,5Z", ""}, {45, "2021-07-21T06:00:00.5,Z", ""}, {45, "2021-07-21T06:00Z", ""}, {45, "2021-07-21", ""}, {45, "2021-07-21T06", ""},
	{45, "2021-07-21T6:00:00Z", ""}, {45, "2021-7-21T06:00:00Z", ""}, {45, "21-07-21T06:00:00Z", ""}, {45, "2021-00-21T06:00:00Z", ""}, {45, "2021-13-21T06:00:00Z", ""},
	{45, "2021-07-00T06:00:00Z", ""}, {45, "2021-06-31T06:00:00Z", ""}, {45, "2021-02-29T06:00:00Z", ""}, {45, "1900-02-29T06:00:00Z", ""}, {45, "2021-07-32T06:00:00Z", ""},
	{45, "+2021-07-21T06:00:00Z", ""}, {45, "-2021-07-21T06:00:00Z", ""}, {45, "12021-07-21T06:00:00Z", ""}, {45, "2021-07-21T06:00:00Z ", ""}, {45, "2021/07/21T06:00:00Z", ""},
	{45, "2021-07-21T06:00:00+0a:00", ""}, {45, "2021-07-21X06:00:00Z", ""}, {45, "2021-07-21T06-00-00Z", ""}, {45, "202a-07-21T06:00:00Z", ""}, {45, "2021-W29-3T06:00:00Z", ""},
	{45, "２021-07-21T06:00:00Z", ""}, {45, "2021-07-21T06:00:00 GMT", ""}, {45, "2021-07-21T06:00:00+01:00:00", ""}, {45, "2021-07-21\x0006:00:00Z", ""},
}

func TestParseTime(t *testing.T) {
	for _, c := range timeCases {
		got, err := ParseTime(c.in)
		reason := Reason("")
		if r, ok := errors.AsType[*Rejection](err); ok {
			reason = r.Reason
		}
		switch c.want {
		case "":
			if reason != TimeInvalid {
				t.Errorf("fault %d: %.60q: %s, %v, want it to be invalid", c.fault, c.in, got, err)
			}
		case "range":
			if reason != TimeRange {
				t.Errorf("fault %d: %.60q: %s, %v, want it to be out of range", c.fault, c.in, got, err)
			}
		default:
			if err != nil || got.Format(time.RFC3339Nano) != c.want || got.Location() != time.UTC {
				t.Errorf("fault %d: %.60q: %s, %v, want %s", c.fault, c.in, got, err, c.want)
			}
		}
	}
}

// exactTime reads a number by rational arithmetic; false when it is beyond the years 0 to 9999.
func exactTime(number string) (time.Time, bool) {
	v, ok := new(big.Rat).SetString(number)
	if !ok {
		return time.Time{}, false
	}
	negative := v.Sign() < 0
	v.Abs(v)
	power := func(n int64) *big.Rat {
		return new(big.Rat).SetInt(new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil))
	}
	scale := int64(0)
	switch {
	case v.Cmp(power(11)) < 0:
		scale = 9
	case v.Cmp(power(14)) < 0:
		scale = 6
	case v.Cmp(power(17)) < 0:
		scale = 3
	}
	v.Mul(v, power(scale))
	nanos := new(big.Int).Quo(v.Num(), v.Denom())
	if negative {
		nanos.Neg(nanos)
	}
	seconds, rest := new(big.Int).DivMod(nanos, big.NewInt(1e9), new(big.Int))
	if !seconds.IsInt64() || seconds.Int64() < year0.Unix() || seconds.Int64() >= endless.Unix() {
		return time.Time{}, false
	}
	return time.Unix(seconds.Int64(), rest.Int64()).UTC(), true
}

func TestParseTimeIsExact(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	digits := func(n int) string {
		b := make([]byte, n)
		for i := range b {
			b[i] = "0123456789900"[r.IntN(13)]
		}
		return string(b)
	}
	for range 100_000 {
		number := strings.TrimLeft(digits(r.IntN(24)), "0")
		if number == "" {
			number = "0"
		}
		if r.IntN(2) == 0 {
			number += "." + digits(1+r.IntN(30))
		}
		if r.IntN(3) == 0 {
			number += []string{"e", "E", "e+", "e-"}[r.IntN(4)] + digits(1+r.IntN(2))
		}
		if r.IntN(8) == 0 {
			number = "-" + number
		}
		got, err := ParseTime(number)
		want, ok := exactTime(number)
		if (err == nil) != ok || !got.Equal(want) {
			t.Fatalf("%s: %s, %v, want %s, %v", number, got, err, want, ok)
		}
	}
}

// Where both read a time, the standard library reads the same.
func TestParseTimeAgainstStandard(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	both := 0
	for range 100_000 {
		text := []byte("2021-07-21T06:00:00.250000000+01:30")
		if r.IntN(2) == 0 {
			text = append(text[:19], 'Z')
		}
		for range 1 + r.IntN(3) {
			text[r.IntN(len(text))] = "0123456789-:.TZ+"[r.IntN(16)]
		}
		got, err := ParseTime(string(text))
		want, wrong := time.Parse(time.RFC3339, string(text))
		leap := string(text[17:19]) == "60"
		zone := string(text[max(0, len(text)-5):])
		if wrong == nil && err != nil && !strings.HasPrefix(zone, "24:") && !strings.HasSuffix(zone, ":60") { // time.Parse takes them
			t.Fatalf("%s: %v", text, err)
		}
		if err == nil && wrong != nil && !leap && len(text) != 19 && strings.ContainsAny(string(text[19:]), "Z+-") {
			t.Fatalf("%s: %s, but the standard library says %v", text, got, wrong)
		}
		if err == nil && wrong == nil {
			both++
			if !got.Equal(want) {
				t.Fatalf("%s: %s, want %s", text, got, want)
			}
		}
	}
	if both < 10_000 {
		t.Errorf("only %d times were read by both", both)
	}
}
