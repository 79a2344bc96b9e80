package compactor

import (
	"fmt"
	"syscall"
	"testing"
	"time"
)

// cpu is the processor time that this process has used.
func cpu() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// fill stores fragments of 2,000 events each, of about 400 bytes, 2 % of them copies.
func fill(b *testing.B, fragments int) (*lake, int64) {
	l := newLake(b)
	l.config.Memory, l.config.Policy.Target = 24<<20, 128<<20
	size := int64(0)
	for f := range fragments {
		lines := make([]string, 2000)
		for i := range lines {
			n := f*2000 + i
			if i%50 == 49 {
				n -= 40
			}
			lines[i] = lineOf(hour, fmt.Sprintf("%08x-0000-4000-8000-%012x", uint32(n)*2654435761, n), fmt.Sprintf(
				`,"event_name":"lesson:completed","user_id":%d,"session":{"device":"Pixel 8","os":"Android","version":"14","locale":"pt-BR"},`+
					`"payload":{"lesson_id":%d,"score":0.%d,"answers":[1,0,1,%d,1,0,1],"comment":"a great lesson, %x thanks","plan":null,"retries":%d},`+
					`"tags":["mobile","weekly"],"ip":"203.0.113.%d"`, n*7919%100000, n*31%5000, n%997, n%7, uint32(n)*2246822519, n%3, n%250))
			size += int64(len(lines[i]) + 1)
		}
		l.put(hour, "", false, lines...)
	}
	return l, size
}

func report(b *testing.B, used time.Duration, events, bytes int64) {
	b.ReportMetric(float64(events)/used.Seconds(), "events/CPU-s")
	b.ReportMetric(float64(bytes)/1e6/used.Seconds(), "MB/CPU-s")
}

// BenchmarkMinor merges 100 fragments, 200,000 lines, into one part, from memory.
func BenchmarkMinor(b *testing.B) {
	var used time.Duration
	var lines, bytes int64
	for b.Loop() {
		b.StopTimer()
		l, size := fill(b, 100)
		b.StartTimer()
		start := cpu()
		r := l.round()
		used += cpu() - start
		if r.Minors != 1 || r.Duplicates == 0 {
			b.Fatalf("got %+v", r)
		}
		lines += r.Lines
		bytes += size
	}
	report(b, used, lines, bytes)
}

// BenchmarkMajor puts ten parts of 20,000 lines together.
func BenchmarkMajor(b *testing.B) {
	var used time.Duration
	var lines, bytes int64
	for b.Loop() {
		b.StopTimer()
		l, size := fill(b, 0)
		for range 10 {
			for range 10 {
				l.events(hour, 2000)
			}
			l.round()
		}
		for _, line := range l.want[hour] {
			size += int64(len(line) + 1)
		}
		l.clock.at = hour.End().Add(time.Hour)
		b.StartTimer()
		start := cpu()
		r := l.compactor().Work(b.Context(), Task{Partition: hour}, time.Time{})
		used += cpu() - start
		if r.Majors != 1 || len(r.SetAside) > 0 {
			b.Fatalf("got %+v", r)
		}
		lines += 200_000
		bytes += size
	}
	report(b, used, lines, bytes)
}

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
