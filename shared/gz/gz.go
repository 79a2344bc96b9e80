// Package gz keeps gzip writers at rest: to make one takes a megabyte, to use it again nothing.
package gz

import (
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// The levels that are in use. Of events in order of name and time, Quick makes about what Dense makes of them as they arrive, in half the time.
const (
	Dense = 6
	Quick = 3
)

var writers [Dense + 1]sync.Pool

// Writer gives a writer to out, which is to be given back by Release.
func Writer(out io.Writer, level int) *gzip.Writer {
	z, _ := writers[level].Get().(*gzip.Writer)
	if z == nil {
		z, _ = gzip.NewWriterLevel(nil, level) // the level is one that there is
	}
	z.Reset(out)
	return z
}

// Release ends the use of a writer of that level.
func Release(z *gzip.Writer, level int) {
	z.Reset(nil)
	writers[level].Put(z)
}

// Size is how many bytes text has once it is compressed.
func Size(text []byte, level int) int64 {
	var n counter
	z := Writer(&n, level)
	defer Release(z, level)
	_, _ = z.Write(text) // a counter never fails
	_ = z.Close()
	return int64(n)
}

type counter int64

func (c *counter) Write(b []byte) (int, error) {
	*c += counter(len(b))
	return len(b), nil
}

// Behind passes on what comes behind so many bytes, such as a header.
type Behind struct {
	To   io.Writer
	Skip int
}

func (w *Behind) Write(b []byte) (int, error) {
	n := min(w.Skip, len(b))
	w.Skip -= n
	_, err := w.To.Write(b[n:])
	return len(b), err
}
