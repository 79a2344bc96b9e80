package s3bucket

import (
	"bytes"
	"errors"
	"io"
)

// source is a body and what is known of it.
type source struct {
	size int64                     // -1: more than one part, and not known
	open func() (io.Reader, error) // from the beginning; more than once where the body allows it, else errOnce
}

var errOnce = errors.New("the body can be read only once")

// newSource looks at a body. One that is at hand (bytes, strings, a file) is read in place; of any other the first part is read, and that is
// all of most.
func newSource(body io.Reader, stop func() error) (source, error) {
	if s, ok := body.(io.ReadSeeker); ok {
		if at, end, err := extent(s); err == nil {
			if r, ok := s.(io.ReaderAt); ok {
				return sized(r, at, end-at), nil
			}
			return streamed(body, stop, func() error { _, err := s.Seek(at, io.SeekStart); return err })
		}
	}
	return streamed(body, stop, func() error { return errOnce })
}

func sized(r io.ReaderAt, from, n int64) source {
	return source{n, func() (io.Reader, error) { return io.NewSectionReader(r, from, n), nil }}
}

// extent is where a reader stands and ends; a pipe has no such thing.
func extent(s io.Seeker) (at, end int64, err error) {
	if at, err = s.Seek(0, io.SeekCurrent); err != nil {
		return 0, 0, err
	}
	if end, err = s.Seek(0, io.SeekEnd); err != nil {
		return 0, 0, err
	}
	_, err = s.Seek(at, io.SeekStart)
	return at, max(at, end), err
}

func streamed(body io.Reader, stop, rewind func() error) (source, error) {
	r := stoppable{body, stop}
	head, err := io.ReadAll(io.LimitReader(r, partSize+1))
	if err != nil {
		return source{}, err
	}
	if len(head) <= partSize {
		return sized(bytes.NewReader(head), 0, int64(len(head))), nil
	}
	first := true
	return source{-1, func() (io.Reader, error) {
		if first {
			first = false
			begin := head
			head = nil // the upload copies it
			return io.MultiReader(bytes.NewReader(begin), r), nil
		}
		if err := rewind(); err != nil {
			return nil, err
		}
		return struct{ io.Reader }{r}, nil
	}}, nil
}

// stoppable reads until stop gives an error, which a context's Err does.
type stoppable struct {
	io.Reader
	stop func() error
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.stop(); err != nil {
		return 0, err
	}
	return s.Reader.Read(p)
}

// counted counts what is read.
type counted struct {
	io.Reader
	n int64
}

func (c *counted) Read(p []byte) (int, error) {
	n, err := c.Reader.Read(p)
	c.n += int64(n)
	return n, err
}
