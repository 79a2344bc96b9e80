package spool

import (
	"bytes"
	"errors"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// What is written is read back, whatever its size, and with what was patched in it.
func TestRoundTrip(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, size := range []int{0, 1, room - 1, room, room + 1, 3*room + 17} {
		dir := t.TempDir()
		s := New(dir)
		want := make([]byte, size)
		for i := range want {
			want[i] = byte(r.Uint32())
		}
		for rest := want; len(rest) > 0; {
			n := min(len(rest), 1+r.IntN(room))
			if _, err := s.Write(rest[:n]); err != nil {
				t.Fatal(err)
			}
			rest = rest[n:]
		}
		for _, at := range []int{0, 5, room - 3, room, 2*room - 1, size - 4} {
			if at < 0 || at+4 > size {
				if err := s.Patch([]byte("over"), int64(at)); err == nil {
					t.Errorf("size %d: a patch at %d is taken", size, at)
				}
				continue
			}
			copy(want[at:], "lake")
			if err := s.Patch([]byte("lake"), int64(at)); err != nil {
				t.Fatal(err)
			}
		}
		for range 2 {
			if got, err := io.ReadAll(s.Reader()); err != nil || !bytes.Equal(got, want) {
				t.Errorf("size %d: %d bytes come back, not the same (%v)", size, len(got), err)
			}
		}
		if s.Size() != int64(size) {
			t.Errorf("size is %d, want %d", s.Size(), size)
		}
		if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
			t.Errorf("its file has a name: %v, %v", left, err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// Whatever is done with it, and in whatever order, it has the bytes that a plain slice has, and gives them from any place on.
func TestLikeSlice(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	noise := make([]byte, 3*room)
	for i := range noise {
		noise[i] = byte(r.Uint32())
	}
	some := func() []byte { // few bytes, or any number up to all
		from := r.IntN(len(noise))
		n := r.IntN(len(noise) - from + 1)
		if r.IntN(2) == 0 {
			n = min(n, 100)
		}
		return noise[from : from+n]
	}
	for range 10 {
		s := New(t.TempDir())
		var want []byte
		for range 25 {
			switch b := some(); r.IntN(4) {
			case 0:
				if n, err := s.Write(b); n != len(b) || err != nil {
					t.Fatalf("wrote %d of %d bytes, %v", n, len(b), err)
				}
				want = append(want, b...)
			case 1:
				to, err := s.Next(len(b))
				if len(to) != len(b) || err != nil {
					t.Fatalf("next %d bytes: %d, %v", len(b), len(to), err)
				}
				copy(to, b)
				want = append(want, b...)
			case 2:
				b = b[:min(len(b), len(want))]
				at := r.IntN(len(want) - len(b) + 1)
				if err := s.Patch(b, int64(at)); err != nil {
					t.Fatal(err)
				}
				copy(want[at:], b)
			case 3:
				at := r.IntN(len(want) + 10)
				got := make([]byte, len(b))
				n, err := s.ReadAt(got, int64(at))
				rest := want[min(at, len(want)):]
				if n != min(len(b), len(rest)) || errors.Is(err, io.EOF) != (n < len(b)) || n == len(b) && err != nil {
					t.Fatalf("read %d bytes at %d of %d: %d, %v", len(b), at, len(want), n, err)
				}
				if !bytes.Equal(got[:n], rest[:n]) {
					t.Fatalf("%d bytes at %d of %d are others", n, at, len(want))
				}
			}
			if s.Size() != int64(len(want)) {
				t.Fatalf("size is %d, want %d", s.Size(), len(want))
			}
		}
		if got, err := io.ReadAll(s.Reader()); err != nil || !bytes.Equal(got, want) {
			t.Errorf("%d bytes come back, not the same (%v)", len(got), err)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

// What is held touches no folder; a folder that is not there is told once there is more.
func TestFolder(t *testing.T) {
	s := New(filepath.Join(t.TempDir(), "missing"))
	if _, err := s.Write(make([]byte, room)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Write([]byte{1}); !os.IsNotExist(err) {
		t.Errorf("error is %v", err)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}
