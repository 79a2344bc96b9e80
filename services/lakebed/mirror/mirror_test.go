package mirror

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
)

// fixture is a bucket and a cache, and counts what is fetched.
type fixture struct {
	t       *testing.T
	bucket  *bucket.Memory
	cache   Cache
	fetched int64 // bytes
	started int
}

func newFixture(t *testing.T, limit int64) *fixture {
	t.Helper()
	return &fixture{t: t, bucket: bucket.NewMemory(time.Now), cache: Cache{Dir: filepath.Join(t.TempDir(), "objects"), Limit: limit}}
}

func (f *fixture) put(key, body string) bucket.Object {
	f.t.Helper()
	o, err := f.bucket.Put(f.t.Context(), key, strings.NewReader(body), bucket.Condition{})
	if err != nil {
		f.t.Fatal(err)
	}
	return o
}

func (f *fixture) open() *Mirror {
	f.t.Helper()
	m, err := Open(f.bucket, "s3://b", f.cache, Watch{
		Start: func(int, int64) { f.started++ }, Read: func(n int64) { atomic.AddInt64(&f.fetched, n) }, Done: func() {},
	})
	if err != nil {
		f.t.Fatal(err)
	}
	f.t.Cleanup(func() {
		if err := m.Close(); err != nil {
			f.t.Error(err)
		}
		if _, err := os.Stat(m.Root); !errors.Is(err, os.ErrNotExist) {
			f.t.Errorf("%s is left: %v", m.Root, err)
		}
	})
	return m
}

func (f *fixture) bring(m *Mirror, objects ...bucket.Object) {
	f.t.Helper()
	if err := m.Bring(f.t.Context(), objects); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) shows(m *Mirror, key, want string) {
	f.t.Helper()
	got, err := os.ReadFile(filepath.Join(m.Root, key))
	if err != nil || string(got) != want {
		f.t.Errorf("%s is %q, want %q: %v", key, got, want, err)
	}
}

// used sets when the content of an object was last used, from now.
func (f *fixture) used(o bucket.Object, from time.Duration) {
	f.t.Helper()
	at := time.Now().Add(from)
	if err := os.Chtimes(filepath.Join(f.cache.Dir, f.cache.name("s3://b", o)), at, at); err != nil {
		f.t.Fatal(err)
	}
}

// Each content is fetched once, by whichever mirror; an object that was written anew is another content.
func TestBring(t *testing.T) {
	f := newFixture(t, 1000)
	a, b := f.put("x/dt=1/a", "aaa"), f.put("b", "bb")
	one, two := f.open(), f.open()
	f.bring(one, a)
	f.bring(one, a, b)
	f.bring(two, a, b)
	f.shows(one, "x/dt=1/a", "aaa")
	f.shows(two, "b", "bb")
	if f.fetched != 5 || f.started != 2 {
		t.Errorf("%d bytes in %d downloads", f.fetched, f.started)
	}
	again := f.put("b", "BBB")
	f.bring(two, a, again)
	f.shows(two, "b", "BBB")
	f.shows(one, "b", "bb")
}

// What was used longest ago goes first, and what is needed never.
func TestRoom(t *testing.T) {
	f := newFixture(t, 10)
	a, b, c := f.put("a", "aaaa"), f.put("b", "bbbb"), f.put("c", "cccc")
	m := f.open()
	f.bring(m, a)
	f.bring(m, b)
	f.used(a, -10*time.Minute)
	f.used(b, -9*time.Minute)
	f.bring(m, a)
	f.bring(m, c)
	f.shows(m, "a", "aaaa")
	f.shows(m, "c", "cccc")
	if _, err := os.Stat(filepath.Join(m.Root, "b")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("b is still there: %v", err)
	}
	f.used(c, time.Minute) // by another process, just now
	f.bring(m, b, a)       // b comes back
	f.shows(m, "b", "bbbb")
	f.shows(m, "a", "aaaa")
	var large *TooLargeError
	if err := m.Bring(t.Context(), []bucket.Object{a, b, c}); !errors.As(err, &large) || large.Size != 12 {
		t.Errorf("12 bytes in a cache of 10: %v", err)
	}
}

// What a process that died left is removed after a day, and a file that was cut is fetched anew.
func TestLeftovers(t *testing.T) {
	f := newFixture(t, 1000)
	a := f.put("a", "aaaa")
	m := f.open()
	f.bring(m, a)
	if err := os.Truncate(filepath.Join(f.cache.Dir, f.cache.name("s3://b", a)), 2); err != nil {
		t.Fatal(err)
	}
	old, young := filepath.Join(f.cache.Dir, "1"+unfinished), filepath.Join(f.cache.Dir, "2"+unfinished)
	for _, name := range []string{old, young} {
		if err := os.WriteFile(name, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	at := time.Now().Add(-25 * time.Hour)
	if err := os.Chtimes(old, at, at); err != nil {
		t.Fatal(err)
	}
	f.bring(m, a)
	f.shows(m, "a", "aaaa")
	if _, err := os.Stat(old); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the old leftover is there: %v", err)
	}
	if _, err := os.Stat(young); err != nil {
		t.Errorf("what another may be fetching is gone: %v", err)
	}
}

// What has changed or gone since it was listed is told, and leaves no file.
func TestVanished(t *testing.T) {
	f := newFixture(t, 1000)
	a, b := f.put("a", "aaaa"), f.put("b", "bbbb")
	f.put("a", "xxxx")
	if err := f.bucket.Delete(t.Context(), bucket.Object{Key: "b"}); err != nil {
		t.Fatal(err)
	}
	m := f.open()
	if err := m.Bring(t.Context(), []bucket.Object{a}); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("changed: %v", err)
	}
	if err := m.Bring(t.Context(), []bucket.Object{b}); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("gone: %v", err)
	}
	if entries, err := os.ReadDir(f.cache.Dir); err != nil || len(entries) != 0 {
		t.Errorf("left %v, %v", entries, err)
	}
}
