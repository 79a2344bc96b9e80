package simulation

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// observed is the bucket behind all faults: each effect is looked into at once.
type observed struct {
	*bucket.Memory
	world *World
}

// Put implements bucket.Bucket.
func (o observed) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	object, err := o.Memory.Put(ctx, key, body, c)
	o.world.outcome("put", key, err)
	if err == nil {
		o.world.check(key)
	}
	return object, err
}

// Delete implements bucket.Bucket.
func (o observed) Delete(ctx context.Context, objects ...bucket.Object) error {
	var rows map[string]string
	if len(objects) == 1 && strings.HasPrefix(objects[0].Key, layout.Raw) {
		rows, _ = o.world.fragment(objects[0].Key)
	}
	err := o.Memory.Delete(ctx, objects...)
	for _, x := range objects { // one
		o.world.outcome("delete", x.Key, err)
		if err == nil {
			o.world.gone(x.Key, rows)
		}
	}
	return err
}

// watched is the catalog behind all faults. A write lands within the bound of its look or not at all: whoever lets one land late keeps to it.
type watched struct {
	catalog.Catalog
	process *process
}

// SetPartitions implements catalog.Catalog.
func (w watched) SetPartitions(ctx context.Context, all []catalog.Partition) error {
	world := w.process.World
	for _, p := range all { // one
		if world.Bound > 0 && w.process.clock().After(p.WrittenAt) {
			world.meet("catalog write", "came too late to land")
			return context.DeadlineExceeded
		}
	}
	err := w.Catalog.SetPartitions(ctx, all)
	for _, p := range all {
		world.outcome("set partition", p.Hour.String(), err)
		if err == nil {
			world.checkHour(p.Hour)
		}
	}
	return err
}

// outcome counts what became of a write.
func (w *World) outcome(op, key string, err error) {
	top, _, _ := strings.Cut(key, "/")
	if op == "set partition" {
		top = "catalog"
	}
	how := "done"
	switch {
	case errors.Is(err, bucket.ErrExists):
		how = "is there already"
	case errors.Is(err, bucket.ErrChanged):
		how = "has changed"
	case errors.Is(err, catalog.ErrStale):
		how = "is stale"
	case err != nil:
		how = "cut off"
	}
	w.meet(op+" "+top, how)
}

// content is what a slot holds.
type content struct {
	part.Header
	rows map[string]string // id to line
}

// slot reads a slot, once for each state of it.
func (w *World) slot(o bucket.Object) (*content, error) {
	if c := w.model.parts[o.Key+o.ETag]; c != nil {
		return c, nil
	}
	text, err := w.read(o.Key)
	if err != nil {
		return nil, err
	}
	c := &content{}
	if c.Header, err = part.ParseHeader(text); err != nil {
		return nil, fmt.Errorf("%s: %w", o.Key, err)
	}
	if c.rows, err = rowsOf(o.Key, text, true); err != nil {
		return nil, err
	}
	w.model.parts[o.Key+o.ETag] = c
	return c, nil
}

// fragment reads what a fragment holds.
func (w *World) fragment(key string) (map[string]string, error) {
	text, err := w.read(key)
	if err != nil {
		return nil, err
	}
	return rowsOf(key, text, strings.HasSuffix(key, ".gz"))
}

func (w *World) read(key string) ([]byte, error) {
	body, _, err := w.store.Get(context.Background(), key, bucket.Range{})
	if err != nil {
		return nil, err
	}
	return io.ReadAll(body)
}

// rowsOf reads lines by code that the product does not use. An id that is in one file twice is an error.
func rowsOf(key string, text []byte, zipped bool) (map[string]string, error) {
	if zipped {
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		if text, err = io.ReadAll(z); err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
	}
	rows := map[string]string{}
	for line := range strings.Lines(string(text)) {
		if !strings.HasSuffix(line, "}\n") {
			return nil, fmt.Errorf("%s: a line is cut off", key)
		}
		line = line[:len(line)-1]
		id := idOf(line)
		if _, twice := rows[id]; twice {
			return rows, fmt.Errorf("%s holds %s twice", key, id)
		}
		rows[id] = line
	}
	return rows, nil
}

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
	}
}

// gone looks at what was deleted: a fragment's events must be in the current generation, or in quarantine; a slot's only where nothing leads to it.
func (w *World) gone(key string, rows map[string]string) {
	p, err := layout.PartitionIn(key)
	switch {
	case err != nil || w.model.damaged[p]:
	case strings.HasPrefix(key, layout.Raw):
		for id := range rows {
			if _, there := w.model.committed[p][id]; !there {
				w.breach("%s was deleted, and %s is in no part", key, id)
			}
		}
	case strings.HasPrefix(key, layout.Events):
		w.checkHour(p)
	}
}

// checkHour holds an hour to what is promised at every instant.
func (w *World) checkHour(p layout.Partition) {
	if w.model.damaged[p] {
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
	for id, line := range w.model.committed[p] {
		if rows[id] != line {
			w.breach("%s: %s was committed as %s, and the current generation %s has %q", p, id, line, current, rows[id])
			return
		}
	}
	for id, line := range rows {
		if !w.model.tried[p][id][line] {
			w.breach("%s: %s is there as %q, which nobody sent", p, id, line)
			return
		}
	}
	w.model.commit(p, rows)
	w.checkView(p, layout.Location(p, current))
}

// checkView holds what the catalog shows of an hour to what is committed.
func (w *World) checkView(p layout.Partition, current string) {
	entries, err := w.catalog.Partitions(context.Background(), p)
	if err != nil || len(entries) == 0 {
		if len(w.model.committed[p]) > 0 && !w.model.stale[p] {
			w.breach("%s has events, and the catalog does not know it", p)
		}
		return
	}
	shown := entries[0].Location
	if shown == current {
		delete(w.model.stale, p)
	}
	if w.model.stale[p] {
		return
	}
	rows, err := w.rows(shown)
	if err != nil {
		w.breach("%s: what readers see: %w", p, err)
		return
	}
	for id := range w.model.committed[p] {
		if _, there := rows[id]; !there {
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
		c, err := w.slot(o)
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

// rows gives what readers find under a location. An id that is there twice is an error.
func (w *World) rows(location string) (map[string]string, error) {
	rows := map[string]string{}
	for o, err := range w.store.List(context.Background(), location, "") {
		if err != nil {
			return nil, err
		}
		c, err := w.slot(o)
		if err != nil {
			return nil, err
		}
		for id, line := range c.rows {
			if _, twice := rows[id]; twice {
				return nil, fmt.Errorf("%s is in %s twice", id, location)
			}
			rows[id] = line
		}
	}
	return rows, nil
}
