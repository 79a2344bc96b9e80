package erasure

import (
	"context"
	"fmt"
	"sync"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// readAhead is how many objects are fetched at once.
const readAhead = 16

// Load reads all tombstones. A lake without any costs one listing. A damaged object is an error: who does not know what is erased must not
// merge. What Lakebed did not write is passed over.
func Load(ctx context.Context, b bucket.Bucket) (*Set, error) {
	keys, err := list(ctx, b)
	if err != nil {
		return nil, err
	}
	return load(ctx, b, keys)
}

func list(ctx context.Context, b bucket.Bucket) (keys []string, err error) {
	for o, err := range b.List(ctx, layout.Erasures, "") {
		if err != nil {
			return nil, fmt.Errorf("list %s: %w", layout.Erasures, err)
		}
		if o.Key != layout.ErasureKey && layout.CheckErasure(o.Key) == nil {
			keys = append(keys, o.Key)
		}
	}
	return keys, nil
}

func load(ctx context.Context, b bucket.Bucket, keys []string) (*Set, error) {
	if len(keys) == 0 {
		return newSet(nil), nil
	}
	secret, err := readSecret(ctx, b)
	if err != nil {
		return nil, err
	}
	set := newSet(secret)
	for len(keys) > 0 {
		some := keys[:min(len(keys), readAhead)]
		keys = keys[len(some):]
		if err := set.load(ctx, b, some); err != nil {
			return nil, err
		}
	}
	return set, nil
}

// load fetches objects at once, and takes them.
func (s *Set) load(ctx context.Context, b bucket.Bucket, keys []string) error {
	texts, errs := make([][]byte, len(keys)), make([]error, len(keys))
	var reads sync.WaitGroup
	for i, key := range keys {
		reads.Go(func() { texts[i], errs[i] = read(ctx, b, key) })
	}
	reads.Wait()
	for i, key := range keys {
		if errs[i] != nil {
			return errs[i]
		}
		if layout.Erasure(xxhash.Sum64(texts[i])) != key {
			return fmt.Errorf("read %s: %w: its content is not what its name says", key, ErrBroken)
		}
		if err := s.take(texts[i]); err != nil {
			return fmt.Errorf("read %s: %w", key, err)
		}
	}
	return nil
}
