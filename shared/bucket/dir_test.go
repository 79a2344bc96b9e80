package bucket_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/buckettest"
)

func openDir(t testing.TB, path string) *bucket.Dir {
	t.Helper()
	d, err := bucket.OpenDir(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func TestDir(t *testing.T) {
	buckettest.Run(t, func(t *testing.T) bucket.Bucket {
		path := t.TempDir()
		t.Cleanup(func() {
			if left, _ := os.ReadDir(filepath.Join(path, ".lakebed", "new")); len(left) != 0 {
				t.Errorf("%d files are left in the hidden folder", len(left))
			}
		})
		return openDir(t, path)
	})
}

func put(t testing.TB, b bucket.Bucket, key, text string) bucket.Object {
	t.Helper()
	o, err := b.Put(t.Context(), key, strings.NewReader(text), bucket.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func list(t testing.TB, b bucket.Bucket, prefix string) []string {
	t.Helper()
	var found []string
	for o, err := range b.List(t.Context(), prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o.Key)
	}
	return found
}

func TestOpenDirMissing(t *testing.T) {
	path := filepath.Join(t.TempDir(), "mistyped")
	if _, err := bucket.OpenDir(path); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), path) {
		t.Errorf("open: %v", err)
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("opening made the directory")
	}
}

// TestDirReadOnly: looking at a lake writes nothing into it.
func TestDirReadOnly(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	if found := list(t, d, ""); len(found) != 0 {
		t.Errorf("an empty directory lists %q", found)
	}
	if _, _, err := d.Get(t.Context(), "k", bucket.Range{}); !errors.Is(err, bucket.ErrNotFound) {
		t.Error(err)
	}
	if entries, _ := os.ReadDir(path); len(entries) != 0 {
		t.Errorf("reading made %v", entries)
	}
}

// TestDirForeignFiles: what is no object is not shown, not followed out of the directory, and not waited for.
func TestDirForeignFiles(t *testing.T) {
	outside, path := t.TempDir(), t.TempDir()
	for _, err := range []error{
		os.WriteFile(filepath.Join(outside, "secret"), []byte("secret"), 0o600),
		os.Symlink(outside, filepath.Join(path, "out")),
		os.Symlink(filepath.Join(outside, "secret"), filepath.Join(path, "file")),
		os.Symlink("..", filepath.Join(path, "loop")),
		os.WriteFile(filepath.Join(path, ".hidden"), nil, 0o600),
		os.WriteFile(filepath.Join(path, "not\xffutf8"), nil, 0o600),
		os.Mkdir(filepath.Join(path, ".git"), 0o700),
		os.WriteFile(filepath.Join(path, ".git", "config"), nil, 0o600),
		os.WriteFile(filepath.Join(path, "foreign"), []byte("by hand"), 0o600),
		syscall.Mkfifo(filepath.Join(path, "fifo"), 0o600),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	d := openDir(t, path)
	if found := list(t, d, ""); !slices.Equal(found, []string{"foreign"}) {
		t.Errorf("listed %q", found)
	}
	if found := list(t, d, "out/"); len(found) != 0 {
		t.Errorf("listed %q outside", found)
	}
	for _, key := range []string{"out/secret", "file", "loop/x", "fifo"} {
		if body, _, err := d.Get(t.Context(), key, bucket.Range{}); err == nil {
			body.Close()
			t.Errorf("get %s reached out of the directory", key)
		}
	}
	for _, c := range []bucket.Condition{{}, {Absent: true}} {
		if _, err := d.Put(t.Context(), "out/new", strings.NewReader("x"), c); err == nil {
			t.Error("put reached out of the directory")
		}
	}
	if err := d.Delete(t.Context(), bucket.Object{Key: "out/secret"}); err == nil {
		t.Error("delete reached out of the directory")
	}
	if entries, _ := os.ReadDir(outside); len(entries) != 1 {
		t.Errorf("outside lies %v", entries)
	}
}

// TestDirFolderAndObject: what a directory cannot do and S3 can is refused with a clear error, never taken for a lost race.
func TestDirFolderAndObject(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	put(t, d, "a/b", "x")
	for _, key := range []string{"a", "a/b/c"} {
		for _, c := range []bucket.Condition{{}, {Absent: true}} {
			_, err := d.Put(t.Context(), key, strings.NewReader("x"), c)
			if err == nil || errors.Is(err, bucket.ErrExists) || !strings.Contains(err.Error(), key) || !strings.Contains(err.Error(), "folder") {
				t.Errorf("put %s %+v: %v", key, c, err)
			}
		}
	}
	for i, c := range []bucket.Condition{{}, {Absent: true}} { // an empty folder that was left is no object
		key := fmt.Sprintf("empty%d", i)
		if err := os.Mkdir(filepath.Join(path, key), 0o755); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Put(t.Context(), key, strings.NewReader("x"), c); err != nil {
			t.Error(err)
		}
	}
}

// TestDirListLooksLate: a listing looks at a file when its turn comes, so that who stops early pays nothing for those behind. Here it is seen by one
// that is gone by then.
func TestDirListLooksLate(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	for _, key := range []string{"a", "b-/c", "b/c", "d", "e"} {
		put(t, d, key, "x")
	}
	var found []string
	for o, err := range d.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if found = append(found, o.Key); o.Key != "a" {
			continue
		}
		if err := os.Remove(filepath.Join(path, "d")); err != nil {
			t.Fatal(err)
		}
	}
	if want := []string{"a", "b-/c", "b/c", "e"}; !slices.Equal(found, want) {
		t.Errorf("listed %q, want %q", found, want)
	}
}

func TestDirEmptiedFolders(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	keep := put(t, d, "raw/a/keep", "x")
	gone := put(t, d, "raw/a/b/c/gone", "x")
	if err := d.Delete(t.Context(), gone); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(path, "raw/a/b")); err == nil {
		t.Error("the emptied folders stay")
	}
	if err := d.Delete(t.Context(), keep); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(path, "raw")); err == nil {
		t.Error("the emptied folders stay")
	}
}

