package buckettest

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

func create(t *testing.T, b bucket.Bucket) {
	first, err := b.Put(t.Context(), "a/k", strings.NewReader("first"), bucket.Condition{Absent: true})
	if err != nil {
		t.Fatal(err)
	}
	_, err = b.Put(t.Context(), "a/k", strings.NewReader("second"), bucket.Condition{Absent: true})
	if !errors.Is(err, bucket.ErrExists) || !strings.Contains(err.Error(), "a/k") {
		t.Errorf("second create: %v, want ErrExists and the key", err)
	}
	if text, o := get(t, b, "a/k"); text != "first" || o.ETag != first.ETag {
		t.Errorf("a refused create changed the object to %q, %+v", text, o)
	}
	if err := b.Delete(t.Context(), first); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), "a/k", strings.NewReader("third"), bucket.Condition{Absent: true}); err != nil {
		t.Errorf("create after a delete: %v", err)
	}
}

// createRace: of 20 creates of one key, one succeeds, the others are told so, and a reader sees the winner's object or none.
func createRace(t *testing.T, b bucket.Bucket) {
	const racers, size = 20, 64 << 10
	for round := range 5 {
		key := fmt.Sprintf("race/%d/k", round)
		var group sync.WaitGroup
		var wins atomic.Int32
		var winner atomic.Int32
		start := make(chan struct{})
		for i := range racers {
			group.Go(func() {
				<-start
				_, err := b.Put(t.Context(), key, strings.NewReader(pattern(i, size)), bucket.Condition{Absent: true})
				switch {
				case err == nil:
					wins.Add(1)
					winner.Store(int32(i))
				case !errors.Is(err, bucket.ErrExists):
					t.Errorf("racer %d: %v", i, err)
				}
			})
			group.Go(func() {
				<-start
				text, _, err := read(t.Context(), b, key, bucket.Range{})
				if err == nil && len(text) != size || err != nil && !errors.Is(err, bucket.ErrNotFound) {
					t.Errorf("a reader saw %d bytes, %v", len(text), err)
				}
			})
		}
		close(start)
		group.Wait()
		if wins.Load() != 1 {
			t.Fatalf("%d creates of %s succeeded", wins.Load(), key)
		}
		if text, _ := get(t, b, key); text != pattern(int(winner.Load()), size) {
			t.Fatalf("%s does not hold what its winner wrote", key)
		}
	}
}

func (s Store) replace(t *testing.T, b bucket.Bucket) {
	first := put(t, b, "k", s.text(1))
	second, err := b.Put(t.Context(), "k", strings.NewReader(s.text(2)), bucket.Condition{Match: first.ETag})
	if err != nil {
		t.Fatal(err)
	}
	for _, stale := range []string{first.ETag, "nonsense"} {
		if _, err := b.Put(t.Context(), "k", strings.NewReader("lost"), bucket.Condition{Match: stale}); !errors.Is(err, bucket.ErrChanged) {
			t.Errorf("replace with a stale ETag: %v, want ErrChanged", err)
		}
	}
	if text, o := get(t, b, "k"); text != s.text(2) || o.ETag != second.ETag {
		t.Errorf("a refused replace changed the object to %q, %+v", text, o)
	}
	if _, err := b.Put(t.Context(), "none", strings.NewReader("x"), bucket.Condition{Match: first.ETag}); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("replace of no object: %v, want ErrChanged", err)
	}
	if found := keys(t, b, "", ""); len(found) != 1 {
		t.Errorf("bucket holds %q", found)
	}
}

// replaceRace: a counter that several hands count up by compare and swap comes out right.
func replaceRace(t *testing.T, b bucket.Bucket) {
	const hands, each = 6, 10
	put(t, b, "counter", "0")
	var group sync.WaitGroup
	for range hands {
		group.Go(func() {
			for range each {
				if err := increment(t.Context(), b, "counter"); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if text, _ := get(t, b, "counter"); text != strconv.Itoa(hands*each) {
		t.Errorf("counter stands at %s, want %d", text, hands*each)
	}
}

// increment counts the object at key up by compare and swap, as often as that takes.
func increment(ctx context.Context, b bucket.Bucket, key string) error {
	for {
		text, o, err := read(ctx, b, key, bucket.Range{})
		if err != nil {
			return err
		}
		n, err := strconv.Atoi(text)
		if err != nil {
			return err
		}
		_, err = b.Put(ctx, key, strings.NewReader(strconv.Itoa(n+1)), bucket.Condition{Match: o.ETag})
		if !errors.Is(err, bucket.ErrChanged) {
			return err
		}
	}
}

// tornReads: while an object is overwritten, a reader sees one writing or another, and the size that goes with it.
func tornReads(t *testing.T, b bucket.Bucket) {
	const writers, writes = 3, 15
	put(t, b, "k", pattern(0, 1000))
	var writing, reading sync.WaitGroup
	done := make(chan struct{})
	for w := range writers {
		writing.Go(func() {
			for i := range writes {
				if _, err := b.Put(t.Context(), "k", strings.NewReader(pattern(w, 1000+10000*i+w)), bucket.Condition{}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	for range 2 {
		reading.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				text, o, err := read(t.Context(), b, "k", bucket.Range{})
				if err != nil {
					t.Error(err)
					return
				}
				var w int
				if _, err := fmt.Sscanf(text, "<writer %d>", &w); err != nil || text != pattern(w, len(text)) || o.Size != int64(len(text)) {
					t.Errorf("torn read of %d bytes, said to be %d", len(text), o.Size)
					return
				}
			}
		})
	}
	writing.Wait()
	close(done)
	reading.Wait()
}

// createWhileDeleting: the deletion of the last object near a key is no hindrance to creating it.
func createWhileDeleting(t *testing.T, b bucket.Bucket) {
	const hands, each = 4, 40
	var group sync.WaitGroup
	for hand := range hands {
		group.Go(func() {
			for range each {
				key := fmt.Sprintf("deep/er/folder/k%d", hand)
				o, err := b.Put(t.Context(), key, strings.NewReader("x"), bucket.Condition{Absent: true})
				if err != nil {
					t.Error(err)
					return
				}
				if text, got, err := read(t.Context(), b, key, bucket.Range{}); err != nil || text != "x" || got.ETag != o.ETag {
					t.Errorf("read of what was just created: %q, %v", text, err)
				}
				if err := b.Delete(t.Context(), o); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	if found := keys(t, b, "", ""); len(found) != 0 {
		t.Errorf("left over: %q", found)
	}
}
