package s3bucket

import (
	"context"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
)

type answers = map[string]func(int, http.ResponseWriter, request) bool

// onlyReader hides that a body can be rewound.
type onlyReader struct{ io.Reader }

// seekable is a body that can be rewound and not read at an offset.
type seekable struct{ io.ReadSeeker }

const large = partSize + 1<<20

func first(status int, code string) func(int, http.ResponseWriter, request) bool {
	return func(n int, w http.ResponseWriter, _ request) bool { return n == 1 && refuse(w, status, code) }
}

// A write that S3 did not do is sent again, whole.
func TestPutAgain(t *testing.T) {
	small, big := strings.Repeat("s", 1000), strings.Repeat("b", large)
	tests := []struct {
		name    string
		body    io.Reader
		answers answers
		log     string
		size    int64
	}{
		{"409, bytes", strings.NewReader(small), answers{"put": first(409, "ConditionalRequestConflict")}, "put", 1000},
		{"409, stream", onlyReader{strings.NewReader(small)}, answers{"put": first(409, "ConditionalRequestConflict")}, "put", 1000},
		{"409, seekable", seekable{strings.NewReader(small)}, answers{"put": first(409, "OperationAborted")}, "put", 1000},
		{"503", strings.NewReader(small), answers{"put": first(503, "SlowDown")}, "put", 1000},
		{"409, parts", strings.NewReader(big), answers{"complete": first(409, "ConditionalRequestConflict")},
			"begin part complete abort begin part complete", large},
		{"409, parts of what can be rewound", seekable{strings.NewReader(big)}, answers{"complete": first(409, "ConditionalRequestConflict")},
			"begin part complete abort begin part complete", large},
		{"503, parts", onlyReader{strings.NewReader(big)}, answers{"complete": first(503, "SlowDown"), "part": first(503, "SlowDown")}, "begin part complete", large},
		{"200 with an error in it", strings.NewReader(big), answers{"complete": first(200, "InternalError")}, "begin part complete", large},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{answers: test.answers}
			o, err := open(t, f).Put(t.Context(), "k", test.body, bucket.Condition{Absent: true})
			if err != nil || o.Key != "k" || o.Size != test.size || !strings.HasPrefix(o.ETag, `"made`) || !o.Modified.IsZero() {
				t.Errorf("put gave %+v, %v", o, err)
			}
			if f.seen() != test.log {
				t.Errorf("requests: %s, want %s", f.seen(), test.log)
			}
			final := f.last["put"]
			if test.size == large {
				final = f.last["complete"]
			} else if f.count("put") != 2 || final.body != small {
				t.Errorf("put %d times, last %d bytes", f.count("put"), len(final.body))
			}
			if test.size < large && final.Header.Get("X-Amz-Checksum-Crc32") == "" || test.size == large && f.last["part"].Header.Get("X-Amz-Checksum-Crc32") == "" {
				t.Error("a body goes without a checksum")
			}
			if got := final.Header.Get("If-None-Match"); got != "*" || final.URL.Path != "/b/p/k" {
				t.Errorf("If-None-Match: %q of %s", got, final.URL.Path)
			}
		})
	}
}

