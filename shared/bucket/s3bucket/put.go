package s3bucket

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"sync/atomic"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Put is one PutObject, or a multipart upload that becomes the object with its completion; the condition is checked there. An upload that fails
// is aborted; what an abort cannot reach is for the bucket's lifecycle rule.
//
// S3 answers 412 also to the SDK's second attempt when the first one's reply was lost: the echo of one's own write. A conditional write bears a
// nonce in its metadata, and after more than one attempt the object is looked at: with that nonce, Put succeeded. ErrExists and ErrChanged are
// given when nothing else can be; where it stays open what happened, the error is another one, and the caller has to look.
//
// 409 says that nothing was written since another write was under way: the body is sent again, if it is small or can be rewound.
func (b *Bucket) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if err := errors.Join(b.checkKey(key), check(c)); err != nil {
		return bucket.Object{}, fmt.Errorf("put: %w", err)
	}
	o, err := b.put(ctx, key, body, c)
	if err != nil {
		return bucket.Object{}, fmt.Errorf("put %s: %w", key, err)
	}
	return o, nil
}

func check(c bucket.Condition) error {
	if c.Absent && c.Match != "" {
		return errors.New("condition asks for an absent object and for one with an ETag")
	}
	return nil
}

func (b *Bucket) put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	if err := ctx.Err(); err != nil {
		return bucket.Object{}, err
	}
	from, err := newSource(body, ctx.Err)
	if err != nil {
		return bucket.Object{}, err
	}
	w := &write{Bucket: b, key: key, condition: c, source: from, nonce: rand.Text()}
	for try := 1; ; try++ {
		o, err := w.send(ctx)
		switch {
		case err == nil:
			return o, nil
		case !conflict(code(err)):
			return w.outcome(ctx, err)
		case try == tries:
			return bucket.Object{}, fmt.Errorf("another write was under way %d times: %w", tries, err)
		}
		if pauseErr := b.pause(ctx, try, err); pauseErr != nil {
			return bucket.Object{}, errors.Join(pauseErr, err)
		}
		w.conflict = err
	}
}

// write is one Put under way.
type write struct {
	*Bucket
	key       string
	condition bucket.Condition
	source    source
	nonce     string
	attempts  atomic.Int32 // requests sent that could have made the object
	conflict  error        // the last 409
}

func (w *write) conditional() bool { return w.condition != bucket.Condition{} }
