// Package host runs the services on one machine, over a lake that lies in a plain directory.
package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/layout"
)

// own is the folder below a lake for what is not the bucket's: no listing shows it.
const own = ".lakebed"

// Lake is a lake in a directory.
type Lake struct {
	Dir      string
	Bucket   bucket.Bucket
	Catalog  *catalog.File
	Settings *config.Settings
	Recorded bool // its mapping is in lakebed.yaml
	Now      func() time.Time
}

// ErrNoLake says that a directory holds no lake.
var ErrNoLake = errors.New("no lake is there yet: `lakebed ingest` or `lakebed run` makes one")

// ReadConfig gives the text of a lake's lakebed.yaml, nil when there is none.
func ReadConfig(dir string) ([]byte, error) {
	text, err := os.ReadFile(filepath.Join(dir, layout.Config))
	if errors.Is(err, os.ErrNotExist) || errors.Is(err, syscall.ENOTDIR) { // Open says what is wrong with the latter
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read lake's settings: %w", err)
	}
	return text, nil
}

// Open gives the lake in dir; create makes the directory where there is none.
func Open(dir string, s *config.Settings, recorded, create bool) (*Lake, error) {
	if info, err := os.Stat(dir); err == nil && !info.IsDir() {
		return nil, fmt.Errorf("open lake %s: it is a file, not a directory", dir)
	} else if errors.Is(err, os.ErrNotExist) || err == nil && !recorded && !create {
		if !create {
			return nil, fmt.Errorf("open lake %s: %w", dir, ErrNoLake)
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
	return &Lake{Dir: dir, Bucket: b, Catalog: c, Settings: s, Recorded: recorded, Now: time.Now}, nil
}

// Record writes the lake's lakebed.yaml, if there is none.
func (l *Lake) Record(ctx context.Context) error {
	if l.Recorded {
		return nil
	}
	text, err := l.Settings.Record()
	if err != nil {
		return err
	}
	_, err = l.Bucket.Put(ctx, layout.Config, bytes.NewReader(text), bucket.Condition{Absent: true})
	if errors.Is(err, bucket.ErrExists) {
		return l.sameMapping()
	}
	if err != nil {
		return fmt.Errorf("record settings: %w", err)
	}
	l.Recorded = true
	return nil
}

// sameMapping wants what another process has recorded meanwhile to be this lake's mapping.
func (l *Lake) sameMapping() error {
	text, err := ReadConfig(l.Dir)
	if err != nil {
		return err
	}
	if recorded, err := config.Recorded(text); err != nil || recorded != l.Settings.Mapping {
		return errors.Join(fmt.Errorf("another process has just recorded other fields in %s: %+v", l.Dir, recorded), err)
	}
	l.Recorded = true
	return nil
}

// Claims opens the lake's memory of what was stored. One process at a time holds it.
func (l *Lake) Claims() (*claims.Bolt, error) {
	dir := filepath.Join(l.Dir, own)
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("open claims: %w", err)
	}
	c, err := claims.OpenBolt(filepath.Join(dir, "claims.db"), claims.Options{Keep: l.Settings.ClaimWindow, Now: l.Now})
	if err != nil {
		return nil, fmt.Errorf("open claims: %w", err)
	}
	return c, nil
}

// Ingester gives the hot path over this lake.
func (l *Lake) Ingester(c claims.Claims) (*ingest.Ingester, error) {
	return ingest.New(l.Bucket, c, ingest.Config{
		Mapping: l.Settings.Mapping, MaxFuture: l.Settings.MaxFuture, Lanes: l.Settings.Lanes,
		Gzip: l.Settings.Encoding == "gzip", Parallel: 16,
	})
}

// Compactor gives the compactor of this lake. The file catalog compares, so that its writes need no bound.
func (l *Lake) Compactor() (*compactor.Compactor, error) {
	s := l.Settings
	return compactor.New(l.Bucket, l.Catalog, compactor.Config{
		Policy: compactor.Policy{
			Target: int64(s.Target), Close: s.Close, MajorParts: s.MajorParts, MajorShare: s.MajorShare,
			Grace: s.Grace, Live: s.Live, LongestQuery: s.LongestQuery,
		},
		Mapping: s.Mapping, Memory: int64(s.Memory), Parallel: s.Parallel, Now: l.Now,
	})
}

// DropCorruptCatalog empties a catalog that cannot be read, for it to be made anew.
func (l *Lake) DropCorruptCatalog(ctx context.Context) error {
	_, err := l.Catalog.Table(ctx)
	if err == nil {
		_, err = l.Catalog.Partitions(ctx)
	}
	if !errors.Is(err, catalog.ErrCorrupt) {
		return err
	}
	if err := l.Catalog.Clear(ctx); err != nil {
		return fmt.Errorf("drop catalog: %w", err)
	}
	return nil
}
