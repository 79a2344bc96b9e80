package host

import (
	"context"
	"io"
	"maps"
	"slices"
	"sync"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// traced is a bucket that notes the hours whose fragments are put; when dry, it puts nothing.
type traced struct {
	bucket.Bucket
	dry bool

	mu    sync.Mutex
	hours map[layout.Partition]bool
}

// Put implements bucket.Bucket.
func (t *traced) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if f, err := layout.ParseFragment(key); err == nil {
		t.mu.Lock()
		t.hours[f.Partition] = true
		t.mu.Unlock()
	}
	if t.dry {
		return bucket.Object{Key: key}, ctx.Err()
	}
	return t.Bucket.Put(ctx, key, body, c)
}

func (t *traced) sorted() []layout.Partition {
	t.mu.Lock()
	defer t.mu.Unlock()
	return slices.Sorted(maps.Keys(t.hours))
}
