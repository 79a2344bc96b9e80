package claims

import (
	"encoding/binary"
	"errors"
	"slices"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/event"
)

// itemForm is the first byte of an item; another form gets another byte.
const itemForm = 1

// packedID is the size of an id and its body's hash in an item.
const packedID = 24

var errItem = errors.New("item is damaged, or of another form")

// Item is a settled batch as it is kept outside of the process.
type Item struct {
	Shard, First, Last string
	At                 time.Time // when it was settled
	IDs                []event.Fingerprint
}

// Pack makes bytes of it that notice damage: 24 an id, and some 40 besides the three texts.
func (i Item) Pack() []byte {
	return packItem(remembered{shard: i.Shard, first: i.First, last: i.Last, at: i.At.UnixNano(), ids: i.IDs})
}

// UnpackItem is the inverse of Pack. It keeps nothing of packed. An error says that the bytes are damaged or of a form that is not known here.
func UnpackItem(packed []byte) (Item, error) {
	r, err := unpackItem(packed)
	if err != nil {
		return Item{}, err
	}
	return Item{Shard: r.shard, First: r.first, Last: r.last, At: time.Unix(0, r.at), IDs: r.ids}, nil
}

// packItem makes the item of a batch: the form, the time, shard, first and last with their lengths before them, the ids, and XXH64 of all
// that. Numbers are big-endian or uvarints.
func packItem(r remembered) []byte {
	item := make([]byte, 0, 64+len(r.shard)+len(r.first)+len(r.last)+packedID*len(r.ids))
	item = append(item, itemForm)
	item = binary.BigEndian.AppendUint64(item, uint64(r.at))
	for _, text := range []string{r.shard, r.first, r.last} {
		item = binary.AppendUvarint(item, uint64(len(text)))
		item = append(item, text...)
	}
	item = binary.AppendUvarint(item, uint64(len(r.ids)))
	for _, id := range r.ids {
		item = append(item, id.ID[:]...)
		item = binary.BigEndian.AppendUint64(item, id.Body)
	}
	return binary.BigEndian.AppendUint64(item, xxhash.Sum64(item))
}

// unpackItem is the inverse of packItem. It keeps nothing of item.
func unpackItem(item []byte) (remembered, error) {
	var r remembered
	if len(item) < 17 || item[0] != itemForm || binary.BigEndian.Uint64(item[len(item)-8:]) != xxhash.Sum64(item[:len(item)-8]) {
		return r, errItem
	}
	r.at = int64(binary.BigEndian.Uint64(item[1:]))
	rest := item[9 : len(item)-8]
	for _, text := range []*string{&r.shard, &r.first, &r.last} {
		n, width := binary.Uvarint(rest)
		if width <= 0 || n > uint64(len(rest)-width) {
			return r, errItem
		}
		*text = string(rest[width : width+int(n)])
		rest = rest[width+int(n):]
	}
	n, width := binary.Uvarint(rest)
	if width <= 0 || uint64(len(rest)-width) != n*packedID {
		return r, errItem
	}
	r.ids = make([]event.Fingerprint, 0, n)
	for id := range slices.Chunk(rest[width:], packedID) {
		r.ids = append(r.ids, event.Fingerprint{ID: event.ID(id[:16]), Body: binary.BigEndian.Uint64(id[16:])})
	}
	return r, nil
}
