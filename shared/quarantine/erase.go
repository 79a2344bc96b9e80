package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
)

// Erase takes the bytes of the records that match out of the object at key, for good: their lines stay, with reason and origin, marked as
// erased and without data and detail. The key stays too, so that the ledger still closes and a delivery that comes back finds its object
// there; the hash in its name is then that of what was. The lines of the others keep their bytes.
//
// It is repeatable, and safe beside others that erase or replay: the object is replaced only as it was read, else it is read again. Match
// is not asked of what is erased already. One that is not there has nothing to erase. One that Read refuses as damaged is refused here, too.
// An error leaves the object as it was, or erased.
func Erase(ctx context.Context, b bucket.Bucket, key string, match func(Reject) bool) (erased int, err error) {
	for {
		text, etag, n, err := blank(ctx, b, key, match)
		if errors.Is(err, bucket.ErrNotFound) {
			return 0, nil
		}
		if err != nil || n == 0 {
			return 0, err
		}
		_, err = b.Put(ctx, key, bytes.NewReader(text), bucket.Condition{Match: etag})
		switch {
		case err == nil:
			return n, nil
		case !errors.Is(err, bucket.ErrChanged):
			return 0, fmt.Errorf("put %s: %w", key, err)
		}
	}
}

// Blank takes the bytes of a record away.
func (r *Reject) Blank() { r.Erased, r.Data, r.Detail = true, nil, "" }

// blank reads an object, checked as Read does, and gives it with the matching records erased, and how many those are. The check comes before
// the first erasure: after it nothing tells that another line was damaged.
func blank(ctx context.Context, b bucket.Bucket, key string, match func(Reject) bool) (text []byte, etag string, n int, err error) {
	etag, err = each(ctx, b, key, func(line []byte, r Reject) error {
		if r.Erased || !match(r) {
			text = append(append(text, line...), '\n')
			return nil
		}
		n++
		r.Blank()
		if text, err = json.Append(text, r, 0); err != nil {
			return fmt.Errorf("encode reject: %w", err)
		}
		text = append(text, '\n')
		return nil
	})
	if err != nil {
		return nil, "", 0, err
	}
	return text, etag, n, nil
}
