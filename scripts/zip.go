//go:build ignore

// Command zip puts programs into a zip file, each under the last element of its path, with mode 0755 and without anything that differs
// between two runs or machines: `go run scripts/zip.go function.zip bin/arm64/ingest/bootstrap`.
package main

import (
	"archive/zip"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"
)

func main() {
	if len(os.Args) < 3 {
		fmt.Fprintln(os.Stderr, "usage: go run scripts/zip.go <zip> <file>...")
		os.Exit(2)
	}
	if err := pack(os.Args[1], os.Args[2:]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

// pack writes the whole zip or leaves the old one.
func pack(name string, files []string) (err error) {
	out, err := os.CreateTemp(filepath.Dir(name), ".zip-*")
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, out.Close(), os.Remove(out.Name()))
		}
	}()
	z := zip.NewWriter(out)
	z.RegisterCompressor(zip.Deflate, func(w io.Writer) (io.WriteCloser, error) { return flate.NewWriter(w, flate.BestCompression) })
	for _, file := range files {
		if err := add(z, file); err != nil {
			return err
		}
	}
	if err := errors.Join(z.Close(), out.Chmod(0o644), out.Close()); err != nil {
		return err
	}
	return os.Rename(out.Name(), name)
}

func add(z *zip.Writer, file string) error {
	in, err := os.Open(file)
	if err != nil {
		return err
	}
	defer in.Close()
	h := &zip.FileHeader{Name: filepath.Base(file), Method: zip.Deflate}
	h.SetMode(0o755)
	// The date that a zip counts from. Modified stays zero: it would add a field with the zone.
	h.ModifiedDate, h.ModifiedTime = dosDate(time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)), 0 //nolint:staticcheck // the fields without one
	w, err := z.CreateHeader(h)
	if err != nil {
		return err
	}
	_, err = io.Copy(w, in)
	return err
}

func dosDate(t time.Time) uint16 {
	return uint16(t.Day()) | uint16(t.Month())<<5 | uint16(t.Year()-1980)<<9
}
