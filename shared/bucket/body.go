package bucket

import (
	"errors"
	"fmt"
	"io"
)

// stoppable reads r until stop gives an error, which a context's Err does.
type stoppable struct {
	r    io.Reader
	stop func() error
}

func (s stoppable) Read(p []byte) (int, error) {
	if err := s.stop(); err != nil {
		return 0, err
	}
	return s.r.Read(p)
}

// body is what Get gives: a reader and what has to be closed after it.
type body struct {
	io.Reader
	io.Closer
}

func (c Condition) check() error {
	if c.Absent && c.Match != "" {
		return errors.New("condition asks for an absent object and for one with an ETag")
	}
	return nil
}

// within cuts the range to an object's size: it gives the bytes [from, from+n).
func (r Range) within(size int64) (from, n int64, err error) {
	if r.Offset < 0 || r.Length < 0 {
		return 0, 0, fmt.Errorf("range of %d bytes from %d is negative", r.Length, r.Offset)
	}
	from = min(r.Offset, size)
	n = size - from
	if r.Length > 0 {
		n = min(n, r.Length)
	}
	return from, n, nil
}
