package s3bucket

import (
	"context"
	"fmt"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/shared/bucket"
)

// outcome tells what the last answer to a write means.
func (w *write) outcome(ctx context.Context, err error) (bucket.Object, error) {
	if !w.conditional() {
		return bucket.Object{}, w.explain(err, w.key, putPermission)
	}
	refused := bucket.ErrExists
	if w.condition.Match != "" {
		refused = bucket.ErrChanged
	}
	switch c := code(err); {
	case c == "PreconditionFailed", c == "NoSuchKey" && w.condition.Match != "": // S3 answers 404 where there is nothing to replace
		if w.attempts.Load() == 1 {
			return bucket.Object{}, refused
		}
	case c == noSuchUpload && w.attempts.Load() > 1: // completed by an attempt whose reply was lost, or aborted by another hand
	default:
		return bucket.Object{}, w.explain(err, w.key, putPermission)
	}
	return w.settle(ctx, err)
}

// settle looks whose object lies there after a refusal that may be an echo. Another's is a lost create; after a lost replacement it may have
// replaced one's own, which nobody can tell.
func (w *write) settle(ctx context.Context, refusal error) (bucket.Object, error) {
	o, nonce, err := w.head(ctx, w.key)
	switch {
	case err == nil && nonce == w.nonce:
		o.Modified = bucket.Object{}.Modified // as after any other Put
		return o, nil
	case err == nil && w.condition.Absent:
		return bucket.Object{}, bucket.ErrExists
	case err != nil:
		return bucket.Object{}, fmt.Errorf("its outcome is not known: %w, and a look gave: %w", refusal, err)
	}
	return bucket.Object{}, fmt.Errorf("its outcome is not known: %w", refusal)
}

// head describes an object and gives the nonce of the write that made it.
func (b *Bucket) head(ctx context.Context, key string) (bucket.Object, string, error) {
	out, err := b.client.HeadObject(ctx, &s3.HeadObjectInput{Bucket: &b.lake.Bucket, Key: aws.String(b.lake.Prefix + key)})
	if err != nil {
		if missing(err) {
			err = bucket.ErrNotFound
		}
		return bucket.Object{}, "", b.explain(err, key, getPermission)
	}
	o := bucket.Object{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: quoted(out.ETag), Modified: modified(out.LastModified)}
	return o, out.Metadata[nonceName], nil
}
