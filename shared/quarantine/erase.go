package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/part"
)

// Erase takes the bytes of the records that match out of the object at key, for good: their lines stay, with reason and origin, marked as
// erased and without data and detail. The key stays too, so that the ledger still closes and a delivery that comes back finds its object
// there; the hash in its name is then that of what was. The lines of the others keep their bytes.
//
// It is repeatable, and safe beside others that erase or replay: the object is replaced only as it was read, else it is read again. Match
// is not asked of what is erased already. One that is not there has nothing to erase. An error leaves the object as it was, or erased.
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

// blank reads an object, and gives it with the matching records erased, and how many those are.
func blank(ctx context.Context, b bucket.Bucket, key string, match func(Reject) bool) (text []byte, etag string, n int, err error) {
	body, o, err := b.Get(ctx, key, bucket.Range{})
	if err != nil {
		return nil, "", 0, fmt.Errorf("open %s: %w", key, err)
	}
	defer body.Close()
	lines := part.NewLines(body)
	for lines.Next() {
		var r Reject
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return nil, "", 0, fmt.Errorf("read %s, line %d: %w", key, lines.Count(), err)
		}
		if r.Erased || !match(r) {
			text = append(append(text, lines.Bytes()...), '\n')
			continue
		}
		n++
		r.Blank()
		if text, err = json.Append(text, r, 0); err != nil {
			return nil, "", 0, fmt.Errorf("encode reject: %w", err)
		}
		text = append(text, '\n')
	}
	if err := lines.Err(); err != nil {
		return nil, "", 0, fmt.Errorf("read %s: %w", key, err)
	}
	return text, o.ETag, n, nil
}
