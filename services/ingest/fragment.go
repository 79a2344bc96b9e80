package ingest

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"sync"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/layout"
)

// fragment is what one delivery stores in one partition and lane.
type fragment struct {
	layout.Fragment
	lines int64
	text  []byte // NDJSON, not compressed
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
	}
	for n := range b.events {
		if e := &b.events[n]; e.fate == stored {
			f := &all[in[n]]
			f.text = append(append(f.text, e.Line...), '\n')
		}
	}
	for k := range all {
		all[k].Hash = xxhash.Sum64(all[k].text)
	}
	slices.SortFunc(all, func(a, b fragment) int {
		return cmp.Or(cmp.Compare(a.Partition, b.Partition), cmp.Compare(a.Lane, b.Lane))
	})
	return all
}

var zips = sync.Pool{New: func() any { return gzip.NewWriter(nil) }}

// encoded gives the bytes of the object.
func (f *fragment) encoded() ([]byte, error) {
	if !f.Gzip {
		return f.text, nil
	}
	var out bytes.Buffer
	z, _ := zips.Get().(*gzip.Writer)
	defer zips.Put(z)
	z.Reset(&out)
	if _, err := z.Write(f.text); err != nil {
		return nil, fmt.Errorf("compress %s: %w", f.Key(), err)
	}
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("compress %s: %w", f.Key(), err)
	}
	return out.Bytes(), nil
}
