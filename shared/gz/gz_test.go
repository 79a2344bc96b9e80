package gz

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"io"
	"testing"

	klauspost "github.com/klauspost/compress/gzip"
)

// A writer that was at rest writes as a new one does, at the level that was asked for, and Size tells how much.
func TestWriter(t *testing.T) {
	var text []byte // of which each level makes something else
	for i := range 2000 {
		text = fmt.Appendf(text, `{"n":%d,"text":"what is alike compresses best side by side","x":%d}`, i, i*7919%1000)
	}
	if bytes.Equal(fresh(t, text, Dense), fresh(t, text, Quick)) {
		t.Fatal("the levels make the same")
	}
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
			if want := fresh(t, text, level); !bytes.Equal(out.Bytes(), want) {
				t.Errorf("level %d: %d bytes, not the %d that a new writer makes", level, out.Len(), len(want))
			}
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

// fresh is what a writer makes that was never used.
func fresh(t *testing.T, text []byte, level int) []byte {
	t.Helper()
	var out bytes.Buffer
	z, err := klauspost.NewWriterLevel(&out, level)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}
