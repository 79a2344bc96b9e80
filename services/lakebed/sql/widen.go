package sql

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/flate"
	"github.com/klauspost/compress/gzip"
	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// errBroken says that a fragment holds what ingest does not write.
var errBroken = errors.New("fragment is broken")

// state is what came of reading a fragment.
type state uint8

const (
	unread state = iota
	whole
	broken
	gone // swept since it was listed: the parts hold its events
)

// observed is what a session knows of the fragments and of the parts beside them. What one of them holds never changes, so each is read once.
type observed struct {
	columns []schema.Field
	states  map[string]state      // of fragments, by key
	heads   map[string]index.Head // of the parts' indexes that are whole, by the part's key
}

// widen gives the fragments that can be read, and the table's columns widened so that every value in them can be.
func (s *Session) widen(ctx context.Context, fragments []layout.Fragment, table []schema.Field) ([]layout.Fragment, []schema.Field, error) {
	if err := s.observe(ctx, fragments, table); err != nil {
		return nil, nil, err
	}
	present := make(map[string]state, len(fragments))
	readable := make([]layout.Fragment, 0, len(fragments))
	for _, f := range fragments {
		key := f.Key()
		switch state := s.observed.states[key]; state {
		case gone:
		case broken:
			present[key] = broken
		default:
			present[key] = state
			readable = append(readable, f)
		}
	}
	s.observed.states = present
	wide, _ := schema.Merge(table, s.observed.columns)
	return readable, schema.Declared(wide), nil
}

// observe reads the fragments that were not read yet.
func (s *Session) observe(ctx context.Context, fragments []layout.Fragment, table []schema.Field) error {
	fresh := slices.DeleteFunc(slices.Clone(fragments), func(f layout.Fragment) bool { return s.observed.states[f.Key()] != unread })
	start, _ := schema.Merge(table, s.observed.columns)
	var next atomic.Int64
	var mutex sync.Mutex
	group, ctx := errgroup.WithContext(ctx)
	for range min(s.lake.Threads, len(fresh)) {
		group.Go(func() error {
			in, states := schema.NewInferrer(schema.Limits{}, start), map[string]state{}
			for i := next.Add(1) - 1; i < int64(len(fresh)); i = next.Add(1) - 1 {
				err := observe(ctx, s.lake.Bucket, fresh[i], in)
				switch {
				case errors.Is(err, bucket.ErrNotFound):
					states[fresh[i].Key()] = gone
				case errors.Is(err, errBroken):
					states[fresh[i].Key()] = broken
				case err != nil:
					return err
				case !in.Dropped(): // else its columns may be declared later, and it is read again
					states[fresh[i].Key()] = whole
				}
			}
			mutex.Lock()
			defer mutex.Unlock()
			s.observed.columns, _ = schema.Merge(s.observed.columns, in.Columns())
			maps.Copy(s.observed.states, states)
			return nil
		})
	}
	return group.Wait()
}

// observe widens the columns by a fragment.
func observe(ctx context.Context, b bucket.Bucket, f layout.Fragment, in *schema.Inferrer) (err error) {
	lines, err := part.Open(ctx, b, f.Key(), f.Gzip)
	if err != nil {
		return readError(f, err)
	}
	defer func() { err = errors.Join(err, lines.Close()) }()
	sum := xxhash.New()
	for lines.Next() {
		_, _ = sum.Write(lines.Bytes()) // never fails
		_, _ = sum.Write([]byte{'\n'})
		if err := in.Observe(lines.Bytes()); err != nil {
			return fmt.Errorf("%w: %s, line %d: %w", errBroken, f.Key(), lines.Count(), err)
		}
	}
	if err := lines.Err(); err != nil {
		return readError(f, err)
	}
	if sum.Sum64() != f.Hash {
		return fmt.Errorf("%w: %s: its content does not have the hash in its name", errBroken, f.Key())
	}
	return nil
}

// readError tells a broken fragment, which is left out, from a store that fails.
func readError(f layout.Fragment, err error) error {
	var corrupt flate.CorruptInputError
	if errors.As(err, &corrupt) || errors.Is(err, gzip.ErrHeader) || errors.Is(err, gzip.ErrChecksum) || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return fmt.Errorf("%w: %s: %w", errBroken, f.Key(), err)
	}
	return fmt.Errorf("read %s: %w", f.Key(), err)
}
