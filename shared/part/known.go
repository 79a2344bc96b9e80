package part

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"
	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/gz"
)

// Known is what the slot at Key said of itself when it had this ETag. It says the same for as long as it has it.
type Known struct {
	Key    string `json:"key"`
	ETag   string `json:"etag"`
	Header Header `json:"header"`
}

// known is the file of several: gzip, so that a damaged one is told by its checksum.
type known struct {
	Version int     `json:"v"`
	Slots   []Known `json:"slots"`
}

// knownVersion goes up with Version too: an older program has to refuse a header that it cannot read.
const knownVersion = 1

// PutKnown stores what is known of slots in the place of what was known before. It is a cache: nothing is lost with it.
func PutKnown(ctx context.Context, b bucket.Bucket, key string, all []Known) error {
	text, err := json.Marshal(known{knownVersion, all})
	if err != nil {
		return fmt.Errorf("encode %s: %w", key, err)
	}
	var body bytes.Buffer
	z := gz.Writer(&body, gz.Dense)
	defer gz.Release(z, gz.Dense)
	if _, err = z.Write(text); err == nil {
		err = z.Close()
	}
	if err == nil {
		_, err = b.Put(ctx, key, &body, bucket.Condition{})
	}
	if err != nil {
		return fmt.Errorf("put %s: %w", key, err)
	}
	return nil
}

// ReadKnown gives what is known, by the keys of the slots. A file that is not there, damaged, or of another version knows nothing.
func ReadKnown(ctx context.Context, b bucket.Bucket, key string) (map[string]Known, error) {
	body, _, err := b.Get(ctx, key, bucket.Range{})
	if errors.Is(err, bucket.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	defer body.Close()
	packed, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	all := map[string]Known{}
	for _, k := range parseKnown(packed) {
		all[k.Key] = k
	}
	return all, nil
}

// parseKnown reads the file whole, since its checksum is at its end.
func parseKnown(packed []byte) []Known {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil
	}
	text, err := io.ReadAll(z)
	var file known
	if err != nil || json.Unmarshal(text, &file) != nil || file.Version != knownVersion {
		return nil
	}
	return file.Slots
}
