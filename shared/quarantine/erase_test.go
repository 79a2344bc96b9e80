package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

var arrival = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func store(t *testing.T, b bucket.Bucket, data ...string) (string, []Reject) {
	t.Helper()
	var all []Reject
	for i, d := range data {
		all = append(all, Reject{Reason: event.NotJSON, Detail: "about " + d, Shard: "s", Sequence: "1", Position: i, Arrival: arrival, Data: []byte(d)})
	}
	key, err := Put(t.Context(), b, layout.Span{Shard: "s", First: "1", Last: "2"}, all)
	if err != nil {
		t.Fatal(err)
	}
	return key, all
}

func text(t *testing.T, b bucket.Bucket, key string) string {
	t.Helper()
	body, _, err := b.Get(t.Context(), key, bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	defer body.Close()
	all, err := io.ReadAll(body)
	if err != nil {
		t.Fatal(err)
	}
	return string(all)
}

func holds(what string) func(Reject) bool {
	return func(r Reject) bool { return bytes.Contains(r.Data, []byte(what)) }
}

func TestErase(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	key, all := store(t, b, "ann 1", "bob", "ann 2")
	before := strings.SplitAfter(text(t, b, key), "\n")
	if n, err := Erase(t.Context(), b, key, holds("ann")); n != 2 || err != nil {
		t.Fatalf("%d, %v", n, err)
	}
	after := strings.SplitAfter(text(t, b, key), "\n")
	if len(after) != len(before) || after[1] != before[1] {
		t.Errorf("the others have changed: %q", after)
	}
	if want := `{"reason":"not_json","detail":"","shard":"s","sequence":"1","position":2,"arrival":"2026-11-23T08:00:00Z","data":null,"erased":true}` + "\n"; after[2] != want {
		t.Errorf("erased: %s", after[2])
	}
	got, err := Read(t.Context(), b, key)
	if err != nil || !got[0].Erased || got[1].Erased || !got[2].Erased {
		t.Errorf("%+v, %v", got, err)
	}
	// Again it changes nothing, and asks only of what is left.
	asked := 0
	n, err := Erase(t.Context(), b, key, func(r Reject) bool { asked++; return r.Erased })
	if n != 0 || err != nil || asked != 1 || text(t, b, key) != strings.Join(after, "") {
		t.Errorf("again: %d, %v, asked %d times", n, err, asked)
	}
	// The same delivery once more does not bring the bytes back.
	if again, err := Put(t.Context(), b, layout.Span{Shard: "s", First: "1", Last: "2"}, all); err != nil || again != key || text(t, b, key) != strings.Join(after, "") {
		t.Errorf("delivered again: %s, %v", again, err)
	}
	if n, err := Erase(t.Context(), b, keyOf(nil), holds("ann")); n != 0 || err != nil {
		t.Errorf("what is gone: %d, %v", n, err)
	}
}

func TestEraseBroken(t *testing.T) {
	for name, was := range map[string]string{"no JSON": "{\n", "no end": `{"reason":"empty"}`} {
		b, key := bucket.NewMemory(time.Now), keyOf([]byte(was))
		if _, err := b.Put(t.Context(), key, strings.NewReader(was), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		if n, err := Erase(t.Context(), b, key, func(Reject) bool { return true }); n != 0 || err == nil || text(t, b, key) != was {
			t.Errorf("%s: %d, %v", name, n, err)
		}
	}
}

// TestEraseDamaged: an erasure in an object of which another record was damaged would give that one out for good: from then on the hash in the
// name is of what it was, and Read has nothing left to check.
func TestEraseDamaged(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	key, _ := store(t, b, "ann", "bob")
	was := text(t, b, key)
	damaged := strings.Replace(was, `"data":"Ym9i"`, `"data":"Ym9h"`, 1) // bob is boa
	if damaged == was {
		t.Fatalf("not damaged: %s", was)
	}
	if _, err := b.Put(t.Context(), key, strings.NewReader(damaged), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	_, want := Read(t.Context(), b, key)
	if want == nil {
		t.Fatal("it is read")
	}
	for _, who := range []string{"ann", "nobody"} {
		if n, err := Erase(t.Context(), b, key, holds(who)); n != 0 || err == nil || err.Error() != want.Error() || text(t, b, key) != damaged {
			t.Errorf("%s: %d, %v; now %s", who, n, err, text(t, b, key))
		}
	}
	if got, err := Read(t.Context(), b, key); err == nil {
		t.Errorf("now it is read: %+v", got)
	}
}

// raced lets another erasure in before each of the first puts.
type raced struct {
	bucket.Bucket
	rivals []func()
	fail   error
}

func (r *raced) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if len(r.rivals) > 0 {
		rival := r.rivals[0]
		r.rivals = r.rivals[1:]
		rival()
	} else if r.fail != nil {
		return bucket.Object{}, r.fail
	}
	return r.Bucket.Put(ctx, key, body, c)
}

func TestEraseRaced(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	key, _ := store(t, b, "ann", "bob", "cid", "ann")
	rival := func(who string) func() {
		return func() {
			if n, err := Erase(t.Context(), b, key, holds(who)); n != 1 || err != nil {
				t.Errorf("rival: %d, %v", n, err)
			}
		}
	}
	if n, err := Erase(t.Context(), &raced{Bucket: b, rivals: []func(){rival("bob"), rival("cid")}}, key, holds("ann")); n != 2 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	got, err := Read(t.Context(), b, key)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if !r.Erased {
			t.Errorf("record %d has come back: %+v", i, r)
		}
	}
	failed := errors.New("down")
	key, _ = store(t, b, "ann", "dan")
	if n, err := Erase(t.Context(), &raced{Bucket: b, fail: failed}, key, holds("ann")); n != 0 || !errors.Is(err, failed) {
		t.Errorf("%d, %v", n, err)
	}
}

// TestEraseAtOnce: of many erasures at once each finds its own, and none brings another's back.
func TestEraseAtOnce(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	var data []string
	for i := range 16 {
		data = append(data, fmt.Sprintf("who-%d;", i))
	}
	key, _ := store(t, b, data...)
	var all sync.WaitGroup
	for i := range 15 {
		all.Go(func() {
			if n, err := Erase(t.Context(), b, key, holds(data[i])); n != 1 || err != nil {
				t.Errorf("%d: %d, %v", i, n, err)
			}
		})
	}
	all.Wait()
	got, err := Read(t.Context(), b, key)
	if err != nil {
		t.Fatal(err)
	}
	for i, r := range got {
		if r.Erased != (i < 15) || (len(r.Data) > 0) != (i == 15) {
			t.Errorf("%d: %+v", i, r)
		}
	}
}
