package compactor

import (
	"slices"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/benchtest"
	"github.com/lakebed/lakebed/shared/event"
	format "github.com/lakebed/lakebed/shared/fragment"
	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/schema"
)

// BenchmarkStage takes the stages of BenchmarkPipeline one by one, each over the same realistic lines.
func BenchmarkStage(b *testing.B) {
	lines := benchtest.Events(50_000, hour.Start(), true, 1)
	text := slices.Concat(lines...)
	d, err := event.NewDecoder(event.DefaultMapping, 0)
	if err != nil {
		b.Fatal(err)
	}
	order := event.NewOrder(hour.Start())
	c := new(chunk)
	identify := func() {
		c.clear()
		for i, l := range lines {
			g, err := d.Glance(l)
			if err != nil {
				b.Fatal(err)
			}
			c.lines = append(c.lines, line{Fingerprint: event.Fingerprint{ID: g.ID, Body: xxhash.Sum64(l)}, order: order.Of(g), number: uint32(i)})
		}
	}
	identify()
	packs := make([]format.Line, 0, delivery)
	for i := range delivery {
		packs = append(packs, format.Line{Text: lines[i], Fingerprint: c.lines[i].Fingerprint})
	}
	member, err := format.Encode(packs, 1, event.DefaultMapping)
	if err != nil {
		b.Fatal(err)
	}
	for _, stage := range []struct {
		name   string
		events int
		do     func()
	}{
		{"identify", len(lines), identify},
		{"dedupe", len(lines), func() {
			c.index()
			c.fresh = c.fresh[:0]
			for i := range c.lines {
				if c.fate(i) == fresh {
					c.fresh = append(c.fresh, ordered{c.lines[i].order, uint32(i)})
				}
			}
		}},
		{"sort", len(lines), func() {
			c.fresh = c.fresh[:0]
			for i := range c.lines {
				c.fresh = append(c.fresh, ordered{c.lines[i].order, uint32(i)})
			}
			c.sort()
		}},
		{"infer", len(lines), func() {
			seen := schema.NewInferrer(schema.Limits{}, nil)
			for _, l := range lines {
				if err := seen.Observe(l); err != nil {
					b.Fatal(err)
				}
			}
		}},
		{"compress-quick", len(lines), func() { gz.Size(text, gz.Quick) }},
		{"compress-dense", len(lines), func() { gz.Size(text, gz.Dense) }},
		{"index", len(lines), func() {
			w := index.NewWriter(b.TempDir())
			for i := range c.lines {
				if err := w.Add(c.lines[i].Fingerprint); err != nil {
					b.Fatal(err)
				}
			}
			if err := w.Close(); err != nil {
				b.Fatal(err)
			}
		}},
		{"parse-packed", delivery, func() {
			if _, err := format.Parse(member, 1, event.DefaultMapping); err != nil {
				b.Fatal(err)
			}
		}},
	} {
		b.Run(stage.name, func(b *testing.B) {
			var m benchtest.Meter
			m.Start()
			for b.Loop() {
				stage.do()
			}
			m.Stop()
			events := int64(b.N * stage.events)
			m.Report(b, events, events*int64(len(text))/int64(len(lines)))
		})
	}
}
