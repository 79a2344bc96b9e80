package compactor

import (
	"testing"
	"time"
)

// BenchmarkLook is what a visit of a partition with nothing to do costs.
func BenchmarkLook(b *testing.B) {
	l := newLake(b)
	for range 20 {
		l.events(hour, 10)
	}
	l.round()
	c := l.compactor()
	for b.Loop() {
		if r := c.Work(b.Context(), Task{Partition: hour}, time.Time{}); len(r.SetAside) > 0 {
			b.Fatal(r.SetAside)
		}
	}
}
