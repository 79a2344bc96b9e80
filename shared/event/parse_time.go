package event

import (
	"bytes"
	"time"
)

// ParseTime gives the instant that a time's text stands for, in UTC; what is finer than a nanosecond is cut off. The text is
//   - a number as JSON writes it, exponents included: a Unix time in seconds below 1e11 (the year 5138), in milliseconds below 1e14, in
//     microseconds below 1e17, else in nanoseconds. It is read from its decimal digits, never through a float; or
//   - RFC 3339, with T, t or a space, and Z, z, an offset up to ±23:59 or none, which means UTC. A leap second, :60, is the last second of
//     its minute, so that it stays in its hour.
//
// The error is a *Rejection: TimeInvalid, or TimeRange for a number beyond the years 0 to 9999.
func ParseTime(text string) (time.Time, error) {
	t, f := parseTime([]byte(text))
	if f.reason != "" {
		return time.Time{}, &Rejection{Reason: f.reason, Detail: f.detail}
	}
	return t, nil
}

// The first instant that an event may have happened at, and the first that has no four-digit year.
var (
	earliest = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	endless  = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)
	year0    = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC)
)

var (
	noTime = fault{TimeInvalid, "the time is neither a Unix time nor RFC 3339", -1}
	noYear = fault{TimeRange, "the time is beyond the years 0 to 9999", -1}
)

// timeOf gives the instant that a checked JSON value stands for.
func timeOf(value, scratch []byte) (time.Time, fault) {
	switch c := value[0]; {
	case c == '"':
		body := value[1 : len(value)-1]
		if bytes.IndexByte(body, '\\') >= 0 {
			body = appendUnquoted(scratch, body)
		}
		return parseTime(body)
	case c == 'n':
		return time.Time{}, fault{TimeMissing, "the time is null", -1}
	case c == '-' || isDigit(c):
		return parseNumber(value)
	}
	return time.Time{}, fault{TimeInvalid, "the time is neither a string nor a number", -1}
}

func parseTime(text []byte) (time.Time, fault) {
	if len(text) > 4 && text[4] == '-' && skipDigits(text[:4], 0) == 4 {
		return parseRFC3339(text)
	}
	if len(text) == 0 || text[0] != '-' && !isDigit(text[0]) {
		return time.Time{}, noTime
	}
	check := scanner{src: text}
	if check.number(0) != len(text) {
		return time.Time{}, noTime
	}
	return parseNumber(text)
}
