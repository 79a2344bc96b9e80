package compactor

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// commit makes the merged part visible. The order is the argument:
//
//  1. the catalog can read what the part will hold: until then nobody may see it;
//  2. what is in conflict lies in quarantine: the part's header will count it;
//  3. the index lies beside the slot: once the part is there, its fragments are known as consumed. An index without its part counts for
//     nothing;
//  4. the slot is created, if it is free: the one act by which readers see the part.
//
// A crash before 4 leaves only what is written again; after 4 nothing is left to do.
func (m *merge) commit(ctx context.Context, s *state) error {
	if m.header.Erased > 0 {
		m.inputs = append(m.inputs, fmt.Sprintf("erased %016x", m.erased.Sum64()))
	}
	order, err := m.index.Sum() // it differs with the memory and the target: an index is of no part but its own
	if err != nil {
		return err
	}
	m.header.Inputs = hashInputs("minor", append(m.inputs, fmt.Sprintf("order %016x", order))...)
	if err := m.part.Finish(m.header); err != nil {
		return err
	}
	if err := m.evolve(ctx, m.table, m.schema); err != nil {
		return fmt.Errorf("evolve table: %w", err)
	}
	if err := m.quarantine(ctx); err != nil {
		return err
	}
	at := layout.Slot{Partition: m.partition, Generation: s.current().name, Number: len(s.current().slots)}
	for {
		if at.Number++; at.Number > layout.MaxSlots {
			return fmt.Errorf("generation %s is full", at.Generation)
		}
		if err := m.putIndex(ctx, at); err != nil {
			return err
		}
		taken, err := m.create(ctx, at, m.header, m.part.Open)
		switch {
		case err != nil:
			return err
		case taken == nil:
			m.count()
			return nil
		case taken.Kind != part.Data || taken.Lane.Overlaps(m.lane):
			return errLost // sealed, or somebody merged events that this part may hold too
		}
	}
}

// quarantine stores the conflicts, without what was erased since the merge began: whoever erased went through the quarantine before they come there.
func (m *merge) quarantine(ctx context.Context) error {
	if len(m.conflicts) == 0 {
		return nil
	}
	set, err := m.tombstones.Load(ctx, m.bucket)
	if err != nil {
		return err
	}
	e := eraser{set, m.partition, m.decoder}
	for _, k := range slices.Sorted(maps.Keys(m.conflicts)) {
		all, f := m.conflicts[k], m.fragments[k]
		slices.SortFunc(all, func(a, b refusal) int { return cmp.Compare(a.number, b.number) }) // the same object, whenever each was found out
		var rejects []quarantine.Reject
		for i, size := 0, 0; i < len(all); i++ {
			text := make([]byte, all[i].size)
			if _, err := m.refused.ReadAt(text, all[i].at); err != nil {
				return fmt.Errorf("read spooled conflicts: %w", err)
			}
			r := quarantine.Reject{
				Reason: event.IDConflict, Detail: "another event with this id and another body was stored before",
				Shard: f.Shard, Sequence: f.First, Position: int(all[i].number), Arrival: f.object.Modified, Data: text,
			}
			gone, err := e.match(text)
			if err != nil {
				return err
			}
			if gone {
				r.Blank()
			}
			rejects = append(rejects, r)
			if size += len(text) + refusalRoom; size < quarantined && i < len(all)-1 {
				continue
			}
			if _, err := quarantine.Put(ctx, m.bucket, f.Span, rejects); err != nil {
				return err
			}
			rejects, size = rejects[:0], 0
		}
	}
	return nil
}

// quarantined is how many bytes of a fragment's conflicts come into one object: always the same, so that a merge that is repeated puts the same objects.
const quarantined = 1 << 20

func (m *merge) putIndex(ctx context.Context, at layout.Slot) error {
	r, err := m.index.Open(m.consumed, false)
	if err != nil {
		return err
	}
	key := layout.Index{Slot: at, Inputs: m.header.Inputs}.Key()
	if _, err := m.bucket.Put(ctx, key, r, bucket.Condition{}); err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

func (m *merge) count() {
	r := m.result
	r.Minors++
	r.Fragments += m.header.Fragments
	r.Lines += m.header.Lines
	r.Events += m.part.Lines()
	r.Duplicates += m.header.Duplicates
	r.Conflicts += m.header.Conflicts
	r.Erased += m.header.Erased
	r.BytesIn += m.bytes
	r.RawBytes += m.part.Raw()
	r.BytesNew += m.part.Size()
}

// tries is how often a create whose outcome is unknown is looked into and tried again.
const tries = 3

// create fills a slot, if it is free. It gives nil when the slot holds this very part: created now, or by an earlier call whose reply was
// lost, or by a twin that did the same. Else it gives the header of what took the slot.
func (v *visit) create(ctx context.Context, at layout.Slot, h part.Header, open func() (io.Reader, error)) (*part.Header, error) {
	var failed error
	for try := range tries {
		body, err := open()
		if err != nil {
			return nil, err
		}
		_, err = v.bucket.Put(ctx, at.Key(), body, bucket.Condition{Absent: true})
		if err == nil {
			return nil, nil
		}
		failed = err // taken, or nobody knows whether it landed: look
		there, _, lookErr := part.ReadHeader(ctx, v.bucket, at.Key())
		switch {
		case lookErr == nil && there.Kind == h.Kind && there.Inputs == h.Inputs && there.Next == h.Next:
			return nil, nil
		case lookErr == nil:
			return &there, nil
		case !errors.Is(lookErr, bucket.ErrNotFound):
			return nil, errors.Join(failed, lookErr)
		}
		if err := sleep(ctx, time.Duration(try+1)*50*time.Millisecond); err != nil {
			return nil, err
		}
	}
	return nil, fmt.Errorf("create %s: %w", at.Key(), failed)
}

func sleep(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

// fixed gives the same bytes at every opening.
func fixed(b []byte) func() (io.Reader, error) {
	return func() (io.Reader, error) { return bytes.NewReader(b), nil }
}
