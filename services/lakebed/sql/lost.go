package sql

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// lostHour is an hour of which the views cannot show all that was committed, and why.
type lostHour struct {
	layout.Partition
	why string
}

// lostHours finds hours that a listing shows to be damaged: a row of slots with a gap, a generation that is shown and has no part, a Location
// that leads elsewhere, an hour with parts that the catalog does not know. Rows that are not there are not missed by DuckDB, so a statement
// that reads such an hour has to fail. A last part that is gone cannot be told from one that was never written; `lakebed verify` tells.
func (s *Session) lostHours(ctx context.Context, l look, partitions []catalog.Partition, filled map[layout.Partition]bool) ([]lostHour, error) {
	rows := map[layout.Partition][]layout.Slot{}
	for _, slot := range l.parts {
		rows[slot.Partition] = append(rows[slot.Partition], slot)
	}
	unknown := maps.Clone(filled)
	var lost []lostHour
	for _, p := range partitions {
		delete(unknown, p.Hour)
		if !s.shows(p.Hour) {
			continue
		}
		at, generation, err := layout.ParseLocation(p.Location)
		if err != nil || at != p.Hour {
			lost = append(lost, lostHour{p.Hour, fmt.Sprintf("the catalog's Location of %s is %q: `lakebed rebuild` sets it right", p.Hour, p.Location)})
			continue
		}
		why := gap(rows[p.Hour])
		if len(rows[p.Hour]) == 0 {
			gone, err := s.emptied(ctx, l, at, generation)
			if err != nil {
				return nil, err
			}
			if gone {
				why = p.Location + " has no parts: they were deleted"
			}
		}
		if why != "" {
			lost = append(lost, lostHour{p.Hour, why + "; `lakebed verify` says what is missing"})
		}
	}
	if len(unknown) > 0 { // to name none would ask for all
		registered, err := s.lake.Catalog.Partitions(ctx, slices.Collect(maps.Keys(unknown))...)
		if err != nil {
			return nil, err
		}
		for _, p := range registered { // since the catalog was read: their parts are for the next look
			delete(unknown, p.Hour)
		}
	}
	for _, hour := range slices.Sorted(maps.Keys(unknown)) {
		lost = append(lost, lostHour{hour, "the catalog does not know of the parts in " + layout.EventsPrefix(hour) + ": `lakebed rebuild` registers them"})
	}
	return lost, nil
}

// gap names the first slot that is missing before another.
func gap(row []layout.Slot) string {
	for i, slot := range row {
		if slot.Number != i+1 {
			slot.Number = i + 1
			return slot.Key() + " is missing: it was deleted"
		}
	}
	return ""
}

// emptied tells whether a generation without slots has had some. The first is registered before its first part is written; then there is a
// fragment. Every other has parts before it is shown.
func (s *Session) emptied(ctx context.Context, l look, at layout.Partition, generation layout.Generation) (bool, error) {
	if generation != layout.FirstGeneration || slices.ContainsFunc(l.fragments, func(f layout.Fragment) bool { return f.Partition == at }) {
		return generation != layout.FirstGeneration, nil
	}
	for _, prefix := range []string{layout.RawPrefix(at), layout.Location(at, generation)} { // as they are now
		for _, err := range s.lake.Bucket.List(ctx, prefix, "") {
			return false, err
		}
	}
	for _, err := range s.lake.Bucket.List(ctx, layout.IndexPrefix(at), "") {
		return err == nil, err // of a part, which was there
	}
	return false, nil
}

// withLost adds a row for each hour that is not whole, which cannot be read: a condition on dt and hour leaves it out, no other does.
func withLost(query string, columns []column, lost []lostHour) string {
	var b strings.Builder
	b.WriteString(query)
	for _, hour := range lost {
		dt, hh := hour.Start().Format("2006-01-02"), hour.Start().Format("15")
		b.WriteString(" UNION ALL " + failing(columns, duck.Text(dt), duck.Text(hh), hour.why))
	}
	return b.String()
}
