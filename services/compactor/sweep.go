package compactor

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/part"
)

// object is one to be deleted.
type object struct {
	bucket.Object
	raw bool // a fragment
}

// sweep empties and deletes what decide found to be garbage; nothing else in Lakebed deletes. Everything is conditional on being what the
// look saw, so a sweeper that wakes late does no harm. Slots are emptied, never deleted: a slot's name is never free again.
func (v *visit) sweep(ctx context.Context, _ *state, d decision) error {
	for _, s := range d.sweep.slots {
		h := s.Header
		h.Kind = part.Swept
		body, err := part.Empty(h)
		if err != nil {
			return err
		}
		_, err = v.bucket.Put(ctx, s.object.Key, bytes.NewReader(body), bucket.Condition{Match: s.object.ETag})
		if errors.Is(err, bucket.ErrChanged) {
			return errLost
		}
		if err != nil {
			return fmt.Errorf("empty %s: %w", s.object.Key, err)
		}
		v.result.Swept++
	}
	for rest := d.sweep.objects; len(rest) > 0; {
		n := min(len(rest), deleteAtOnce)
		batch := make([]bucket.Object, n)
		for i, o := range rest[:n] {
			batch[i] = o.Object
		}
		if err := v.bucket.Delete(ctx, batch...); err != nil {
			if errors.Is(err, bucket.ErrChanged) {
				return errors.Join(errLost, err)
			}
			return err
		}
		for _, o := range rest[:n] {
			v.result.Deleted++
			if o.raw {
				v.result.DeletedRaw++
			}
		}
		rest = rest[n:]
	}
	return nil
}

// deleteAtOnce is the most keys that S3's DeleteObjects takes.
const deleteAtOnce = 1000
