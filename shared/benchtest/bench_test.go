package benchtest

import (
	"bytes"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/gz"
)

// What benchmarks say of compression holds for events that compress as real ones do.
func TestEventsCompressAsRealOnesDo(t *testing.T) {
	text := bytes.Join(Events(20_000, time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC), true, 1), []byte("\n"))
	if ratio := float64(len(text)) / float64(gz.Size(text, gz.Dense)); ratio < 4.7 || ratio > 5.3 {
		t.Errorf("%d bytes of an event, %.2f times as many as compressed", len(text)/20_000, ratio)
	}
}

func TestMeter(t *testing.T) {
	var m Meter
	for range 2 {
		m.Start()
		block := make([]byte, 32<<20)
		for i := range block {
			block[i] = byte(i)
		}
		m.Stop()
	}
	if m.Used() <= 0 || m.peak != 0 && m.peak-m.resident < 16<<20 {
		t.Errorf("%+v", m)
	}
}
