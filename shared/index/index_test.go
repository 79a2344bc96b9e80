package index

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
)

func prints(n int) []event.Fingerprint {
	all := make([]event.Fingerprint, n)
	for i := range all {
		all[i] = event.Fingerprint{ID: event.ID{0: byte(i), 1: byte(i >> 8), 15: 1}, Body: uint64(i) * 0x9e3779b97f4a7c15}
	}
	return all
}

func encode(t *testing.T, all []event.Fingerprint, consumed []Consumed, rebuilt bool) []byte {
	t.Helper()
	w := NewWriter(t.TempDir())
	defer w.Close()
	for i, f := range all {
		if err := w.Add(f); err != nil {
			t.Fatal(err)
		}
		if i == len(all)/2 && !slices.Equal(slices.Collect(w.All()), all[:i+1]) { // read while it is being written
			t.Fatal("the spool does not give what was added")
		}
	}
	var text []byte
	for range 2 { // an index of a part that loses its slot is put again
		r, err := w.Open(consumed, rebuilt)
		if err != nil {
			t.Fatal(err)
		}
		again, err := io.ReadAll(r)
		if err != nil || text != nil && !bytes.Equal(again, text) {
			t.Fatalf("opened twice it differs: %v", err)
		}
		text = again
	}
	return text
}

func read(t *testing.T, text []byte) ([]event.Fingerprint, Head, error) {
	t.Helper()
	b := bucket.NewMemory(time.Now)
	if _, err := b.Put(t.Context(), "index/x", bytes.NewReader(text), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	var all []event.Fingerprint
	head, err := Each(t.Context(), b, "index/x", func(page []event.Fingerprint) error {
		all = append(all, page...)
		return nil
	})
	if err == nil {
		if only, err := ReadHead(t.Context(), b, "index/x"); err != nil || only.Count != head.Count {
			t.Errorf("the head alone is %+v, %v", only, err)
		}
	}
	return all, head, err
}

func TestRoundTrip(t *testing.T) {
	consumed := []Consumed{{Name: "l-local-1-2-0000000000000000.json", Lines: 7}, {Name: "l-local-3-4-0000000000000000.json.gz"}}
	for _, n := range []int{0, 1, 1023, 1024, 1025, 5000} {
		all, head, err := read(t, encode(t, prints(n), consumed, n == 1))
		if err != nil || !slices.Equal(all, prints(n)) || head.Count != int64(n) || !slices.Equal(head.Consumed, consumed) || head.Rebuilt != (n == 1) {
			t.Errorf("%d: got %d, %+v, %v", n, len(all), head, err)
		}
	}
}

// Every flip of a bit and every cut is found.
func TestDamage(t *testing.T) {
	text := encode(t, prints(40), []Consumed{{Name: "a", Lines: 40}}, false)
	for i := range text {
		damaged := bytes.Clone(text)
		damaged[i] ^= 1 << (i % 8)
		if _, _, err := read(t, damaged); !errors.Is(err, ErrCorrupt) {
			t.Errorf("a flip in byte %d: %v", i, err)
		}
		if _, _, err := read(t, text[:i]); !errors.Is(err, ErrCorrupt) {
			t.Errorf("cut to %d bytes: %v", i, err)
		}
	}
	if _, _, err := read(t, append(bytes.Clone(text), 0)); !errors.Is(err, ErrCorrupt) {
		t.Errorf("a byte too many: %v", err)
	}
	if _, err := ReadHead(context.Background(), bucket.NewMemory(time.Now), "index/none"); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("no index: %v", err)
	}
	stop := errors.New("stop")
	b := bucket.NewMemory(time.Now)
	if _, err := b.Put(t.Context(), "index/x", bytes.NewReader(text), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Each(t.Context(), b, "index/x", func([]event.Fingerprint) error { return stop }); !errors.Is(err, stop) {
		t.Errorf("an error of the caller: %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add([]byte(magic + "\x02\x00\x00\x00{}"))
	f.Add([]byte(strings.Repeat(magic, 10)))
	f.Fuzz(func(t *testing.T, text []byte) {
		all, head, err := read(t, text)
		if err == nil && int64(len(all)) != head.Count {
			t.Errorf("%d fingerprints, the head says %d", len(all), head.Count)
		}
	})
}
