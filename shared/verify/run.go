package verify

import (
	"iter"
	"maps"
	"sync"

	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/layout"
)

// run is one verification under way.
type run struct {
	Lake
	partitions []layout.Partition // every hour that the bucket, the catalog or the ledger knows, in order
	windows    []*window
	marked     map[layout.Partition]bool // hours that compaction visits though they have no fragments

	tombstones erasure.Cache
	broken     sync.Once // that tombstones cannot be read is told once

	mu       sync.Mutex
	buried   *erasure.Set // all tombstones, as they were last read
	report   Report
	hours    map[layout.Partition]*HourAccount
	at       Progress
	progress func(Progress)
}

// hour gives the account of an hour. The caller holds mu or is alone.
func (r *run) hour(p layout.Partition) *HourAccount {
	h := r.hours[p]
	if h == nil {
		h = &HourAccount{Partition: p.String()}
		r.hours[p] = h
	}
	return h
}

// note adds findings to the report.
func (r *run) note(f *findings) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.take(f)
}

// passed says that an hour is done.
func (r *run) passed(v *visit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.report.add(v)
	v.account(r.hour(v.state.hour))
	r.report.take(&v.findings)
	r.at.Done++
	r.at.Total = len(r.partitions)
	r.at.Events += v.events
	r.at.Bytes += v.bytes
	v.bytes = 0
	if r.progress != nil {
		r.progress(r.at)
	}
}

func keysOf[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }
