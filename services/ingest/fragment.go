package ingest

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/event"
	format "github.com/lakebed/lakebed/shared/fragment"
	"github.com/lakebed/lakebed/shared/layout"
)

// fragment is what one delivery stores in one partition and lane.
type fragment struct {
	layout.Fragment
	lines  int64
	text   []byte // NDJSON, not compressed
	events []*item
}

// fragments groups the events to be stored, in an order that depends on nothing but the delivery and what is known as stored.
func (b *batch) fragments(config Config) []fragment {
	type place struct {
		partition layout.Partition
		lane      layout.Lane
	}
	at := map[place]int{}
	var all []fragment
	var sizes []int
	in := make([]int, len(b.events))
	for n := range b.events {
		e := &b.events[n]
		if e.fate != stored {
			continue
		}
		p := place{e.partition, layout.LaneOf(e.Fingerprint.ID, config.Lanes)}
		k, ok := at[p]
		if !ok {
			k = len(all)
			at[p] = k
			all = append(all, fragment{Fragment: layout.Fragment{Partition: p.partition, Lane: p.lane, Span: b.span, Gzip: config.Gzip}})
			sizes = append(sizes, 0)
		}
		in[n] = k
		all[k].lines++
		sizes[k] += len(e.Line) + 1
	}
	for k := range all {
		all[k].text = make([]byte, 0, sizes[k])
		if config.Gzip {
			all[k].events = make([]*item, 0, all[k].lines)
		}
	}
	for n := range b.events {
		if e := &b.events[n]; e.fate == stored {
			f := &all[in[n]]
			if config.Gzip {
				f.events = append(f.events, e)
			} else {
				f.text = append(append(f.text, e.Line...), '\n')
			}
		}
	}
	for k := range all {
		if config.Gzip {
			all[k].arrange(config.Mapping)
		}
		all[k].Hash = xxhash.Sum64(all[k].text)
	}
	slices.SortFunc(all, func(a, b fragment) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Lane, b.Lane))
	})
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
	for _, e := range f.events {
		f.text = append(append(f.text, e.Line...), '\n')
	}
}

// encoded gives the bytes of the object.
func (f *fragment) encoded(m event.Mapping) ([]byte, error) {
	if !f.Gzip {
		return f.text, nil
	}
	lines := make([]format.Line, len(f.events))
	for n, e := range f.events {
		lines[n] = format.Line{Text: e.Line, Fingerprint: e.Fingerprint}
	}
	body, err := format.Encode(lines, f.Hash, m)
	if err != nil {
		return nil, fmt.Errorf("compress %s: %w", f.Key(), err)
	}
	return body, nil
}
