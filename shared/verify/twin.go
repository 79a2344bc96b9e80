package verify

import (
	"context"
	"errors"
	"iter"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
)

// twin is the index of a part, read in step with it.
type twin struct {
	next  func() ([]event.Fingerprint, bool)
	stop  func()
	ahead []event.Fingerprint
	other bool  // it does not go with the part
	ended bool  // it holds nothing more
	count int64 // fingerprints taken
	err   error
}

// startIndex opens the index of the part at hand. One that cannot be used is as good as another part's.
func (r *reading) startIndex(ctx context.Context) *twin {
	x := &twin{stop: func() {}}
	if r.slot.head == nil {
		x.other, x.ended = true, true
		return x
	}
	x.next, x.stop = iter.Pull(func(yield func([]event.Fingerprint) bool) {
		batch := make([]event.Fingerprint, 0, 512) // handing them over one by one would cost more than the comparison
		x.err = r.eachPrint(ctx, r.slot.indexKey(), func(f event.Fingerprint) error {
			if batch = append(batch, f); len(batch) < cap(batch) {
				return nil
			}
			if !yield(batch) {
				return errStop
			}
			batch = batch[:0]
			return nil
		})
		if x.err == nil && len(batch) > 0 {
			yield(batch)
		}
	})
	return x
}

// take gives the next fingerprint.
func (x *twin) take() (event.Fingerprint, bool) {
	if len(x.ahead) == 0 && !x.ended {
		var ok bool
		x.ahead, ok = x.next()
		x.ended = !ok
	}
	if x.ended {
		return event.Fingerprint{}, false
	}
	f := x.ahead[0]
	x.ahead = x.ahead[1:]
	x.count++
	return f, true
}

// compare wants the next fingerprint to be f.
func (x *twin) compare(f event.Fingerprint) {
	if got, ok := x.take(); !ok || got != f {
		x.other = true
	}
}

// pass goes over a line that has no fingerprint.
func (x *twin) pass() { _, _ = x.take() }

// end reads the index to its end, and tells whether it is whole and that of its part of so many lines, as far as those could be read.
func (x *twin) end(lines int64) (bool, error) {
	for ok := true; ok; {
		_, ok = x.take()
	}
	switch {
	case x.err == nil:
		return !x.other && x.count == lines, nil
	case errors.Is(x.err, index.ErrCorrupt), errors.Is(x.err, bucket.ErrNotFound):
		return false, nil
	}
	return false, x.err
}
