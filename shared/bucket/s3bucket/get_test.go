package s3bucket

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

func object(w http.ResponseWriter, size int) {
	w.Header().Set("ETag", `"e"`)
	w.Header().Set("Content-Length", fmt.Sprint(size))
	w.Header().Set("Last-Modified", "Mon, 23 Nov 2026 08:00:00 GMT")
}

func TestGetErrors(t *testing.T) {
	tests := []struct {
		status int
		code   string
		found  bool // ErrNotFound
		says   string
	}{
		{404, "NoSuchKey", true, "get k"},
		{404, "NoSuchBucket", false, "bucket b does not exist"},
		{403, "AccessDenied", false, "access denied to s3://b/p/k, s3:GetObject is wanted; without s3:ListBucket, S3 says so of a missing object, too"},
		{403, "InvalidAccessKeyId", false, "InvalidAccessKeyId"},
		{403, "InvalidObjectState", false, "InvalidObjectState"},
		{500, "InternalError", false, "InternalError"},
	}
	for _, test := range tests {
		f := &fake{answers: answers{"get": func(_ int, w http.ResponseWriter, _ request) bool { return refuse(w, test.status, test.code) }}}
		_, _, err := open(t, f).Get(t.Context(), "k", bucket.Range{})
		if err == nil || errors.Is(err, bucket.ErrNotFound) != test.found || !strings.Contains(err.Error(), test.says) {
			t.Errorf("%d %s: %v", test.status, test.code, err)
		}
	}
}

// TestGetPastTheEnd: 416 does not describe the object; a look at it may find that it has grown.
func TestGetPastTheEnd(t *testing.T) {
	f := &fake{answers: answers{
		"get": func(n int, w http.ResponseWriter, r request) bool {
			if n < 3 {
				return refuse(w, 416, "InvalidRange")
			}
			object(w, 2)
			w.Header().Set("Content-Range", "bytes 10-11/12")
			w.WriteHeader(http.StatusPartialContent)
			fmt.Fprint(w, "ab")
			return true
		},
		"head": func(n int, w http.ResponseWriter, _ request) bool { object(w, 8+2*n); return true },
	}}
	b := open(t, f)
	for _, want := range []string{"", "ab"} { // 10 bytes at the first look, 12 at the second
		body, o, err := b.Get(t.Context(), "k", bucket.Range{Offset: 10, Length: 5})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil || string(text) != want || o.Size != int64(10+len(want)) || o.ETag != `"e"` || o.Modified.IsZero() {
			t.Errorf("got %q, %+v, %v", text, o, err)
		}
	}
	if got := f.last["get"].Header.Get("Range"); got != "bytes=10-14" {
		t.Errorf("Range: %s", got)
	}
}

// TestGetBroken: a body that breaks off says nothing of the object, so it must not look like an object that is cut off.
func TestGetBroken(t *testing.T) {
	tests := map[string]func(int, http.ResponseWriter, request) bool{
		"truncated": func(_ int, w http.ResponseWriter, _ request) bool {
			object(w, 100)
			fmt.Fprint(w, "only this")
			return true
		},
		"wrong checksum": func(_ int, w http.ResponseWriter, _ request) bool {
			object(w, 9)
			w.Header().Set("X-Amz-Checksum-Crc32", "AAAAAA==")
			w.Header().Set("X-Amz-Checksum-Type", "FULL_OBJECT")
			fmt.Fprint(w, "only this")
			return true
		},
	}
	for name, answer := range tests {
		body, _, err := open(t, &fake{answers: answers{"get": answer}}).Get(t.Context(), "k", bucket.Range{})
		if err != nil {
			t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || !strings.Contains(err.Error(), "read k") || string(text) != "only this" {
			t.Errorf("%s: %q, %v", name, text, err)
		}
	}
}

func TestContentRange(t *testing.T) {
	if from, n, size, err := contentRange("bytes 3-6/10"); err != nil || from != 3 || n != 4 || size != 10 {
		t.Errorf("%d, %d, %d, %v", from, n, size, err)
	}
	for _, bad := range []string{"", "bytes */10", "bytes 3-6/*", "bytes 6-3/10", "bytes 3-10/10", "bytes -1-6/10", "bytes 3-6", "3/6"} {
		if _, _, _, err := contentRange(bad); err == nil {
			t.Errorf("%q is taken", bad)
		}
	}
}

// An answer to another question is none.
func TestGetWrongRange(t *testing.T) {
	for _, got := range []string{"", "bytes 0-4/10"} {
		f := &fake{answers: answers{"get": func(_ int, w http.ResponseWriter, _ request) bool {
			object(w, 5)
			if got != "" {
				w.Header().Set("Content-Range", got)
			}
			fmt.Fprint(w, "01234")
			return true
		}}}
		if _, _, err := open(t, f).Get(t.Context(), "k", bucket.Range{Offset: 5}); err == nil {
			t.Errorf("Content-Range %q is taken for bytes from 5", got)
		}
	}
}
