package s3bucket

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"net/http"
	"strconv"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Get is one GetObject. The body of a whole object is checked against the checksum that S3 keeps of it, where that is of the whole; of a range
// or of an object that was uploaded in parts, S3 gives none. A body that breaks off ends with an error that is neither io.EOF nor
// io.ErrUnexpectedEOF: these would speak of the object.
func (b *Bucket) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if err := b.checkKey(key); err != nil {
		return nil, bucket.Object{}, fmt.Errorf("get: %w", err)
	}
	body, o, err := b.get(ctx, key, r)
	if err != nil {
		return nil, bucket.Object{}, fmt.Errorf("get %s: %w", key, err)
	}
	return body, o, nil
}

func (b *Bucket) get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if r.Offset < 0 || r.Length < 0 {
		return nil, bucket.Object{}, fmt.Errorf("range of %d bytes from %d is negative", r.Length, r.Offset)
	}
	in := &s3.GetObjectInput{
		Bucket: &b.lake.Bucket, Key: aws.String(b.lake.Prefix + key), Range: header(r), ChecksumMode: types.ChecksumModeEnabled,
	}
	for range tries {
		out, err := b.client.GetObject(ctx, in, quiet)
		switch {
		case err == nil:
			return b.opened(ctx, key, r, out)
		case missing(err):
			return nil, bucket.Object{}, bucket.ErrNotFound
		case status(err) != http.StatusRequestedRangeNotSatisfiable:
			return nil, bucket.Object{}, b.explain(err, key, getPermission)
		}
		o, _, err := b.head(ctx, key) // the range lies past the end, and the error does not describe the object
		if err != nil || o.Size <= r.Offset {
			return http.NoBody, o, err
		}
	}
	return nil, bucket.Object{}, errors.New("it was replaced again and again")
}

// quiet: that a multipart object has no checksum of the whole is nothing to log.
func quiet(o *s3.Options) { o.DisableLogOutputChecksumValidationSkipped = true }

// header names a range; the whole object has none.
func header(r bucket.Range) *string {
	switch {
	case r == bucket.Range{}:
		return nil
	case r.Length == 0, r.Length > math.MaxInt64/2-r.Offset: // no object is that long
		return aws.String(fmt.Sprintf("bytes=%d-", r.Offset))
	}
	return aws.String(fmt.Sprintf("bytes=%d-%d", r.Offset, r.Offset+r.Length-1))
}

func (b *Bucket) opened(ctx context.Context, key string, r bucket.Range, out *s3.GetObjectOutput) (io.ReadCloser, bucket.Object, error) {
	o := bucket.Object{Key: key, Size: aws.ToInt64(out.ContentLength), ETag: quoted(out.ETag), Modified: modified(out.LastModified)}
	n := o.Size
	if r != (bucket.Range{}) {
		var from int64
		var err error
		from, n, o.Size, err = contentRange(aws.ToString(out.ContentRange))
		if err == nil && from != r.Offset {
			err = fmt.Errorf("asked for bytes from %d, got them from %d", r.Offset, from)
		}
		if err != nil {
			return nil, bucket.Object{}, errors.Join(err, out.Body.Close())
		}
	}
	return &body{ReadCloser: out.Body, key: key, left: n, stop: ctx.Err}, o, nil
}

// contentRange reads "bytes 3-6/10" (RFC 9110, 14.4).
func contentRange(text string) (from, n, size int64, err error) {
	span, all, ok := strings.Cut(strings.TrimPrefix(text, "bytes "), "/")
	first, last, ok2 := strings.Cut(span, "-")
	from, err1 := strconv.ParseInt(first, 10, 64)
	to, err2 := strconv.ParseInt(last, 10, 64)
	size, err3 := strconv.ParseInt(all, 10, 64)
	if !ok || !ok2 || errors.Join(err1, err2, err3) != nil || from < 0 || to < from || to >= size {
		return 0, 0, 0, fmt.Errorf("answer to a request for a range has the Content-Range %q", text)
	}
	return from, to - from + 1, size, nil
}

// body is what Get gives.
type body struct {
	io.ReadCloser
	key  string
	left int64 // bytes that S3 announced and did not yet send
	stop func() error
}

func (b *body) Read(p []byte) (int, error) {
	if err := b.stop(); err != nil {
		return 0, err
	}
	n, err := b.ReadCloser.Read(p)
	b.left -= int64(n)
	switch {
	case err == nil || errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) && b.left <= 0:
		return n, err
	case b.stop() != nil:
		return n, b.stop()
	}
	return n, fmt.Errorf("read %s: broke off %d bytes before its end: %v", b.key, b.left, err) //nolint:errorlint // see Get
}
