// Package quarantine is the form in which rejected records are kept: byte-exact, with the reason and their origin, so that they can be
// delivered again once the cause is mended.
package quarantine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/cespare/xxhash/v2"
	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// Reject is one rejected piece of a record: a line of a quarantine object.
type Reject struct {
	Reason   event.Reason `json:"reason"`
	Detail   string       `json:"detail"`
	Shard    string       `json:"shard"`
	Sequence string       `json:"sequence"`
	Position int          `json:"position"`
	Arrival  time.Time    `json:"arrival"`
	Data     []byte       `json:"data"`             // base64 in JSON
	Erased   bool         `json:"erased,omitempty"` // see Erase: then there is neither data nor detail
}

// Put stores rejects of one reason that came in one span, and gives the key of the object. One that is there already is the same one.
func Put(ctx context.Context, b bucket.Bucket, span layout.Span, rejects []Reject) (string, error) {
	var text []byte
	var err error
	for _, r := range rejects {
		r.Arrival = r.Arrival.UTC()
		if text, err = json.Append(text, r, 0); err != nil {
			return "", fmt.Errorf("encode reject: %w", err)
		}
		text = append(text, '\n')
	}
	key := layout.Reject{
		Arrival: layout.PartitionOf(rejects[0].Arrival),
		Reason:  string(rejects[0].Reason),
		Span:    span,
		Hash:    xxhash.Sum64(text),
	}.Key()
	if _, err := b.Put(ctx, key, bytes.NewReader(text), bucket.Condition{Absent: true}); err != nil && !errors.Is(err, bucket.ErrExists) {
		return key, fmt.Errorf("put %s: %w", key, err)
	}
	return key, nil
}

// Read gives the rejects of the object at key, checked against the hash in its name; of one with erased rejects, that hash is of what it was.
func Read(ctx context.Context, b bucket.Bucket, key string) ([]Reject, error) {
	var rejects []Reject
	_, err := each(ctx, b, key, func(_ []byte, r Reject) error {
		rejects = append(rejects, r)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return rejects, nil
}

// each gives every line of the object at key without its newline, valid until do returns, and its reject, and at last the object's ETag.
// It checks what Read checks, but the hash only at the end: what was given is good if there is no error.
func each(ctx context.Context, b bucket.Bucket, key string, do func(line []byte, r Reject) error) (etag string, err error) {
	at, err := layout.ParseReject(key)
	if err != nil {
		return "", err
	}
	body, o, err := b.Get(ctx, key, bucket.Range{})
	if err != nil {
		return "", fmt.Errorf("open %s: %w", key, err)
	}
	defer body.Close()
	lines := part.NewLines(body)
	sum, erased := xxhash.New(), false
	for lines.Next() {
		var r Reject
		if err := json.Unmarshal(lines.Bytes(), &r); err != nil {
			return "", fmt.Errorf("read %s, line %d: %w", key, lines.Count(), err)
		}
		erased = erased || r.Erased
		_, _ = sum.Write(lines.Bytes()) // never fails
		_, _ = sum.Write([]byte{'\n'})
		if err := do(lines.Bytes(), r); err != nil {
			return "", err
		}
	}
	if err := lines.Err(); err != nil {
		return "", fmt.Errorf("read %s: %w", key, err)
	}
	if !erased && sum.Sum64() != at.Hash {
		return "", fmt.Errorf("read %s: its content does not have the hash in its name: it was changed or damaged; restore it, or move it away", key)
	}
	return o.ETag, nil
}
