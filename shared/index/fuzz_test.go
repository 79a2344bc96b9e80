package index

import (
	"bytes"
	"encoding/binary"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
)

// FuzzDamage writes any fingerprints and names into an index, which reads as they were. Then some of its bytes give way to others: that is
// told as ErrCorrupt, so that the index is made anew, or changes nothing.
func FuzzDamage(f *testing.F) {
	f.Add([]byte("0123456789abcdef01234567"), "l-s-1-2-0000000000000000.json", uint16(0), uint16(0), []byte{})
	f.Add(bytes.Repeat([]byte("0123456789abcdef01234567"), 3), "a\nb", uint16(60), uint16(24), []byte{})  // a fingerprint is gone
	f.Add(bytes.Repeat([]byte("0123456789abcdef01234567"), 3), "a", uint16(100), uint16(1), []byte{0xff}) // another fingerprint
	f.Add([]byte("0123456789abcdef01234567"), "a", uint16(42), uint16(1), []byte("b"))                    // another name
	f.Add([]byte(""), "", uint16(8), uint16(4), []byte{0xff, 0xff, 0xff, 0xff})                           // an endless head
	f.Add([]byte(""), "\u2028\"\x00", uint16(0), uint16(8), []byte("LBIDX002"))
	f.Fuzz(func(t *testing.T, text []byte, names string, at, cut uint16, with []byte) {
		var all []event.Fingerprint
		for ; len(text) >= record; text = text[record:] {
			all = append(all, event.Fingerprint{ID: event.ID(text[:16]), Body: binary.LittleEndian.Uint64(text[16:])})
		}
		var consumed []Consumed
		for i, name := range strings.Split(strings.ToValidUTF8(names, "?"), "\n") {
			consumed = append(consumed, Consumed{Name: name, Lines: int64(i)})
		}
		body := encode(t, all, consumed, len(all)%2 == 1)
		check := func(body []byte) {
			got, head, err := read(t, body)
			if err == nil && (!slices.Equal(got, all) || head.Count != int64(len(all)) || !slices.Equal(head.Consumed, consumed) || head.Rebuilt != (len(all)%2 == 1)) {
				t.Errorf("read as %+v with %x", head, got)
			}
			if err != nil && !errors.Is(err, ErrCorrupt) {
				t.Errorf("damage is not told as such: %v", err)
			}
		}
		check(body)
		if _, _, err := read(t, body); err != nil {
			t.Error(err)
		}
		from := min(int(at), len(body))
		check(slices.Concat(body[:from], with[:min(len(with), 16)], body[min(len(body), from+int(cut)):]))
	})
}

// FuzzHead: a head that is taken alone, without its checksum, never counts more fingerprints than there is room for.
func FuzzHead(f *testing.F) {
	f.Add([]byte(`{"count":0,"consumed":[]}`), uint16(0))
	f.Add([]byte(`{"count":1,"consumed":null,"rebuilt":true}`), uint16(24))
	f.Add([]byte(`{"count":2305843009213693953}`), uint16(24)) // times 24 it is 24, as far as 64 bits go
	f.Add([]byte(`{"count":-1}`), uint16(0))
	f.Fuzz(func(t *testing.T, head []byte, room uint16) {
		body := binary.LittleEndian.AppendUint32([]byte(magic), uint32(len(head)))
		body = append(append(body, head...), make([]byte, int(room)+8)...)
		b := bucket.NewMemory(time.Now)
		if _, err := b.Put(t.Context(), "x", bytes.NewReader(body), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		h, err := ReadHead(t.Context(), b, "x")
		switch {
		case err != nil && !errors.Is(err, ErrCorrupt):
			t.Errorf("%q: %v", head, err)
		case err == nil && (h.Count < 0 || h.Count > int64(room)/record):
			t.Errorf("%q counts %d fingerprints in %d bytes", head, h.Count, room)
		}
	})
}
