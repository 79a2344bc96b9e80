package faults

import (
	"bufio"
	"bytes"
	"compress/gzip"
	stdjson "encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/verify"
)

// partitions gives every hour that has anything.
func (l *lake) partitions(t *testing.T) []layout.Partition {
	t.Helper()
	seen := map[layout.Partition]bool{}
	for _, top := range []string{layout.Raw, layout.Events} {
		for o, err := range l.bucket.List(t.Context(), top, "") {
			if err != nil {
				t.Fatal(err)
			}
			if p, err := layout.PartitionIn(o.Key); err == nil {
				seen[p] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(seen))
}

// converge compacts until nothing waits, within a time that a healthy lake needs a part of.
func (l *lake) converge(t *testing.T) {
	t.Helper()
	l.until(t, "nothing waits", func(r verify.Report) bool { return r.Waiting == 0 && r.Whole() })
}

// drain compacts until the fragments are swept as well.
func (l *lake) drain(t *testing.T) {
	t.Helper()
	l.until(t, "the fragments are swept", func(r verify.Report) bool { return r.Fragments == 0 && r.Whole() })
}

func (l *lake) until(t *testing.T, what string, done func(verify.Report) bool) {
	t.Helper()
	var r verify.Report
	var failed error
	for deadline := time.Now().Add(90 * time.Second); time.Now().Before(deadline); {
		for _, p := range l.partitions(t) {
			if _, err := work(t.Context(), l.compactor, p); err != nil {
				failed = err
			}
		}
		if r = l.verify(t); done(r) {
			l.count(t)
			return
		}
		time.Sleep(200 * time.Millisecond) // the bound and the grace are real time
	}
	t.Fatalf("not until %s: %+v, last error %v", what, r, failed)
}

// verify holds the lake to its promises, by the code of `lakebed verify`.
func (l *lake) verify(t *testing.T) verify.Report {
	t.Helper()
	r, err := verify.Run(t.Context(), verify.Lake{
		Bucket: l.bucket, Catalog: l.catalog, Mapping: mapped, Grace: grace, Bound: bound, LongestQuery: time.Second, Now: time.Now(),
	}, func(verify.Progress) {})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// whole wants no promise broken.
func (l *lake) whole(t *testing.T) verify.Report {
	t.Helper()
	r := l.verify(t)
	for _, b := range r.Breaches {
		t.Errorf("breach: %s", b)
	}
	return r
}

// count reads what Glue points to, by code of its own, and wants every accepted event there once and nothing else, and each accounted for.
func (l *lake) count(t *testing.T) {
	t.Helper()
	if r := l.whole(t); r.Received < int64(len(l.accepted)) {
		t.Errorf("the ledger knows of %d events, %d were accepted", r.Received, len(l.accepted))
	}
	if err := compare(l.stored(t), l.accepted); err != nil {
		t.Error(err)
	}
}

func compare(got, want map[string]int) error {
	var errs []error
	for id, n := range want {
		if got[id] != n {
			errs = append(errs, fmt.Errorf("%s is there %d times, want %d", id, got[id], n))
		}
	}
	for id, n := range got {
		if _, ok := want[id]; !ok {
			errs = append(errs, fmt.Errorf("%s is there %d times and was never accepted", id, n))
		}
	}
	if len(errs) > 5 {
		errs = append(errs[:5], fmt.Errorf("and %d more", len(errs)-5))
	}
	return errors.Join(errs...)
}

// stored counts the ids in the objects under the partitions' Locations.
func (l *lake) stored(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	pages := glue.NewGetPartitionsPaginator(l.glue, &glue.GetPartitionsInput{DatabaseName: aws.String(database), TableName: &l.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Partitions {
			at, err := url.Parse(*p.StorageDescriptor.Location)
			if err != nil {
				t.Fatal(err)
			}
			l.countBelow(t, strings.TrimPrefix(at.Path, "/"), found)
		}
	}
	return found
}

func (l *lake) countBelow(t *testing.T, prefix string, found map[string]int) {
	t.Helper()
	list, err := l.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String(bucketName), Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		text := l.object(t, *o.Key)
		z, err := gzip.NewReader(bytes.NewReader(text))
		if err != nil {
			t.Fatalf("%s: %v", *o.Key, err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			var e struct {
				ID string `json:"event_uuid"`
			}
			if err := stdjson.Unmarshal(lines.Bytes(), &e); err != nil {
				t.Fatalf("%s: %v", *o.Key, err)
			}
			found[e.ID]++
		}
		if err := lines.Err(); err != nil {
			t.Fatalf("%s: %v", *o.Key, err)
		}
	}
}

// object reads one by its whole key.
func (l *lake) object(t *testing.T, key string) []byte {
	t.Helper()
	o, err := l.s3.GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String(bucketName), Key: &key})
	if err != nil {
		t.Fatal(err)
	}
	defer o.Body.Close()
	text, err := io.ReadAll(o.Body)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// keys lists the lake's objects below a prefix.
func (l *lake) keys(t *testing.T, prefix string) []string {
	t.Helper()
	var found []string
	for o, err := range l.bucket.List(t.Context(), prefix, "") {
		if err != nil {
			t.Fatal(err)
		}
		found = append(found, o.Key)
	}
	return found
}
