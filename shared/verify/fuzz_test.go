package verify

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/layout"
)

// FuzzDamage has some bytes of any one object give way to others: parts, seals, indexes, fragments, quarantined records, the ledger's entries
// and rollups, tombstones. Verify finds it, unless the object says what it said.
func FuzzDamage(f *testing.F) {
	for i := range uint16(40) { // each object of the lake
		f.Add(i, []uint16{3, 560, 65535}[i%3], 1+i%2, []byte{0x18})
		f.Add(i, uint16(36), uint16(1), []byte("Z"))
	}
	f.Add(uint16(0), uint16(0), uint16(65535), []byte{})
	f.Add(uint16(1), uint16(65535), uint16(0), []byte("{}\n"))
	keys := slices.DeleteFunc(full(f).keys(""), func(key string) bool { return key == layout.Config }) // its reader checks it
	f.Fuzz(func(t *testing.T, which, at, cut uint16, with []byte) {
		made.TB = t // the lake that others are copies of was made by f, which may not be used in here
		l, key := full(t), keys[int(which)%len(keys)]
		body := l.get(key)
		from := int(at)
		if from > len(body) {
			from = max(0, len(body)-(65535-from))
		}
		bad := slices.Concat(body[:from], with[:min(len(with), 16)], body[min(len(body), from+int(cut)):])
		if bytes.Equal(bad, body) || says(key, body, bad) {
			return
		}
		l.put(key, bad)
		if r := l.run(); len(r.Breaches)+len(r.Warnings) == 0 {
			t.Errorf("nothing is found when %s is %.600q, not %.600q", key, bad, body)
		}
	})
}

// says tells whether an object says what it said: the gzip stream has the same text, and a slot's statement the same meaning.
func says(key string, was, is []byte) bool {
	if !strings.HasSuffix(key, ".gz") {
		return false
	}
	text, err := inflated(was)
	again, wrong := inflated(is)
	if err != nil || wrong != nil || !bytes.Equal(text, again) {
		return false
	}
	if !strings.HasPrefix(key, layout.Events) {
		return true
	}
	return harmless(key, was, is, 503)
}

func inflated(body []byte) ([]byte, error) {
	z, err := gzip.NewReader(bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}
