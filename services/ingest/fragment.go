package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/event"
	format "github.com/lakebed/lakebed/shared/fragment"
	"github.com/lakebed/lakebed/shared/layout"
)

// fragment is what one delivery stores in one partition and lane.
type fragment struct {
	layout.Fragment
	lines  int64
	size   int    // of text
	text   string // NDJSON, not compressed
	events []*item
}

// fragments groups the events to be stored, in an order that depends on nothing but the delivery and what is known as stored.
func (b *batch) fragments(config Config) []fragment {
	all := b.places(config)
	texts := make([]strings.Builder, len(all)) // they do not clear what is to be filled
	for k := range all {
		texts[k].Grow(all[k].size)
		if config.Gzip {
			all[k].events = make([]*item, 0, all[k].lines)
		}
	}
	for n := range b.events {
		switch e := &b.events[n]; {
		case e.fate != stored:
		case config.Gzip:
			all[e.fragment].events = append(all[e.fragment].events, e)
		default:
			e.writeTo(&texts[e.fragment])
		}
	}
	for k := range all {
		if config.Gzip {
			all[k].arrange(config.Mapping)
			for _, e := range all[k].events {
				e.writeTo(&texts[k])
			}
		}
		all[k].text = texts[k].String()
		all[k].Hash = xxhash.Sum64String(all[k].text)
	}
	slices.SortFunc(all, func(a, b fragment) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Lane, b.Lane))
	})
	return all
}

func (e *item) writeTo(text *strings.Builder) {
	text.Write(e.Line)
	text.WriteByte('\n')
}

// places makes the fragments, and tells each event to be stored into which it goes.
func (b *batch) places(config Config) []fragment {
	type place struct {
		partition layout.Partition
		lane      layout.Lane
	}
	at := map[place]int{}
	var all []fragment
	var last place // of the event before
	k := -1
	for n := range b.events {
		e := &b.events[n]
		if e.fate != stored {
			continue
		}
		if p := (place{e.partition, layout.LaneOf(e.Fingerprint.ID, config.Lanes)}); k < 0 || p != last {
			var ok bool
			if k, ok = at[p]; !ok {
				k = len(all)
				at[p] = k
				all = append(all, fragment{Fragment: layout.Fragment{Partition: p.partition, Lane: p.lane, Span: b.span, Gzip: config.Gzip}})
			}
			last = p
		}
		e.fragment = k
		all[k].lines++
		all[k].size += len(e.Line) + 1
	}
	return all
}

// arrange puts the lines of a fragment that is compressed side by side where they are alike, since a part may take them over as they are.
func (f *fragment) arrange(m event.Mapping) {
	d, _ := event.NewDecoder(m, 0) // checked by New
	order := event.NewOrder(f.Partition.Start())
	place := make(map[*item]uint64, len(f.events))
	for _, e := range f.events {
		g, _ := d.Glance(e.Line) // it was decoded, so that it can be read
		place[e] = order.Of(g)
	}
	slices.SortStableFunc(f.events, func(x, y *item) int { return cmp.Compare(place[x], place[y]) })
}

// body reads the object.
func (f *fragment) body(m event.Mapping) (io.Reader, error) {
	if !f.Gzip {
		return strings.NewReader(f.text), nil
	}
	lines := make([]format.Line, len(f.events))
	for n, e := range f.events {
		lines[n] = format.Line{Text: e.Line, Fingerprint: e.Fingerprint}
	}
	packed, err := format.Encode(lines, f.Hash, m)
	if err != nil {
		return nil, fmt.Errorf("compress %s: %w", f.Key(), err)
	}
	return bytes.NewReader(packed), nil
}
