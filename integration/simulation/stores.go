package simulation

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// observed is the bucket behind all faults: each effect is looked into at once.
type observed struct {
	*bucket.Memory
	world *World
}

// Put implements bucket.Bucket.
func (o observed) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	text, err := io.ReadAll(body)
	if err != nil {
		return bucket.Object{}, err
	}
	object, err := o.Memory.Put(ctx, key, bytes.NewReader(text), c)
	o.world.outcome("put", key, err)
	if err == nil || errors.Is(err, bucket.ErrExists) {
		o.world.creates(key, text, err == nil)
	}
	if err == nil {
		o.world.check(key)
	}
	return object, err
}

// Delete implements bucket.Bucket.
func (o observed) Delete(ctx context.Context, objects ...bucket.Object) error {
	var rows map[string]string
	var text []byte
	if len(objects) == 1 && strings.HasPrefix(objects[0].Key, layout.Raw) {
		rows, _ = o.world.fragment(objects[0].Key)
		text, _ = o.world.read(objects[0].Key)
	}
	err := o.Memory.Delete(ctx, objects...)
	for _, x := range objects { // one
		o.world.outcome("delete", x.Key, err)
		if err == nil {
			o.world.gone(x.Key, rows)
			if text != nil {
				o.world.swept = append(o.world.swept, object{x.Key, string(text)})
			}
		}
	}
	return err
}

// object is one that is there no more.
type object struct{ key, text string }

// bounded is the catalog before all faults: a write of partitions lands before its deadline or not at all, however late it lands. A late
// effect's context has no deadline any more, so that it is kept as a value.
type bounded struct{ catalog.Catalog }

type landsUntil struct{}

// SetPartitions implements catalog.Catalog.
func (b bounded) SetPartitions(ctx context.Context, all []catalog.Partition) error {
	if until, bound := ctx.Deadline(); bound {
		ctx = context.WithValue(ctx, landsUntil{}, until)
	}
	return b.Catalog.SetPartitions(ctx, all)
}

// watched is the catalog behind all faults.
type watched struct{ process *process }

// Table implements catalog.Catalog.
func (w watched) Table(ctx context.Context) (catalog.Table, error) {
	return w.process.World.catalog.Table(ctx)
}

// SetTable implements catalog.Catalog.
func (w watched) SetTable(ctx context.Context, t catalog.Table) (catalog.Table, error) {
	return w.process.World.catalog.SetTable(ctx, t)
}

// Partitions implements catalog.Catalog.
func (w watched) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	return w.process.World.catalog.Partitions(ctx, which...)
}

// SetPartitions implements catalog.Catalog.
func (w watched) SetPartitions(ctx context.Context, all []catalog.Partition) error {
	world := w.process.World
	if until, bound := ctx.Value(landsUntil{}).(time.Time); bound && world.now().After(until) {
		world.meet("catalog write", "came too late to land")
		return context.DeadlineExceeded
	}
	err := world.catalog.SetPartitions(ctx, all)
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
