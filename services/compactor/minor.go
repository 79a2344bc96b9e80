package compactor

import (
	"context"
	"errors"
	"sync"

	"github.com/lakebed/lakebed/shared/layout"
)

// minor merges the lane's fragments that are not merged yet into the next slot, or, beyond the target size or the deadline, one part of
// them: the next step takes up the rest. Ids that the generation has already are dropped, so that merging a fragment twice changes nothing.
func (v *visit) minor(ctx context.Context, s *state, lane layout.Lane) (err error) {
	c, _ := chunks.Get().(*chunk)
	defer func() {
		c.clear()
		chunks.Put(c)
	}()
	m, err := v.newMerge(ctx, s, lane, c)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, m.close()) }()
	if err := m.addAll(ctx, s); err != nil {
		return err
	}
	if len(m.consumed) == 0 {
		return nil // every one was broken; the visit passes over them from now on
	}
	return m.commit(ctx, s)
}

var chunks = sync.Pool{New: func() any { return new(chunk) }}

// addAll merges the pending fragments in order. One that is broken is passed over.
func (m *merge) addAll(ctx context.Context, s *state) error {
	pending := m.pending(s)
	m.chunk.reserve(pending, m.config.Memory)
	for len(pending) > 0 {
		m.left = pending
		n, bytes := m.fit(pending)
		if len(m.fragments) == 0 && m.sieve == nil && n < len(pending) {
			if err := m.sift(ctx, pending); err != nil {
				return err
			}
		}
		var err error
		if n > 0 {
			n, err = m.addBatch(ctx, pending[:n], bytes)
		} else {
			n = 1
			err = m.addHuge(ctx, pending[0])
		}
		if err = m.toBroken(pending[0], err); err != nil {
			return err
		}
		if err := m.flush(ctx); err != nil {
			return err
		}
		if m.full() || late(m.deadline) {
			break
		}
		pending = pending[n:]
	}
	return m.resolve(ctx)
}

// textual is the share of memory that fragments take up as they are stored.
func textual(memory int64) int64 { return memory / 4 * 3 }

// reserve makes room for the fragments, as far as memory goes: once, since text that is outgrown would lie about for a while.
func (c *chunk) reserve(pending []fragment, memory int64) {
	bytes := int64(0)
	for i := range pending {
		if size := pending[i].object.Size; size <= textual(memory) {
			bytes += size
		}
	}
	if bytes = min(bytes, textual(memory)); int64(cap(c.text)) < bytes {
		clear(c.packed[:cap(c.packed)]) // it points into the text
		c.text = nil
		c.text = make([]byte, bytes)
	}
}

// passOver leaves an object that cannot be merged where it is, and reports it once a visit.
func (v *visit) passOver(key string, err error) {
	if !v.broken[key] {
		v.result.Broken = append(v.result.Broken, Broken{key, err})
	}
	v.broken[key] = true
}

// pending gives the fragments of the lane that are to be merged, in order.
func (m *merge) pending(s *state) []fragment {
	var all []fragment
	for _, f := range s.fragments {
		if f.pending() && m.lane.Overlaps(f.Lane) {
			all = append(all, f)
		}
	}
	return all
}

// fit tells how many fragments are read at once, and how many bytes they have: as many as the memory for text holds, and as bring the part about
// to its size. It is none where the first alone is too large.
func (m *merge) fit(pending []fragment) (n int, bytes int64) {
	grown := m.part.Size()
	for n < len(pending) && grown < m.config.Policy.Target {
		f := &pending[n]
		if bytes+f.object.Size > textual(m.config.Memory) {
			break
		}
		bytes += f.object.Size
		grown += f.packedSize()
		n++
	}
	return n, bytes
}

// packedSize is about what a fragment adds to a part.
func (f *fragment) packedSize() int64 {
	if f.Gzip {
		return f.object.Size
	}
	return f.object.Size / 8
}

// readAhead is how many fragments are fetched at once: thousands of small requests cost more than their bytes.
const readAhead = 32

// addBatch adds fragments, which have so many bytes, and tells how many: not all where the part is full or time runs out. No read outlives it: where the
// process is frozen between two invocations, one would go on in the next.
func (m *merge) addBatch(ctx context.Context, batch []fragment, bytes int64) (int, error) {
	var reads sync.WaitGroup
	defer reads.Wait()
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	m.chunk.text = m.chunk.text[:bytes]
	flying := make([]chan error, len(batch))
	starts := make([]int, len(batch)+1)
	for n, next := 0, 0; n < len(batch); n++ {
		for ; next < len(batch) && next < n+readAhead; next++ {
			starts[next+1] = starts[next] + int(batch[next].object.Size)
			f, text, done := batch[next], m.chunk.text[starts[next]:starts[next+1]], make(chan error, 1)
			flying[next] = done
			reads.Go(func() { done <- m.read(ctx, f, text) })
		}
		err := <-flying[n]
		if err == nil {
			err = m.add(ctx, batch[n], starts[n], starts[n+1])
		}
		if err = m.toBroken(batch[n], err); err != nil {
			return n, err
		}
		if m.full() || late(m.deadline) {
			return n + 1, nil
		}
	}
	return len(batch), nil
}

// toBroken passes over a fragment that turned out broken; any other error stays one. Only this visit knows of it: to those of other lanes it counts as
// pending, so this one takes on all of the hour.
func (m *merge) toBroken(f fragment, err error) error {
	if errors.Is(err, errBroken) {
		m.passOver(f.Key(), err)
		m.visit.lane, m.visit.only = "", false
		return nil
	}
	return err
}
