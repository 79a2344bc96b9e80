package erasure

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Cache keeps the tombstones of one lake between loads: what is there already is not read again. The zero Cache is empty; it is safe for
// concurrent use.
type Cache struct {
	mu   sync.Mutex
	keys []string
	set  *Set
}

// Load is Load, for one listing when nothing was added since the last time.
func (c *Cache) Load(ctx context.Context, b bucket.Bucket) (*Set, error) {
	keys, err := list(ctx, b)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	if c.set != nil && slices.Equal(c.keys, keys) { // an object never changes
		defer c.mu.Unlock()
		return c.set, nil
	}
	c.mu.Unlock()
	set, err := load(ctx, b, keys)
	if err != nil {
		return nil, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.keys, c.set = keys, set
	return set, nil
}

// Preview gives the Set that Add would make of tombstones, and puts nothing.
func Preview(field string, values []string, until time.Time) (*Set, error) {
	if err := Check(field, values); err != nil {
		return nil, err
	}
	set, path := newSet(nil), fold(field)
	for _, d := range digests(nil, path, values) {
		set.add(path, d, until)
	}
	return set, nil
}
