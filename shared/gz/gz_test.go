package gz

import (
	"bytes"
	"compress/gzip"
	"io"
	"strings"
	"testing"
)

// A writer that was at rest writes as a new one does, at the level that was asked for, and Size tells how much.
func TestWriter(t *testing.T) {
	text := []byte(strings.Repeat("what is alike compresses best side by side, ", 1000))
	for range 3 {
		for _, level := range []int{Dense, Quick} {
			var out bytes.Buffer
			z := Writer(&out, level)
			if _, err := z.Write(text); err != nil {
				t.Fatal(err)
			}
			if err := z.Close(); err != nil {
				t.Fatal(err)
			}
			Release(z, level)
			if n := Size(text, level); n != int64(out.Len()) {
				t.Errorf("level %d: %d bytes, said to be %d", level, out.Len(), n)
			}
			r, err := gzip.NewReader(&out)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, text) {
				t.Errorf("level %d: %d bytes come back, %v", level, len(got), err)
			}
		}
	}
}
