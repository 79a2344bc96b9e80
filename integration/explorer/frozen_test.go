package explorer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/verify"
)

// frozen is a store and a catalog as a verifier sees them.
type frozen struct {
	store   *store
	catalog *listing
}

var errFrozen = errors.New("nothing is written here")

// List implements bucket.Bucket.
func (f frozen) List(_ context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for _, o := range f.store.list(prefix, after) {
			if !yield(o.describe(), nil) {
				return
			}
		}
	}
}

// Get implements bucket.Bucket.
func (f frozen) Get(_ context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	o, ok := f.store.get(key)
	if !ok {
		return nil, bucket.Object{}, fmt.Errorf("get %s: %w", key, bucket.ErrNotFound)
	}
	data := o.content.data[min(r.Offset, int64(len(o.content.data))):]
	if r.Length > 0 {
		data = data[:min(r.Length, int64(len(data)))]
	}
	return io.NopCloser(bytes.NewReader(data)), o.describe(), nil
}

// Put implements bucket.Bucket.
func (frozen) Put(context.Context, string, io.Reader, bucket.Condition) (bucket.Object, error) {
	return bucket.Object{}, errFrozen
}

// Delete implements bucket.Bucket.
func (frozen) Delete(context.Context, ...bucket.Object) error { return errFrozen }

// Table implements catalog.Catalog.
func (f frozen) Table(context.Context) (catalog.Table, error) { return f.catalog.table, nil }

// Partitions implements catalog.Catalog.
func (f frozen) Partitions(_ context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	return f.catalog.partitions(which), nil
}

// SetTable implements catalog.Catalog.
func (frozen) SetTable(context.Context, catalog.Table) (catalog.Table, error) {
	return catalog.Table{}, errFrozen
}

// SetPartitions implements catalog.Catalog.
func (frozen) SetPartitions(context.Context, []catalog.Partition) error { return errFrozen }

// transient are the breaches that a lake at work may show between two steps, as a reader of it suffers nothing from them:
//
//   - Location: between a seal and the write of the Location, however long a crash makes that; promises says what readers see meanwhile;
//   - Orphan: what a lost race left behind, until somebody visits the hour once more.
//
// In a lake that has come to rest they count.
var transient = map[verify.Code]bool{verify.Location: true, verify.Orphan: true}

// verify holds a store and a catalog to the product's own check of its promises.
func (x *explorer) verify(s *store, c *listing, clock int32, atRest bool) error {
	p := x.scenario.policy
	f := frozen{s, c}
	r, err := verify.Run(context.Background(), verify.Lake{
		Bucket: f, Catalog: f, Mapping: event.DefaultMapping, Grace: p.Grace, Bound: max(p.Bound, 2*time.Minute), Live: p.Live, LongestQuery: p.LongestQuery,
		Now: timeOf(clock), Memory: 1 << 14, Parallel: 1,
	}, nil)
	if err != nil {
		return err
	}
	for _, b := range r.Breaches {
		if atRest || !transient[b.Code] && !slices.Contains(x.scenario.passes, b.Code) {
			return fmt.Errorf("VERIFY: %s", b)
		}
	}
	for _, b := range r.Warnings {
		if atRest || b.Code != verify.CatalogBehind && b.Code != verify.IndexStray {
			return fmt.Errorf("VERIFY: %s", b)
		}
	}
	return nil
}
