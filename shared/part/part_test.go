package part

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/layout"
)

func spooled(t *testing.T, lines ...string) *Writer {
	t.Helper()
	w := NewWriter(t.TempDir())
	for _, l := range lines {
		if err := w.Write([]byte(l+"\n"), 1); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func TestRoundTrip(t *testing.T) {
	want := Header{Version: Version, Kind: Data, Lane: "01", Inputs: strings.Repeat("a", 32), Fragments: 3, Lines: 5, Duplicates: 2, Conflicts: 1}
	w := spooled(t, `{"a":1}`, `{"a":2}`)
	if err := w.Finish(want); err != nil {
		t.Fatal(err)
	}
	want.Events = 2
	for range 2 { // a part that loses its slot is read again
		r, err := w.Open()
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil || int64(len(body)) != w.Size() {
			t.Fatalf("read %d bytes of %d: %v", len(body), w.Size(), err)
		}
		h, err := ParseHeader(body)
		if err != nil || h != want {
			t.Fatalf("got %+v, %v; want %+v", h, err, want)
		}
		z, err := stdgzip.NewReader(bytes.NewReader(body)) // a reader that shares no code
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || string(text) != "{\"a\":1}\n{\"a\":2}\n" {
			t.Fatalf("got %q, %v", text, err)
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestEmpty(t *testing.T) {
	next := string(layout.FirstGeneration.Successor("0123456789abcdef"))
	for _, h := range []Header{{Kind: Seal, Next: next, Inputs: "x"}, {Kind: Swept, Events: 7}, {Kind: Data, Lines: 9, Duplicates: 9}} {
		body, err := Empty(h)
		if err != nil {
			t.Fatal(err)
		}
		h.Version = Version
		if got, err := ParseHeader(body); err != nil || got != h {
			t.Errorf("got %+v, %v; want %+v", got, err, h)
		}
		z, err := stdgzip.NewReader(bytes.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		if text, err := io.ReadAll(z); err != nil || len(text) != 0 {
			t.Errorf("holds %q, %v", text, err)
		}
	}
}

func TestParseHeaderRefuses(t *testing.T) {
	good, err := Empty(Header{Kind: Data})
	if err != nil {
		t.Fatal(err)
	}
	var plain bytes.Buffer
	z := stdgzip.NewWriter(&plain)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	swap := func(old, with string) []byte {
		if len(old) != len(with) || !bytes.Contains(good, []byte(old)) {
			t.Fatalf("cannot put %q for %q", with, old)
		}
		return bytes.Replace(good, []byte(old), []byte(with), 1)
	}
	for name, b := range map[string][]byte{
		"nothing":         nil,
		"no gzip":         bytes.Repeat([]byte("x"), 600),
		"foreign gzip":    plain.Bytes(),
		"cut":             good[:HeaderSize-1],
		"broken JSON":     swap(`{"v":1`, `{"v";1`),
		"unknown kind":    swap(`"data"`, `"date"`),
		"newer version":   swap(`"v":1`, `"v":9`),
		"seal of nothing": swap(`"data"`, `"seal"`),
	} {
		if h, err := ParseHeader(b); !errors.Is(err, ErrFormat) {
			t.Errorf("%s: got %+v, %v", name, h, err)
		}
	}
	_, err = ParseHeader(swap(`"v":1`, `"v":9`))
	if err == nil || !strings.Contains(err.Error(), "use a newer lakebed") {
		t.Errorf("a newer part: %v", err)
	}
}

func TestLines(t *testing.T) {
	long := strings.Repeat("x", 200_000)
	l := NewLines(strings.NewReader("a\n\n" + long + "\nb\n"))
	var got []string
	for l.Next() {
		got = append(got, string(l.Bytes()))
	}
	if l.Err() != nil || len(got) != 4 || got[0] != "a" || got[1] != "" || got[2] != long || got[3] != "b" || l.Count() != 4 {
		t.Errorf("got %d lines, %v", len(got), l.Err())
	}
	l = NewLines(strings.NewReader("a\nb"))
	for l.Next() {
	}
	if !errors.Is(l.Err(), io.ErrUnexpectedEOF) {
		t.Errorf("a line without an end: %v", l.Err())
	}
	l = NewLines(io.LimitReader(endless{}, MaxLine*2))
	if l.Next() || l.Err() == nil {
		t.Error("an endless line passes")
	}
}

type endless struct{}

func (endless) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = 'x'
	}
	return len(b), nil
}

func FuzzParseHeader(f *testing.F) {
	seal, _ := Empty(Header{Kind: Seal, Next: "gen-0002-00000000"})
	f.Add(seal)
	f.Fuzz(func(t *testing.T, b []byte) {
		h, err := ParseHeader(b)
		if err != nil {
			return
		}
		again, err := Empty(h)
		if err != nil {
			t.Skip() // longer than what we write
		}
		if back, err := ParseHeader(again); err != nil || back.Kind != h.Kind || back.Next != h.Next {
			t.Errorf("%+v gives %+v, %v", h, back, err)
		}
	})
}

// A part may have many members: some that were written, at the level that pays, and some that were added as they are.
func TestMembers(t *testing.T) {
	var alike, varied strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&alike, `{"user":"user %d of many","plan":"plan %d of some","city":"city %d of all","n":%d}`+"\n", i*i%97, i*i%53, i*i%31, i%7)
		fmt.Fprintf(&varied, `{"n":"%x"}`+"\n", uint64(i+1)*0x9e3779b97f4a7c15)
	}
	source := spooled(t, `{"n":1}`, `{"n":2}`)
	if err := source.Finish(Header{Kind: Data}); err != nil {
		t.Fatal(err)
	}
	r, err := source.Open()
	if err != nil {
		t.Fatal(err)
	}
	joined, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	w := NewWriter(t.TempDir())
	want := ""
	join := func() {
		to, err := w.Join()
		if err != nil {
			t.Fatal(err)
		}
		if _, err := to.Write(joined[HeaderSize:]); err != nil {
			t.Fatal(err)
		}
		w.Joined(2, 16)
		want += "{\"n\":1}\n{\"n\":2}\n"
	}
	write := func(text string) {
		if err := errors.Join(w.Choose([]byte(text)), w.Write([]byte(text), int64(strings.Count(text, "\n")))); err != nil {
			t.Fatal(err)
		}
		want += text
	}
	join()
	write(varied.String())
	if w.level != gz.Quick {
		t.Errorf("what level 6 does not make smaller is written at level %d", w.level)
	}
	write(alike.String())
	if w.level != gz.Dense {
		t.Errorf("what level 6 makes smaller is written at level %d", w.level)
	}
	join()
	join()
	write("{}\n")
	if err := w.Finish(Header{Kind: Data}); err != nil {
		t.Fatal(err)
	}
	if r, err = w.Open(); err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	h, err := ParseHeader(body)
	if err != nil || h.Events != int64(strings.Count(want, "\n")) || w.Raw() != int64(len(want)) || w.Size() != int64(len(body)) {
		t.Errorf("got %+v, %d bytes of %d, %v", h, w.Raw(), len(want), err)
	}
	z, err := stdgzip.NewReader(bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(z); err != nil || string(text) != want {
		t.Errorf("%d bytes come back, want %d: %v", len(text), len(want), err)
	}
}
