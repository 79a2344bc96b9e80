// Package buckettest is the acceptance suite of buckets: what every implementation has to do alike, so that what is proved on a directory
// holds on S3.
package buckettest

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Store says in what a store may differ from the contract's letter. The zero Store may not.
type Store struct {
	// ETagOfContent: an object that is written anew with the same bytes may have its old ETag again. So it is in S3.
	ETagOfContent bool

	// PutWithoutTime: a Put does not tell Modified.
	PutWithoutTime bool

	// Wrong names tests that the store fails by a fault of its own, each with what it does. They are left out.
	Wrong map[string]string
}

// Run holds the buckets that open makes, each of them empty, to the contract of bucket.Bucket.
func Run(t *testing.T, open func(t *testing.T) bucket.Bucket) { Store{}.Run(t, open) }

// Run is the same with what the store may.
func (s Store) Run(t *testing.T, open func(t *testing.T) bucket.Bucket) {
	tests := []struct {
		name string
		test func(*testing.T, bucket.Bucket)
	}{
		{"RoundTrip", s.roundTrip},
		{"LongSegment", s.longSegment},
		{"Missing", missing},
		{"Ranges", ranges},
		{"Create", create},
		{"CreateRace", createRace},
		{"Replace", s.replace},
		{"ReplaceRace", replaceRace},
		{"ETag", s.etag},
		{"TornReads", tornReads},
		{"FailingBody", failingBody},
		{"BigBody", bigBody},
		{"BothConditions", bothConditions},
		{"ListOrder", listOrder},
		{"ListBorders", listBorders},
		{"ListPages", listPages},
		{"ListStop", listStop},
		{"ListWhileWriting", listWhileWriting},
		{"ListWhileDeleting", listWhileDeleting},
		{"Delete", deletes},
		{"DeleteETag", s.deleteETag},
		{"DeleteKeyErrors", deleteKeyErrors},
		{"CreateWhileDeleting", createWhileDeleting},
		{"HostileKeys", hostileKeys},
		{"HostilePrefixes", hostilePrefixes},
		{"Cancelled", cancelled},
		{"CancelledMidway", cancelledMidway},
	}
	for _, test := range tests {
		if wrong := s.Wrong[test.name]; wrong != "" {
			t.Logf("%s is left out: %s", test.name, wrong)
			continue
		}
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			test.test(t, open(t))
		})
	}
}

// text is what the nth write of the same bytes writes.
func (s Store) text(n int) string {
	if s.ETagOfContent {
		return fmt.Sprintf("same %d", n)
	}
	return "same"
}

// put stores text whatever is there.
func put(t *testing.T, b bucket.Bucket, key, text string) bucket.Object {
	t.Helper()
	o, err := b.Put(t.Context(), key, strings.NewReader(text), bucket.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	return o
}

// get reads a whole object, and checks that what it says of itself is so.
func get(t *testing.T, b bucket.Bucket, key string) (string, bucket.Object) {
	t.Helper()
	text, o, err := read(t.Context(), b, key, bucket.Range{})
	if err != nil {
		t.Fatal(err)
	}
	if o.Key != key || o.Size != int64(len(text)) || o.ETag == "" || o.Modified.IsZero() {
		t.Fatalf("get %s gave %d bytes and %+v", key, len(text), o)
	}
	return text, o
}

func read(ctx context.Context, b bucket.Bucket, key string, r bucket.Range) (string, bucket.Object, error) {
	body, o, err := b.Get(ctx, key, r)
	if err != nil {
		return "", o, err
	}
	var text bytes.Buffer
	_, err = io.Copy(&text, body)
	if closeErr := body.Close(); err == nil {
		err = closeErr
	}
	return text.String(), o, err
}

// keys lists.
func keys(t *testing.T, b bucket.Bucket, prefix, after string) []string {
	t.Helper()
	var found []string
	for o, err := range b.List(t.Context(), prefix, after) {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o.Key)
	}
	return found
}

// pattern makes bytes that tell who wrote them, and where a torn read would show.
func pattern(writer, size int) string {
	unit := fmt.Sprintf("<writer %03d>", writer)
	return strings.Repeat(unit, size/len(unit)+1)[:size]
}
