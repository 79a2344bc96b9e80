package event

import "time"

// stamper spells instants as RFC 3339 in UTC, with as much of the second's fraction as is not zero. It keeps the date of the last one.
type stamper struct {
	day  int64 // since 1970
	date []byte
}

const daySeconds = 24 * 60 * 60

// maxStamp is what an instant takes at most, whatever its year.
const maxStamp = 40

func (s *stamper) append(dst []byte, t time.Time) []byte {
	seconds := t.Unix()
	if seconds < 0 || !t.Before(endless) {
		return t.UTC().AppendFormat(dst, time.RFC3339Nano)
	}
	day, second := seconds/daySeconds, int(seconds%daySeconds)
	if day != s.day || len(s.date) == 0 {
		s.day, s.date = day, t.UTC().AppendFormat(s.date[:0], "2006-01-02T")
	}
	dst = append(dst, s.date...)
	dst = appendTwo(dst, second/3600, ':')
	dst = appendTwo(dst, second/60%60, ':')
	nanos := t.Nanosecond()
	if nanos == 0 {
		return appendTwo(dst, second%60, 'Z')
	}
	dst = appendTwo(dst, second%60, '.')
	for unit := 100_000_000; nanos > 0; unit /= 10 {
		dst = append(dst, '0'+byte(nanos/unit))
		nanos %= unit
	}
	return append(dst, 'Z')
}

// appendTwo appends a number below 100 as two digits, and what follows it.
func appendTwo(dst []byte, n int, behind byte) []byte {
	return append(dst, '0'+byte(n/10), '0'+byte(n%10), behind)
}
