package catalogtest

import (
	"context"
	"errors"
	"fmt"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// Faulty is a catalog under faults. The key of its operations is the partition, where there is one.
type Faulty struct {
	catalog catalog.Catalog
	faults  *faulty.Faults
}

// NewFaulty puts c under faults.
func NewFaulty(c catalog.Catalog, f *faulty.Faults) *Faulty { return &Faulty{c, f} }

// Table fails as told.
func (f *Faulty) Table(ctx context.Context) (catalog.Table, error) {
	return reply(ctx, f.faults, faulty.Table, "read table", f.catalog.Table)
}

// SetTable fails as told.
func (f *Faulty) SetTable(ctx context.Context, t catalog.Table) (catalog.Table, error) {
	return reply(ctx, f.faults, faulty.SetTable, "set table", func(ctx context.Context) (catalog.Table, error) { return f.catalog.SetTable(ctx, t) })
}

// Partitions fails as told.
func (f *Faulty) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	return reply(ctx, f.faults, faulty.Partitions, "read partitions", func(ctx context.Context) ([]catalog.Partition, error) {
		return f.catalog.Partitions(ctx, which...)
	})
}

// SetPartitions sets the partitions one by one.
func (f *Faulty) SetPartitions(ctx context.Context, partitions []catalog.Partition) error {
	var failed []error
	for _, p := range partitions {
		one := []catalog.Partition{p}
		err := f.faults.Do(ctx, faulty.SetPartition, p.Hour.String(), func(ctx context.Context) error { return f.catalog.SetPartitions(ctx, one) })
		if err != nil {
			failed = append(failed, fmt.Errorf("set partition %s: %w", p.Hour, err))
		}
	}
	return errors.Join(failed...)
}

// reply runs an operation that answers. What lands late has nobody left to answer to.
func reply[T any](ctx context.Context, f *faulty.Faults, op faulty.Op, what string, call func(context.Context) (T, error)) (T, error) {
	answer := make(chan T, 1)
	err := f.Do(ctx, op, "", func(ctx context.Context) error {
		value, err := call(ctx)
		answer <- value
		return err
	})
	if err != nil {
		var none T
		return none, fmt.Errorf("%s: %w", what, err)
	}
	return <-answer, nil
}
