package s3bucket

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	awsmiddleware "github.com/aws/aws-sdk-go-v2/aws/middleware"
	"github.com/aws/aws-sdk-go-v2/feature/s3/manager"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go/middleware"

	"github.com/lakebed/lakebed/shared/bucket"
)

// nonceName is the object metadata that tells one write from another of the same bytes.
const nonceName = "lakebed-write"

// send sends the body once, as the SDK counts: with its retries.
func (w *write) send(ctx context.Context) (bucket.Object, error) {
	r, err := w.source.open()
	if err != nil {
		return bucket.Object{}, errors.Join(err, w.conflict)
	}
	in := &s3.PutObjectInput{
		Bucket: &w.lake.Bucket, Key: aws.String(w.lake.Prefix + w.key), Body: r, ChecksumAlgorithm: types.ChecksumAlgorithmCrc32,
	}
	if w.condition.Absent {
		in.IfNoneMatch = aws.String("*")
	}
	if w.condition.Match != "" {
		in.IfMatch = aws.String(quoted(&w.condition.Match))
	}
	if w.conditional() {
		in.Metadata = map[string]string{nonceName: w.nonce}
	}
	if w.source.size < 0 || w.source.size > partSize {
		return w.upload(ctx, in)
	}
	out, err := w.client.PutObject(ctx, in, w.count)
	if err != nil {
		return bucket.Object{}, err
	}
	return bucket.Object{Key: w.key, Size: w.source.size, ETag: quoted(out.ETag)}, nil
}

// upload sends parts. The uploader passes the conditions on to CompleteMultipartUpload, the one request that makes the object.
func (w *write) upload(ctx context.Context, in *s3.PutObjectInput) (bucket.Object, error) {
	o := bucket.Object{Key: w.key, Size: w.source.size}
	sent := &counted{Reader: in.Body}
	if w.source.size < 0 {
		in.Body = sent
	}
	out, err := uploader(w.client).Upload(ctx, in, manager.WithUploaderRequestOptions(w.count))
	if err != nil {
		return bucket.Object{}, w.abort(ctx, in, err)
	}
	if w.source.size < 0 {
		o.Size = sent.n
	}
	o.ETag = quoted(out.ETag)
	return o, nil
}

// abortWithin is how long an abort may take after the caller's context has ended: less than a function keeps back of its time.
const abortWithin = 3 * time.Second

// abort drops the parts of a failed upload. It is no harm that the upload may have been completed, reply lost: then there is nothing to abort.
func (w *write) abort(ctx context.Context, in *s3.PutObjectInput, cause error) error {
	var failed manager.MultiUploadFailure
	if !errors.As(cause, &failed) {
		return cause
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), abortWithin)
	defer cancel()
	id := failed.UploadID()
	_, err := w.client.AbortMultipartUpload(ctx, &s3.AbortMultipartUploadInput{Bucket: in.Bucket, Key: in.Key, UploadId: &id})
	if err != nil && code(err) != noSuchUpload {
		return fmt.Errorf("%w; its parts are left: %v", cause, err) //nolint:errorlint // the caller acts upon the cause
	}
	return cause
}

const noSuchUpload = "NoSuchUpload"

// count counts each attempt, the SDK's own among them, of a request that makes the object.
func (w *write) count(o *s3.Options) {
	counter := middleware.FinalizeMiddlewareFunc("CountAttempts", func(
		ctx context.Context, in middleware.FinalizeInput, next middleware.FinalizeHandler,
	) (middleware.FinalizeOutput, middleware.Metadata, error) {
		switch awsmiddleware.GetOperationName(ctx) {
		case "PutObject", "CompleteMultipartUpload":
			w.attempts.Add(1)
		}
		return next.HandleFinalize(ctx, in)
	})
	o.APIOptions = append(o.APIOptions, func(s *middleware.Stack) error { return s.Finalize.Insert(counter, "Retry", middleware.After) })
}
