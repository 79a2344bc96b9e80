package contract

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/buckettest"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
)

// s3Stores are the stand-ins for S3, and what each of them gets wrong.
var s3Stores = []struct {
	name  string
	start func(testing.TB) *emulator.AWS
	wrong map[string]string
}{
	{name: "ministack", start: emulator.Ministack},
	{name: "versitygw", start: emulator.Versitygw, wrong: map[string]string{
		"DeleteETag":          "versitygw 1.8.0 ignores the ETags of DeleteObjects (those of DeleteObject it heeds)",
		"DeleteKeyErrors":     "versitygw 1.8.0 ignores the ETags of DeleteObjects (those of DeleteObject it heeds)",
		"LongSegment":         "versitygw 1.8.0 does not overwrite an object whose last segment has more than some 225 bytes",
		"CreateWhileDeleting": "versitygw 1.8.0 answers 409 ExistingObjectIsDirectory while another request removes the folder",
	}},
}

// s3Client has a bucket "lake" and a retryer of its own, with hardly a pause. Each change is applied to its options.
func s3Client(t testing.TB, a *emulator.AWS, change ...func(*s3.Options)) *s3.Client {
	t.Helper()
	c := a.Config()
	c.Retryer = func() aws.Retryer {
		return retry.NewStandard(func(o *retry.StandardOptions) { o.MaxBackoff, o.MaxAttempts = time.Millisecond, 5 })
	}
	_, err := cloud.S3(c).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")})
	if err != nil && !strings.Contains(err.Error(), "BucketAlreadyOwnedByYou") {
		t.Fatal(err)
	}
	client := cloud.S3(c)
	return s3.New(client.Options(), change...)
}

func TestBucketContract(t *testing.T) {
	for _, store := range s3Stores {
		t.Run(store.name, func(t *testing.T) {
			client := s3Client(t, store.start(t))
			var cases atomic.Int32
			open := func(t *testing.T) bucket.Bucket {
				return s3bucket.New(client, cloud.Lake{Bucket: "lake", Prefix: fmt.Sprintf("case/%d/", cases.Add(1))})
			}
			t.Run("suite", func(t *testing.T) {
				buckettest.Store{ETagOfContent: true, PutWithoutTime: true, Wrong: store.wrong}.Run(t, open)
			})
			noUploadsLeft(t, client)
		})
	}
}

func noUploadsLeft(t *testing.T, client *s3.Client) {
	t.Helper()
	out, err := client.ListMultipartUploads(t.Context(), &s3.ListMultipartUploadsInput{Bucket: aws.String("lake")})
	if err != nil {
		t.Fatal(err)
	}
	for _, u := range out.Uploads {
		t.Errorf("an upload of %s is left", *u.Key)
	}
}

// A lake may have the bucket to itself, and knows nothing of what lies beside it.
func TestBucketPrefixes(t *testing.T) {
	for _, store := range s3Stores {
		t.Run(store.name, func(t *testing.T) {
			client := s3Client(t, store.start(t))
			for prefix, key := range map[string]string{"": "p/q/k", "p/": "q/k", "p/q/": "k"} {
				b := s3bucket.New(client, cloud.Lake{Bucket: "lake", Prefix: prefix})
				if _, err := b.Put(t.Context(), key, strings.NewReader(prefix), bucket.Condition{}); err != nil {
					t.Fatal(err)
				}
				if _, err := b.Put(t.Context(), "z"+prefix+"z", strings.NewReader("beside"), bucket.Condition{}); err != nil {
					t.Fatal(err)
				}
				var found []string
				for o, err := range b.List(t.Context(), key, "a") {
					if err != nil {
						t.Fatal(err)
					}
					found = append(found, o.Key)
				}
				if len(found) != 1 || found[0] != key {
					t.Errorf("below %q lies %q", prefix, found)
				}
			}
		})
	}
}

