package s3bucket

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

// TestDeleteKeys: S3 answers for each key of a batch, under HTTP 200
// (https://docs.aws.amazon.com/AmazonS3/latest/API/API_DeleteObjects.html).
func TestDeleteKeys(t *testing.T) {
	answer := map[string]string{ // by key: what the first call says
		"changed": "PreconditionFailed", "gone": "NoSuchKey", "denied": "AccessDenied", "busy": "ConditionalRequestConflict", "slow": "SlowDown",
		"broken": "InternalError",
	}
	f := &fake{answers: answers{"delete": func(n int, w http.ResponseWriter, r request) bool {
		fmt.Fprint(w, "<DeleteResult>")
		for key, code := range answer {
			if strings.Contains(r.body, "<Key>p/"+key+"</Key>") && (n == 1 || key == "broken") {
				fmt.Fprintf(w, "<Error><Key>p/%s</Key><Code>%s</Code><Message>says the test</Message></Error>", key, code)
			}
		}
		fmt.Fprint(w, "</DeleteResult>")
		return true
	}}}
	objects := []bucket.Object{{Key: "plain"}, {Key: "same", ETag: `"e1"`}, {Key: "../evil"}}
	for key := range answer {
		objects = append(objects, bucket.Object{Key: key, ETag: `"e2"`})
	}
	err := open(t, f).Delete(t.Context(), objects...)
	failed := map[string]error{}
	for _, e := range bucket.KeyErrors(err) {
		failed[e.Key] = e
	}
	if len(failed) != 4 || !errors.Is(failed["changed"], bucket.ErrChanged) || failed["../evil"] == nil {
		t.Errorf("failed: %v", failed)
	}
	for key, says := range map[string]string{"denied": "access denied to s3://b/p/denied, s3:DeleteObject", "broken": "InternalError"} {
		if failed[key] == nil || !strings.Contains(failed[key].Error(), says) {
			t.Errorf("%s: %v", key, failed[key])
		}
	}
	if n := f.count("delete"); n != tries {
		t.Errorf("%d calls, want %d", n, tries)
	}
	if strings.Count(f.last["delete"].body, "<Key>") != 1 {
		t.Errorf("the last call is %s", f.last["delete"].body)
	}
}

// TestDeleteConditions: each ETag goes with its key, in batches of what S3 takes.
func TestDeleteConditions(t *testing.T) {
	conditions, unconditional := 0, 0
	f := &fake{answers: answers{"delete": func(_ int, _ http.ResponseWriter, r request) bool {
		conditions += strings.Count(r.body, "<ETag>&#34;e&#34;</ETag>") + strings.Count(r.body, "<ETag>&quot;e&quot;</ETag>")
		unconditional += strings.Count(r.body, "<Key>") - strings.Count(r.body, "<ETag>")
		if n := strings.Count(r.body, "<Key>"); n > batchSize {
			t.Errorf("a batch of %d", n)
		}
		return false
	}}}
	var objects []bucket.Object
	for i := range 2500 {
		o := bucket.Object{Key: fmt.Sprint("k", i)}
		if i%2 == 0 {
			o.ETag = `"e"`
		}
		objects = append(objects, o)
	}
	if err := open(t, f).Delete(t.Context(), objects...); err != nil {
		t.Fatal(err)
	}
	if conditions != 1250 || unconditional != 1250 || f.count("delete") != 3 {
		t.Errorf("%d with an ETag, %d without, in %d calls", conditions, unconditional, f.count("delete"))
	}
}

// TestDeleteFails: a call that fails, or that answers for another key, removed nothing for sure.
func TestDeleteFails(t *testing.T) {
	tests := map[string]func(int, http.ResponseWriter, request) bool{
		"access denied": func(_ int, w http.ResponseWriter, _ request) bool { return refuse(w, 403, "AccessDenied") },
		"was not to be deleted": func(_ int, w http.ResponseWriter, _ request) bool {
			fmt.Fprint(w, "<DeleteResult><Error><Key>else</Key><Code>InternalError</Code></Error></DeleteResult>")
			return true
		},
	}
	for says, answer := range tests {
		err := open(t, &fake{answers: answers{"delete": answer}}).Delete(t.Context(), bucket.Object{Key: "a"}, bucket.Object{Key: "b"})
		if len(bucket.KeyErrors(err)) != 2 || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", says, err)
		}
	}
}
