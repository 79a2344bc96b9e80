package buckettest

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
)

func (s Store) roundTrip(t *testing.T, b bucket.Bucket) {
	for _, key := range []string{"a", "raw/dt=2026-11-23/hour=08/0-shard-1-2.json", "x/y z/ü+%2F&'\""} {
		s.roundTripOf(t, b, key)
	}
}

// longSegment is the longest that there is.
func (s Store) longSegment(t *testing.T, b bucket.Bucket) {
	s.roundTripOf(t, b, "x/"+strings.Repeat("n", 255))
}

func (s Store) roundTripOf(t *testing.T, b bucket.Bucket, key string) {
	for _, text := range []string{"one", "", "two\nlines\n\x00\xff"} {
		wrote := put(t, b, key, text)
		got, o := get(t, b, key)
		if got != text {
			t.Errorf("%s holds %q, want %q", key, got, text)
		}
		if s.PutWithoutTime {
			wrote.Modified = o.Modified
		}
		if o.Key != wrote.Key || o.ETag != wrote.ETag || o.Size != wrote.Size || !o.Modified.Equal(wrote.Modified) {
			t.Errorf("get gave %+v, put %+v", o, wrote)
		}
		for listed, err := range b.List(t.Context(), key, "") {
			if err != nil || listed.ETag != o.ETag || listed.Size != o.Size || !listed.Modified.Equal(o.Modified) {
				t.Errorf("list gave %+v, %v, get %+v", listed, err, o)
			}
		}
	}
}

func missing(t *testing.T, b bucket.Bucket) {
	put(t, b, "a/b/c", "text")
	for _, key := range []string{"nothing", "a", "a/b", "a/b/d", "a/b/c/d", "a/b/c/d/e"} {
		if _, _, err := b.Get(t.Context(), key, bucket.Range{}); !errors.Is(err, bucket.ErrNotFound) {
			t.Errorf("get %s: %v, want ErrNotFound", key, err)
		} else if !strings.Contains(err.Error(), key) {
			t.Errorf("get %s: %v does not name the key", key, err)
		}
	}
}

func ranges(t *testing.T, b bucket.Bucket) {
	const text = "0123456789"
	wrote := put(t, b, "k", text)
	tests := []struct {
		r    bucket.Range
		want string
	}{
		{bucket.Range{}, text},
		{bucket.Range{Offset: 3}, "3456789"},
		{bucket.Range{Length: 4}, "0123"},
		{bucket.Range{Offset: 3, Length: 4}, "3456"},
		{bucket.Range{Offset: 9, Length: 1}, "9"},
		{bucket.Range{Offset: 8, Length: 100}, "89"},
		{bucket.Range{Offset: 10}, ""},
		{bucket.Range{Offset: 1000, Length: 5}, ""},
		{bucket.Range{Length: 1 << 62}, text},
	}
	for _, test := range tests {
		got, o, err := read(t.Context(), b, "k", test.r)
		if err != nil || got != test.want {
			t.Errorf("%+v gave %q, %v, want %q", test.r, got, err, test.want)
		}
		if o.Size != wrote.Size || o.ETag != wrote.ETag {
			t.Errorf("%+v gave %+v: want the whole object's size and ETag, %+v", test.r, o, wrote)
		}
	}
	for _, r := range []bucket.Range{{Offset: -1}, {Length: -1}} {
		if _, _, err := b.Get(t.Context(), "k", r); err == nil || errors.Is(err, bucket.ErrNotFound) {
			t.Errorf("%+v gave %v", r, err)
		}
	}
	put(t, b, "empty", "")
	if got, _, err := read(t.Context(), b, "empty", bucket.Range{Length: 5}); err != nil || got != "" {
		t.Errorf("part of an empty object gave %q, %v", got, err)
	}
}

// etag: it changes at every write, also of the same bytes in the same instant, and stays while the object does.
func (s Store) etag(t *testing.T, b bucket.Bucket) {
	seen := map[string]bool{}
	for i := range 200 {
		wrote := put(t, b, "k", s.text(i))
		if seen[wrote.ETag] {
			t.Fatalf("write %d has an ETag that was there before", i)
		}
		seen[wrote.ETag] = true
		if i%50 == 0 {
			time.Sleep(5 * time.Millisecond)
			if _, o := get(t, b, "k"); o.ETag != wrote.ETag {
				t.Fatalf("ETag went from %s to %s without a write", wrote.ETag, o.ETag)
			}
		}
	}
}

