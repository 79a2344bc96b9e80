package buckettest

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

// awkward are keys whose order differs between byte order and the order of folders.
var awkward = []string{
	"a-b", "a.b", "a/a", "a/b", "a/b-/x", "a/b.c", "a/b0", "a0", "ab/c", "ab/c!d", "b", "c/d/e/f/g", "c/d/e-f", "c/d/e/a", "c/d-e/z", "c/da",
	"d!/x", "d/x", "d0/x", "dt=2026-11-23/hour=08/x", "dt=2026-11-23/hour=09/x", "dt=2026-11-24/hour=00/x", "z", "é/x", "日本/x",
}

// borders are keys, and what lies just beside keys and folders.
func borders() []string {
	all := []string{"", "/", "~", "\U0010ffff", "a//", "//", "a/.", "."}
	for _, key := range awkward {
		all = append(all, key, key+"\x00", key+"/", key+"x")
		for i := range key {
			all = append(all, key[:i], key[:i]+"/", key[:i]+"-", key[:i]+"0")
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// listOrder: byte order of the full keys, which no walk through sorted folders gives.
func listOrder(t *testing.T, b bucket.Bucket) {
	order := slices.Clone(awkward)
	slices.Reverse(order)
	for i, key := range order {
		put(t, b, key, strings.Repeat("x", i))
	}
	slices.Sort(order)
	if found := keys(t, b, "", ""); !slices.Equal(found, order) {
		t.Errorf("listed %q, want %q", found, order)
	}
}

// listBorders: every prefix with every after, against what the contract says in one line.
func listBorders(t *testing.T, b bucket.Bucket) {
	var stored []string
	for _, key := range awkward {
		put(t, b, key, "x")
		stored = append(stored, key)
	}
	slices.Sort(stored)
	all := borders()
	failures := 0
	for i, prefix := range all {
		for j, after := range all {
			if (i+j)%23 != 0 && prefix != "" && after != "" { // some of the pairs, and all with one empty
				continue
			}
			var want []string
			for _, key := range stored {
				if strings.HasPrefix(key, prefix) && key > after {
					want = append(want, key)
				}
			}
			if found := keys(t, b, prefix, after); !slices.Equal(found, want) && failures < 5 {
				failures++
				t.Errorf("prefix %q after %q: listed %q, want %q", prefix, after, found, want)
			}
		}
	}
}

// listPages: more objects than a page of S3 holds.
func listPages(t *testing.T, b bucket.Bucket) {
	const n = 1100
	var want []string
	var group sync.WaitGroup
	slots := make(chan struct{}, 16)
	for i := range n {
		key := fmt.Sprintf("p/%02d/%05d", i/1040, i)
		want = append(want, key)
		slots <- struct{}{}
		group.Go(func() {
			put(t, b, key, "")
			<-slots
		})
	}
	group.Wait()
	want = slices.Insert(want, 1000, want[999]+"!") // next to where a page ends
	put(t, b, want[1000], "")
	if found := keys(t, b, "p/", ""); !slices.Equal(found, want) {
		t.Errorf("listed %d keys in another order or number, want %d", len(found), len(want))
	}
	for _, at := range []int{0, 998, 999, 1000, 1001, 1039, 1040, n} {
		if found := keys(t, b, "p/", want[at]); !slices.Equal(found, want[at+1:]) {
			t.Errorf("after %s: listed %d keys, want %d", want[at], len(found), len(want)-1-at)
		}
	}
}

func listStop(t *testing.T, b bucket.Bucket) {
	for _, key := range []string{"a/1", "a/2", "b/1", "b/2"} {
		put(t, b, key, "x")
	}
	for limit := 1; limit <= 3; limit++ {
		n := 0
		for _, err := range b.List(t.Context(), "", "") {
			if err != nil {
				t.Fatal(err)
			}
			if n++; n == limit {
				break
			}
		}
		if n != limit {
			t.Errorf("stopped after %d, want %d", n, limit)
		}
	}
	listing := b.List(t.Context(), "a/", "") // may be run twice
	for range 2 {
		n := 0
		for _, err := range listing {
			if err != nil {
				t.Fatal(err)
			}
			n++
		}
		if n != 2 {
			t.Errorf("a repeated listing yielded %d objects", n)
		}
	}
}

// listWhileWriting: what was there before the listing began is in it, once and in order.
func listWhileWriting(t *testing.T, b bucket.Bucket) {
	var before []string
	for i := range 150 {
		key := fmt.Sprintf("w/%d/%03d", i/50, i)
		put(t, b, key, "old")
		before = append(before, key)
	}
	done := make(chan struct{})
	var group sync.WaitGroup
	group.Go(func() {
		for i := 0; ; i++ {
			select {
			case <-done:
				return
			default:
			}
			put(t, b, fmt.Sprintf("w/%d/%03d-new", i%3, i), "new")
			put(t, b, before[i%len(before)], "overwritten")
		}
	})
	for range 20 {
		found := keys(t, b, "w/", "")
		if !slices.IsSorted(found) || len(slices.Compact(slices.Clone(found))) != len(found) {
			t.Error("a listing repeats keys or is out of order")
		}
		for _, key := range before {
			if _, ok := slices.BinarySearch(found, key); !ok {
				t.Errorf("%s was there all the time and is not listed", key)
			}
		}
	}
	close(done)
	group.Wait()
}

// listWhileDeleting: the caller deletes what it is shown, and another hand whole folders.
func listWhileDeleting(t *testing.T, b bucket.Bucket) {
	for i := range 200 {
		put(t, b, fmt.Sprintf("d/%02d/%03d", i%20, i), "x")
	}
	var group sync.WaitGroup
	group.Go(func() {
		for i := range 20 {
			for o, err := range b.List(t.Context(), fmt.Sprintf("d/%02d/", 19-i), "") {
				if err == nil {
					err = b.Delete(t.Context(), o)
				}
				if err != nil {
					t.Error(err)
				}
			}
		}
	})
	for o, err := range b.List(t.Context(), "d/", "") {
		if err == nil {
			err = b.Delete(t.Context(), o)
		}
		if err != nil {
			t.Error(err)
		}
	}
	group.Wait()
	if found := keys(t, b, "", ""); len(found) != 0 {
		t.Errorf("left over: %q", found)
	}
}
