package verify

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/shared/layout"
)

// survey lists the whole bucket once: which hours there are, and what does not belong here.
func (r *run) survey(ctx context.Context) error {
	seen := map[layout.Partition]bool{}
	var foreign, breaches findings
	for o, err := range r.Bucket.List(ctx, "", "") {
		if err != nil {
			return fmt.Errorf("list bucket: %w", err)
		}
		r.report.TotalBytes += o.Size
		top, _, _ := strings.Cut(o.Key, "/")
		err := ours(o.Key)
		p, outside := layout.PartitionIn(o.Key)
		switch top += "/"; {
		case err != nil && top == layout.Events && outside == nil:
			breaches.add(ForeignData, p, o.Key, "%s", err)
			seen[p] = true
		case err != nil:
			foreign.add(Foreign, nil, o.Key, "%s", err)
		case top == layout.Quarantine:
			r.report.Rejects++
		case top == layout.Visits:
			r.marked[p] = true
		case top == layout.Raw, top == layout.Events, top == layout.Indexes:
			seen[p] = true
		}
	}
	registered, err := r.Catalog.Partitions(ctx)
	if err != nil {
		return fmt.Errorf("read partitions: %w", err)
	}
	for _, p := range registered {
		seen[p.Hour] = true
	}
	for p := range r.hours {
		seen[p] = true
	}
	r.partitions = slices.Sorted(keysOf(seen))
	r.note(&breaches)
	r.note(&foreign)
	return nil
}

// ours tells why a key is none that Lakebed makes.
func ours(key string) error {
	var err error
	switch {
	case key == layout.Config:
	case strings.HasPrefix(key, layout.Raw):
		_, err = layout.ParseFragment(key)
	case strings.HasPrefix(key, layout.Events):
		_, err = layout.ParseSlot(key)
	case strings.HasPrefix(key, layout.Indexes):
		if _, err = layout.ParseHeaders(key); err != nil {
			_, err = layout.ParseIndex(key)
		}
	case strings.HasPrefix(key, layout.Quarantine):
		_, err = layout.ParseReject(key)
	case strings.HasPrefix(key, layout.Visits):
		_, err = layout.ParseVisit(key)
	case strings.HasPrefix(key, layout.Erasures):
		err = layout.CheckErasure(key)
	case strings.HasPrefix(key, layout.Probes):
		err = layout.CheckProbe(key)
	case strings.HasPrefix(key, layout.Backfills):
		_, err = layout.ParseBackfill(key)
	case strings.HasPrefix(key, layout.LedgerNew):
		_, err = layout.ParseEntry(key)
	case strings.HasPrefix(key, layout.Ledger):
		_, err = layout.ParseRollup(key)
	default:
		err = fmt.Errorf("key %q lies in no folder of a lake", key)
	}
	return err
}
