// Package s3bucket is a bucket in Amazon S3, or in a store that speaks its protocol. It relies on what S3 has promised since 2024: reads after
// writes, conditional writes, and conditional deletes.
//
// What it needs of a policy: s3:PutObject to put; s3:GetObject to get, to replace by ETag, to delete by ETag, and to find out after a lost
// reply whose object lies there; s3:ListBucket to list, and for a missing object to be told from a forbidden one; s3:DeleteObject;
// s3:AbortMultipartUpload for uploads that fail.
//
// Two things are S3's own. An ETag tells content: an object that is written anew with the same bytes may have its old ETag again. And a Put
// does not tell when S3 wrote: Modified is zero in what it returns. Get and List tell it, in whole seconds.
package s3bucket

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	smithytime "github.com/aws/smithy-go/time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/cloud"
)

// Bucket implements bucket.Bucket below the lake's prefix.
type Bucket struct {
	client *s3.Client
	lake   cloud.Lake
}

// New makes a bucket. The client's retryer retries what S3 answers with 5xx, and lost replies; it sets the pace of the bucket's own retries,
// too.
func New(client *s3.Client, lake cloud.Lake) *Bucket { return &Bucket{client, lake} }

// A body of up to partSize bytes is one request; a larger one is uploaded in such parts, and of one that cannot be read again, partsAtOnce
// parts and two more are held in memory.
const (
	partSize    = 8 << 20
	partsAtOnce = 2
)

// tries is how often S3's "not now, nothing was done" is answered with another try.
const tries = 5

// longestKey is S3's, in bytes, prefix included.
const longestKey = 1024

// checkKey refuses what every bucket refuses, what the prefix makes too long, and what XML 1.0, in which S3 takes the keys of a batch, cannot
// hold.
func (b *Bucket) checkKey(key string) error {
	if err := bucket.CheckKey(key); err != nil {
		return err
	}
	if n := len(b.lake.Prefix) + len(key); n > longestKey {
		return fmt.Errorf("key %.80q… is %d bytes long below %s, at most %d are possible", key, n, b.lake, longestKey)
	}
	if strings.ContainsAny(key, "\uFFFE\uFFFF") {
		return fmt.Errorf("key %q holds a character that is none", key)
	}
	return nil
}

// pause waits before the next try, as long as the client's retryer says.
func (b *Bucket) pause(ctx context.Context, try int, cause error) error {
	delay, err := b.client.Options().Retryer.RetryDelay(try, cause)
	if err != nil {
		return errors.Join(cause, err)
	}
	return smithytime.SleepWithContext(ctx, delay)
}

// quoted is how S3 writes an ETag in headers; some stores leave the quotes out in listings.
func quoted(etag *string) string {
	if etag == nil || *etag == "" {
		return ""
	}
	return `"` + strings.Trim(*etag, `"`) + `"`
}

// modified is in whole seconds, as in S3's headers, also where a store lists finer ones.
func modified(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}

func uploader(client *s3.Client) *manager.Uploader {
	return manager.NewUploader(client, func(u *manager.Uploader) {
		u.PartSize = partSize
		u.Concurrency = partsAtOnce
		u.LeavePartsOnError = true // abort does it, also when the context has ended
	})
}
