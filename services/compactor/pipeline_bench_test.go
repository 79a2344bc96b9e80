package compactor

import (
	"fmt"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/benchtest"
	"github.com/lakebed/lakebed/shared/gz"
)

const (
	pipeline = 200_000 // events
	delivery = 2000    // of them in a fragment
)

// source is an hour as ingest leaves it: its fragments, and the text of their lines.
type source struct {
	keys, bodies []string
	text         []byte
}

// newSource makes fragments of realistic events, in every fiftieth place a copy of an earlier one where there are copies.
func newSource(b *testing.B, gzip, copies bool) *source {
	l, s := newLake(b), new(source)
	events := benchtest.Events(pipeline, hour.Start(), true, 1)
	for from := 0; from < len(events); from += delivery {
		lines := make([]string, delivery)
		for i := range lines {
			n := from + i
			if copies && i%50 == 49 {
				n -= 40 + delivery*(from/delivery/2)
			}
			lines[i] = string(events[n])
			s.text = append(append(s.text, lines[i]...), '\n')
		}
		key := l.put(hour, "", gzip, lines...).Key()
		s.keys, s.bodies = append(s.keys, key), append(s.bodies, string(l.get(key)))
	}
	return s
}

// benchLake is set as the functions are.
func benchLake(b *testing.B) *lake {
	l := newLake(b)
	l.config.Memory, l.config.Policy.Target, l.config.Policy.Anew = 24<<20, 128<<20, Anew
	return l
}

// fill puts the fragments from the first to before the last.
func (s *source) fill(l *lake, first, last int) {
	for n := first; n < last; n++ {
		l.set(s.keys[n], []byte(s.bodies[n]))
	}
}

// BenchmarkPipeline is the compaction of an hour's fragments, from memory: read, deduplicated, schema inferred, one part and its index written, the
// partition registered. After each run the same lines, in the order in which they lie in the fragments, are compressed by klauspost's gzip at level 6
// and nothing else: x-gzip6 is how many times as many bytes a CPU second the pipeline makes. Of compressed fragments those bytes are the
// lines', too.
func BenchmarkPipeline(b *testing.B) {
	for _, gzip := range []bool{false, true} {
		for _, copies := range []bool{true, false} {
			b.Run(fmt.Sprintf("gzip=%t/copies=%t", gzip, copies), func(b *testing.B) { benchmarkPipeline(b, newSource(b, gzip, copies), copies) })
		}
	}
}

func benchmarkPipeline(b *testing.B, s *source, copies bool) {
	var ours, alone benchtest.Meter
	var lines, size, part int64
	for b.Loop() {
		b.StopTimer()
		l := benchLake(b)
		s.fill(l, 0, len(s.keys))
		b.StartTimer()
		ours.Start()
		r := l.round()
		ours.Stop()
		b.StopTimer()
		if r.Minors != 1 || r.Lines != pipeline || copies != (r.Duplicates > 0) {
			b.Fatalf("got %+v", r)
		}
		alone.Start()
		gz.Size(s.text, gz.Dense)
		alone.Stop()
		lines, size, part = lines+r.Lines, size+int64(len(s.text)), partSize(l)
		b.StartTimer()
	}
	ours.Report(b, lines, size)
	b.ReportMetric(alone.Used().Seconds()/ours.Used().Seconds(), "x-gzip6")
	b.ReportMetric(float64(len(s.text))/float64(part), "x-smaller")
}

// partSize is how many bytes the hour's parts have.
func partSize(l *lake) (n int64) {
	l.t.Helper()
	for _, key := range l.keys(l.location(hour)) {
		n += int64(len(l.get(key)))
	}
	return n
}

// BenchmarkGzip6 is klauspost's gzip at level 6, and nothing else, over the lines of BenchmarkPipeline.
func BenchmarkGzip6(b *testing.B) {
	s := newSource(b, false, true)
	var m benchtest.Meter
	runs := int64(0)
	for b.Loop() {
		m.Start()
		gz.Size(s.text, gz.Dense)
		m.Stop()
		runs++
	}
	m.Report(b, runs*pipeline, runs*int64(len(s.text)))
	b.ReportMetric(float64(len(s.text))/float64(gz.Size(s.text, gz.Dense)), "x-smaller")
}

// BenchmarkMajor puts the parts of a closed hour together, one for each ten fragments.
func BenchmarkMajor(b *testing.B) {
	s := newSource(b, false, true)
	var m benchtest.Meter
	var lines, size int64
	for b.Loop() {
		b.StopTimer()
		l := benchLake(b)
		for n := 0; n < len(s.keys); n += 10 {
			s.fill(l, n, n+10)
			l.round()
		}
		l.clock.at = hour.End().Add(time.Hour)
		b.StartTimer()
		m.Start()
		r := l.compactor().Work(b.Context(), Task{Partition: hour}, time.Time{})
		m.Stop()
		if r.Majors != 1 || len(r.SetAside) > 0 {
			b.Fatalf("got %+v", r)
		}
		lines += pipeline
		size += int64(len(s.text))
	}
	m.Report(b, lines, size)
}
