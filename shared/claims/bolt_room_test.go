//go:build unix

package claims

import (
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

// A file for which there was no room from the beginning is not left behind as a damaged one.
func TestNoRoomForAFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "claims.db")
	var before syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before); err != nil {
		t.Fatal(err)
	}
	small := syscall.Rlimit{Cur: 512, Max: before.Max}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &small); err != nil {
		t.Fatal(err)
	}
	_, err := OpenBolt(path, Options{})
	if resetErr := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before); resetErr != nil {
		t.Fatal(resetErr)
	}
	if err == nil {
		t.Fatal("512 bytes were enough")
	}
	if _, err := os.Stat(path); err == nil {
		t.Error("a piece of a file is left behind")
	}
	b, err := OpenBolt(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
}
