package command

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/dustin/go-humanize"

	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/services/lakebed/mirror"
	"github.com/lakebed/lakebed/shared/layout"
)

// muchToFetch is the size from which a download is announced, so that it can be broken off.
const muchToFetch = 1 << 30

// mirror opens the mirror of a lake in S3.
func (e *env) mirror(l *host.Lake) (*mirror.Mirror, error) {
	dir := cached("objects")
	if dir == "" {
		dir = filepath.Join(os.TempDir(), fmt.Sprintf("lakebed-%d", os.Getuid()), "objects")
	}
	var b *bar
	cache := mirror.Cache{Dir: dir, Limit: int64(l.Settings.Cloud.CacheSize)}
	return mirror.Open(l.Bucket, l.Name, cache, mirror.Watch{
		Start: func(objects int, bytes int64) {
			if bytes >= muchToFetch {
				fmt.Fprintf(e.err, "fetching %s in %d objects; --from and --to limit the hours, and Athena reads much without a copy\n",
					humanize.IBytes(uint64(bytes)), objects)
			}
			b = e.progress("fetching", bytes, true)
		},
		Read: func(n int64) { b.add(n) },
		Done: func() { b.done() },
	})
}

// limits says on stderr that the tables do not show every hour.
func (e *env) limits(from, to hour) {
	if e.quiet {
		return
	}
	switch {
	case from.given() && to.given():
		fmt.Fprintf(e.err, "the tables show only the hours from %s and before %s\n", &from, &to)
	case from.given():
		fmt.Fprintf(e.err, "the tables show only the hours from %s\n", &from)
	case to.given():
		fmt.Fprintf(e.err, "the tables show only the hours before %s\n", &to)
	}
}

// hour is a flag that names one: as a date, an hour of it, or a time.
type hour struct{ layout.Partition }

// Set parses it.
func (h *hour) Set(s string) error {
	for _, form := range []string{time.DateOnly, "2006-01-02T15", time.RFC3339} {
		t, err := time.Parse(form, s)
		if p := layout.PartitionOf(t); err == nil && t.Equal(p.Start()) && p.Valid() && p > 0 {
			h.Partition = p
			return nil
		}
	}
	return errors.New("want a date or a whole hour, such as 2026-11-23 or 2026-11-23T08")
}

func (h *hour) String() string {
	if !h.given() {
		return ""
	}
	return h.Start().Format("2006-01-02T15")
}

// Type is the name of the value in the flag's help.
func (h *hour) Type() string { return "hour" }

func (h *hour) given() bool { return h.Partition > 0 }

// cached is the name of something in the user's cache; "" where there is none.
func cached(name string) string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "lakebed", name)
}