// TestPutRefused: what each last word of S3 means to the caller.
func TestPutRefused(t *testing.T) {
	absent, match := bucket.Condition{Absent: true}, bucket.Condition{Match: `"old"`}
	always := func(status int, code string) func(int, http.ResponseWriter, request) bool {
		return func(_ int, w http.ResponseWriter, _ request) bool { return refuse(w, status, code) }
	}
	tests := []struct {
		name    string
		c       bucket.Condition
		body    io.Reader
		answers answers
		want    error  // nil: neither ErrExists nor ErrChanged
		says    string // in the error
		log     string
	}{
		{"412 create", absent, strings.NewReader("x"), answers{"put": always(412, "PreconditionFailed")}, bucket.ErrExists, "put k", "put"},
		{"412 replace", match, strings.NewReader("x"), answers{"put": always(412, "PreconditionFailed")}, bucket.ErrChanged, "put k", "put"},
		{"404 replace", match, strings.NewReader("x"), answers{"put": always(404, "NoSuchKey")}, bucket.ErrChanged, "put k", "put"},
		{"404 create", absent, strings.NewReader("x"), answers{"put": always(404, "NoSuchKey")}, nil, "NoSuchKey", "put"},
		{"412 parts", absent, strings.NewReader(strings.Repeat("x", large)), answers{"complete": always(412, "PreconditionFailed")}, bucket.ErrExists, "put k",
			"begin part complete abort"},
		{"409 for ever", absent, strings.NewReader("x"), answers{"put": always(409, "ConditionalRequestConflict")}, nil, "5 times", "put"},
		{"409 read once", absent, onlyReader{strings.NewReader(strings.Repeat("x", large))}, answers{"complete": always(409, "ConditionalRequestConflict")},
			nil, errOnce.Error(), "begin part complete abort"},
		{"500 for ever", absent, strings.NewReader("x"), answers{"put": always(500, "InternalError")}, nil, "InternalError", "put"},
		{"412 unasked", bucket.Condition{}, strings.NewReader("x"), answers{"put": always(412, "PreconditionFailed")}, nil, "PreconditionFailed", "put"},
		{"upload gone", absent, strings.NewReader(strings.Repeat("x", large)), answers{"complete": always(404, "NoSuchUpload")}, nil, "NoSuchUpload",
			"begin part complete abort"},
		{"403", absent, strings.NewReader("x"), answers{"put": always(403, "AccessDenied")}, nil, "access denied to s3://b/p/k, s3:PutObject is wanted", "put"},
		{"no bucket", absent, strings.NewReader("x"), answers{"put": always(404, "NoSuchBucket")}, nil, "bucket b does not exist", "put"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			f := &fake{answers: test.answers}
			_, err := open(t, f).Put(t.Context(), "k", test.body, test.c)
			known := errors.Is(err, bucket.ErrExists) || errors.Is(err, bucket.ErrChanged) || errors.Is(err, bucket.ErrNotFound)
			if err == nil || test.want == nil && known || test.want != nil && !errors.Is(err, test.want) || !strings.Contains(err.Error(), test.says) {
				t.Errorf("got %v, want %v", err, test.want)
			}
			if f.seen() != test.log {
				t.Errorf("requests: %s, want %s", f.seen(), test.log)
			}
		})
	}
}

// TestPutEcho: the first reply is lost and the second one is a refusal; whose object is it?
func TestPutEcho(t *testing.T) {
	absent, match := bucket.Condition{Absent: true}, bucket.Condition{Match: `"old"`}
	const own, other, none = "own", "other", "none"
	tests := []struct {
		name    string
		c       bucket.Condition
		there   string
		large   bool
		refusal string
		want    error // errOpen: an error that leaves it open
	}{
		{"created", absent, own, false, "PreconditionFailed", nil},
		{"replaced", match, own, false, "PreconditionFailed", nil},
		{"created in parts", absent, own, true, "PreconditionFailed", nil},
		{"created in parts, upload gone", absent, own, true, "NoSuchUpload", nil},
		{"lost to another", absent, other, false, "PreconditionFailed", bucket.ErrExists},
		{"replaced by another, before or after", match, other, false, "PreconditionFailed", errOpen},
		{"gone meanwhile", absent, none, false, "PreconditionFailed", errOpen},
		{"gone meanwhile, replaced", match, none, false, "NoSuchKey", errOpen},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			var nonce string
			answer := func(n int, w http.ResponseWriter, _ request) bool {
				if n == 1 {
					return lose(w)
				}
				return refuse(w, map[string]int{"PreconditionFailed": 412}[test.refusal]+map[bool]int{true: 404}[test.refusal != "PreconditionFailed"], test.refusal)
			}
			note := func(r request) { nonce = r.Header.Get("X-Amz-Meta-" + nonceName) }
			f := &fake{answers: answers{
				"put":      func(n int, w http.ResponseWriter, r request) bool { note(r); return answer(n, w, r) },
				"begin":    func(_ int, _ http.ResponseWriter, r request) bool { note(r); return false },
				"complete": answer,
				"head": func(_ int, w http.ResponseWriter, _ request) bool {
					switch test.there {
					case none:
						w.WriteHeader(http.StatusNotFound)
						return true
					case other:
						nonce = "another's"
					}
					w.Header().Set("X-Amz-Meta-"+nonceName, nonce)
					w.Header().Set("Content-Length", "7")
					w.Header().Set("ETag", `"made"`)
					return true
				},
			}}
			text := "x"
			if test.large {
				text = strings.Repeat("x", large)
			}
			o, err := open(t, f).Put(t.Context(), "k", strings.NewReader(text), test.c)
			switch {
			case test.want == nil:
				if err != nil || o.Key != "k" || o.ETag != `"made"` || o.Size != 7 || nonce == "" {
					t.Errorf("put gave %+v, %v", o, err)
				}
			case errors.Is(test.want, errOpen):
				if err == nil || errors.Is(err, bucket.ErrExists) || errors.Is(err, bucket.ErrChanged) || !strings.Contains(err.Error(), "outcome is not known") {
					t.Errorf("put gave %v", err)
				}
			case !errors.Is(err, test.want):
				t.Errorf("put gave %v, want %v", err, test.want)
			}
			if !strings.Contains(f.seen(), "head") {
				t.Errorf("requests: %s", f.seen())
			}
		})
	}
}

