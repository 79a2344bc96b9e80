package sql

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// look is what lies in the lake at one instant, as keys in order.
type look struct {
	fragments []layout.Fragment
	parts     []layout.Slot
	lost      []lostHour // of which parts are gone
	rejects   []string
	columns   []schema.Field           // that the catalog declares
	wide      []schema.Field           // those, widened by what the fragments hold
	spent     map[string]bool          // keys of the recent fragments that events_live leaves out
	objects   map[string]bucket.Object // all of these by key, where they have to be brought
}

// Refresh makes the views anew, as a reader would see the lake now. The fragments are read for their columns' types when a statement of
// this session has named events_raw or events_live, each once. An error leaves the views as they were.
func (s *Session) Refresh(ctx context.Context) error {
	err := s.refresh(ctx)
	if s.vanished(err) || errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrChanged) { // between the look and the making
		err = s.refresh(ctx)
	}
	return err
}

func (s *Session) refresh(ctx context.Context) error {
	l, err := s.look(ctx)
	if err != nil {
		return fmt.Errorf("look at the lake: %w", err)
	}
	if s.lake.Bring != nil {
		if err := s.lake.Bring(ctx, s.wanted(l)); err != nil {
			return err
		}
	}
	if err := s.views.Exec(ctx, s.viewsOf(l)); err != nil {
		// What failed may have left the transaction open. It has nothing in it that is worth an error of its own.
		_ = s.views.Exec(context.WithoutCancel(ctx), "ROLLBACK")
		return fmt.Errorf("make the views: %w", err)
	}
	return nil
}

// look lists the lake in the order in which events travel backwards: an event that moves on meanwhile is seen twice, which events_live
// mends, and never missed. A fragment goes only when a part has long held its events, so the fragments come before the parts; a column is
// declared before the data that needs it is visible, so the columns come last. What the parts have consumed their own indexes tell, which lie
// there before them: whatever is merged meanwhile, a fragment is left out for the sake of parts that are listed.
func (s *Session) look(ctx context.Context) (l look, err error) {
	l.objects = map[string]bucket.Object{}
	for o, err := range s.list(ctx, layout.Raw, l.objects) {
		if err != nil {
			return l, err
		}
		if f, err := layout.ParseFragment(o.Key); err == nil && s.shows(f.Partition) {
			l.fragments = append(l.fragments, f)
		}
	}
	for o, err := range s.list(ctx, layout.Quarantine, l.objects) {
		if err != nil {
			return l, err
		}
		if r, err := layout.ParseReject(o.Key); err == nil && s.shows(r.Arrival) {
			l.rejects = append(l.rejects, o.Key)
		}
	}
	partitions, err := s.lake.Catalog.Partitions(ctx)
	if err != nil {
		return l, err
	}
	filled := map[layout.Partition]bool{}
	if l.parts, err = s.parts(s.list(ctx, layout.Events, l.objects), partitions, filled); err != nil {
		return l, err
	}
	if l.lost, err = s.lostHours(ctx, l, partitions, filled); err != nil {
		return l, err
	}
	table, err := s.lake.Catalog.Table(ctx)
	if err != nil {
		return l, err
	}
	declared := make([]schema.Field, len(table.Columns))
	for i, c := range table.Columns {
		declared[i] = c.Field
	}
	l.columns = schema.Declared(declared)
	l.wide = l.columns
	if s.named[EventsRaw] || s.named[EventsLive] {
		if l.fragments, l.wide, err = s.widen(ctx, l.fragments, declared); err != nil {
			return l, err
		}
	}
	if s.named[EventsLive] {
		l.spent, err = s.spentOf(ctx, l)
	}
	return l, err
}

// list lists the objects below a top folder, and keeps them for Bring.
func (s *Session) list(ctx context.Context, top string, objects map[string]bucket.Object) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range s.lake.Bucket.List(ctx, top, "") {
			if err == nil && s.lake.Bring != nil {
				objects[o.Key] = o
			}
			if !yield(o, err) {
				return
			}
		}
	}
}

// shows tells whether the views show an hour.
func (s *Session) shows(p layout.Partition) bool {
	return p >= s.lake.From && (s.lake.To == 0 || p < s.lake.To)
}

// wanted are the objects that the views of named tables read.
func (s *Session) wanted(l look) []bucket.Object {
	var keys []string
	if s.named[Events] || s.named[EventsLive] {
		for _, slot := range l.parts {
			keys = append(keys, slot.Key())
		}
	}
	fragments := l.fragments
	if !s.named[EventsRaw] {
		fragments, _ = s.recent(l)
	}
	if s.named[EventsRaw] || s.named[EventsLive] {
		for _, f := range fragments {
			keys = append(keys, f.Key())
		}
	}
	if s.named[Quarantine] {
		keys = append(keys, l.rejects...)
	}
	objects := make([]bucket.Object, len(keys))
	for i, key := range keys {
		objects[i] = l.objects[key]
	}
	return objects
}

// parts are the slots under the partitions' Locations, out of a listing of all. It marks the hours that have slots anywhere.
func (s *Session) parts(objects iter.Seq2[bucket.Object, error], partitions []catalog.Partition, filled map[layout.Partition]bool) ([]layout.Slot, error) {
	shown := make(map[string]bool, len(partitions))
	for _, p := range partitions {
		shown[p.Location] = true
	}
	var found []layout.Slot
	for o, err := range objects {
		if err != nil {
			return nil, err
		}
		slot, err := layout.ParseSlot(o.Key)
		if err != nil || !s.shows(slot.Partition) {
			continue
		}
		filled[slot.Partition] = true
		if shown[o.Key[:strings.LastIndexByte(o.Key, '/')+1]] {
			found = append(found, slot)
		}
	}
	return found, nil
}

// recent are the fragments that events_live reads, and their partitions.
func (s *Session) recent(l look) (recent []layout.Fragment, partitions map[layout.Partition]bool) {
	first := layout.PartitionOf(s.lake.Now().Add(-s.lake.Live))
	recent = slices.DeleteFunc(slices.Clone(l.fragments), func(f layout.Fragment) bool { return f.Partition < first || l.spent[f.Key()] })
	partitions = make(map[layout.Partition]bool)
	for _, f := range recent {
		partitions[f.Partition] = true
	}
	return recent, partitions
}
