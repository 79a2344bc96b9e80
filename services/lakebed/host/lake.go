// Package host runs the services on this machine, over a lake that lies in a plain directory or in S3.
package host

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

// Place is where a lake lies, or is to lie.
type Place interface {
	// ReadConfig gives the text of the lake's lakebed.yaml, nil when there is none.
	ReadConfig(ctx context.Context) ([]byte, error)

	// Open gives the lake that lies there; recorded tells that it has a lakebed.yaml, create that a new one may be made. ErrNoLake says
	// that there is none.
	Open(ctx context.Context, s *config.Settings, recorded, create bool) (*Lake, error)
}

// Find gives the place with a name: a directory's, or s3://bucket/prefix. Only the latter looks for AWS's configuration; an error is
// about that, or about the name.
func Find(ctx context.Context, name string) (Place, error) {
	if InCloud(name) {
		return findCloud(ctx, name)
	}
	return directory(name), nil
}

// InCloud tells whether a place's name is of one in S3.
func InCloud(name string) bool { return strings.HasPrefix(name, cloud.Scheme) }

// Lake is a lake, wherever it lies.
type Lake struct {
	Name     string // of its place
	Bucket   bucket.Bucket
	Catalog  catalog.Catalog
	Settings *config.Settings
	Recorded bool // its mapping is in lakebed.yaml
	Now      func() time.Time
	AWS      *aws.Config // by which it is reached; nil where it lies in a directory

	bound time.Duration // within which a write to the catalog lands; 0 where the catalog compares
	feed  func(ctx context.Context, l *Lake, again bool) (*feed, error)
}

// ErrNoLake says that a place holds no lake.
var ErrNoLake = errors.New("no lake is there yet")

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
		return l.sameMapping(ctx)
	}
	if err != nil {
		return fmt.Errorf("record settings: %w", err)
	}
	l.Recorded = true
	return nil
}

// sameMapping wants what another process has recorded meanwhile to be this lake's mapping.
func (l *Lake) sameMapping(ctx context.Context) error {
	text, err := readConfig(ctx, l.Bucket)
	if err != nil {
		return err
	}
	if recorded, err := config.Recorded(text); err != nil || recorded != l.Settings.Mapping {
		return errors.Join(fmt.Errorf("another process has just recorded other fields in %s: %+v", l.Name, recorded), err)
	}
	l.Recorded = true
	return nil
}

// maxConfig bounds what is taken for a lakebed.yaml.
const maxConfig = 1 << 20

// readConfig gives the text of the lakebed.yaml in a bucket, nil when there is none.
func readConfig(ctx context.Context, b bucket.Bucket) ([]byte, error) {
	body, _, err := b.Get(ctx, layout.Config, bucket.Range{Length: maxConfig})
	if errors.Is(err, bucket.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read lake's settings: %w", err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read lake's settings: %w", err)
	}
	return text, nil
}

// Ingester gives the hot path over this lake.
func (l *Lake) Ingester(c claims.Claims) (*ingest.Ingester, error) {
	return ingest.New(l.Bucket, c, ingest.Config{
		Mapping: l.Settings.Mapping, MaxFuture: l.Settings.MaxFuture, Lanes: l.Settings.Lanes,
		Gzip: l.Settings.Encoding == "gzip", Parallel: 16,
	})
}

// Compactor gives the compactor of this lake.
func (l *Lake) Compactor() (*compactor.Compactor, error) {
	s := l.Settings
	return compactor.New(l.Bucket, l.Catalog, compactor.Config{
		Policy: compactor.Policy{
			Target: int64(s.Target), Close: s.Close, MajorParts: s.MajorParts, MajorShare: s.MajorShare, Bound: l.bound,
			Anew: compactor.Anew, Grace: s.Grace, Live: s.Live, LongestQuery: s.LongestQuery,
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
	own, ok := l.Catalog.(interface{ Clear(context.Context) error })
	if !ok {
		return err
	}
	if err := own.Clear(ctx); err != nil {
		return fmt.Errorf("drop catalog: %w", err)
	}
	return nil
}
