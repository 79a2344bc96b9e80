package erasure

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 5, time.FixedZone("", 3600))

func add(t *testing.T, b bucket.Bucket, field string, until time.Time, values ...string) string {
	t.Helper()
	key, err := Add(t.Context(), b, field, values, until)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func contents(t *testing.T, b bucket.Bucket) map[string]string {
	t.Helper()
	all := map[string]string{}
	for o, err := range b.List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		text, err := read(t.Context(), b, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		all[o.Key] = string(text)
	}
	return all
}

func TestAddAndLoad(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	first := add(t, b, "User.Email", noon, "ann@example.com", "bob@example.com", "ann@example.com")
	before := contents(t, b)
	if again := add(t, b, "user.email", noon.UTC(), "bob@example.com", "ann@example.com"); again != first {
		t.Errorf("the same tombstones lie at %s and %s", first, again)
	}
	add(t, b, "user.email", noon.Add(time.Hour), "ann@example.com")
	add(t, b, "user_id", noon.Add(-time.Hour), "42")
	after := contents(t, b)
	if len(before) != 2 || len(after) != 4 {
		t.Errorf("%d, then %d objects", len(before), len(after))
	}
	for key, text := range after {
		if was, ok := before[key]; ok && was != text {
			t.Errorf("%s has changed", key)
		}
		if err := layout.CheckErasure(key); err != nil {
			t.Error(err)
		}
		if strings.Contains(text, "example") || strings.Contains(text, `"42"`) {
			t.Errorf("%s shows a value: %s", key, text)
		}
	}
	s, err := Load(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]time.Time{
		`{"user":{"email":"ann@example.com"}}`: noon.Add(time.Hour),
		`{"user":{"email":"bob@example.com"}}`: noon,
		`{"user_id":42}`:                       noon.Add(-time.Hour),
		`{"user_id":43}`:                       {},
	} {
		if got, found := s.Find([]byte(line)); found == want.IsZero() || !got.Equal(want) {
			t.Errorf("%s: %s, %v, want %s", line, got, found, want)
		}
	}
	if !s.Latest().Equal(noon.Add(time.Hour)) {
		t.Errorf("latest %s", s.Latest())
	}
}

// TestOtherLake: the same value has another hash in another lake, and in another field.
func TestOtherLake(t *testing.T) {
	a, b := bucket.NewMemory(time.Now), bucket.NewMemory(time.Now)
	if add(t, a, "x", noon, "1") == add(t, b, "x", noon, "1") {
		t.Error("two lakes have the same hashes")
	}
	s := setOf("x", "1")
	h := newHasher(s.secret)
	if h.hash("x", []byte("1")) == h.hash("y", []byte("1")) || h.hash("x", []byte("1")) != digests(s.secret, "x", []string{"1"})[0] {
		t.Error("the hash does not depend on the field, or not on it alone")
	}
}

func TestMakeSecretAtOnce(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			if _, err := Add(t.Context(), b, "x", []string{fmt.Sprint("value-", i)}, noon); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	s, err := Load(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 8 {
		if _, found := s.Find(fmt.Appendf(nil, `{"x":"value-%d"}`, i)); !found {
			t.Errorf("value %d was hashed with a key that was lost", i)
		}
	}
}

func TestAddRefuses(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	for _, c := range []struct {
		field  string
		values []string
	}{{"", []string{"1"}}, {"a..b", []string{"1"}}, {".a", []string{"1"}}, {"a\x00", []string{"1"}}, {"a\xff", []string{"1"}}, {"a", nil}, {"a", []string{"1", ""}}, {"a", []string{"\xff"}}} {
		if _, err := Add(t.Context(), b, c.field, c.values, noon); err == nil {
			t.Errorf("%q = %q was taken", c.field, c.values)
		}
	}
	if n := len(contents(t, b)); n > 0 {
		t.Errorf("%d objects were written", n)
	}
}

// calls counts what a lake without tombstones costs.
type calls struct {
	bucket.Bucket
	lists, gets int
}

func (c *calls) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	c.lists++
	return c.Bucket.List(ctx, prefix, after)
}

func (c *calls) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	c.gets++
	return c.Bucket.Get(ctx, key, r)
}

func TestLoadNone(t *testing.T) {
	b := &calls{Bucket: bucket.NewMemory(time.Now)}
	if s, err := Load(t.Context(), b); err != nil || !s.Empty() || b.lists != 1 || b.gets != 0 {
		t.Errorf("%v, %d lists, %d gets", err, b.lists, b.gets)
	}
}

func TestLoadMany(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	for i := range 3*readAhead + 1 {
		add(t, b, fmt.Sprint("field", i), noon, fmt.Sprint(i))
	}
	s, err := Load(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	for i := range 3*readAhead + 1 {
		if _, found := s.Find(fmt.Appendf(nil, `{"x":0,"field%d":%d}`, i, i)); !found {
			t.Errorf("field %d is not known", i)
		}
	}
}

func TestLoadBroken(t *testing.T) {
	named := func(text string) string { return layout.Erasure(xxhash.Sum64String(text)) }
	newer, short, empty, nothing := `{"v":2,"who":"knows"}`, `{"v":1,"field":"x","until":"2026-11-23T12:00:00Z","values":["00"]}`, `{"v":1}`, `{`
	for name, c := range map[string]struct {
		key, text string
		want      error
	}{
		"newer":   {named(newer), newer, ErrNewer},
		"hash":    {named(short), short, ErrBroken},
		"empty":   {named(empty), empty, ErrBroken},
		"no JSON": {named(nothing), nothing, ErrBroken},
		"name":    {named("other"), newer, ErrBroken},
		"key":     {layout.ErasureKey, "00\n", ErrBroken},
		"foreign": {layout.Erasures + "README", "", nil},
	} {
		b := bucket.NewMemory(time.Now)
		add(t, b, "x", noon, "1")
		if _, err := b.Put(t.Context(), c.key, bytes.NewReader([]byte(c.text)), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		if s, err := Load(t.Context(), b); !errors.Is(err, c.want) || c.want == nil && s.Empty() {
			t.Errorf("%s: %v", name, err)
		}
	}
	b := bucket.NewMemory(time.Now)
	add(t, b, "x", noon, "1")
	if _, err := b.Put(t.Context(), layout.ErasureKey, strings.NewReader(strings.Repeat("0a", secretSize)+"\n"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), b); !errors.Is(err, ErrBroken) {
		t.Errorf("with another key: %v", err)
	}
	if err := b.Delete(t.Context(), bucket.Object{Key: layout.ErasureKey}); err != nil {
		t.Fatal(err)
	}
	if _, err := Load(t.Context(), b); !errors.Is(err, bucket.ErrNotFound) {
		t.Errorf("without the key: %v", err)
	}
}
