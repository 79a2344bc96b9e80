package catalog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// File is a catalog in a directory: table.json, and one file a partition, dt=2026-11-23/hour=08.json. The files are objects of a bucket.Dir,
// so that each write is atomic and durable, several processes may write at once, and a Version is an ETag, compared under a lock.
type File struct {
	files *bucket.Dir
	path  string
}

const tableKey = "table.json"

// OpenFile opens the catalog in an existing directory, an empty one to begin with.
func OpenFile(path string) (*File, error) {
	files, err := bucket.OpenDir(path)
	if err != nil {
		return nil, fmt.Errorf("open catalog: %w", err)
	}
	return &File{files, path}, nil
}

// Close releases the directory.
func (f *File) Close() error { return f.files.Close() }

// Clear removes the table and all partitions, damaged ones too, so that the catalog can be made anew.
func (f *File) Clear(ctx context.Context) error {
	var all []bucket.Object
	for o, err := range f.files.List(ctx, "", "") {
		if err != nil {
			return fmt.Errorf("clear catalog: %w", err)
		}
		if _, ok := hourOf(o.Key); ok || o.Key == tableKey {
			all = append(all, bucket.Object{Key: o.Key})
		}
	}
	if err := f.files.Delete(ctx, all...); err != nil {
		return fmt.Errorf("clear catalog: %w", err)
	}
	return nil
}

// Table implements Catalog.
func (f *File) Table(ctx context.Context) (Table, error) {
	text, version, err := f.read(ctx, tableKey)
	if errors.Is(err, bucket.ErrNotFound) {
		return Table{}, nil
	}
	if err != nil {
		return Table{}, fmt.Errorf("read table: %w", err)
	}
	t, err := UnpackTable(text)
	if err != nil {
		return Table{}, fmt.Errorf("read table: %w", f.corrupt(tableKey, err))
	}
	t.Version = version
	return t, nil
}

// SetTable implements Catalog.
func (f *File) SetTable(ctx context.Context, t Table) (Table, error) {
	text, err := PackTable(t)
	if err == nil {
		t.Version, err = f.write(ctx, tableKey, text, t.Version)
	}
	if err != nil {
		return Table{}, fmt.Errorf("set table: %w", err)
	}
	return t, nil
}

// Partitions implements Catalog.
func (f *File) Partitions(ctx context.Context, which ...layout.Partition) ([]Partition, error) {
	hours := slices.Clone(which)
	if len(which) == 0 {
		for o, err := range f.files.List(ctx, layout.PartitionPrefix, "") {
			if err != nil {
				return nil, fmt.Errorf("list partitions: %w", err)
			}
			if hour, ok := hourOf(o.Key); ok {
				hours = append(hours, hour)
			}
		}
	}
	slices.Sort(hours)
	hours = slices.Compact(hours)
	found := make([]Partition, len(hours))
	failed := make([]error, len(hours))
	together(len(hours), func(i int) { found[i], failed[i] = f.partition(ctx, hours[i]) })
	registered := found[:0]
	for i, err := range failed {
		switch {
		case err == nil:
			registered = append(registered, found[i])
		case !errors.Is(err, bucket.ErrNotFound):
			return nil, fmt.Errorf("read partition: %w", err)
		}
	}
	return registered, nil
}

func (f *File) partition(ctx context.Context, hour layout.Partition) (Partition, error) {
	text, version, err := f.read(ctx, keyOf(hour))
	if err != nil {
		return Partition{}, err
	}
	p, err := unpackPartition(text, hour)
	if err != nil {
		return Partition{}, f.corrupt(keyOf(hour), err)
	}
	p.Version = version
	return p, nil
}

// SetPartitions implements Catalog.
func (f *File) SetPartitions(ctx context.Context, partitions []Partition) error {
	failed := make([]error, len(partitions))
	together(len(partitions), func(i int) {
		if err := f.setPartition(ctx, partitions[i]); err != nil {
			failed[i] = fmt.Errorf("set partition %s: %w", partitions[i].Hour, err)
		}
	})
	return errors.Join(failed...)
}

// hands is how many files are read or written at a time: syncs that wait together cost one.
const hands = 8

// together calls do for every number below n, some at once.
func together(n int, do func(i int)) {
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, hands) {
		group.Go(func() {
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				do(int(i))
			}
		})
	}
	group.Wait()
}

func (f *File) setPartition(ctx context.Context, p Partition) error {
	if !p.Hour.Valid() {
		return errNoHour
	}
	text, err := packPartition(p)
	if err != nil {
		return err
	}
	_, err = f.write(ctx, keyOf(p.Hour), text, p.Version)
	return err
}

var errNoHour = errors.New("no such hour can be")

// read gives a file and the version that it is.
func (f *File) read(ctx context.Context, key string) (text []byte, version string, err error) {
	body, o, err := f.files.Get(ctx, key, bucket.Range{})
	if err != nil {
		return nil, "", err
	}
	defer body.Close()
	text, err = io.ReadAll(body)
	return text, o.ETag, err
}

// write stores a file in the place of a version, or ErrStale.
func (f *File) write(ctx context.Context, key string, text []byte, version string) (string, error) {
	o, err := f.files.Put(ctx, key, bytes.NewReader(text), bucket.Condition{Absent: version == "", Match: version})
	if errors.Is(err, bucket.ErrExists) || errors.Is(err, bucket.ErrChanged) {
		return "", ErrStale
	}
	return o.ETag, err
}

func (f *File) corrupt(key string, err error) error {
	return fmt.Errorf("%s: %w: %w", filepath.Join(f.path, filepath.FromSlash(key)), ErrCorrupt, err)
}

func keyOf(hour layout.Partition) string { return hour.String() + ".json" }

func hourOf(key string) (layout.Partition, bool) {
	stem, ok := strings.CutSuffix(key, ".json")
	if !ok {
		return 0, false
	}
	hour, err := layout.ParsePartition(stem)
	return hour, err == nil
}
