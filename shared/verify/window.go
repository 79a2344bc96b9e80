package verify

import (
	"context"
	"errors"
	"math"
	"slices"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

// window is a run of hours, with what the ledger lists for them: the fragments of these event hours, the rejects of these arrival hours.
type window struct {
	findings
	from, to layout.Partition // to is not in it

	listed  map[layout.Partition]map[string]item // by name; nil until gathered
	again   map[layout.Partition]int64           // lines of fragments listed more than once
	rejects map[string]item                      // by key
}

// item is an object that a delivery wrote.
type item struct {
	lines int64  // unknown: not told for this object alone
	entry string // key of the ledger's object
}

const unknown = -1

// itemSize is what an item takes in a map beside its name.
const itemSize = 110

func newWindow() *window {
	w := &window{from: math.MinInt64, to: math.MaxInt64}
	w.empty()
	return w
}

func (w *window) empty() {
	w.listed = map[layout.Partition]map[string]item{}
	w.again = map[layout.Partition]int64{}
	w.rejects = map[string]item{}
}

func (w *window) drop() { w.listed, w.again, w.rejects = nil, nil, nil }

func (w *window) holds(p layout.Partition) bool { return w.from <= p && p < w.to }

// windows cuts the hours where their weights exceed the memory. Together they hold every hour; one that alone exceeds it stands alone.
func windows(weight map[layout.Partition]int64, memory int64) []*window {
	last := &window{from: math.MinInt64, to: math.MaxInt64}
	all := []*window{last}
	sum := int64(0)
	for _, p := range slices.Sorted(keysOf(weight)) {
		if sum += weight[p]; sum > memory && sum > weight[p] {
			last.to = p
			last = &window{from: p, to: math.MaxInt64}
			all = append(all, last)
			sum = weight[p]
		}
	}
	return all
}

// gather reads the ledger for a window. What cannot be read was named when it was read first.
func (r *run) gather(ctx context.Context, w *window) error {
	w.empty()
	err := ledger.Each(ctx, r.Bucket, func(key string, e ledger.Entry) error {
		w.take(key, e)
		return nil
	}, func(string, error) {})
	r.note(&w.findings)
	return errors.Join(err, ctx.Err())
}

// take keeps what the entry lists for the window.
func (w *window) take(key string, e ledger.Entry) {
	each(e, func(string, error) {}, func(p layout.Partition, name string, lines int64) {
		if !w.holds(p) {
			return
		}
		at := w.rejects
		if _, err := layout.ParseReject(name); err != nil {
			if at = w.listed[p]; at == nil {
				at = map[string]item{}
				w.listed[p] = at
			}
			if _, again := at[name]; again {
				w.again[p] += lines
			}
		}
		was, again := at[name]
		if again && was.lines != lines && lines != unknown && was.lines != unknown {
			w.add(LedgerOpen, nil, key, "it counts %d lines in %s, %s counts %d", lines, name, was.entry, was.lines)
		}
		if !again || was.lines == unknown {
			at[name] = item{lines, key}
		}
	})
}

// each calls f for every fragment of an entry, with its event hour and name, and for every quarantine object, with its arrival hour and
// key; and bad for what is neither.
func each(e ledger.Entry, bad func(name string, err error), f func(p layout.Partition, name string, lines int64)) {
	for _, h := range e.Hours {
		p, err := layout.ParsePartition(h.Partition)
		if err != nil {
			bad(h.Partition, err)
			continue
		}
		for _, x := range h.Fragments {
			if _, err := layout.ParseFragment(layout.RawPrefix(p) + x.Name); err != nil {
				bad(x.Name, err)
				continue
			}
			f(p, x.Name, x.Lines)
		}
	}
	objects := map[string]int{} // by reason: where there are several, the entry does not tell their shares
	for _, key := range e.Rejects {
		if at, err := layout.ParseReject(key); err == nil {
			objects[at.Reason]++
		}
	}
	for _, key := range e.Rejects {
		at, err := layout.ParseReject(key)
		if err != nil {
			bad(key, err)
			continue
		}
		lines := e.Quarantined[at.Reason]
		if objects[at.Reason] > 1 {
			lines = unknown
		}
		f(at.Arrival, key, lines)
	}
}
