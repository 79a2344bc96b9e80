// Package verify proves from the bucket alone that a lake keeps its promises, and names each one that it does not keep. It reads
// everything and writes nothing.
//
// It may run while ingest and compaction go on. It reads the ledger before it lists anything, and fragments before slots, so that whatever
// is seen promised was there to be found; and an hour in which something is amiss is looked at again until nothing moved meanwhile.
//
// Events that a tombstone matches (see package erasure) are missing nowhere.
//
// The steps are: read the ledger and the tombstones, survey the bucket, then for each hour look (walk the seals, read the heads of the indexes), read its
// parts and fragments, sift its ids, balance it against the ledger, and check catalog and garbage. The quarantine is read beside.
package verify

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// Lake is what is to be verified, and the settings that it is run with.
type Lake struct {
	Bucket  bucket.Bucket
	Catalog catalog.Catalog
	Mapping event.Mapping

	Grace        time.Duration // how long readers may use what is no longer current
	Bound        time.Duration // within which a catalog write lands after the look it was decided by; 0 where the catalog compares
	Live         time.Duration // how far back events_live reads fragments
	LongestQuery time.Duration
	Retention    time.Duration // after which quarantine objects may be gone; 0: they are kept for ever

	Now      time.Time
	Memory   int64 // bytes for ids and for the ledger's lists, over all workers; 0: 64 MiB. The listing of an hour comes on top.
	Parallel int   // hours read at once; 0: one for each processor
}

// DefaultMemory is used where a Lake gives none.
const DefaultMemory = 64 << 20

// leastMemory is what a worker needs for ids, so that the passes over a large hour stay few.
const leastMemory = 1 << 12

// Progress tells how far a run is.
type Progress struct {
	Done, Total int   // hours
	Events      int64 // read from parts
	Bytes       int64 // read from the bucket
}

// Run verifies a lake. The error says that the lake could not be read; what is wrong with it is in the report. progress may be nil; it is
// called once an hour, never twice at a time.
func Run(ctx context.Context, lake Lake, progress func(Progress)) (Report, error) {
	if _, err := event.NewDecoder(lake.Mapping, 0); err != nil {
		return Report{}, err
	}
	if lake.Memory <= 0 {
		lake.Memory = DefaultMemory
	}
	if lake.Parallel <= 0 {
		lake.Parallel = runtime.GOMAXPROCS(0)
	}
	r := &run{Lake: lake, progress: progress, report: newReport(), hours: map[layout.Partition]*HourAccount{}, marked: map[layout.Partition]bool{}}
	steps := []struct {
		verb string
		do   func(context.Context) error
	}{{"read ledger", r.readLedger}, {"read tombstones", r.readTombstones}, {"survey", r.survey}, {"verify hours", r.verifyHours}}
	for _, s := range steps {
		if err := s.do(ctx); err != nil {
			return r.finish(), fmt.Errorf("%s: %w", s.verb, err)
		}
	}
	return r.finish(), nil
}

// verifyHours goes through the windows of the ledger, which is read anew for each but the first.
func (r *run) verifyHours(ctx context.Context) error {
	for i, w := range r.windows {
		if w.listed == nil {
			if err := r.gather(ctx, w); err != nil {
				return err
			}
		}
		if err := errors.Join(r.checkRejects(ctx, w), r.visitAll(ctx, w)); err != nil {
			return err
		}
		r.windows[i] = nil
	}
	return nil
}

// visitAll has the workers visit the hours of a window.
func (r *run) visitAll(ctx context.Context, w *window) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	queue := make(chan layout.Partition)
	ended := make(chan struct{})
	for range r.Parallel {
		go func() {
			defer func() { ended <- struct{}{} }()
			k, err := r.newWorker()
			for p := range queue {
				if err == nil {
					err = k.verify(ctx, w, p)
				}
				if err != nil {
					stop(err)
				}
			}
		}()
	}
	for _, p := range r.partitions {
		if !w.holds(p) {
			continue
		}
		select {
		case queue <- p:
			continue
		case <-ctx.Done():
		}
		break
	}
	close(queue)
	for range r.Parallel {
		<-ended
	}
	return context.Cause(ctx)
}

// finish puts the report in order.
func (r *run) finish() Report {
	for _, p := range slices.Sorted(keysOf(r.hours)) {
		r.report.Hours = append(r.report.Hours, *r.hours[p])
	}
	r.report.close()
	return r.report
}