func failingBody(t *testing.T, b bucket.Bucket) {
	broken := errors.New("body broke")
	fails := func(n int) io.Reader {
		return io.MultiReader(bytes.NewReader(make([]byte, n)), &failing{broken})
	}
	old := put(t, b, "old", "old text")
	tests := []struct {
		key string
		c   bucket.Condition
	}{
		{"new", bucket.Condition{}},
		{"created", bucket.Condition{Absent: true}},
		{"old", bucket.Condition{}},
		{"old", bucket.Condition{Match: old.ETag}},
	}
	for _, test := range tests {
		for _, n := range []int{0, 10, 1 << 20} {
			if _, err := b.Put(t.Context(), test.key, fails(n), test.c); !errors.Is(err, broken) {
				t.Errorf("put %s %+v: %v, want the body's error", test.key, test.c, err)
			}
		}
	}
	if found := keys(t, b, "", ""); len(found) != 1 {
		t.Errorf("failed writes left %q", found)
	}
	if text, o := get(t, b, "old"); text != "old text" || o.ETag != old.ETag {
		t.Errorf("failed writes changed the object to %q, %+v", text, o)
	}
}

type failing struct{ err error }

func (f *failing) Read([]byte) (int, error) { return 0, f.err }

// bigBody: larger than any buffer, in uneven reads.
func bigBody(t *testing.T, b bucket.Bucket) {
	data := make([]byte, 9<<20+7)
	source := rand.NewChaCha8([32]byte{1})
	_, _ = source.Read(data)
	wrote, err := b.Put(t.Context(), "big", &uneven{r: bytes.NewReader(data)}, bucket.Condition{Absent: true})
	if err != nil || wrote.Size != int64(len(data)) {
		t.Fatalf("put gave %+v, %v", wrote, err)
	}
	if text, _ := get(t, b, "big"); text != string(data) {
		t.Error("a big object came back changed")
	}
	from := int64(len(data)) - 100
	if text, _, err := read(t.Context(), b, "big", bucket.Range{Offset: from}); err != nil || text != string(data[from:]) {
		t.Errorf("the end of a big object came back changed: %v", err)
	}
}

type uneven struct {
	r io.Reader
	n int
}

func (u *uneven) Read(p []byte) (int, error) {
	u.n = (u.n*31 + 17) % 70001
	return u.r.Read(p[:min(len(p), u.n+1)])
}

func bothConditions(t *testing.T, b bucket.Bucket) {
	if _, err := b.Put(t.Context(), "k", strings.NewReader(""), bucket.Condition{Absent: true, Match: "x"}); err == nil {
		t.Error("a condition that nothing can meet was accepted")
	}
}

func cancelled(t *testing.T, b bucket.Bucket) {
	old := put(t, b, "a/k", "text")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	check := func(what string, err error) {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("%s: %v, want context.Canceled", what, err)
		}
	}
	_, _, err := b.Get(ctx, "a/k", bucket.Range{})
	check("get", err)
	for _, c := range []bucket.Condition{{}, {Absent: true}, {Match: old.ETag}} {
		_, err = b.Put(ctx, "a/new", strings.NewReader("x"), c)
		check("put", err)
	}
	check("delete", b.Delete(ctx, old))
	check("delete", b.Delete(ctx, bucket.Object{Key: "a/k"}))
	n := 0
	for _, err := range b.List(ctx, "a/", "") {
		check("list", err)
		n++
	}
	if n != 1 {
		t.Errorf("list yielded %d times", n)
	}
	if found := keys(t, b, "", ""); len(found) != 1 {
		t.Errorf("bucket holds %q", found)
	}
}

// cancelledMidway: while a body is read or written, and while a listing runs.
func cancelledMidway(t *testing.T, b bucket.Bucket) {
	ctx, cancel := context.WithCancel(t.Context())
	body := io.MultiReader(strings.NewReader("begin"), readFunc(func(p []byte) (int, error) { cancel(); return copy(p, "more"), nil }))
	if _, err := b.Put(ctx, "k", body, bucket.Condition{}); !errors.Is(err, context.Canceled) {
		t.Errorf("put: %v", err)
	}
	for i := range 20 {
		put(t, b, "l/"+string(rune('a'+i)), pattern(i, 1<<20))
	}
	ctx, cancel = context.WithCancel(t.Context())
	var last error
	n := 0
	for _, err := range b.List(ctx, "l/", "") {
		cancel()
		last = err
		n++
	}
	if !errors.Is(last, context.Canceled) || n > 3 {
		t.Errorf("a cancelled listing went on for %d objects and ended with %v", n, last)
	}
	ctx, cancel = context.WithCancel(t.Context())
	r, _, err := b.Get(ctx, "l/a", bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	cancel()
	if _, err := io.Copy(io.Discard, r); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled body ended with %v", err)
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }
