package s3bucket

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
)

func page(w http.ResponseWriter, next string, keys ...string) bool {
	fmt.Fprintf(w, "<ListBucketResult><EncodingType>url</EncodingType><IsTruncated>%v</IsTruncated>", next != "")
	if next != "" && next != "none" {
		fmt.Fprintf(w, "<NextContinuationToken>%s</NextContinuationToken>", next)
	}
	for _, key := range keys {
		fmt.Fprintf(w, "<Contents><Key>%s</Key><Size>3</Size><ETag>bare</ETag><LastModified>2026-11-23T08:00:00.123Z</LastModified></Contents>", key)
	}
	fmt.Fprint(w, "</ListBucketResult>")
	return true
}

// TestListForeign: what is no lake's object is left out, and does not hide what is.
func TestListForeign(t *testing.T) {
	f := &fake{answers: answers{"list": func(n int, w http.ResponseWriter, _ request) bool {
		if n == 1 {
			return page(w, "more", "p/", "p/a%01b", "p/a/", "p/a/b+c", "p/a/.hidden")
		}
		return page(w, "", "p/a/b%2Bc", "p/%FFx")
	}}}
	var found []string
	for o, err := range open(t, f).List(t.Context(), "", "") {
		if err != nil {
			t.Fatal(err)
		}
		if o.Size != 3 || o.ETag != `"bare"` || o.Modified.Nanosecond() != 0 || o.Modified.Second() != 0 || o.Modified.IsZero() {
			t.Errorf("listed %+v", o)
		}
		found = append(found, o.Key)
	}
	if want := []string{"a/b c", "a/b+c"}; !slices.Equal(found, want) {
		t.Errorf("listed %q, want %q", found, want)
	}
	q := f.last["list"].URL.Query()
	if q.Get("continuation-token") != "more" || q.Get("prefix") != "p/" || q.Get("max-keys") != "1000" {
		t.Errorf("asked for %v", q)
	}
}

func TestListErrors(t *testing.T) {
	tests := map[string]func(int, http.ResponseWriter, request) bool{
		"more and not where":                 func(_ int, w http.ResponseWriter, _ request) bool { return page(w, "none", "p/a") },
		"bucket b does not exist":            func(_ int, w http.ResponseWriter, _ request) bool { return refuse(w, 404, "NoSuchBucket") },
		"s3://b/p/, s3:ListBucket is wanted": func(_ int, w http.ResponseWriter, _ request) bool { return refuse(w, 403, "AccessDenied") },
		"not encoded":                        func(_ int, w http.ResponseWriter, _ request) bool { return page(w, "", "p/a%zz") },
	}
	for says, answer := range tests {
		n := 0
		for _, err := range open(t, &fake{answers: answers{"list": answer}}).List(t.Context(), "", "") {
			if n++; err == nil || !strings.Contains(err.Error(), says) {
				t.Errorf("%v, want %q", err, says)
			}
		}
		if n != 1 {
			t.Errorf("%s: yielded %d times", says, n)
		}
	}
}
