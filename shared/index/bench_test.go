package index

import (
	"context"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/benchtest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
)

// BenchmarkEach reads an index of a million fingerprints, from memory, as each flush of a merge reads those of its lane.
func BenchmarkEach(b *testing.B) {
	const n = 1_000_000
	store, w := bucket.NewMemory(time.Now), NewWriter(b.TempDir())
	for i := range uint64(n) {
		if err := w.Add(event.Fingerprint{ID: event.ID{byte(i), byte(i >> 8), byte(i >> 16)}, Body: i}); err != nil {
			b.Fatal(err)
		}
	}
	body, err := w.Open(nil, false)
	if err != nil {
		b.Fatal(err)
	}
	if _, err := store.Put(context.Background(), "i", body, bucket.Condition{}); err != nil {
		b.Fatal(err)
	}
	var m benchtest.Meter
	m.Start()
	for b.Loop() {
		if _, err := Each(b.Context(), store, "i", func([]event.Fingerprint) error { return nil }); err != nil {
			b.Fatal(err)
		}
	}
	m.Stop()
	m.Report(b, int64(b.N)*n, int64(b.N)*n*record)
}
