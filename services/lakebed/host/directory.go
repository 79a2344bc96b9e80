package host

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/layout"
)

// directory is the place of a lake in a plain directory.
type directory string

// own is the folder below a lake for what is not the bucket's: no listing shows it.
const own = ".lakebed"

// shard is the name of the one shard of a directory's stream.
const shard = "local"

// ReadConfig implements Place.
func (d directory) ReadConfig(context.Context) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(string(d), layout.Config))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // Open says what is wrong with the latter
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read lake's settings: %w", err)
	}
	return text, nil
}

// Open implements Place; create makes the directory where there is none.
func (d directory) Open(ctx context.Context, s *config.Settings, recorded, create bool) (*Lake, error) {
	dir := string(d)
	if !recorded {
		if err := d.orphaned(ctx); err != nil {
			return nil, err
		}
	}
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open lake %s: it is a file, not a directory", dir)
	} else if errors.Is(err, os.ErrNotExist) || err == nil && !recorded && !create {
		if !create {
			return nil, fmt.Errorf("open lake %s: %w: `lakebed ingest` or `lakebed run` makes one", dir, ErrNoLake)
		}
	} else if err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(dir, own, "catalog"), 0o750); err != nil {
		return nil, fmt.Errorf("open lake: %w", err)
	}
	b, err := bucket.OpenDir(dir)
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	c, err := catalog.OpenFile(filepath.Join(dir, own, "catalog"))
	if err != nil {
		return nil, fmt.Errorf("open lake %s: %w", dir, err)
	}
	return &Lake{Name: dir, Bucket: b, Catalog: c, Settings: s, Recorded: recorded, Now: time.Now, feed: d.feed}, nil
}

// orphaned tells whether there are events whose lakebed.yaml is gone: it is written before the first of them, and says how they are read. So the
// file is looked for once more after one was found, as another process may just have begun the lake. Other files of such a folder mean nothing.
func (d directory) orphaned(ctx context.Context) error {
	key, err := d.stored(ctx)
	if err != nil {
		return fmt.Errorf("open lake %s: %w", string(d), err)
	}
	if key == "" {
		return nil
	}
	if text, err := d.ReadConfig(ctx); err != nil || text != nil {
		return err
	}
	return fmt.Errorf("open lake %s: its %s was deleted, while %s is there: restore it, or write it anew, with format: %d and the id_field, "+
		"time_field and name_field that the lake was made with", string(d), layout.Config, key, config.Format)
}

// stored gives a key that only a lake's own object has, "" when there is none.
func (d directory) stored(ctx context.Context) (key string, err error) {
	b, err := bucket.OpenDir(string(d))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // Open says what is wrong with the latter
		return "", nil
	}
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, b.Close()) }()
	for _, top := range []string{layout.Raw, layout.Events, layout.Ledger} {
		for o, err := range b.List(ctx, top, "") {
			if err != nil {
				return "", err
			}
			if isOwn(o.Key) {
				return o.Key, nil
			}
		}
	}
	return "", nil
}

func isOwn(key string) bool {
	_, fragment := layout.ParseFragment(key)
	_, slot := layout.ParseSlot(key)
	_, entry := layout.ParseEntry(key)
	_, rollup := layout.ParseRollup(key)
	return fragment == nil || slot == nil || entry == nil || rollup == nil
}

// feed opens the lake's memory of what was stored, which also numbers the records. One process at a time holds it.
func (d directory) feed(_ context.Context, l *Lake, _ bool) (*feed, error) {
	dir := filepath.Join(string(d), own)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open claims: %w", err)
	}
	c, err := claims.OpenBolt(filepath.Join(dir, "claims.db"), claims.Options{Keep: l.Settings.ClaimWindow, Now: l.Now})
	if err != nil {
		return nil, fmt.Errorf("open claims: %w", err)
	}
	return &feed{shard: shard, claims: c, number: c.Sequence, proved: l.Recorded, close: c.Close}, nil
}
