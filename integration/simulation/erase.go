package simulation

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// key is the lake's own, made beforehand: one made at random would be another in each run of a seed.
const key = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n"

// erase takes all events of one id out of the lake, as `lakebed erase` does. From its begin on they may be gone; once it has ended well they
// are, and never come back.
func (w *World) erase() {
	if len(w.source.documents) == 0 {
		return
	}
	id := idOf(oneOf(w.rng, w.source.documents...))
	w.model.leaving[id] = true
	w.met["erasures"]++
	until := w.now().Add(24 * time.Hour)
	w.note("SOMEBODY", "erases %s", id)
	p := w.spawn("erase", w.CompactFaults, func(p *process) error {
		set, err := p.bury(until, id)
		if err != nil {
			return err
		}
		return p.unearth(set)
	})
	p.done = func(err error) {
		if err == nil {
			w.met["erasures done"]++
			w.erased(id)
		}
	}
}

// bury puts tombstones, and reads all that there are.
func (p *process) bury(until time.Time, ids ...string) (*erasure.Set, error) {
	if _, err := erasure.Add(p.ctx, p.bucket, "event_uuid", ids, until); err != nil {
		return nil, err
	}
	return erasure.Load(p.ctx, p.bucket)
}

// unearth rewrites the hours that nobody damaged.
func (p *process) unearth(set *erasure.Set) error {
	c, err := p.compactor()
	if err != nil {
		return err
	}
	for _, hour := range p.Hours {
		if p.model.damaged[hour] {
			continue
		}
		r, err := c.Erase(p.ctx, hour, set, false)
		if err := p.told(r.Result, err); err != nil {
			return err
		}
	}
	return nil
}

// erased notes that ids are gone for good.
func (w *World) erased(ids ...string) {
	for _, id := range ids {
		w.model.gone[id] = true
	}
	for _, hour := range w.Hours {
		w.checkHour(hour)
	}
}

// eraseAgain does once more what was broken off, and goes through the quarantine, where late copies may have come since.
func (w *World) eraseAgain() {
	ids := slices.Sorted(maps.Keys(w.model.leaving))
	if len(ids) == 0 {
		return
	}
	until := w.now().Add(24 * time.Hour)
	p := w.spawn("erase", 0, func(p *process) error {
		set, err := p.bury(until, ids...)
		if err == nil {
			err = p.unearth(set)
		}
		for o, listed := range p.bucket.List(p.ctx, layout.Quarantine, "") {
			if err = errors.Join(err, listed); err != nil {
				return err
			}
			_, err = quarantine.Erase(p.ctx, p.bucket, o.Key, func(r quarantine.Reject) bool {
				_, found, _ := set.In(r.Data)
				return found && !r.Erased
			})
		}
		return err
	})
	w.must(p)
	w.finish()
	w.erased(ids...)
}

// begin makes the lake's key.
func (w *World) begin() {
	if _, err := w.store.Put(w.root(), layout.ErasureKey, strings.NewReader(key), bucket.Condition{Absent: true}); err != nil {
		w.breach("make key: %w", err)
	}
}

// checkErased wants nothing of what was erased to be left at rest: not in a part of any generation, and in no fragment.
func (w *World) checkErased() {
	for _, o := range slices.Concat(w.objects(layout.Events), w.objects(layout.Raw)) {
		text, err := w.read(o.Key)
		if err != nil {
			w.breach("%w", err)
			return
		}
		rows, err := rowsOf(o.Key, text, strings.HasSuffix(o.Key, ".gz"))
		if err != nil {
			w.breach("%w", err)
			return
		}
		for id := range rows {
			if w.model.gone[id] {
				w.breach("%s was erased, and lies in %s", id, o.Key)
				return
			}
		}
	}
}
