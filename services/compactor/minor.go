package compactor

import (
	"context"
	"errors"
	"iter"
	"slices"
	"sync"

	"github.com/lakebed/lakebed/shared/layout"
)

// minor merges the lane's fragments that are not merged yet into the next slot, or, beyond the target size or the deadline, one part of
// them: the next step takes up the rest. Ids that the generation has already are dropped, so that merging a fragment twice changes nothing.
func (v *visit) minor(ctx context.Context, s *state, lane layout.Lane) (err error) {
	c, _ := chunks.Get().(*chunk)
	defer func() {
		c.reset()
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
	pending, bytes := m.pending(s)
	m.chunk.text = slices.Grow(m.chunk.text, int(min(bytes, m.config.Memory))) // else it is copied again and again while it grows
	for f, load := range m.ahead(ctx, pending) {
		text, err := load()
		if err == nil {
			err = m.add(ctx, f, text)
		}
		if errors.Is(err, errHuge) {
			err = m.addHuge(ctx, f)
		}
		if errors.Is(err, errBroken) {
			m.passOver(f.Key(), err)
			err = nil
		}
		if err != nil {
			return err
		}
		if m.full() || late(m.deadline) {
			break
		}
	}
	return m.flush(ctx)
}

// passOver leaves an object that cannot be merged where it is, and reports it once a visit.
func (v *visit) passOver(key string, err error) {
	if !v.broken[key] {
		v.result.Broken = append(v.result.Broken, Broken{key, err})
	}
	v.broken[key] = true
}

// readAhead is how many fragments are fetched at once, as far as a quarter of the memory holds them: thousands of small requests cost
// more than their bytes.
const readAhead = 8

// pending gives the fragments of the lane that are to be merged, in order, and about how many bytes of lines they have.
func (m *merge) pending(s *state) (all []fragment, bytes int64) {
	for _, f := range s.fragments {
		if f.pending() && m.lane.Overlaps(f.Lane) {
			all = append(all, f)
			if bytes += f.object.Size; f.Gzip {
				bytes += 4 * f.object.Size
			}
		}
	}
	return all, bytes
}

// ahead gives fragments, each with a function that waits for its text. No read outlives it: where the process is frozen between two
// invocations, one would go on in the next.
func (m *merge) ahead(ctx context.Context, pending []fragment) iter.Seq2[fragment, func() ([]byte, error)] {
	return func(yield func(fragment, func() ([]byte, error)) bool) {
		var reads sync.WaitGroup
		defer reads.Wait()
		ctx, stop := context.WithCancel(ctx)
		defer stop()
		type loaded struct {
			text []byte
			err  error
		}
		var flying []chan loaded
		bytes := int64(0)
		for n, next := 0, 0; n < len(pending); n++ {
			for ; next < len(pending) && next < n+readAhead && (next == n || bytes+pending[next].object.Size <= m.config.Memory/4); next++ {
				f, to := pending[next], make(chan loaded, 1)
				flying = append(flying, to)
				bytes += f.object.Size
				reads.Go(func() {
					text, err := m.read(ctx, f)
					to <- loaded{text, err}
				})
			}
			from := flying[n]
			flying[n] = nil
			bytes -= pending[n].object.Size
			if !yield(pending[n], func() ([]byte, error) { l := <-from; return l.text, l.err }) {
				return
			}
		}
	}
}
