// Package spool keeps bytes that are written once and then read from their beginning: in memory while they are few, beyond that in a file
// that has no name, so that a killed process leaves nothing behind.
package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
)

// room is how many bytes are held before they go into the file.
const room = 1 << 18

// Spool is written by one goroutine. Its errors are those of the folder: it is not there, or full.
type Spool struct {
	dir  string
	file *os.File // nil while all of it is held
	held []byte   // what the file does not have; never used again for another spool, since a request that was given up may still read it
	size int64    // bytes written, held or not
}

// New makes an empty spool whose file, if it needs one, lies below dir ("" for the system's folder for such).
func New(dir string) *Spool { return &Spool{dir: dir} }

// Size is the number of bytes written.
func (s *Spool) Size() int64 { return s.size }

// Write appends b.
func (s *Spool) Write(b []byte) (int, error) {
	to, err := s.Next(len(b))
	return copy(to, b), err
}

// Next appends n bytes, which are the caller's to be filled before anything else is done with the spool.
func (s *Spool) Next(n int) ([]byte, error) {
	if len(s.held) > 0 && len(s.held)+n > room {
		if err := s.flush(); err != nil {
			return nil, err
		}
	}
	begin := len(s.held)
	s.held = slices.Grow(s.held, n)[:begin+n]
	s.size += int64(n)
	return s.held[begin:], nil
}

func (s *Spool) flush() error {
	if s.file == nil {
		f, err := os.CreateTemp(s.dir, "lakebed-spool-*")
		if err != nil {
			return err
		}
		s.file = f
		if err := os.Remove(f.Name()); err != nil {
			return err
		}
	}
	if _, err := s.file.WriteAt(s.held, s.flushed()); err != nil {
		return err
	}
	s.held = s.held[:0]
	return nil
}

// flushed is how many bytes lie in the file.
func (s *Spool) flushed() int64 { return s.size - int64(len(s.held)) }

// Patch replaces bytes that were written at an offset.
func (s *Spool) Patch(b []byte, at int64) error {
	if at < 0 || at+int64(len(b)) > s.size {
		return fmt.Errorf("patch %d bytes at %d of %d", len(b), at, s.size)
	}
	if n := min(s.flushed()-at, int64(len(b))); n > 0 {
		if _, err := s.file.WriteAt(b[:n], at); err != nil {
			return err
		}
		b, at = b[n:], at+n
	}
	if len(b) > 0 {
		copy(s.held[at-s.flushed():], b)
	}
	return nil
}

// Reader gives all bytes written so far, also to several at once. It is good until the next Write, Next, Patch or Close.
func (s *Spool) Reader() *io.SectionReader { return io.NewSectionReader(s, 0, s.size) }

// ReadAt implements io.ReaderAt.
func (s *Spool) ReadAt(b []byte, at int64) (int, error) {
	done := 0
	if n := min(s.flushed()-at, int64(len(b))); n > 0 {
		var err error
		if done, err = s.file.ReadAt(b[:n], at); err != nil {
			return done, err
		}
		at += n
	}
	if done < len(b) {
		done += copy(b[done:], s.held[min(at-s.flushed(), int64(len(s.held))):])
	}
	if done < len(b) {
		return done, io.EOF
	}
	return done, nil
}

// Close lets go of the file; what is held goes with the spool. It may be repeated.
func (s *Spool) Close() error {
	if s.file == nil {
		return nil
	}
	if err := s.file.Close(); err != nil && !errors.Is(err, os.ErrClosed) {
		return err
	}
	return nil
}
