package bucket

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// Dir is a bucket on a plain directory: the object a/b/c is the file a/b/c below it. Several processes may use one directory at once.
//
// Files are never changed in place: a write makes a new file in the hidden folder .lakebed/new, syncs it, and gives it its name by one
// link or rename. A crash leaves the old object or the new one, and at most a leftover there that the next OpenDir after a day removes.
//
// Other than in S3, an object's key cannot be a folder of another's: there is no a beside a/b. Names that begin with a dot are hidden,
// symbolic links are no objects, and none is followed out of the directory. File names are the keys' bytes, so a file system that folds
// case or normalises Unicode folds keys too.
type Dir struct {
	root  *os.Root
	top   *os.File // the same folder, where the kernel is asked itself
	path  string   // absolute, for the lock files
	last  atomic.Int64
	locks [stripes]chan struct{}
}

// Where a Dir keeps its own files, relative to its root.
const (
	newFolder  = ".lakebed/new"
	lockFolder = ".lakebed/lock"
)

// leftoverAge is how long a file in newFolder must not have been written to before it counts as a dead process's.
const leftoverAge = 24 * time.Hour

// OpenDir opens an existing directory as a bucket, and removes what processes killed more than a day ago left half-written. Nothing is
// created in it before the first write.
func OpenDir(path string) (*Dir, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	root, err := os.OpenRoot(path)
	if err != nil {
		return nil, fmt.Errorf("open bucket: %w", err)
	}
	top, err := root.Open(".")
	if err != nil {
		return nil, errors.Join(fmt.Errorf("open bucket: %w", err), root.Close())
	}
	d := &Dir{root: root, top: top, path: path}
	for i := range d.locks {
		d.locks[i] = make(chan struct{}, 1)
	}
	d.removeLeftovers(time.Now().Add(-leftoverAge))
	return d, nil
}

// Close releases the directory. Bodies that are still open can be read on.
func (d *Dir) Close() error { return errors.Join(d.top.Close(), d.root.Close()) }

// removeLeftovers is best effort: a leftover takes space and does no other harm.
func (d *Dir) removeLeftovers(before time.Time) {
	folder, err := d.root.Open(newFolder)
	if err != nil {
		return
	}
	defer folder.Close()
	entries, _ := folder.ReadDir(-1)
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil && info.Mode().IsRegular() && info.ModTime().Before(before) {
			_ = d.root.Remove(newFolder + "/" + entry.Name())
		}
	}
}

// stat describes the object that has key now; fs.ErrNotExist and errFolder say why there is none.
func (d *Dir) stat(key string) (Object, error) { return stat(d.root, key, key) }

// stat describes the object that has key, whose file has a name below a folder.
func stat(at *os.Root, name, key string) (Object, error) {
	info, err := at.Lstat(name)
	switch {
	case err != nil && gone(err):
		return Object{}, fs.ErrNotExist
	case err != nil:
		return Object{}, err
	case info.IsDir():
		return Object{}, errFolder
	case !info.Mode().IsRegular():
		return Object{}, fs.ErrNotExist
	}
	return describe(key, info), nil
}

// describe makes an object of a file. Its ETag is the file's number, size and the time that Put gave it (see stamp). The time of the last
// status change is no part of it: linking and unlinking change that.
func describe(key string, info fs.FileInfo) Object {
	modified := info.ModTime()
	etag := make([]byte, 0, 40)
	etag = strconv.AppendUint(etag, fileNumber(info), 36)
	etag = append(etag, '-')
	etag = strconv.AppendInt(etag, info.Size(), 36)
	etag = append(etag, '-')
	etag = strconv.AppendInt(etag, modified.UnixNano(), 36)
	return Object{Key: key, Size: info.Size(), ETag: string(etag), Modified: modified}
}

// stamp gives the time of a write, never the same one twice. The kernel's own file times stand still for up to a tick, in which a file
// number may come again; these do not.
func (d *Dir) stamp() time.Time {
	for {
		last, now := d.last.Load(), time.Now().UnixNano()
		now = max(now, last+1)
		if d.last.CompareAndSwap(last, now) {
			return time.Unix(0, now)
		}
	}
}

var errFolder = errors.New("there is a folder of that name")

// gone tells whether an error says that a file, or a folder on the way to it, is not there.
func gone(err error) bool { return errors.Is(err, fs.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) }
