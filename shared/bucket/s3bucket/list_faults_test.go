package s3bucket

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

// 59: a listing gives each key once and in order, or ends with an error: never short of keys without a word.
func TestListFaults(t *testing.T) {
	type answer = func(n int, w http.ResponseWriter, r request) bool
	pages := func(all ...[]string) answer { // the last has no other behind it
		return func(n int, w http.ResponseWriter, _ request) bool {
			if n < len(all) {
				return page(w, fmt.Sprint("token", n), all[n-1]...)
			}
			return page(w, "", all[len(all)-1]...)
		}
	}
	for _, c := range []struct {
		name   string
		answer answer
		want   []string
		says   string // "": it ends well
	}{
		{"a page repeated", pages([]string{"p/a", "p/b"}, []string{"p/a", "p/b"}, []string{"p/c"}), []string{"a", "b"}, `"a" behind "b"`},
		{"the last key of a page repeated", pages([]string{"p/a", "p/b"}, []string{"p/b", "p/c"}), []string{"a", "b"}, `"b" behind "b"`},
		{"pages in another order", pages([]string{"p/c", "p/d"}, []string{"p/a", "p/b"}), []string{"c", "d"}, `"a" behind "d"`},
		{"keys of a page in another order", pages([]string{"p/b", "p/a"}), []string{"b"}, `"a" behind "b"`},
		{"the same token again", func(_ int, w http.ResponseWriter, _ request) bool { return page(w, "token", "p/a") }, []string{"a"}, "where"},
		{"a token that has expired", func(n int, w http.ResponseWriter, r request) bool {
			if r.URL.Query().Get("continuation-token") == "" {
				return page(w, "token", "p/a", "p/b")
			}
			return refuse(w, 400, "InvalidArgument")
		}, []string{"a", "b"}, "InvalidArgument"},
		{"a page that is refused for ever", func(n int, w http.ResponseWriter, _ request) bool {
			if n == 1 {
				return page(w, "token", "p/a")
			}
			return refuse(w, 503, "SlowDown")
		}, []string{"a"}, "SlowDown"},
		{"a page that is refused once", func(n int, w http.ResponseWriter, r request) bool {
			switch {
			case r.URL.Query().Get("continuation-token") == "":
				return page(w, "token", "p/a")
			case n == 2:
				return refuse(w, 503, "SlowDown")
			}
			return page(w, "", "p/b")
		}, []string{"a", "b"}, ""},
		{"an empty page with more behind it", pages([]string{"p/a"}, nil, []string{"p/b"}), []string{"a", "b"}, ""},
		{"new keys while listing", pages([]string{"p/a", "p/c"}, []string{"p/d", "p/e"}), []string{"a", "c", "d", "e"}, ""}, // b came, behind the first page
	} {
		t.Run(c.name, func(t *testing.T) {
			var found []string
			var failed error
			for o, err := range open(t, &fake{answers: answers{"list": c.answer}}).List(t.Context(), "", "") {
				if failed != nil {
					t.Error("it goes on behind an error")
				}
				if failed = err; err == nil {
					found = append(found, o.Key)
				}
			}
			if !slices.Equal(found, c.want) {
				t.Errorf("found %q, want %q", found, c.want)
			}
			if (failed == nil) != (c.says == "") || failed != nil && !strings.Contains(failed.Error(), c.says) {
				t.Errorf("ended with %v, want %q", failed, c.says)
			}
		})
	}
}

// 59: a listing that starts after a key that is gone begins at the next, also where the store takes the start as the first to give.
func TestListAfterMissingKey(t *testing.T) {
	for name, keys := range map[string][]string{"after": {"p/c", "p/d"}, "from": {"p/b", "p/c", "p/d"}} {
		f := &fake{answers: answers{"list": func(_ int, w http.ResponseWriter, _ request) bool { return page(w, "", keys...) }}}
		var found []string
		for o, err := range open(t, f).List(t.Context(), "", "b") {
			if err != nil {
				t.Fatal(err)
			}
			found = append(found, o.Key)
		}
		if !slices.Equal(found, []string{"c", "d"}) || f.last["list"].URL.Query().Get("start-after") != "p/b" {
			t.Errorf("%s: found %q, asked for %v", name, found, f.last["list"].URL.Query())
		}
	}
}
