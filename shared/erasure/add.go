package erasure

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// Add puts tombstones for values in a field, for events that happened before until, and gives the key of their object, which never changes.
// The same once more is that object again. Keep to some 10,000 values an object. The lake's key is made when there is none.
func Add(ctx context.Context, b bucket.Bucket, field string, values []string, until time.Time) (string, error) {
	if err := Check(field, values); err != nil {
		return "", err
	}
	secret, err := makeSecret(ctx, b)
	if err != nil {
		return "", err
	}
	path := fold(field)
	text, err := encode(secret, path, values, until)
	if err != nil {
		return "", err
	}
	key := layout.Erasure(xxhash.Sum64(text))
	if _, err := b.Put(ctx, key, bytes.NewReader(text), bucket.Condition{Absent: true}); err != nil && !errors.Is(err, bucket.ErrExists) {
		return "", fmt.Errorf("put %s: %w", key, err)
	}
	return key, nil
}

const secretSize = 32

// makeSecret reads the lake's key, and makes it when there is none. Of several that make it at once all get the first.
func makeSecret(ctx context.Context, b bucket.Bucket) ([]byte, error) {
	secret, err := readSecret(ctx, b)
	if !errors.Is(err, bucket.ErrNotFound) {
		return secret, err
	}
	secret = make([]byte, secretSize)
	if _, err := rand.Read(secret); err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	text := hex.EncodeToString(secret) + "\n"
	if _, err := b.Put(ctx, layout.ErasureKey, bytes.NewReader([]byte(text)), bucket.Condition{Absent: true}); err != nil && !errors.Is(err, bucket.ErrExists) {
		return nil, fmt.Errorf("put %s: %w", layout.ErasureKey, err)
	}
	return readSecret(ctx, b) // whosever it is
}

func readSecret(ctx context.Context, b bucket.Bucket) ([]byte, error) {
	text, err := read(ctx, b, layout.ErasureKey)
	if err != nil {
		return nil, err
	}
	secret, err := hex.DecodeString(string(bytes.TrimSuffix(text, []byte("\n"))))
	if err != nil || len(secret) != secretSize || hex.EncodeToString(secret)+"\n" != string(text) {
		return nil, fmt.Errorf("read %s: %w: it is not %d bytes in hex", layout.ErasureKey, ErrBroken, secretSize)
	}
	return secret, nil
}

func read(ctx context.Context, b bucket.Bucket, key string) ([]byte, error) {
	body, _, err := b.Get(ctx, key, bucket.Range{})
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", key, err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read %s: %w", key, err)
	}
	return text, nil
}
