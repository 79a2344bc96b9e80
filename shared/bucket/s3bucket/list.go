package s3bucket

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"

	"github.com/lakebed/lakebed/shared/bucket"
)

// pageSize is S3's largest.
const pageSize = 1000

// List asks for a page at a time. Objects whose keys no bucket takes, such as the folder markers of the S3 console, are not of the lake and left
// out. A store that repeats a page, or gives keys out of order, has perhaps left some out: that ends the listing with an error.
func (b *Bucket) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		in := &s3.ListObjectsV2Input{
			Bucket: &b.lake.Bucket, Prefix: aws.String(b.lake.Prefix + speakable(prefix)), MaxKeys: aws.Int32(pageSize),
			EncodingType: types.EncodingTypeUrl, // one object of a strange name would break the XML of the whole page
		}
		if start := speakable(after); start != "" {
			in.StartAfter = aws.String(b.lake.Prefix + start)
		}
		last := ""
		for {
			page, err := b.page(ctx, in)
			if err != nil {
				yield(bucket.Object{}, fmt.Errorf("list %q: %w", prefix, err))
				return
			}
			for _, found := range page.Contents {
				o, ok, err := b.listed(found)
				if ok && o.Key <= last {
					err = fmt.Errorf("the store gives the key %q behind %q", o.Key, last)
				}
				if err = errors.Join(err, ctx.Err()); err != nil {
					yield(bucket.Object{}, fmt.Errorf("list %q: %w", prefix, err))
					return
				}
				if !ok {
					continue
				}
				if last = o.Key; strings.HasPrefix(o.Key, prefix) && o.Key > after && !yield(o, nil) {
					return
				}
			}
			if !aws.ToBool(page.IsTruncated) {
				return
			}
			in.ContinuationToken = page.NextContinuationToken
		}
	}
}

func (b *Bucket) page(ctx context.Context, in *s3.ListObjectsV2Input) (*s3.ListObjectsV2Output, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	page, err := b.client.ListObjectsV2(ctx, in)
	if err != nil {
		return nil, b.explain(err, "", listPermission)
	}
	if next := aws.ToString(page.NextContinuationToken); aws.ToBool(page.IsTruncated) && (next == "" || next == aws.ToString(in.ContinuationToken)) {
		return nil, errors.New("a page says that there are more and not where")
	}
	return page, nil
}

// listed describes an object of a page, if it is one of the lake's.
func (b *Bucket) listed(found types.Object) (bucket.Object, bool, error) {
	full, err := url.QueryUnescape(aws.ToString(found.Key))
	if err != nil {
		return bucket.Object{}, false, fmt.Errorf("key %q is not encoded as asked: %w", aws.ToString(found.Key), err)
	}
	key, ok := strings.CutPrefix(full, b.lake.Prefix)
	if !ok || b.checkKey(key) != nil {
		return bucket.Object{}, false, nil //nolint:nilerr // somebody else's
	}
	return bucket.Object{Key: key, Size: aws.ToInt64(found.Size), ETag: quoted(found.ETag), Modified: modified(found.LastModified)}, true, nil
}

// speakable is the beginning of a text that a request can hold in every store. Asked with it, S3 gives what it should and more.
func speakable(text string) string {
	for i, r := range text {
		if r < ' ' || r == 0x7f {
			return text[:i]
		}
		if r == utf8.RuneError && !strings.HasPrefix(text[i:], string(utf8.RuneError)) {
			return text[:i]
		}
	}
	return text
}
