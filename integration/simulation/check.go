package simulation

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// check looks into the hour of an object that was written.
func (w *World) check(key string) {
	p, err := layout.PartitionIn(key)
	switch {
	case err != nil:
	case strings.HasPrefix(key, layout.Events):
		w.checkHour(p)
	case strings.HasPrefix(key, layout.Raw):
		rows, err := w.fragment(key)
		if err != nil {
			w.breach("%w", err)
		}
		w.model.store(p, rows)
		w.checkKey(key)
	}
}

// checkKey wants a fragment's key to be one that a delivery gives; and, where nothing but the delivery says what is stored, always the same.
func (w *World) checkKey(key string) {
	f, err := layout.ParseFragment(key)
	switch of, known := w.model.spans[f.Span]; {
	case err != nil:
		w.breach("%w", err)
	case !known:
		w.breach("%s: no delivery was of %s-%s-%s", key, f.Shard, f.First, f.Last)
	case w.Claims == "none" && !of.replayed:
		f.Hash = 0
		if was := of.keys[f]; was != "" && was != key {
			w.breach("one delivery gave %s and %s", was, key)
		}
		of.keys[f] = key
	}
}

// gone looks at what was deleted: a fragment's events must be in the current generation, or in quarantine; a slot's only where nothing leads to it.
func (w *World) gone(key string, rows map[string]string) {
	p, err := layout.PartitionIn(key)
	switch {
	case err != nil || w.model.damaged[p]:
	case strings.HasPrefix(key, layout.Raw):
		for id := range rows {
			if _, there := w.model.committed[p][id]; !there && !w.model.leaving[id] {
				w.breach("%s was deleted, and %s is in no part", key, id)
			}
		}
	case strings.HasPrefix(key, layout.Events):
		w.checkHour(p)
	}
}

// checkHour holds an hour to what is promised at every instant: where somebody damaged a fragment, that nothing of it is there.
func (w *World) checkHour(p layout.Partition) {
	damaged := w.model.damaged[p]
	if damaged && !strings.HasPrefix(w.vandalised, layout.Raw) {
		return
	}
	current, err := w.chain(p)
	if err != nil {
		w.breach("%s: %w", p, err)
		return
	}
	rows, err := w.rows(layout.Location(p, current))
	if err != nil {
		w.breach("%s: current generation: %w", p, err)
		return
	}
	if !damaged {
		for id, line := range w.model.committed[p] {
			if _, there := rows[id]; !there && w.model.leaving[id] {
				delete(w.model.committed[p], id)
				continue
			}
			if rows[id] != line {
				w.breach("%s: %s was committed as %s, and the current generation %s has %q", p, id, line, current, rows[id])
				return
			}
		}
	}
	for id, line := range rows {
		if w.model.gone[id] && !damaged { // nobody rewrites what is damaged
			w.breach("%s: %s was erased, and is there", p, id)
			return
		}
		if !w.model.tried[p][id][line] {
			w.breach("%s: %s is there as %q, which nobody sent", p, id, line)
			return
		}
	}
	if damaged {
		return
	}
	w.checkColumns(p, rows)
	w.model.commit(p, rows)
	w.checkView(p, layout.Location(p, current))
}

// checkColumns wants the hour's own columns to have all that new rows hold: they were to be there before the rows.
func (w *World) checkColumns(p layout.Partition, rows map[string]string) {
	var fields map[string]bool
	for id, line := range rows {
		if _, old := w.model.committed[p][id]; old {
			continue
		}
		if fields == nil {
			entries, err := w.catalog.Partitions(context.Background(), p)
			if err != nil || len(entries) == 0 {
				return // checkView says so
			}
			fields = map[string]bool{}
			for _, f := range entries[0].Columns {
				fields[f.Name] = true
			}
		}
		var members map[string]json.RawMessage
		if err := json.Unmarshal([]byte(line), &members); err != nil {
			w.breach("%s: %s: %w", p, line, err)
			return
		}
		for name := range members {
			if !fields[name] {
				w.breach("%s: %s came with the field %q, which the hour does not have as a column", p, id, name)
				return
			}
		}
	}
}

// checkView holds what the catalog shows of an hour to what is committed.
func (w *World) checkView(p layout.Partition, current string) {
	entries, err := w.catalog.Partitions(context.Background(), p)
	if err != nil || len(entries) == 0 {
		if _, stale := w.model.stale[p]; len(w.model.committed[p]) > 0 && !stale {
			w.breach("%s has events, and the catalog does not know it", p)
		}
		return
	}
	shown := entries[0].Location
	if repaired, stale := w.model.stale[p]; stale {
		switch {
		case shown != current:
			w.model.stale[p] = never
			return
		case repaired.Equal(never):
			w.model.stale[p] = w.now()
			return
		case w.now().Before(repaired.Add(w.Bound)): // who saw it as it was may set it so once more
			return
		}
		delete(w.model.stale, p)
	}
	rows, err := w.rows(shown)
	if err != nil {
		w.breach("%s: what readers see: %w", p, err)
		return
	}
	for id := range w.model.committed[p] {
		if _, there := rows[id]; !there && !w.model.leaving[id] {
			w.breach("%s: %s was committed, and readers do not see it at %s (the current generation is %s)", p, id, shown, current)
			return
		}
	}
}

// chain walks an hour's seals to its current generation.
func (w *World) chain(p layout.Partition) (layout.Generation, error) {
	g := layout.FirstGeneration
	for {
		next, err := w.row(p, g)
		if err != nil || next == "" {
			return g, err
		}
		g = next
	}
}

// row reads a generation's slots, and gives the successor that its seal names. A seal stays what it was.
func (w *World) row(p layout.Partition, g layout.Generation) (next layout.Generation, err error) {
	number := 0
	for o, err := range w.store.List(context.Background(), layout.Location(p, g), "") {
		if err != nil {
			return "", err
		}
		number++
		s, err := layout.ParseSlot(o.Key)
		if err != nil || s.Number != number {
			return "", fmt.Errorf("slot %d of %s is not there: its name was freed", number, g)
		}
		c, err := w.header(o)
		if err != nil {
			return "", err
		}
		if next != "" {
			return "", fmt.Errorf("%s lies behind the seal of %s", o.Key, g)
		}
		if c.Kind == part.Seal {
			next = layout.Generation(c.Next)
		}
		if was := w.model.seals[o.Key]; was != "" && was != next {
			return "", fmt.Errorf("the seal %s named %s, and names %q now", o.Key, was, next)
		}
		if next != "" {
			w.model.seals[o.Key] = next
		}
	}
	return next, nil
}
