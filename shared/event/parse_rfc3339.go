package event

import "time"

// parseRFC3339 reads a text that begins with four digits and a hyphen.
func parseRFC3339(b []byte) (time.Time, fault) {
	const layout = "2006-01-02T15:04:05"
	if len(b) < len(layout) || b[7] != '-' || b[10]|0x20 != 't' && b[10] != ' ' || b[13] != ':' || b[16] != ':' {
		return time.Time{}, noTime
	}
	year := 100*twoDigits(b[0:]) + twoDigits(b[2:])
	month, day := twoDigits(b[5:]), twoDigits(b[8:])
	hour, minute, second := twoDigits(b[11:]), twoDigits(b[14:]), twoDigits(b[17:])
	if month < 1 || month > 12 || day < 1 || day > daysIn(year, month) ||
		hour < 0 || hour > 23 || minute < 0 || minute > 59 || second < 0 || second > 60 {
		return time.Time{}, noTime
	}
	nanos, rest, ok := readFraction(b[len(layout):])
	if !ok {
		return time.Time{}, noTime
	}
	offset, ok := readOffset(rest)
	if !ok {
		return time.Time{}, noTime
	}
	t := time.Date(year, time.Month(month), day, hour, minute, min(second, 59), nanos, time.UTC)
	return t.Add(-offset), fault{}
}

// twoDigits reads two digits; what is none gives something below 0.
func twoDigits(b []byte) int {
	if !isDigit(b[0]) || !isDigit(b[1]) {
		return -1 << 16
	}
	return int(b[0]-'0')*10 + int(b[1]-'0')
}

func daysIn(year, month int) int {
	switch month {
	case 4, 6, 9, 11:
		return 30
	case 2:
		if year%4 == 0 && (year%100 != 0 || year%400 == 0) {
			return 29
		}
		return 28
	}
	return 31
}

// readFraction reads the fraction of a second, if there is one: a point and at least one digit.
func readFraction(b []byte) (nanos int, rest []byte, ok bool) {
	if len(b) == 0 || b[0] != '.' {
		return 0, b, true
	}
	end := skipDigits(b, 1)
	for place := 1; place <= 9; place++ {
		nanos *= 10
		if place < end {
			nanos += int(b[place] - '0')
		}
	}
	return nanos, b[end:], end > 1
}

// readOffset reads a zone: Z, z, ±hh:mm, or nothing.
func readOffset(b []byte) (time.Duration, bool) {
	switch {
	case len(b) == 0 || len(b) == 1 && b[0]|0x20 == 'z':
		return 0, true
	case len(b) != 6 || b[0] != '+' && b[0] != '-' || b[3] != ':':
		return 0, false
	}
	hours, minutes := twoDigits(b[1:]), twoDigits(b[4:])
	if hours < 0 || hours > 23 || minutes < 0 || minutes > 59 {
		return 0, false
	}
	offset := time.Duration(hours)*time.Hour + time.Duration(minutes)*time.Minute
	if b[0] == '-' {
		offset = -offset
	}
	return offset, true
}
