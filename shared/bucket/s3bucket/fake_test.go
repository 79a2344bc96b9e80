package s3bucket

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"

	"github.com/lakebed/lakebed/shared/cloud"
)

// fake answers as S3 documents it, so that what no emulator gives can be had: a test overrides answers by operation.
type fake struct {
	answers map[string]func(n int, w http.ResponseWriter, r request) bool // n counts from 1; false: the default answer

	mu   sync.Mutex
	log  []string // operations in the order of their arrival
	last map[string]request
}

type request struct {
	*http.Request
	body string
}

// open serves below the prefix "p/" of the bucket "b", to a client that tries three times without a pause.
func open(t *testing.T, f *fake) *Bucket {
	t.Helper()
	f.last = map[string]request{}
	server := httptest.NewServer(f)
	t.Cleanup(server.Close)
	client := cloud.S3(aws.Config{
		Region: "us-east-1", BaseEndpoint: &server.URL, Credentials: credentials.NewStaticCredentialsProvider("test", "testtest", ""),
		Retryer: func() aws.Retryer {
			return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxAttempts, o.MaxBackoff = 3, time.Millisecond })
		},
	})
	return New(client, cloud.Lake{Bucket: "b", Prefix: "p/"})
}

func operation(r *http.Request) string {
	q := r.URL.Query()
	switch {
	case r.Method == http.MethodPut && q.Has("partNumber"):
		return "part"
	case r.Method == http.MethodPost && q.Has("uploads"):
		return "begin"
	case r.Method == http.MethodPost && q.Has("uploadId"):
		return "complete"
	case r.Method == http.MethodDelete && q.Has("uploadId"):
		return "abort"
	case r.Method == http.MethodPost && q.Has("delete"):
		return "delete"
	case r.Method == http.MethodGet && q.Has("list-type"):
		return "list"
	}
	return strings.ToLower(r.Method)
}

func (f *fake) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return // the client went away
	}
	op := operation(r)
	in := request{r, string(body)}
	f.mu.Lock()
	f.log = append(f.log, op)
	f.last[op] = in
	n := f.count(op)
	f.mu.Unlock()
	if answer := f.answers[op]; answer != nil && answer(n, w, in) {
		return
	}
	w.Header().Set("ETag", `"made"`)
	switch op {
	case "begin":
		fmt.Fprintf(w, "<InitiateMultipartUploadResult><UploadId>upload%d</UploadId></InitiateMultipartUploadResult>", n)
	case "complete":
		fmt.Fprint(w, `<CompleteMultipartUploadResult><ETag>"made-2"</ETag></CompleteMultipartUploadResult>`)
	case "abort":
		w.WriteHeader(http.StatusNoContent)
	case "delete":
		fmt.Fprint(w, "<DeleteResult></DeleteResult>")
	}
}

func (f *fake) count(op string) (n int) {
	for _, seen := range f.log {
		if seen == op {
			n++
		}
	}
	return n
}

// seen gives the operations so far, runs of the same one as one.
func (f *fake) seen() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	return strings.Join(slices.Compact(slices.Clone(f.log)), " ")
}

func refuse(w http.ResponseWriter, status int, code string) bool {
	w.WriteHeader(status)
	fmt.Fprintf(w, "<Error><Code>%s</Code><Message>says the test</Message></Error>", code)
	return true
}

// lose breaks the connection instead of answering.
func lose(http.ResponseWriter) bool { panic(http.ErrAbortHandler) }
