package spool

import (
	"bytes"
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
