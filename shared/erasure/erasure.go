// Package erasure keeps what was erased from a lake from coming back: tombstones, each the path of a field and the keyed hash of a value. An
// event matches one when it has that value in that field and happened before the tombstone's time.
//
// The path is dotted, and names are compared as Hive does, whatever their case: "user.id" is the member id of user, and also a key that
// itself is spelt "User.ID". A path goes through arrays: any element may match. What matches there:
//   - a string, when its text, unescaped, is the value, byte for byte; of UUIDs in their canonical form the case does not matter
//   - a number, when it is the number that the value spells: to the value 42 match 42, 42.0 and 4.2e1, and the string "42", but not the
//     string "42.0"; to the value 42.0 match the same and the string "42.0". Numbers are compared exactly, as decimals, never rounded
//   - true and false, to the values of that spelling
//   - an array of these, when any element matches
//
// null and objects never match.
//
// The hash is HMAC-SHA256, cut to 128 bits, under a key of the lake's own that lies beside the tombstones. It keeps the value itself out of
// the bucket, and makes the tombstones of two lakes incomparable. It is no secret from those who can read the bucket: they have the key
// too, and can try values, which finds one that can be guessed (a serial number, a phone number, a known address). Field and time are
// in the clear.
package erasure

import (
	"crypto/hmac"
	"crypto/sha256"
	"hash"
	"math"
	"slices"
	"sync"
	"time"
)

// Set is all tombstones of a lake. It does not change, and is safe for concurrent use. The zero Set is empty.
type Set struct {
	secret  []byte
	fields  []*field
	roots   []branch // each field's whole path
	lengths uint64   // of the first keys of the paths, a bit for each length; the last bit stands for all longer ones
	latest  time.Time
	finders sync.Pool
}

// field is the tombstones of one path.
type field struct {
	path  string // folded
	until map[digest]time.Time
}

// digest is the keyed hash of a value in a field.
type digest [16]byte

func newSet(secret []byte) *Set { return &Set{secret: secret} }

// Empty tells that nothing can match.
func (s *Set) Empty() bool { return len(s.fields) == 0 }

// Latest is the latest time of any tombstone: what happened then or later cannot match. It is the zero time when there is none.
func (s *Set) Latest() time.Time { return s.latest }

// add takes one more tombstone of a folded path.
func (s *Set) add(path string, d digest, until time.Time) {
	at := slices.IndexFunc(s.fields, func(f *field) bool { return f.path == path })
	if at < 0 {
		at = len(s.fields)
		f := &field{path: path, until: map[digest]time.Time{}}
		s.fields = append(s.fields, f)
		s.roots = append(s.roots, branch{path, f})
		for i := 1; i <= len(path); i++ {
			if i == len(path) || path[i] == '.' {
				s.lengths |= lengthBit(i)
			}
		}
	}
	if f := s.fields[at]; until.After(f.until[d]) {
		f.until[d] = until
	}
	if until.After(s.latest) {
		s.latest = until
	}
}

func lengthBit(n int) uint64 { return 1 << min(n, 63) }

// hasher hashes values with a lake's key. It is not safe for concurrent use.
type hasher struct {
	mac hash.Hash
	sum [sha256.Size]byte
	in  []byte
}

func newHasher(secret []byte) hasher { return hasher{mac: hmac.New(sha256.New, secret)} }

// hash gives the digest of a canonical value in the field of a folded path, which holds no NUL.
func (h *hasher) hash(path string, value []byte) digest {
	h.in = append(append(append(h.in[:0], path...), 0), value...)
	h.mac.Reset()
	h.mac.Write(h.in)
	h.mac.Sum(h.sum[:0])
	if cap(h.in) > math.MaxUint16 {
		h.in = nil
	}
	return digest(h.sum[:16])
}
