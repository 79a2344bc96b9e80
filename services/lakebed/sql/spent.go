package sql

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// atOnce is how many parts are asked at once what they have consumed.
const atOnce = 8

// spentOf gives the keys of the recent fragments of which events_live must show nothing: what was in them is in the listed parts, or was
// erased from them. The parts' indexes name them. Where one is not whole, ids tell what is in the part, and a fragment that holds an erased
// value is left out altogether, until compaction has named it.
func (s *Session) spentOf(ctx context.Context, l look) (map[string]bool, error) {
	recent, partitions := s.recent(l)
	heads, err := s.headsOf(ctx, l.parts, partitions)
	if err != nil {
		return nil, fmt.Errorf("read indexes: %w", err)
	}
	spent, doubtful := map[string]bool{}, map[layout.Partition]bool{}
	for _, slot := range l.parts {
		if !partitions[slot.Partition] {
			continue
		}
		head, whole := heads[slot.Key()]
		doubtful[slot.Partition] = doubtful[slot.Partition] || !whole || head.Rebuilt
		for _, f := range head.Consumed {
			spent[layout.RawPrefix(slot.Partition)+f.Name] = true
		}
	}
	var left []layout.Fragment
	for _, f := range recent {
		if doubtful[f.Partition] && !spent[f.Key()] {
			left = append(left, f)
		}
	}
	return spent, s.doubt(ctx, left, spent)
}

// headsOf reads the heads of the indexes of the parts of partitions, as far as they are whole, each once in a session.
func (s *Session) headsOf(ctx context.Context, parts []layout.Slot, partitions map[layout.Partition]bool) (map[string]index.Head, error) {
	heads := map[string]index.Head{}
	var mutex sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(atOnce)
	for _, slot := range parts {
		if !partitions[slot.Partition] {
			continue
		}
		head, whole := s.observed.heads[slot.Key()]
		group.Go(func() (err error) {
			if !whole {
				head, whole, err = readHead(ctx, s.lake.Bucket, slot)
			}
			if whole {
				mutex.Lock()
				defer mutex.Unlock()
				heads[slot.Key()] = head
			}
			return err
		})
	}
	if err := group.Wait(); err != nil {
		return nil, err
	}
	s.observed.heads = heads
	return heads, nil
}

// readHead reads the head of the index of the very part in a slot, if it is whole. What is no data has consumed nothing.
func readHead(ctx context.Context, b bucket.Bucket, slot layout.Slot) (head index.Head, whole bool, err error) {
	h, _, err := part.ReadHeader(ctx, b, slot.Key())
	if errors.Is(err, part.ErrFormat) {
		return head, false, nil
	}
	if err != nil || h.Kind != part.Data {
		return head, err == nil, err
	}
	head, err = index.ReadHead(ctx, b, layout.Index{Slot: slot, Inputs: h.Inputs}.Key())
	if errors.Is(err, bucket.ErrNotFound) || errors.Is(err, index.ErrCorrupt) || err == nil && head.Count != h.Events {
		return index.Head{}, false, nil
	}
	return head, err == nil, err
}

// doubt adds those of the fragments to spent that hold a line with an erased value. The tombstones lie there before the first part without
// the event does, so they are read after the parts were listed.
func (s *Session) doubt(ctx context.Context, fragments []layout.Fragment, spent map[string]bool) error {
	if len(fragments) == 0 {
		return nil
	}
	set, err := erasure.Load(ctx, s.lake.Bucket)
	if err != nil || set.Empty() {
		return err
	}
	for _, f := range fragments {
		holds, err := holdsErased(ctx, s.lake.Bucket, f, set)
		if err != nil {
			return fmt.Errorf("look for what was erased in %s: %w", f.Key(), err)
		}
		spent[f.Key()] = holds
	}
	return nil
}

func holdsErased(ctx context.Context, b bucket.Bucket, f layout.Fragment, set *erasure.Set) (bool, error) {
	lines, err := part.Open(ctx, b, f.Key(), f.Gzip)
	if err != nil {
		return false, err
	}
	defer lines.Close()
	for lines.Next() {
		if until, found := set.Find(lines.Bytes()); found && f.Partition.Start().Before(until) {
			return true, nil
		}
	}
	return false, lines.Err()
}
