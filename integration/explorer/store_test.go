package explorer

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"slices"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
)

// sum names what it was made of. Two that differ never have one in practice.
type sum [2]uint64

func sumOf(b []byte) sum {
	h := sha256.Sum256(b)
	return sum{binary.LittleEndian.Uint64(h[:]), binary.LittleEndian.Uint64(h[8:])}
}

// mix folds one more number into a hash.
func mix(h, v uint64) uint64 {
	h = (h ^ v) * 0x9e3779b97f4a7c15
	h ^= h >> 29
	h *= 0xbf58476d1ce4e5b9
	return h ^ h>>32
}

func mixString(h uint64, s string) uint64 {
	h = mix(h, uint64(len(s)))
	for len(s) >= 8 {
		h = mix(h, binary.LittleEndian.Uint64([]byte(s[:8])))
		s = s[8:]
	}
	for i := range len(s) {
		h = mix(h, uint64(s[i]))
	}
	return h
}

// content is the bytes of an object. Equal bytes are one content, with one ETag, as in S3.
type content struct {
	sum    sum
	data   []byte
	etag   string
	parsed *parsed
}

// object is a stored one. Modified is in seconds since the clock's base, and 0 below the folders where no process reads it.
type object struct {
	key      string
	content  *content
	modified int32
}

func (o object) describe() bucket.Object {
	return bucket.Object{Key: o.key, Size: int64(len(o.content.data)), ETag: o.content.etag, Modified: timeOf(o.modified)}
}

func (o object) sum() sum {
	var s sum
	for i := range s {
		s[i] = mix(mix(mixString(uint64(i), o.key), o.content.sum[i]), uint64(o.modified))
	}
	return s
}

// store is one content of the bucket. It never changes; equal ones are one.
type store struct {
	id      uint32
	sum     sum
	objects []object // by key
	seen    *glance
}

func (s *store) find(key string) (int, bool) {
	return slices.BinarySearchFunc(s.objects, key, func(o object, key string) int { return strings.Compare(o.key, key) })
}

func (s *store) get(key string) (object, bool) {
	i, ok := s.find(key)
	if !ok {
		return object{}, false
	}
	return s.objects[i], true
}

func (s *store) list(prefix, after string) []object {
	i, _ := s.find(max(prefix, after))
	var found []object
	for ; i < len(s.objects) && strings.HasPrefix(s.objects[i].key, prefix); i++ {
		if s.objects[i].key != after {
			found = append(found, s.objects[i])
		}
	}
	return found
}

// stores holds every content and every store that was met.
type stores struct {
	contents map[sum]*content
	known    map[sum]*store
	empty    *store
}

func newStores() *stores {
	s := &stores{contents: map[sum]*content{}, known: map[sum]*store{}, empty: &store{}}
	s.known[s.empty.sum] = s.empty
	return s
}

func (s *stores) content(data []byte) *content {
	at := sumOf(data)
	c := s.contents[at]
	if c == nil {
		h := sha256.Sum256(data)
		c = &content{sum: at, data: data, etag: hex.EncodeToString(h[:8]), parsed: parse(data)}
		s.contents[at] = c
	}
	return c
}

// put gives the store in which key holds c.
func (s *stores) put(in *store, key string, c *content, now int32) *store {
	o := object{key, c, now}
	if !strings.HasPrefix(key, "raw/") && !strings.HasPrefix(key, "events/") {
		o.modified = 0
	}
	i, there := in.find(key)
	to := xor(in.sum, o.sum())
	if there {
		to = xor(to, in.objects[i].sum())
	}
	return s.intern(to, func() []object {
		if there {
			all := slices.Clone(in.objects)
			all[i] = o
			return all
		}
		return slices.Insert(slices.Clone(in.objects), i, o)
	})
}

// drop gives the store without key.
func (s *stores) drop(in *store, key string) *store {
	i, there := in.find(key)
	if !there {
		return in
	}
	return s.intern(xor(in.sum, in.objects[i].sum()), func() []object { return slices.Delete(slices.Clone(in.objects), i, i+1) })
}

func (s *stores) intern(at sum, objects func() []object) *store {
	known := s.known[at]
	if known == nil {
		known = &store{id: uint32(len(s.known)), sum: at, objects: objects()}
		s.known[at] = known
	}
	return known
}

func xor(a, b sum) sum { return sum{a[0] ^ b[0], a[1] ^ b[1]} }
