package generate

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

// TestDecoderAgrees: what is called good here is accepted by the lake's own decoder, with the hour that the summary counts it in, and every broken
// line is one rejection, alone and in a record of many lines.
func TestDecoderAgrees(t *testing.T) {
	o := full
	o.Events, o.Broken = 5000, .05
	lines, summary := stream(t, o)
	arrival := o.Start.Add(time.Duration(o.Hours) * time.Hour)
	decoder, err := event.NewDecoder(event.DefaultMapping, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}

	var alone []string
	distinct := map[event.ID]bool{}
	hours := map[time.Time]int{}
	rejected := 0
	for _, text := range lines {
		pieces := decoder.Decode([]byte(text), arrival, func(e event.Event) {
			alone = append(alone, string(e.Data))
			if !distinct[e.Fingerprint.ID] {
				distinct[e.Fingerprint.ID] = true
				hours[e.Time.Truncate(time.Hour)]++
			}
		}, func(event.Rejection) { rejected++ })
		if pieces != 1 {
			t.Errorf("%d pieces: %s", pieces, text)
		}
		decoder.Reset()
	}
	if len(distinct) != summary.Events || rejected != summary.BrokenLines() {
		t.Errorf("%d events and %d rejections, want %d and %d", len(distinct), rejected, summary.Events, summary.BrokenLines())
	}
	for _, hour := range summary.Hours {
		if hours[hour.Hour] != hour.Events {
			t.Errorf("%s: %d events, want %d", hour.Hour, hours[hour.Hour], hour.Events)
		}
	}

	var together []string
	for chunk := range slices.Chunk(lines, 50) {
		decoder.Decode([]byte(strings.Join(chunk, "\n")), arrival, func(e event.Event) {
			together = append(together, string(e.Data))
		}, func(event.Rejection) {})
		decoder.Reset()
	}
	if !slices.Equal(alone, together) {
		t.Errorf("%d lines accepted alone, %d in records of many", len(alone), len(together))
	}
}