// TestBucketRace: of two creates of one key, one wins and the other is told so; single requests, and uploads in parts.
func TestBucketRace(t *testing.T) {
	const rounds, uploads = 200, 4
	for _, store := range s3Stores {
		t.Run(store.name, func(t *testing.T) {
			b := s3bucket.New(s3Client(t, store.start(t)), cloud.Lake{Bucket: "lake"})
			for round := range rounds + uploads {
				size := 1 << 10
				if round >= rounds {
					size = 9 << 20
				}
				if wins := raceOnce(t, b, fmt.Sprintf("race/%d", round), size); wins != 1 {
					t.Errorf("round %d has %d winners", round, wins)
				}
			}
		})
	}
}

func raceOnce(t *testing.T, b bucket.Bucket, key string, size int) int32 {
	var group sync.WaitGroup
	var wins atomic.Int32
	start := make(chan struct{})
	for writer := range 2 {
		group.Go(func() {
			<-start
			text := strings.Repeat(fmt.Sprint(writer), size)
			_, err := b.Put(t.Context(), key, strings.NewReader(text), bucket.Condition{Absent: true})
			switch {
			case err == nil:
				wins.Add(1)
			case !errors.Is(err, bucket.ErrExists):
				t.Errorf("%s: %v", key, err)
			}
		})
	}
	close(start)
	group.Wait()
	return wins.Load()
}

// replyLost lets a request through and drops its reply, once.
type replyLost struct {
	s3.HTTPClient
	hit  func(*http.Request) bool
	lost atomic.Int32
}

func (l *replyLost) Do(r *http.Request) (*http.Response, error) {
	reply, err := l.HTTPClient.Do(r)
	if err == nil && l.hit(r) && l.lost.CompareAndSwap(0, 1) {
		_, _ = io.Copy(io.Discard, reply.Body)
		return nil, errors.Join(io.ErrUnexpectedEOF, reply.Body.Close())
	}
	return reply, err
}

// TestBucketReplyLost: the SDK tries again, the store refuses what is there, and the Put knows its own object. A twin's it knows as well.
func TestBucketReplyLost(t *testing.T) {
	for _, store := range s3Stores {
		t.Run(store.name, func(t *testing.T) {
			a := store.start(t)
			plain := s3bucket.New(s3Client(t, a), cloud.Lake{Bucket: "lake"})
			for _, test := range []struct {
				name    string
				size    int
				replace bool
			}{{"create", 10, false}, {"replace", 10, true}, {"create in parts", 9 << 20, false}, {"replace in parts", 9 << 20, true}} {
				t.Run(test.name, func(t *testing.T) {
					c := bucket.Condition{Absent: true}
					if test.replace {
						old, err := plain.Put(t.Context(), test.name, strings.NewReader("old"), bucket.Condition{})
						if err != nil {
							t.Fatal(err)
						}
						c = bucket.Condition{Match: old.ETag}
					}
					var lossy *replyLost
					b := s3bucket.New(s3Client(t, a, func(o *s3.Options) {
						lossy = &replyLost{HTTPClient: o.HTTPClient, hit: makes}
						o.HTTPClient = lossy
					}), cloud.Lake{Bucket: "lake"})
					text := strings.Repeat("x", test.size)
					o, err := b.Put(t.Context(), test.name, strings.NewReader(text), c)
					if err != nil || lossy.lost.Load() != 1 {
						t.Fatalf("%v, %d replies lost", err, lossy.lost.Load())
					}
					body, got, err := b.Get(t.Context(), test.name, bucket.Range{})
					if err != nil {
						t.Fatal(err)
					}
					defer body.Close()
					if got.ETag != o.ETag || got.Size != int64(len(text)) || o.Size != got.Size {
						t.Errorf("put gave %+v, get %+v", o, got)
					}
				})
			}
		})
	}
}

// makes tells whether a request makes an object.
func makes(r *http.Request) bool {
	q := r.URL.Query()
	return r.Method == http.MethodPut && !q.Has("partNumber") || r.Method == http.MethodPost && q.Has("uploadId")
}
