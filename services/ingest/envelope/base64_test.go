package envelope

import (
	"bytes"
	"encoding/base64"
	"math/rand/v2"
	"testing"
)

// What is decoded is what the standard library decodes, and what it refuses is refused, at every length and wherever it is spoilt.
func TestDecodeBase64(t *testing.T) {
	check := func(text []byte) {
		t.Helper()
		size := base64.StdEncoding.DecodedLen(len(text))
		want := make([]byte, size)
		n, wantErr := base64.StdEncoding.Decode(want, text)
		dst := make([]byte, size+64)
		got, err := decodeBase64(dst, text)
		if (err != nil) != (wantErr != nil) || err == nil && !bytes.Equal(dst[:got], want[:n]) {
			t.Fatalf("%q: got %q, %v; want %q, %v", text, dst[:got], err, want[:n], wantErr)
		}
	}
	r := rand.New(rand.NewPCG(1, 2))
	for size := range 300 {
		data := make([]byte, size)
		for k := range data {
			data[k] = byte(r.Uint32())
		}
		text := []byte(base64.StdEncoding.EncodeToString(data))
		check(text)
		for k := range text {
			check(text[:k])
			for _, c := range []byte("=A\n\r\x00-_\"\x80") {
				spoilt := bytes.Clone(text)
				spoilt[k] = c
				check(spoilt)
				check(append(bytes.Clone(text[:k]), append([]byte{c}, text[k:]...)...))
			}
		}
	}
}