func TestDirLeftovers(t *testing.T) {
	path := t.TempDir()
	openDir(t, path)
	hidden := filepath.Join(path, ".lakebed", "new")
	if err := os.MkdirAll(hidden, 0o755); err != nil {
		t.Fatal(err)
	}
	for name, age := range map[string]time.Duration{"dead": 25 * time.Hour, "live": 23 * time.Hour} {
		file := filepath.Join(hidden, name)
		if err := os.WriteFile(file, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(file, time.Time{}, time.Now().Add(-age)); err != nil {
			t.Fatal(err)
		}
	}
	openDir(t, path)
	left, err := os.ReadDir(hidden)
	if err != nil || len(left) != 1 || left[0].Name() != "live" {
		t.Errorf("left %v, %v", left, err)
	}
}

// TestDirGetDescribesWhatItOpened: an object that is replaced after it was opened is read to its end, as it was described.
func TestDirGetDescribesWhatItOpened(t *testing.T) {
	d := openDir(t, t.TempDir())
	old := put(t, d, "k", "old text")
	body, o, err := d.Get(t.Context(), "k", bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	put(t, d, "k", "new")
	text, err := io.ReadAll(body)
	if err != nil || string(text) != "old text" || o.ETag != old.ETag || o.Size != old.Size {
		t.Errorf("read %q of %+v, %v", text, o, err)
	}
}

// TestDirLockWait: a lock that another process holds is waited for no longer than the context lasts, and creates need none.
func TestDirLockWait(t *testing.T) {
	path := t.TempDir()
	d := openDir(t, path)
	old := put(t, d, "k", "old")
	unlock := holdLocks(t, path)
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	for _, c := range []bucket.Condition{{}, {Match: old.ETag}} {
		if _, err := d.Put(ctx, "k", strings.NewReader("new"), c); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("put: %v", err)
		}
	}
	if err := d.Delete(ctx, old); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("delete: %v", err)
	}
	if _, err := d.Put(t.Context(), "created", strings.NewReader("x"), bucket.Condition{Absent: true}); err != nil {
		t.Error(err)
	}
	unlock()
	if err := d.Delete(t.Context(), old); err != nil {
		t.Error(err)
	}
}

// holdLocks takes every lock there is, as another process would.
func holdLocks(t *testing.T, path string) (unlock func()) {
	t.Helper()
	var files []*os.File
	for n := range 64 {
		file, err := os.OpenFile(filepath.Join(path, ".lakebed/lock", fmt.Sprintf("%02d", n)), os.O_CREATE|os.O_RDWR, 0o644)
		if err != nil {
			t.Fatal(err)
		}
		if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX); err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return func() {
		for _, file := range files {
			file.Close()
		}
	}
}
