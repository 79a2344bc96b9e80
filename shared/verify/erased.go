package verify

import (
	"context"
	"errors"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// readTombstones reads what is erased. It does so before the hours are looked at; what is erased meanwhile, outdated finds.
func (r *run) readTombstones(ctx context.Context) error {
	set, err := r.tombstones.Load(ctx, r.Bucket)
	var found findings
	switch {
	case errors.Is(err, erasure.ErrNewer):
		found.add(NewerFormat, nil, layout.Erasures, "%s", err)
	case errors.Is(err, erasure.ErrBroken), errors.Is(err, bucket.ErrNotFound):
		found.add(ErasureBroken, nil, layout.Erasures, "%s", err)
	case err != nil:
		return err
	}
	if err != nil {
		r.broken.Do(func() { r.note(&found) })
		set = new(erasure.Set)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.buried = set
	return nil
}

// tombstonesOf gives the tombstones if any can match an event of the hour, else nil.
func (r *run) tombstonesOf(p layout.Partition) *erasure.Set {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !p.Start().Before(r.buried.Latest()) {
		return nil
	}
	return r.buried
}

// outdated reads the tombstones anew where events seem to be missing: an erasure that began since may have taken them. Then the hour counts
// as moved.
func (v *visit) outdated(ctx context.Context) error {
	if !v.codes()[EventMissing] {
		return nil
	}
	if err := v.readTombstones(ctx); err != nil {
		return err
	}
	if v.tombstonesOf(v.state.hour) != v.set {
		v.moved = true
	}
	return nil
}

// matches tells whether a tombstone matches the line of an event.
func (v *visit) matches(line []byte, e event.Event) bool {
	if v.set == nil {
		return false
	}
	until, found := v.set.Find(line)
	return found && e.Time.Before(until)
}

// identify gives the id of a line that is known to be good.
func (v *visit) identify(line []byte) (event.ID, bool) {
	id, err := v.decoder.Identify(line)
	return id, err == nil
}

// kept is identify, but for the lines that a tombstone matches.
func (v *visit) kept(line []byte) (event.ID, bool) {
	if v.set == nil {
		return v.identify(line)
	}
	e, err := v.decoder.Inspect(line)
	return e.Fingerprint.ID, err == nil && !v.matches(line, e)
}
