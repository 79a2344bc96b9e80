package verify

import (
	"context"
	"errors"
	"time"

	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/layout"
)

// tries is how often an hour that moves is looked at before what was found each time is taken for true.
const tries = 3

// visit is one try at an hour: what was seen, found and counted.
type visit struct {
	*worker
	findings
	window *window
	set    *erasure.Set // nil where no tombstone can match
	state  *state
	moved  bool // something that was listed was gone when it was read

	// Of the parts.
	parts                      int
	partBytes                  int64
	events                     int64 // lines read, or, of a part that cannot be read, what its header says
	merged, dropped, conflicts int64
	erased                     int64
	sum                        uint64
	credit                     int64 // lines merged from fragments whose names are lost
	partial                    bool  // not every id of the generation is known

	// Of the fragments.
	waiting   int
	waitLines int64
	overdue   int
	unsettled int64
	again     int64

	sifting bool // ids are sifted while they are read for the first time
	sifted  findings
	fresh   int64 // new ids in fragments that wait
}

// verify proves one hour. What moves while it is read is looked at again, so that no step of a compaction under way is taken for a fault: a
// finding counts when nothing moved between the look it came from and the next, or when its like came up at each try.
func (k *worker) verify(ctx context.Context, w *window, p layout.Partition) error {
	var each map[Code]bool
	for try := 1; ; try++ {
		v := &visit{worker: k, window: w, set: k.tombstonesOf(p), state: &state{hour: p}}
		if err := v.prove(ctx); err != nil {
			return err
		}
		if err := v.outdated(ctx); err != nil {
			return err
		}
		moved := v.moved
		if !moved && len(v.list) > 0 {
			if err := v.wait(ctx); err != nil {
				return err
			}
			again := &state{hour: p}
			if err := k.enumerate(ctx, again, nil); err != nil {
				return err
			}
			moved = again.mark != v.state.mark
		}
		found := v.codes()
		if each == nil {
			each = found
		}
		for c := range each {
			if !found[c] {
				delete(each, c)
			}
		}
		if moved && try < tries {
			continue
		}
		if moved {
			v.keep(each)
		}
		k.passed(v)
		return nil
	}
}

// wait gives a compactor that has sealed a generation just now the time to publish its successor.
func (v *visit) wait(ctx context.Context) error {
	s := v.state
	if !v.codes()[Location] || len(s.chain) < 2 || v.Now.Sub(s.sealed()) > time.Minute {
		return nil
	}
	t := time.NewTimer(200 * time.Millisecond)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// prove is one try.
func (v *visit) prove(ctx context.Context) error {
	if err := v.look(ctx); err != nil {
		return err
	}
	if v.state.lost {
		return nil // without a current generation nothing more can be said of the hour
	}
	v.beginSifting()
	for _, step := range []func(context.Context) error{v.readParts, v.readFragments, v.sift} {
		if err := step(ctx); err != nil {
			return err
		}
	}
	v.balance()
	v.checkCatalog()
	v.checkGarbage()
	return nil
}

// errStop ends a reading early, without a fault.
var errStop = errors.New("enough")
