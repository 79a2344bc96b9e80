// Package benchtest is what benchmarks have in common: a meter of what the code under test takes, and events that compress as real ones do.
package benchtest

import (
	"bytes"
	"fmt"
	"os"
	"runtime/debug"
	"syscall"
	"testing"
	"time"
)

// Meter tells what stretches of a benchmark took of the processor and of memory. What lies between them is not counted.
type Meter struct {
	used, began    time.Duration
	resident, peak int64 // bytes before the first stretch, and at the most during it
	stretches      int
}

// Start begins a stretch. Before the first, memory that is free goes back to the system, so that its peak is the stretch's own.
func (m *Meter) Start() {
	if m.stretches == 0 {
		debug.FreeOSMemory()
		m.resident = restart()
	}
	m.began = CPU()
}

// Stop ends it.
func (m *Meter) Stop() {
	m.used += CPU() - m.began
	if m.stretches == 0 && m.resident > 0 {
		m.peak = status("VmHWM")
	}
	m.stretches++
}

// Used is the processor time of all stretches.
func (m *Meter) Used() time.Duration { return m.used }

// Report has the benchmark print what events, and bytes of them, a second of the processor made; what was allocated; and how far the process's resident
// memory rose in the first stretch (VmHWM above VmRSS; on Linux alone).
func (m *Meter) Report(b *testing.B, events, size int64) {
	b.ReportAllocs()
	b.ReportMetric(m.used.Seconds()/float64(b.N), "CPU-s/op")
	b.ReportMetric(float64(events)/m.used.Seconds(), "events/CPU-s")
	b.ReportMetric(float64(size)/1e6/m.used.Seconds(), "MB/CPU-s")
	if m.peak > 0 {
		b.ReportMetric(float64(m.peak-m.resident)/(1<<20), "peak-MiB")
	}
}

// CPU is the processor time that this process has used.
func CPU() time.Duration {
	var u syscall.Rusage
	if syscall.Getrusage(syscall.RUSAGE_SELF, &u) != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// restart has Linux count the peak of resident memory from now on, and gives what is resident. 0: nobody tells.
func restart() int64 {
	if os.WriteFile("/proc/self/clear_refs", []byte("5"), 0) != nil {
		return 0
	}
	return status("VmRSS")
}

// status is a line of the process's status, in bytes.
func status(name string) (n int64) {
	text, err := os.ReadFile("/proc/self/status")
	if _, line, ok := bytes.Cut(text, []byte("\n"+name+":")); err == nil && ok {
		_, _ = fmt.Sscan(string(line), &n) // 0 is what it is then
	}
	return n << 10
}