var errOpen = errors.New("open")

// TestPutBrokenBody: a body that breaks in a later part leaves no upload, also when the context ends with it.
func TestPutBrokenBody(t *testing.T) {
	broken := errors.New("body broke")
	for _, cancelled := range []bool{false, true} {
		f := &fake{}
		ctx, cancel := context.WithCancel(t.Context())
		breaks := readFunc(func([]byte) (int, error) {
			if cancelled {
				cancel()
			}
			return 0, broken
		})
		_, err := open(t, f).Put(ctx, "k", io.MultiReader(strings.NewReader(strings.Repeat("x", large)), breaks), bucket.Condition{})
		cancel()
		if !errors.Is(err, broken) && !errors.Is(err, context.Canceled) {
			t.Errorf("put gave %v", err)
		}
		if n := f.count("abort"); n != 1 || f.count("complete") != 0 || f.last["abort"].URL.Query().Get("uploadId") != "upload1" {
			t.Errorf("requests: %s", f.seen())
		}
	}
}

// TestPutAbortEnds: an abort that is not answered holds up the caller, whose time is over, for abortWithin at most. That is less than the 5 s
// that the functions keep back.
func TestPutAbortEnds(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	f := &fake{answers: answers{"abort": func(_ int, _ http.ResponseWriter, r request) bool {
		<-r.Context().Done()
		return true
	}}}
	breaks := readFunc(func([]byte) (int, error) { cancel(); return 0, ctx.Err() })
	start := time.Now()
	_, err := open(t, f).Put(ctx, "k", io.MultiReader(strings.NewReader(strings.Repeat("x", large)), breaks), bucket.Condition{})
	if took := time.Since(start); err == nil || f.count("abort") == 0 || took > 4*time.Second {
		t.Errorf("put took %s and gave %v: %s", took, err, f.seen())
	}
}

type readFunc func([]byte) (int, error)

func (f readFunc) Read(p []byte) (int, error) { return f(p) }

// TestPutFromHere: a body is read from where it stands.
func TestPutFromHere(t *testing.T) {
	for name, size := range map[string]int{"one request": 10, "parts": large} {
		r := strings.NewReader("head" + strings.Repeat("x", size))
		if _, err := r.Seek(4, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		f := &fake{}
		o, err := open(t, f).Put(t.Context(), "k", r, bucket.Condition{})
		if err != nil || o.Size != int64(size) || strings.Contains(f.last["put"].body+f.last["part"].body, "head") {
			t.Errorf("%s: put gave %+v, %v", name, o, err)
		}
	}
}

// endless gives n bytes and counts them.
type endless struct {
	n    int64
	read atomic.Int64
}

func (e *endless) Read(p []byte) (int, error) {
	n := min(int64(len(p)), e.n-e.read.Load())
	if n == 0 {
		return 0, io.EOF
	}
	e.read.Add(n)
	return int(n), nil
}

// TestPutReadsAhead: of a stream, only so much is held in memory as the bucket says, however slow the store is.
func TestPutReadsAhead(t *testing.T) {
	body := &endless{n: 20*partSize + 7}
	var received, most atomic.Int64
	f := &fake{answers: answers{"part": func(_ int, _ http.ResponseWriter, r request) bool {
		ahead := body.read.Load() - received.Add(int64(len(r.body))) + int64(len(r.body))
		for old := most.Load(); ahead > old && !most.CompareAndSwap(old, ahead); old = most.Load() {
		}
		return false
	}}}
	o, err := open(t, f).Put(t.Context(), "k", body, bucket.Condition{})
	if err != nil || o.Size != body.n || received.Load() != body.n || f.count("part") != 21 {
		t.Errorf("put gave %+v, %v, in %d parts", o, err, f.count("part"))
	}
	if limit := int64(partsAtOnce+2)*partSize + 1; most.Load() > limit {
		t.Errorf("%d bytes were read ahead, want at most %d", most.Load(), limit)
	}
}
