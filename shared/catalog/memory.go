package catalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"sync"

	"github.com/lakebed/lakebed/shared/layout"
)

// Memory is a catalog in the process.
type Memory struct {
	compares bool

	mu         sync.Mutex
	table      Table
	partitions map[layout.Partition]Partition
	writes     uint64
}

// NewMemory makes an empty catalog that compares partitions before it sets them, as File does.
func NewMemory() *Memory {
	return &Memory{compares: true, partitions: map[layout.Partition]Partition{}}
}

// NewMemoryLastWriter makes an empty catalog in which the last writer of a partition wins, as in Glue. The table is compared all the same.
func NewMemoryLastWriter() *Memory { return &Memory{partitions: map[layout.Partition]Partition{}} }

// Table implements Catalog.
func (m *Memory) Table(ctx context.Context) (Table, error) {
	if err := ctx.Err(); err != nil {
		return Table{}, fmt.Errorf("read table: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	return cloneTable(m.table), nil
}

// SetTable implements Catalog.
func (m *Memory) SetTable(ctx context.Context, t Table) (Table, error) {
	if err := ctx.Err(); err != nil {
		return Table{}, fmt.Errorf("set table: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if t.Version != m.table.Version {
		return Table{}, fmt.Errorf("set table: %w", ErrStale)
	}
	t.Version = m.version()
	m.table = cloneTable(t)
	return t, nil
}

// Partitions implements Catalog.
func (m *Memory) Partitions(ctx context.Context, which ...layout.Partition) ([]Partition, error) {
	if err := ctx.Err(); err != nil {
		return nil, fmt.Errorf("read partitions: %w", err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	hours := slices.Clone(which)
	if len(which) == 0 {
		for hour := range m.partitions {
			hours = append(hours, hour)
		}
	}
	slices.Sort(hours)
	var found []Partition
	for _, hour := range slices.Compact(hours) {
		if p, ok := m.partitions[hour]; ok {
			p.Columns = slices.Clone(p.Columns)
			found = append(found, p)
		}
	}
	return found, nil
}

// SetPartitions implements Catalog.
func (m *Memory) SetPartitions(ctx context.Context, partitions []Partition) error {
	var failed []error
	for _, p := range partitions {
		if err := m.setPartition(ctx, p); err != nil {
			failed = append(failed, fmt.Errorf("set partition %s: %w", p.Hour, err))
		}
	}
	return errors.Join(failed...)
}

func (m *Memory) setPartition(ctx context.Context, p Partition) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if !p.Hour.Valid() {
		return errNoHour
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.compares && p.Version != m.partitions[p.Hour].Version {
		return ErrStale
	}
	p.Version = m.version()
	p.Columns = slices.Clone(p.Columns)
	m.partitions[p.Hour] = p
	return nil
}

func (m *Memory) version() string {
	m.writes++
	return strconv.FormatUint(m.writes, 10)
}

// cloneTable keeps what is stored apart from what callers hold. Types are immutable and may be shared.
func cloneTable(t Table) Table {
	t.Columns = slices.Clone(t.Columns)
	for i := range t.Columns {
		t.Columns[i].Changes = slices.Clone(t.Columns[i].Changes)
	}
	return t
}
