package faulty_test

import (
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/buckettest"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
)

func TestUnderNone(t *testing.T) {
	buckettest.Run(t, func(*testing.T) bucket.Bucket { return faulty.NewBucket(bucket.NewMemory(time.Now), faulty.New(nil)) })
}

func put(ctx context.Context, b bucket.Bucket, key, text string) error {
	_, err := b.Put(ctx, key, strings.NewReader(text), bucket.Condition{})
	return err
}

// text reads an object, or what of it can be read.
func text(t *testing.T, b bucket.Bucket, key string) (string, error) {
	t.Helper()
	body, _, err := b.Get(t.Context(), key, bucket.Range{})
	if err != nil {
		return "", err
	}
	data, err := io.ReadAll(body)
	return string(data), err
}

func keys(t *testing.T, b bucket.Bucket) (found []string, err error) {
	t.Helper()
	for o, err := range b.List(t.Context(), "", "") {
		if err != nil {
			return found, err
		}
		found = append(found, o.Key)
	}
	return found, nil
}

var errBroken = errors.New("broken")

func TestPut(t *testing.T) {
	tests := []struct {
		when           faulty.When
		err            error
		stored, landed string
	}{
		{faulty.Before, errBroken, "old", "old"},
		{faulty.After, errBroken, "new!", "new!"},
		{faulty.Midway, errBroken, "old", "old"},
		{faulty.Midway, io.EOF, "ne", "ne"},
		{faulty.Late, errBroken, "old", "new!"},
		{faulty.Before, nil, "old", "old"},
	}
	for _, test := range tests {
		inner := bucket.NewMemory(time.Now)
		f := faulty.Once(2, test.when, test.err)
		b := faulty.NewBucket(inner, f)
		if err := put(t.Context(), b, "k", "old"); err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		want := test.err
		if want == nil {
			want = faulty.ErrInjected
		}
		if err := put(ctx, b, "k", "new!"); !errors.Is(err, want) {
			t.Errorf("%+v: put: %v", test, err)
		}
		if got, _ := text(t, inner, "k"); got != test.stored {
			t.Errorf("%+v: stored %q", test, got)
		}
		cancel() // a request under way does not end with its sender
		f.Land()
		if got, _ := text(t, inner, "k"); got != test.landed {
			t.Errorf("%+v: landed %q", test, got)
		}
		if err := put(t.Context(), b, "k", "next"); err != nil {
			t.Errorf("%+v: a later put: %v", test, err)
		}
	}
}

func TestReads(t *testing.T) {
	inner := bucket.NewMemory(time.Now)
	for _, key := range []string{"a", "b", "c", "d"} {
		if err := put(t.Context(), inner, key, "four"); err != nil {
			t.Fatal(err)
		}
	}
	all := []string{"a", "b", "c", "d"}
	tests := []struct {
		when    faulty.When
		err     error
		text    string
		textErr error
		keys    []string
	}{
		{faulty.Before, errBroken, "", errBroken, nil},
		{faulty.After, errBroken, "", errBroken, all},
		{faulty.Midway, errBroken, "fo", errBroken, []string{"a", "b"}},
		{faulty.Midway, io.EOF, "fo", nil, []string{"a", "b"}},
		{faulty.Late, errBroken, "", errBroken, nil},
		{faulty.Never, nil, "four", nil, all},
	}
	for _, test := range tests {
		b := faulty.NewBucket(inner, faulty.New(func(faulty.Op, string) (faulty.When, error) { return test.when, test.err }))
		if got, err := text(t, b, "a"); got != test.text || !errors.Is(err, test.textErr) {
			t.Errorf("%+v: read %q, %v", test, got, err)
		}
		if got, err := keys(t, b); !slices.Equal(got, test.keys) || !errors.Is(err, test.err) {
			t.Errorf("%+v: listed %q, %v", test, got, err)
		}
	}
}

func TestDelete(t *testing.T) {
	inner := bucket.NewMemory(time.Now)
	var all []bucket.Object
	for _, key := range []string{"a", "b", "c", "d"} {
		if err := put(t.Context(), inner, key, ""); err != nil {
			t.Fatal(err)
		}
		all = append(all, bucket.Object{Key: key})
	}
	f := faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		switch key {
		case "b":
			return faulty.Before, errBroken
		case "c":
			return faulty.After, errBroken
		}
		return faulty.Never, nil
	})
	err := faulty.NewBucket(inner, f).Delete(t.Context(), all...)
	failed := bucket.KeyErrors(err)
	if len(failed) != 2 || failed[0].Key != "b" || failed[1].Key != "c" || !errors.Is(err, errBroken) {
		t.Errorf("delete: %v", err)
	}
	if left, _ := keys(t, inner); !slices.Equal(left, []string{"b"}) {
		t.Errorf("left %q", left)
	}
}

// TestCrash: after the nth operation nothing more takes effect.
func TestCrash(t *testing.T) {
	for n := 1; n <= 4; n++ {
		inner := bucket.NewMemory(time.Now)
		f := faulty.Crash(n, faulty.After, nil)
		b := faulty.NewBucket(inner, f)
		for i, key := range []string{"a", "b", "c", "d"} {
			if err := put(t.Context(), b, key, ""); (err != nil) != (i+1 >= n) {
				t.Errorf("crash at %d: put %s: %v", n, key, err)
			}
		}
		if left, _ := keys(t, inner); len(left) != n {
			t.Errorf("crash at %d: stored %q", n, left)
		}
		trace := f.Trace()
		if f.Count() != 4 || len(trace) != 4 || trace[n-1].When != faulty.After || trace[n-1].Err == nil || trace[0].Op != faulty.Put || trace[1].Key != "b" {
			t.Errorf("crash at %d: trace %+v", n, trace)
		}
	}
}
