package erasure

import (
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// Version is the format that this code writes. Tombstones of a later one are refused: who does not know what is erased must not merge.
const Version = 1

// ErrNewer says that tombstones are of a later version; ErrBroken that they, or the key, are damaged.
var (
	ErrNewer  = errors.New("newer format")
	ErrBroken = errors.New("tombstones are damaged")
)

// tombstones is an object below erasures/.
type tombstones struct {
	Version int       `json:"v"`
	Field   string    `json:"field"` // folded
	Until   time.Time `json:"until"`
	Key     string    `json:"key"`    // tells a key from another, and not what it is
	Values  []string  `json:"values"` // digests in hex, in order
}

// Check tells why a field or a value cannot be erased.
func Check(field string, values []string) error {
	switch {
	case !utf8.ValidString(field):
		return fmt.Errorf("field %q is not UTF-8", field)
	case strings.ContainsRune(field, 0):
		return fmt.Errorf("field %q holds a NUL", field)
	case slices.Contains(strings.Split(field, "."), ""):
		return fmt.Errorf("field %q has an empty key", field)
	case len(values) == 0:
		return errors.New("no values")
	}
	for _, v := range values {
		if v == "" {
			return errors.New("an empty value")
		}
		if !utf8.ValidString(v) {
			return fmt.Errorf("value %q is not UTF-8", v)
		}
	}
	return nil
}

func fold(field string) string { return string(event.FoldKey(nil, []byte(field))) }

// digests gives those of all forms of the values in the field of a folded path, each once.
func digests(secret []byte, path string, values []string) []digest {
	h := newHasher(secret)
	var all []digest
	for _, v := range values {
		for _, form := range forms(v) {
			all = append(all, h.hash(path, form))
		}
	}
	slices.SortFunc(all, func(a, b digest) int { return strings.Compare(string(a[:]), string(b[:])) })
	return slices.Compact(all)
}

// mark tells the key from another: hashes under a key that was damaged would match nothing.
func mark(secret []byte) string {
	h := newHasher(secret)
	d := h.hash("", nil) // of no value: a field is not empty
	return hex.EncodeToString(d[:8])
}

func encode(secret []byte, path string, values []string, until time.Time) ([]byte, error) {
	t := tombstones{Version: Version, Field: path, Until: until.UTC(), Key: mark(secret)}
	for _, d := range digests(secret, path, values) {
		t.Values = append(t.Values, hex.EncodeToString(d[:]))
	}
	text, err := json.Marshal(t)
	if err != nil {
		return nil, fmt.Errorf("encode tombstones: %w", err)
	}
	return append(text, '\n'), nil
}

// take puts the tombstones of an object into the set.
func (s *Set) take(text []byte) error {
	var t tombstones
	if err := json.Unmarshal(text, &t); err != nil {
		return fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if t.Version > Version {
		return fmt.Errorf("%w: it has format version %d, this program reads up to %d: use a newer lakebed", ErrNewer, t.Version, Version)
	}
	if t.Version < 1 || t.Field == "" || t.Until.IsZero() {
		return fmt.Errorf("%w: a field, a time or the version is not there", ErrBroken)
	}
	if t.Key != mark(s.secret) {
		return fmt.Errorf("%w: they were made with another key than that in %s", ErrBroken, layout.ErasureKey)
	}
	for _, v := range t.Values {
		d, err := hex.DecodeString(v)
		if err != nil || len(d) != len(digest{}) {
			return fmt.Errorf("%w: %q is no hash of a value", ErrBroken, v)
		}
		s.add(t.Field, digest(d), t.Until)
	}
	return nil
}
