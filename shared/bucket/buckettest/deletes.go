package buckettest

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

func deletes(t *testing.T, b bucket.Bucket) {
	put(t, b, "a/1", "x")
	put(t, b, "a/2", "x")
	put(t, b, "b/c/d", "x")
	err := b.Delete(t.Context(), bucket.Object{Key: "a/1"}, bucket.Object{Key: "b/c/d"}, bucket.Object{Key: "never/was"}, bucket.Object{Key: "a"})
	if err != nil {
		t.Error(err)
	}
	if found := keys(t, b, "", ""); !slices.Equal(found, []string{"a/2"}) {
		t.Errorf("left %q", found)
	}
	if err := b.Delete(t.Context()); err != nil {
		t.Error(err)
	}
	put(t, b, "b/c", "a folder's name is free again")
	if text, _ := get(t, b, "b/c"); text == "" {
		t.Error("object is empty")
	}
}

func (s Store) deleteETag(t *testing.T, b bucket.Bucket) {
	first := put(t, b, "k", s.text(1))
	second := put(t, b, "k", s.text(2))
	if err := b.Delete(t.Context(), first); !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("delete with a stale ETag: %v, want ErrChanged", err)
	}
	if _, o := get(t, b, "k"); o.ETag != second.ETag {
		t.Errorf("a refused delete changed the object")
	}
	for range 2 { // repeating it is no error
		if err := b.Delete(t.Context(), second); err != nil {
			t.Error(err)
		}
	}
	if found := keys(t, b, "", ""); len(found) != 0 {
		t.Errorf("left %q", found)
	}
}

// deleteKeyErrors: a key that fails does not keep the others.
func deleteKeyErrors(t *testing.T, b bucket.Bucket) {
	stale := put(t, b, "b", "1")
	put(t, b, "b", "2")
	objects := []bucket.Object{put(t, b, "a", "x"), stale, put(t, b, "c", "x"), {Key: "../evil"}, put(t, b, "d", "x")}
	err := b.Delete(t.Context(), objects...)
	if !errors.Is(err, bucket.ErrChanged) {
		t.Errorf("%v, want ErrChanged in it", err)
	}
	var failed []string
	for _, e := range bucket.KeyErrors(err) {
		failed = append(failed, e.Key)
	}
	slices.Sort(failed)
	if !slices.Equal(failed, []string{"../evil", "b"}) {
		t.Errorf("key errors for %q", failed)
	}
	if found := keys(t, b, "", ""); !slices.Equal(found, []string{"b"}) {
		t.Errorf("left %q", found)
	}
}

// hostile are keys that no implementation may take.
var hostile = []string{
	"", "/", "/etc/passwd", "a/", "a//b", "..", "../x", "a/../b", "a/..", ".", "./a", "a/./b", ".hidden", "a/.hidden/b", ".lakebed/lock/00", "...",
	"nul\x00byte", "line\nbreak", "del\x7f", "back\\slash", "not\xffutf8", "a/" + strings.Repeat("n", 256), strings.Repeat("long/", 205) + "x",
}

func hostileKeys(t *testing.T, b bucket.Bucket) {
	refused := func(what, key string, err error) {
		t.Helper()
		known := errors.Is(err, bucket.ErrNotFound) || errors.Is(err, bucket.ErrExists) || errors.Is(err, bucket.ErrChanged)
		if err == nil || known || !strings.Contains(err.Error(), "key") {
			t.Errorf("%s %.60q: %v, want a refusal of the key", what, key, err)
		}
	}
	for _, key := range hostile {
		for _, c := range []bucket.Condition{{}, {Absent: true}, {Match: "x"}} {
			_, err := b.Put(t.Context(), key, strings.NewReader("x"), c)
			refused("put", key, err)
		}
		_, _, err := b.Get(t.Context(), key, bucket.Range{})
		refused("get", key, err)
		refused("delete", key, b.Delete(t.Context(), bucket.Object{Key: key}))
	}
	if found := keys(t, b, "", ""); len(found) != 0 {
		t.Errorf("hostile keys left %q", found)
	}
}

func hostilePrefixes(t *testing.T, b bucket.Bucket) {
	put(t, b, "a/b", "x")
	for _, prefix := range append(slices.Clone(hostile), "../", "a/../", "a/../a/", "./a/", ".lakebed/", "a/.", "//") {
		if prefix == "" || prefix == "a/" {
			continue
		}
		if found := keys(t, b, prefix, ""); len(found) != 0 {
			t.Errorf("prefix %.60q lists %q", prefix, found)
		}
	}
}
