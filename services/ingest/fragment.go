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
	size   int      // of text
	text   string   // NDJSON, not compressed
	events []placed // where it is compressed; part of the batch's
}

// placed is an event of a compressed fragment, and where it stands among the others.
type placed struct {
	order uint64
	*item
}

// fragments groups the events to be stored, in an order that depends on nothing but the delivery and what is known as stored.
func (b *batch) fragments(config Config) []fragment {
	all := b.places(config)
	if config.Gzip {
		b.arrange(all)
	}
	texts := make([]strings.Builder, len(all)) // they do not clear what is to be filled
	for k := range all {
		texts[k].Grow(all[k].size)
	}
	for n := range b.events {
		if e := &b.events[n]; e.fate == stored && !config.Gzip {
			e.writeTo(&texts[e.fragment])
		}
	}
	for k := range all {
		for _, e := range all[k].events {
			e.writeTo(&texts[k])
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

// arrange puts the lines of fragments that are compressed side by side where they are alike, since a part may take them over as they are.
func (b *batch) arrange(all []fragment) {
	b.placed = slices.Grow(b.placed, len(b.events))[:len(b.events)]
	rest := b.placed
	orders := make([]*event.Order, len(all))
	for k := range all {
		all[k].events, rest = rest[:0:all[k].lines], rest[all[k].lines:]
		orders[k] = event.NewOrder(all[k].Partition.Start())
	}
	for n := range b.events {
		if e := &b.events[n]; e.fate == stored {
			g, _ := b.decoder.Glance(e.Line) // it was decoded, so that it can be read
			all[e.fragment].events = append(all[e.fragment].events, placed{orders[e.fragment].Of(g), e})
		}
	}
	for _, f := range all {
		slices.SortStableFunc(f.events, func(x, y placed) int { return cmp.Compare(x.order, y.order) })
	}
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
