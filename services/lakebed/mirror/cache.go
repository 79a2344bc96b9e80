package mirror

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Cache is a directory of objects' contents, shared by all lakes and processes of a user.
type Cache struct {
	Dir   string
	Limit int64 // bytes; what was used longest ago goes first
}

// unfinished is how the name of a file ends that is still being fetched, or whose process has died.
const unfinished = ".new"

// abandoned is how old an unfinished file is that nobody can be writing to any more.
const abandoned = 24 * time.Hour

// TooLargeError says that the cache cannot hold what is asked for.
type TooLargeError struct{ Size, Limit int64 }

func (e *TooLargeError) Error() string {
	return fmt.Sprintf("%s of objects are more than the cache may hold, %s", humanize.IBytes(uint64(e.Size)), humanize.IBytes(uint64(e.Limit)))
}

// name is that of an object's content. An object that is written anew has another ETag and so another name.
func (c Cache) name(lake string, o bucket.Object) string {
	h := sha256.Sum256([]byte(lake + "\x00" + o.Key + "\x00" + o.ETag))
	return hex.EncodeToString(h[:16])
}

// has tells whether a content is there whole, and that it is used now.
func (c Cache) has(name string, size int64, now time.Time) bool {
	path := filepath.Join(c.Dir, name)
	info, err := os.Stat(path)
	if err != nil || info.Size() != size {
		return false
	}
	return os.Chtimes(path, now, now) == nil // else another process has just removed it
}

// makeRoom removes contents until fetch bytes more fit, or only needed ones are left.
func (c Cache) makeRoom(fetch int64, needed map[string]bool) error {
	entries, err := os.ReadDir(c.Dir)
	if err != nil {
		return fmt.Errorf("make room in cache: %w", err)
	}
	var files []fs.FileInfo
	total := fetch
	for _, e := range entries {
		info, err := e.Info()
		if err != nil || !info.Mode().IsRegular() { // another process has just removed it
			continue
		}
		files = append(files, info)
		total += info.Size()
	}
	slices.SortFunc(files, func(a, b fs.FileInfo) int { return a.ModTime().Compare(b.ModTime()) })
	for _, f := range files {
		dead := strings.HasSuffix(f.Name(), unfinished)
		if needed[f.Name()] || dead && time.Since(f.ModTime()) < abandoned || !dead && total <= c.Limit {
			continue
		}
		if err := os.Remove(filepath.Join(c.Dir, f.Name())); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return fmt.Errorf("make room in cache: %w", err)
		}
		total -= f.Size()
	}
	return nil
}
