// Package mirror keeps objects of a lake in S3 as files on this machine, where DuckDB can read them.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Mirror shows objects of one lake below a directory of its own, each under its key: a link into a cache. It is not safe for concurrent
// use, but any number of mirrors may have one cache.
type Mirror struct {
	Root   string // the directory
	bucket bucket.Bucket
	lake   string
	cache  Cache
	watch  Watch
}

// Watch is told of downloads: Start before the first of several, Read as they come, perhaps from several goroutines at once, and Done.
type Watch struct {
	Start func(objects int, bytes int64)
	Read  func(bytes int64)
	Done  func()
}

// parallel is how many objects are fetched at once.
const parallel = 8

// Open makes a mirror without an object. The caller closes it.
func Open(b bucket.Bucket, lake string, c Cache, w Watch) (*Mirror, error) {
	if err := os.MkdirAll(c.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("open cache: %w", err)
	}
	root, err := os.MkdirTemp("", "lakebed-mirror-")
	if err != nil {
		return nil, fmt.Errorf("open mirror: %w", err)
	}
	return &Mirror{root, b, lake, c, w}, nil
}

// Close removes the directory; the cache stays.
func (m *Mirror) Close() error { return os.RemoveAll(m.Root) }

// Bring fetches those of the objects that the cache does not have, and shows all of them. An object that has changed or gone since it
// was listed is bucket.ErrChanged or bucket.ErrNotFound: list again. After an error some are shown, and what was fetched whole is kept.
func (m *Mirror) Bring(ctx context.Context, objects []bucket.Object) error {
	needed := make(map[string]bool, len(objects))
	var missing []bucket.Object
	var size, fetch int64
	now := time.Now()
	for _, o := range objects {
		name := m.cache.name(m.lake, o)
		needed[name] = true
		size += o.Size
		if m.cache.has(name, o.Size, now) {
			continue
		}
		missing = append(missing, o)
		fetch += o.Size
	}
	if size > m.cache.Limit {
		return &TooLargeError{Size: size, Limit: m.cache.Limit}
	}
	if len(missing) > 0 {
		if err := m.cache.makeRoom(fetch, needed); err != nil {
			return err
		}
		if err := m.fetch(ctx, missing, fetch); err != nil {
			return err
		}
	}
	for _, o := range objects {
		if err := m.show(o); err != nil {
			return fmt.Errorf("show %s: %w", o.Key, err)
		}
	}
	return nil
}

func (m *Mirror) fetch(ctx context.Context, objects []bucket.Object, size int64) error {
	m.watch.Start(len(objects), size)
	defer m.watch.Done()
	group, running := errgroup.WithContext(ctx)
	group.SetLimit(parallel)
	for _, o := range objects {
		if running.Err() != nil {
			break
		}
		group.Go(func() error {
			if err := m.get(running, o); err != nil {
				return fmt.Errorf("fetch %s: %w", o.Key, err)
			}
			return nil
		})
	}
	if err := group.Wait(); err != nil {
		return err
	}
	return ctx.Err()
}

// get writes an object into the cache: whole under its name, or not at all.
func (m *Mirror) get(ctx context.Context, o bucket.Object) error {
	body, got, err := m.bucket.Get(ctx, o.Key, bucket.Range{})
	if err != nil {
		return err
	}
	defer body.Close()
	if got.ETag != o.ETag {
		return bucket.ErrChanged
	}
	f, err := os.CreateTemp(m.cache.Dir, "*"+unfinished)
	if err != nil {
		return err
	}
	n, err := io.Copy(f, &meter{body, m.watch.Read})
	if err == nil && n != o.Size {
		err = fmt.Errorf("got %d bytes of %d", n, o.Size)
	}
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(f.Name(), filepath.Join(m.cache.Dir, m.cache.name(m.lake, o)))
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// show links an object's key to its file.
func (m *Mirror) show(o bucket.Object) error {
	link := filepath.Join(m.Root, filepath.FromSlash(o.Key))
	target := filepath.Join(m.cache.Dir, m.cache.name(m.lake, o))
	if old, err := os.Readlink(link); err == nil {
		if old == target {
			return nil
		}
		if err := os.Remove(link); err != nil {
			return err
		}
	}
	if err := os.MkdirAll(filepath.Dir(link), 0o700); err != nil {
		return err
	}
	return os.Symlink(target, link)
}

type meter struct {
	io.Reader
	read func(int64)
}

func (m *meter) Read(b []byte) (int, error) {
	n, err := m.Reader.Read(b)
	m.read(int64(n))
	return n, err
}
