package bucket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Memory is a bucket in the process. As S3 does, it lists a page at a time, and what changes between two pages may be in the listing or not.
type Memory struct {
	now func() time.Time

	mu      sync.RWMutex
	objects map[string]held
	keys    []string // of objects, sorted
	writes  uint64
}

type held struct {
	Object
	data []byte // never changed
}

// NewMemory makes an empty bucket whose objects' Modified is what now gives.
func NewMemory(now func() time.Time) *Memory {
	return &Memory{now: now, objects: map[string]held{}}
}

// memoryPage is how many objects one look of a listing takes.
const memoryPage = 1000

// List implements Bucket.
func (m *Memory) List(ctx context.Context, prefix, after string) iter.Seq2[Object, error] {
	return func(yield func(Object, error) bool) {
		for {
			if err := ctx.Err(); err != nil {
				yield(Object{}, fmt.Errorf("list %q: %w", prefix, err))
				return
			}
			page := m.page(prefix, after)
			for _, o := range page {
				if err := ctx.Err(); err != nil {
					yield(Object{}, fmt.Errorf("list %q: %w", prefix, err))
					return
				}
				if !yield(o, nil) {
					return
				}
			}
			if len(page) < memoryPage {
				return
			}
			after = page[len(page)-1].Key
		}
	}
}

func (m *Memory) page(prefix, after string) []Object {
	m.mu.RLock()
	defer m.mu.RUnlock()
	i, found := slices.BinarySearch(m.keys, max(prefix, after))
	if found && after >= prefix {
		i++
	}
	var page []Object
	for ; i < len(m.keys) && len(page) < memoryPage && strings.HasPrefix(m.keys[i], prefix); i++ {
		page = append(page, m.objects[m.keys[i]].Object)
	}
	return page
}

// Get implements Bucket.
func (m *Memory) Get(ctx context.Context, key string, r Range) (io.ReadCloser, Object, error) {
	if err := CheckKey(key); err != nil {
		return nil, Object{}, fmt.Errorf("get: %w", err)
	}
	if err := ctx.Err(); err != nil {
		return nil, Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	m.mu.RLock()
	o, ok := m.objects[key]
	m.mu.RUnlock()
	if !ok {
		return nil, Object{}, fmt.Errorf("get %s: %w", key, ErrNotFound)
	}
	from, n, err := r.within(o.Size)
	if err != nil {
		return nil, Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return io.NopCloser(stoppable{bytes.NewReader(o.data[from : from+n]), ctx.Err}), o.Object, nil
}

// Put implements Bucket.
func (m *Memory) Put(ctx context.Context, key string, body io.Reader, c Condition) (Object, error) {
	if err := errors.Join(CheckKey(key), c.check()); err != nil {
		return Object{}, fmt.Errorf("put: %w", err)
	}
	data, err := io.ReadAll(stoppable{body, ctx.Err})
	if err != nil {
		return Object{}, fmt.Errorf("put %s: %w", key, err)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, exists := m.objects[key]
	switch {
	case ctx.Err() != nil:
		return Object{}, fmt.Errorf("put %s: %w", key, ctx.Err())
	case c.Absent && exists:
		return Object{}, fmt.Errorf("put %s: %w", key, ErrExists)
	case c.Match != "" && stored.ETag != c.Match:
		return Object{}, fmt.Errorf("put %s: %w", key, ErrChanged)
	}
	m.writes++
	o := Object{Key: key, Size: int64(len(data)), ETag: strconv.FormatUint(m.writes, 36), Modified: m.now()}
	m.objects[key] = held{o, data}
	if !exists {
		i, _ := slices.BinarySearch(m.keys, key)
		m.keys = slices.Insert(m.keys, i, key)
	}
	return o, nil
}

// Delete implements Bucket.
func (m *Memory) Delete(ctx context.Context, objects ...Object) error {
	var failed []error
	for _, o := range objects {
		if err := m.remove(ctx, o); err != nil {
			failed = append(failed, &KeyError{Key: o.Key, Err: fmt.Errorf("delete: %w", err)})
		}
	}
	return errors.Join(failed...)
}

func (m *Memory) remove(ctx context.Context, o Object) error {
	if err := errors.Join(CheckKey(o.Key), ctx.Err()); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	stored, exists := m.objects[o.Key]
	if !exists {
		return nil
	}
	if o.ETag != "" && o.ETag != stored.ETag {
		return ErrChanged
	}
	delete(m.objects, o.Key)
	i, _ := slices.BinarySearch(m.keys, o.Key)
	m.keys = slices.Delete(m.keys, i, i+1)
	return nil
}
