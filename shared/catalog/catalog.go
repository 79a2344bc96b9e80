// Package catalog says what readers see: the table's columns and, for each partition, the generation its Location names. The bucket is the
// truth and the catalog follows it.
package catalog

import (
	"context"
	"errors"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// Catalog holds one table. Safe for concurrent use, also by other processes where the implementation outlives one.
type Catalog interface {
	// Table gives the table; one without columns and with an empty Version when there is none yet.
	Table(ctx context.Context) (Table, error)

	// SetTable stores t if the stored table still has t.Version ("" for none), else it gives ErrStale and changes nothing. It returns t
	// with its new Version.
	SetTable(ctx context.Context, t Table) (Table, error)

	// Partitions gives the registered ones of those named, or all when none is named, in order. One not registered is left out.
	Partitions(ctx context.Context, which ...layout.Partition) ([]Partition, error)

	// SetPartitions registers or overwrites partitions. Where the catalog can compare, one whose Version is not the stored one ("" for
	// not registered) is refused with ErrStale; where it cannot (Glue), the last writer wins and callers keep to Bound. The others are
	// written even when one fails; the error joins one for each that was not, naming it.
	SetPartitions(ctx context.Context, partitions []Partition) error
}

// Table is the events table.
type Table struct {
	Columns  []Column
	Followed bool   // every partition's own columns have been brought up to Columns
	Version  string // opaque; changes with every SetTable
}

// Column is a column and how it came to be.
type Column struct {
	schema.Field
	Since   time.Time // when it was first declared
	Changes []Change  // every later change of its type, oldest first
}

// Change is one widening of a column.
type Change struct {
	From string // Hive type before
	At   time.Time
}

// Partition is what readers know of one hour.
type Partition struct {
	Hour        layout.Partition
	Location    string         // the key prefix of the generation it shows, with its final slash
	Columns     []schema.Field // its own columns: a value is read as these first
	PublishedAt time.Time      // when Location was set
	WrittenAt   time.Time      // the latest instant at which the last write of the entry can have landed
	Version     string         // opaque; "" before it is registered
}

// ErrStale says that what is stored is no longer what the caller read.
var ErrStale = errors.New("catalog entry has changed")

// ErrCorrupt says that the table or a partition is not as Lakebed left it, and cannot be relied on: clear the catalog and rebuild.
var ErrCorrupt = errors.New("it is damaged; lakebed rebuild makes the catalog anew from the bucket")

// ErrForeign says that what bears the table's name shows other data than this lake's. Lakebed never writes to it.
var ErrForeign = errors.New("it is not this lake's table; restore it as it was deployed, or name another one")
