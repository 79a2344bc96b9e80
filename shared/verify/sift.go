package verify

import (
	"context"
	"errors"
	"fmt"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
)

// Sifting passes every id of the hour by the table: those of the parts have to be new, those of fragments that were merged have to be there,
// and those of fragments that wait are counted when they are new. An hour whose ids fit into the table is sifted while it is read; of any
// other, or where something turned out to be broken meanwhile, the ids are read again, a share of them at a time, so that the answer is
// exact in memory that does not grow with the hour.

// beginSifting decides whether the ids will fit.
func (v *visit) beginSifting() {
	n := int64(0)
	for _, d := range v.state.current().data() {
		n += d.Events
	}
	for _, f := range v.state.fragments {
		if l, ok := v.window.listed[f.Partition][f.Name()]; ok && !f.consumed {
			n += l.lines
		}
	}
	v.sifting = n <= v.ids.room()
	v.startPass(prefix{}, n)
}

func (v *visit) startPass(p prefix, n int64) {
	v.ids.reset(p, n)
	v.sifted, v.fresh = findings{}, 0
}

// siftStored takes the id of an event of a part.
func (v *visit) siftStored(id event.ID, key string, line int64) {
	if !v.sifting {
		return
	}
	hash := v.ids.hash(id)
	if !v.ids.holds(hash) {
		return
	}
	fresh, ok := v.ids.add(id, hash)
	v.sifting = ok
	if ok && !fresh {
		v.sifted.add(IDTwice, v.state.hour, key, "line %d: the event with the id %s stands in the generation before it already", line, name(id))
	}
}

// siftFragment takes the id of an event of a fragment.
func (v *visit) siftFragment(f *fragment, id event.ID, line int64) {
	if !v.sifting {
		return
	}
	hash := v.ids.hash(id)
	if !v.ids.holds(hash) {
		return
	}
	if f.consumed {
		if !v.partial && !v.ids.has(id, hash) {
			v.sifted.add(EventMissing, v.state.hour, f.Key(), "it counts as merged, and the event of its line %d, with the id %s, is not in %s",
				line, name(id), v.state.current().name)
		}
		return
	}
	fresh, ok := v.ids.add(id, hash)
	v.sifting = ok
	if ok && fresh {
		v.fresh++
	}
}

// name spells an id as a UUID's 128 bits.
func name(id event.ID) string {
	return fmt.Sprintf("%x-%x-%x-%x-%x", id[:4], id[4:6], id[6:8], id[8:10], id[10:])
}

// maxBits is how small a share can become; smaller ones mean that the hash does not spread.
const maxBits = 40

// sift makes the passes that are still needed.
func (v *visit) sift(ctx context.Context) error {
	if v.sifting {
		v.merge(&v.sifted)
		return nil
	}
	n := v.events + v.waitLines
	bits := uint(0)
	for n>>bits > v.ids.room()*7/8 { // shares differ a little in size
		bits++
	}
	var found findings
	fresh := int64(0)
	for todo := prefixes(bits); len(todo) > 0; {
		p := todo[len(todo)-1]
		todo = todo[:len(todo)-1]
		v.sifting = true
		v.startPass(p, n>>bits+n>>bits/8)
		err := v.pass(ctx)
		switch {
		case errors.Is(err, errStop) && p.bits >= maxBits:
			return fmt.Errorf("sift ids of %s: no room for %d of them", v.state.hour, n)
		case errors.Is(err, errStop):
			h := p.halves()
			todo = append(todo, h[:]...)
			continue
		case err != nil:
			return err
		}
		found.merge(&v.sifted)
		fresh += v.fresh
	}
	v.fresh = fresh
	v.merge(&found)
	return nil
}

// pass reads the ids of one share. errStop says that they did not fit.
func (v *visit) pass(ctx context.Context) error {
	for _, d := range v.state.current().data() {
		if err := v.passPart(ctx, d); err != nil {
			return err
		}
	}
	for i := range v.state.fragments {
		f := &v.state.fragments[i]
		if !f.whole {
			continue
		}
		err := v.eachID(ctx, f.Key(), f.Gzip, v.kept, func(id event.ID, n int64) { v.siftFragment(f, id, n) })
		if err != nil {
			return err
		}
	}
	return nil
}

// passPart takes the ids from the index where it is known to hold them.
func (v *visit) passPart(ctx context.Context, d *slot) error {
	take := func(id event.ID, n int64) { v.siftStored(id, d.object.Key, n) }
	if !d.exact {
		if d.broken {
			return nil
		}
		return v.eachID(ctx, d.object.Key, true, v.identify, take)
	}
	n := int64(0)
	err := v.eachPrint(ctx, d.indexKey(), func(f event.Fingerprint) error {
		n++
		take(f.ID, n)
		return v.full()
	})
	if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, index.ErrCorrupt) {
		v.moved = true // it was whole a moment ago
		return nil
	}
	return err
}

// eachID reads the ids that of gives for the lines of an object that was found whole.
func (v *visit) eachID(ctx context.Context, key string, gz bool, of func(line []byte) (event.ID, bool), take func(id event.ID, n int64)) error {
	_, err := v.eachLine(ctx, key, gz, func(n int64, line []byte) error {
		if id, ok := of(line); ok {
			take(id, n)
		}
		return v.full()
	})
	var bad *damage
	if errors.Is(err, bucket.ErrNotFound) || errors.As(err, &bad) {
		v.moved = true
		return nil
	}
	return err
}

func (v *visit) full() error {
	if v.sifting {
		return nil
	}
	return errStop
}
