package part

import (
	"bytes"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/iotest"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
)

// FuzzLines reads any bytes as NDJSON, however they come in: the lines are those between the newlines, and a last one without an end is told.
func FuzzLines(f *testing.F) {
	f.Add([]byte("{}\n\n{\"a\":1}\n"))
	f.Add([]byte("\r\n\x00\n\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		want := bytes.Split(text, []byte{'\n'})
		torn := len(want[len(want)-1]) > 0
		want = want[:len(want)-1]
		for name, r := range map[string]io.Reader{"whole": bytes.NewReader(text), "by bytes": iotest.OneByteReader(bytes.NewReader(text)), "end with the last": iotest.DataErrReader(bytes.NewReader(text))} {
			got, err := collect(NewLines(r))
			if (err != nil) != torn || !slices.EqualFunc(got, want, bytes.Equal) {
				t.Errorf("%s: %q is %q, %v", name, text, got, err)
			}
		}
	})
}

func collect(l *Lines) ([][]byte, error) {
	var all [][]byte
	for l.Next() {
		all = append(all, bytes.Clone(l.Bytes()))
	}
	return all, l.Err()
}

// maxPatch is how many bytes a damage puts in: too few for a stream of its own.
const maxPatch = 16

// FuzzDamage writes any lines into a part, which reads as they were. Then some of its bytes give way to others: a reader, who counts the lines as
// compaction and verify do, gets an error or the very same lines. (What a damaged statement says else verify finds.)
func FuzzDamage(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"a\":2}\n"), uint16(0), uint16(0), []byte{})
	f.Add([]byte("{\"a\":1}\n{\"a\":2}\n"), uint16(520), uint16(1), []byte{0})
	f.Add([]byte(""), uint16(3), uint16(1), []byte{0x1c})          // it says that a name and a comment follow
	f.Add([]byte("x\n"), uint16(3), uint16(1), []byte{0x06})       // and a checksum of the header
	f.Add([]byte("x\n"), uint16(10), uint16(1), []byte{0xed})      // the field is shorter
	f.Add([]byte("x\n"), uint16(65535), uint16(0), []byte{0, 0})   // something behind the end
	f.Add([]byte("x\nx\n"), uint16(0), uint16(504), []byte{})      // no header
	f.Add([]byte("x\n\n"), uint16(504), uint16(65535), []byte{})   // nothing but a header
	f.Add([]byte("x\n\n"), uint16(65527), uint16(8), []byte{3, 0}) // no checksum
	f.Add(bytes.Repeat([]byte("{}\n"), 5000), uint16(530), uint16(2), []byte{0xff})
	f.Fuzz(func(t *testing.T, text []byte, at, cut uint16, with []byte) {
		if len(text) > 0 && text[len(text)-1] != '\n' {
			text = append(text, '\n')
		}
		lines := bytes.Split(text, []byte{'\n'})
		lines = lines[:len(lines)-1]
		body, want := written(t, lines)
		h, got, err := readPart(t, body)
		if err != nil || h != want || !slices.EqualFunc(got, lines, bytes.Equal) {
			t.Fatalf("%q is read as %+v %q, %v", text, h, got, err)
		}
		bad := damage(body, at, cut, with)
		h, got, err = readPart(t, bad)
		if err == nil && h.Events == int64(len(got)) && !slices.EqualFunc(got, lines, bytes.Equal) {
			t.Errorf("%q for %d bytes at %d of %d: %q is read as %q", with, cut, at, len(body), text, got)
		}
	})
}

// damage puts with in the place of cut bytes at at; counted from the end where that is beyond it.
func damage(body []byte, at, cut uint16, with []byte) []byte {
	from := int(at)
	if from > len(body) {
		from = max(0, len(body)-(65535-from))
	}
	to := min(len(body), from+int(cut))
	return slices.Concat(body[:from], with[:min(len(with), maxPatch)], body[to:])
}

// written gives a part of lines, and its header.
func written(t *testing.T, lines [][]byte) ([]byte, Header) {
	t.Helper()
	var texts []string
	for _, l := range lines {
		texts = append(texts, string(l))
	}
	w := spooled(t, texts...)
	defer w.Close()
	h := Header{Version: Version, Kind: Data, Lane: "01", Inputs: strings.Repeat("a", 32), Lines: int64(len(lines)) + 3, Duplicates: 3}
	if err := w.Finish(h); err != nil {
		t.Fatal(err)
	}
	h.Events = int64(len(lines))
	r, err := w.Open()
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return body, h
}

func readPart(t *testing.T, body []byte) (Header, [][]byte, error) {
	t.Helper()
	b := bucket.NewMemory(time.Now)
	if _, err := b.Put(t.Context(), "x", bytes.NewReader(body), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	h, _, err := ReadHeader(t.Context(), b, "x")
	if err != nil {
		return h, nil, err
	}
	lines, err := Open(t.Context(), b, "x", true)
	if err != nil {
		return h, nil, err
	}
	defer lines.Close()
	got, err := collect(lines)
	return h, got, err
}
