package sql_test

import (
	"errors"
	"fmt"
	"path"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
)

// index stores the index of the part that l.part wrote, of so many events, out of fragments.
func (l *lake) index(p layout.Partition, g layout.Generation, n, events int, fragments ...string) string {
	l.t.Helper()
	w := index.NewWriter(l.t.TempDir())
	defer w.Close()
	var err error
	for range events {
		err = errors.Join(err, w.Add(event.Fingerprint{}))
	}
	var consumed []index.Consumed
	for _, key := range fragments {
		consumed = append(consumed, index.Consumed{Name: path.Base(key), Lines: 1})
	}
	r, openErr := w.Open(consumed, false)
	if err := errors.Join(err, openErr); err != nil {
		l.t.Fatal(err)
	}
	key := layout.Index{Slot: layout.Slot{Partition: p, Generation: g, Number: n}, Inputs: fmt.Sprintf("%032x", n)}.Key()
	if _, err := l.bucket.Put(l.t.Context(), key, r, bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
	return key
}

// What was erased is not seen again in the fragment that it came with, which lies there until it is swept; what is fresh is seen, and copies
// are not.
func TestLiveWithoutErased(t *testing.T) {
	l := newLake(t)
	first, second := layout.FirstGeneration, layout.FirstGeneration.Successor("00000000")
	merged := l.fragment(hour, false, `{"id":"erased"}`, `{"id":"kept"}`)
	l.part(hour, first, 1, `{"id":"erased"}`, `{"id":"kept"}`)
	l.index(hour, first, 1, 2, merged)
	l.publish(hour, first, `{"id":"kept"}`)
	l.fragment(hour, false, `{"id":"fresh"}`, `{"id":"kept"}`)
	s := l.open()
	check(t, s, "SELECT id FROM events_live ORDER BY id", "erased fresh kept")
	l.part(hour, second, 1, `{"id":"kept"}`)
	key := l.index(hour, second, 1, 1, merged)
	l.publish(hour, second)
	for range 2 { // the second time without reading the index
		if err := s.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		check(t, s, "SELECT id FROM events_live ORDER BY id", "fresh kept")
		check(t, s, "SELECT id FROM events_raw ORDER BY id", "erased fresh kept kept")
	}
	check(t, l.open(), "SELECT id FROM events_live ORDER BY id", "fresh kept")
	if _, err := erasure.Add(t.Context(), l.bucket, "id", []string{"erased"}, now); err != nil {
		t.Fatal(err)
	}
	l.put(key, []byte("no index"))
	check(t, l.open(), "SELECT id FROM events_live ORDER BY id", "fresh kept")
	if err := l.bucket.Delete(t.Context(), bucket.Object{Key: key}); err != nil {
		t.Fatal(err)
	}
	check(t, l.open(), "SELECT id FROM events_live ORDER BY id", "fresh kept")
}

// A fragment is left out for the sake of parts that are listed only: one that is merged after the listing is read itself.
func TestLiveAmidMerge(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a"}`)
	key := l.fragment(hour, false, `{"id":"b"}`)
	hook := &hooked{Bucket: l.bucket}
	l.bucket = hook
	s := l.open()
	hook.after = func() {
		l.index(hour, layout.FirstGeneration, 2, 1, key) // the compactor writes it before the part
	}
	check(t, s, "SELECT id FROM events_live ORDER BY id", "a b")
	l.part(hour, layout.FirstGeneration, 2, `{"id":"b"}`)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT id FROM events_live ORDER BY id", "a b")
}
