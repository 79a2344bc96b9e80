package bucket

import (
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"io/fs"
	"path/filepath"
	"time"

	"github.com/gofrs/flock"
)

// stripes is how many locks the keys share. They are held for a stat and a rename, never for a sync.
const stripes = 64

// lockPoll is how often a lock that another process holds is tried again.
const lockPoll = 500 * time.Microsecond

// lock keeps every other call and process from replacing or deleting key until unlock is called. Creating needs no lock: it cannot succeed
// while there is an object, and only the holder can make an object go away.
func (d *Dir) lock(ctx context.Context, key string) (unlock func(), err error) {
	h := fnv.New32a()
	_, _ = h.Write([]byte(key))
	n := h.Sum32() % stripes
	select {
	case d.locks[n] <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	file := flock.New(filepath.Join(d.path, filepath.FromSlash(lockFolder), fmt.Sprintf("%02d", n)))
	_, err = file.TryLockContext(ctx, lockPoll)
	if errors.Is(err, fs.ErrNotExist) {
		if err = d.root.MkdirAll(lockFolder, 0o755); err == nil {
			_, err = file.TryLockContext(ctx, lockPoll)
		}
	}
	if err != nil {
		<-d.locks[n]
		return nil, fmt.Errorf("lock: %w", err)
	}
	return func() {
		_ = file.Close() // gives the lock up too
		<-d.locks[n]
	}, nil
}
