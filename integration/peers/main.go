// Command peers gives the comparison with other tools what it needs: a lake whose fragments are theirs, one for each, as ingest writes them.
//
//	peers DATA/json LAKE plain|gzip
package main

import (
	"bytes"
	"context"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/claims"
)

func main() {
	if len(os.Args) != 4 {
		fmt.Fprintln(os.Stderr, "usage: peers DATA/json LAKE plain|gzip")
		os.Exit(2)
	}
	if err := fill(context.Background(), os.Args[1], os.Args[2], os.Args[3]); err != nil {
		fmt.Fprintln(os.Stderr, "peers:", err)
		os.Exit(1)
	}
}

// fill ingests each file as a delivery of its own. Nothing is claimed, so that compaction has all the copies to drop.
func fill(ctx context.Context, from, lake, encoding string) error {
	var files []string
	err := filepath.WalkDir(from, func(name string, e fs.DirEntry, err error) error {
		if err == nil && !e.IsDir() {
			files = append(files, name)
		}
		return err
	})
	if err != nil {
		return err
	}
	place, err := host.Find(ctx, lake)
	if err != nil {
		return err
	}
	settings := config.Default()
	if err := settings.Encoding.Set(encoding); err != nil {
		return err
	}
	l, err := place.Open(ctx, settings, false, true)
	if err != nil {
		return err
	}
	if err := l.Record(ctx); err != nil {
		return err
	}
	in, err := l.Ingester(claims.None{})
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(2)
	for n, file := range files {
		g.Go(func() error {
			text, err := os.ReadFile(file)
			if err != nil {
				return err
			}
			d := ingest.Delivery{Shard: "shardId-000000000000"}
			for line := range bytes.Lines(text) {
				d.Records = append(d.Records, ingest.Record{Sequence: fmt.Sprint(n*100_000 + len(d.Records) + 1), Arrival: time.Now(), Data: line})
			}
			r, err := in.Ingest(ctx, d)
			if err == nil && r.Stored+r.Duplicates != int64(len(d.Records)) {
				err = fmt.Errorf("%s: %d lines are stored of %d, and %d are copies", file, r.Stored, len(d.Records), r.Duplicates)
			}
			return err
		})
	}
	return g.Wait()
}
