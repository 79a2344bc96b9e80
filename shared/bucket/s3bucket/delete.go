package s3bucket

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/smithy-go"

	"github.com/lakebed/lakebed/shared/bucket"
)

// batchSize is how many objects S3 deletes in a call.
const batchSize = 1000

// Delete removes objects in batches. S3 answers 200 to a batch of which some failed, and names these; what it may do later is tried again.
func (b *Bucket) Delete(ctx context.Context, objects ...bucket.Object) error {
	var failed []error
	var good []bucket.Object
	for _, o := range objects {
		if err := b.checkKey(o.Key); err != nil {
			failed = append(failed, &bucket.KeyError{Key: o.Key, Err: fmt.Errorf("delete: %w", err)})
			continue
		}
		good = append(good, o)
	}
	for batch := range slices.Chunk(good, batchSize) {
		failed = append(failed, b.deleteBatch(ctx, batch)...)
	}
	return errors.Join(failed...)
}

// deleteBatch gives a KeyError for each that is not removed.
func (b *Bucket) deleteBatch(ctx context.Context, batch []bucket.Object) (failed []error) {
	fail := func(o bucket.Object, err error) {
		failed = append(failed, &bucket.KeyError{Key: o.Key, Err: fmt.Errorf("delete: %w", err)})
	}
	for try := 1; len(batch) > 0; try++ {
		answers, err := b.deleteObjects(ctx, batch)
		var again []bucket.Object
		for _, o := range batch {
			answer := answers[o.Key]
			switch {
			case err != nil:
				fail(o, err)
			case answer == nil || code(answer) == "NoSuchKey": // S3 says so of one that was to be deleted by ETag
			case code(answer) == "PreconditionFailed":
				fail(o, bucket.ErrChanged)
			case transient(code(answer)) && try < tries:
				again = append(again, o)
			default:
				fail(o, b.explain(answer, o.Key, deletePermission))
			}
		}
		batch = again
		if len(again) == 0 {
			break
		}
		if err := b.pause(ctx, try, answers[again[0].Key]); err != nil {
			for _, o := range again {
				fail(o, errors.Join(err, answers[o.Key]))
			}
			break
		}
	}
	return failed
}

// transient: the SDK retries calls that fail so, and knows nothing of single keys.
func transient(code string) bool {
	switch code {
	case "InternalError", "SlowDown", "ServiceUnavailable", "RequestTimeout":
		return true
	}
	return conflict(code)
}

// deleteObjects makes one call and gives S3's errors by key.
func (b *Bucket) deleteObjects(ctx context.Context, batch []bucket.Object) (map[string]error, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	in := &s3.DeleteObjectsInput{Bucket: &b.lake.Bucket, Delete: &types.Delete{Quiet: aws.Bool(true)}}
	asked := map[string]string{} // by full key
	for _, o := range batch {
		id := types.ObjectIdentifier{Key: aws.String(b.lake.Prefix + o.Key)}
		if o.ETag != "" {
			id.ETag = aws.String(quoted(&o.ETag))
		}
		in.Delete.Objects = append(in.Delete.Objects, id)
		asked[*id.Key] = o.Key
	}
	out, err := b.client.DeleteObjects(ctx, in)
	if err != nil {
		return nil, b.explain(err, batch[0].Key, deletePermission)
	}
	answers := map[string]error{}
	for _, e := range out.Errors {
		err := &smithy.GenericAPIError{Code: aws.ToString(e.Code), Message: aws.ToString(e.Message)}
		key, ok := asked[aws.ToString(e.Key)]
		if !ok { // which of them failed?
			return nil, fmt.Errorf("an error for %q, which was not to be deleted: %w", aws.ToString(e.Key), err)
		}
		answers[key] = err
	}
	return answers, nil
}
