package host

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/generate"
	"github.com/lakebed/lakebed/shared/benchtest"
)

// BenchmarkRun is the whole main job on a directory: a file of 200,000 generated events with copies, late and broken ones, to parts.
func BenchmarkRun(b *testing.B) {
	name := filepath.Join(b.TempDir(), "events.ndjson")
	f, err := os.Create(name)
	if err != nil {
		b.Fatal(err)
	}
	made, err := generate.Write(b.Context(), f, generate.Options{Events: 200_000, Duplicates: 0.02, Late: 0.01, Broken: 0.001, Hours: 4})
	if err != nil {
		b.Fatal(err)
	}
	if err := f.Close(); err != nil {
		b.Fatal(err)
	}
	var m benchtest.Meter
	m.Start()
	runs := int64(0)
	for b.Loop() {
		l, err := directory(b.TempDir()).Open(b.Context(), config.Default(), false, true)
		if err != nil {
			b.Fatal(err)
		}
		stream, err := l.Stream(b.Context())
		if err != nil {
			b.Fatal(err)
		}
		src, err := NewSource([]string{name}, nil)
		if err != nil {
			b.Fatal(err)
		}
		r, err := stream.Run(b.Context(), src, time.Hour, Watch{
			Ingested: func(ingest.Result, int64) {}, Compacted: func(compactor.Result) {}, Failed: func(err error) { b.Error(err) },
		})
		if err != nil || r.Events != int64(made.Events) {
			b.Fatalf("%d events of %d: %v", r.Events, made.Events, err)
		}
		if err := stream.Close(); err != nil {
			b.Fatal(err)
		}
		runs++
	}
	m.Stop()
	m.Report(b, int64(made.Lines)*runs, made.Bytes*runs)
}
