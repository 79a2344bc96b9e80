// Package layout makes and parses every object key of a lake. Nothing else writes dt= or raw/, and no value of an event can reach a key but
// through these types.
package layout

import (
	"fmt"
	"time"
)

// Partition is one hour of event time, in whole hours since 1970-01-01T00:00Z.
type Partition int64

// Partitions lie between the years 1970 and 9999, so that a date always has ten characters.
const (
	firstPartition Partition = 0
	lastPartition  Partition = 70389527 // 9999-12-31T23Z
)

// PartitionPrefix is how every partition's path begins.
const PartitionPrefix = "dt="

// PartitionOf gives the hour that holds t.
func PartitionOf(t time.Time) Partition {
	s := t.Unix()
	h := s / 3600
	if s%3600 < 0 {
		h--
	}
	return Partition(h)
}

// ParsePartition is the inverse of String: "dt=2026-11-23/hour=08".
func ParsePartition(s string) (Partition, error) {
	const form = "dt=0000-00-00/hour=00"
	ok := len(s) == len(form)
	for i := 0; ok && i < len(s); i++ {
		ok = s[i] == form[i] || form[i] == '0' && isDigit(s[i])
	}
	if ok {
		year, month, day, hour := number(s[3:7]), time.Month(number(s[8:10])), number(s[11:13]), number(s[19:21])
		t := time.Date(year, month, day, hour, 0, 0, 0, time.UTC)
		if t.Month() == month && t.Day() == day && t.Hour() == hour { // else it is a date that no calendar has
			return PartitionOf(t), nil
		}
	}
	return 0, fmt.Errorf("%q is no partition: want dt=YYYY-MM-DD/hour=HH", s)
}

// number reads decimal digits.
func number(digits string) int {
	n := 0
	for i := range len(digits) {
		n = 10*n + int(digits[i]-'0')
	}
	return n
}

// Valid tells whether the hour has a key.
func (p Partition) Valid() bool { return p >= firstPartition && p <= lastPartition }

// Start is the first instant of the hour, End the first after it.
func (p Partition) Start() time.Time { return time.Unix(int64(p)*3600, 0).UTC() }

// End is the first instant after the hour.
func (p Partition) End() time.Time { return (p + 1).Start() }

// String gives the partition's path, "dt=2026-11-23/hour=08".
func (p Partition) String() string { return p.Start().Format("dt=2006-01-02/hour=15") }

// Date and Hour are the values of the partition keys dt and hour.
func (p Partition) Date() string { return p.Start().Format(time.DateOnly) }

// Hour is the value of the partition key hour, "08".
func (p Partition) Hour() string { return p.Start().Format("15") }
