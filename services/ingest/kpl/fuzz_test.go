package kpl_test

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/lakebed/lakebed/services/ingest/kpl"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
)

// FuzzDecode takes any bytes, as they are and with a good checksum around them. Nothing panics, an aggregate decodes whole or not at all,
// and what decodes says so alike each time.
func FuzzDecode(f *testing.F) {
	for _, x := range fixtures(f) {
		if len(x.data) < 4096 {
			f.Add(x.data)
			f.Add(x.data[4 : len(x.data)-16])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, kpltest.Seal(data)} {
			before := bytes.Clone(data)
			a, err := kpl.Decode(data)
			n, size := 0, 0
			for sub := range a.Records() {
				if kpl.Is(sub) {
					t.Error("an aggregate in an aggregate")
				}
				n++
				size += len(sub)
			}
			switch {
			case !bytes.Equal(before, data):
				t.Error("the record was changed")
			case err != nil && (n != 0 || a.Len() != 0):
				t.Errorf("%d sub-records of %d with an error: %v", n, a.Len(), err)
			case err == nil && (n == 0 || n != a.Len() || !kpl.Is(data)):
				t.Errorf("%d sub-records of %d", n, a.Len())
			case size > len(data):
				t.Errorf("%d bytes in %d", size, len(data))
			}
		}
	})
}

// FuzzEncoded cuts any bytes into sub-records: what is encoded comes back, whatever follows it in memory, and not with one bit of it changed.
func FuzzEncoded(f *testing.F) {
	f.Add([]byte("\x02{}\x00\x03{}\n"), uint(0))
	f.Add([]byte("\x05hello\x05world"), uint(77))
	f.Add([]byte("\x04\xf3\x89\x9a\xc2"), uint(200))
	f.Fuzz(func(t *testing.T, data []byte, bit uint) {
		var want []kpltest.Record
		nested := false
		for len(data) > 0 {
			size, n := binary.Uvarint(data)
			if n <= 0 {
				break
			}
			size = min(size, uint64(len(data)-n))
			r := kpltest.Record{Key: string(data[:min(n, len(data))]), Data: data[n : n+int(size)]}
			if size%3 == 0 {
				r.Hash = r.Key + "h"
			}
			nested = nested || kpl.Is(r.Data)
			want = append(want, r)
			data = data[n+int(size):]
		}
		encoded := kpltest.Encode(want...)
		if len(want) == 0 || nested {
			if _, err := kpl.Decode(encoded); err == nil {
				t.Error("nothing, or an aggregate in it, decodes")
			}
			return
		}
		same(t, encoded, want)
		at := bit % uint(8*len(encoded))
		encoded[at/8] ^= 1 << (at % 8)
		if a, err := kpl.Decode(encoded); err == nil {
			t.Errorf("with bit %d changed it decodes to %d sub-records", at, a.Len())
		}
	})
}
