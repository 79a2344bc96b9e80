package part

import (
	"errors"
	"fmt"
	"io"
	"sync"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/spool"
)

// Level is the gzip level of parts.
const Level = 6

// Writer spools a part, so that one that loses its slot can be put into the next. Close ends it.
type Writer struct {
	spool *spool.Spool
	zip   *gzip.Writer
	lines int64
	raw   int64
}

// zips are at rest: to make one takes a megabyte, to use it again nothing.
var zips = sync.Pool{New: func() any {
	z, _ := gzip.NewWriterLevel(nil, Level) // the level is one that there is
	return z
}}

// zipper gives a gzip writer to out, whose header has the extra field. It goes back to zips.
func zipper(out io.Writer, h Header) (*gzip.Writer, error) {
	f, err := h.field()
	if err != nil {
		return nil, err
	}
	z, _ := zips.Get().(*gzip.Writer)
	z.Reset(out)
	z.Extra = f
	return z, nil
}

// NewWriter starts a part, spooled below dir ("" for the system's folder for such) once it is large.
func NewWriter(dir string) (*Writer, error) {
	w := &Writer{spool: spool.New(dir)}
	var err error
	w.zip, err = zipper(w.spool, Header{})
	return w, err
}

// Write adds lines, each ended by a newline.
func (w *Writer) Write(lines []byte, n int64) error {
	if _, err := w.zip.Write(lines); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	w.lines += n
	w.raw += int64(len(lines))
	return nil
}

// Lines is how many lines were written; Raw their bytes; Size the bytes of the compressed part so far, give or take a block.
func (w *Writer) Lines() int64 { return w.lines }

// Raw is the number of uncompressed bytes.
func (w *Writer) Raw() int64 { return w.raw }

// Size is the number of compressed bytes; exact after Finish.
func (w *Writer) Size() int64 { return w.spool.Size() }

// Finish completes the stream with the header h, whose Events it sets.
func (w *Writer) Finish(h Header) error {
	h.Events = w.lines
	f, err := h.field()
	if err != nil {
		return err
	}
	if err := errors.Join(w.zip.Close(), w.spool.Patch(f, fixedHeader+2)); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	return nil
}

// Open gives the finished part from its beginning, to be read in place.
func (w *Writer) Open() (io.Reader, error) { return w.spool.Reader(), nil }

// Close drops the spool.
func (w *Writer) Close() error {
	if w.zip != nil {
		w.zip.Reset(nil)
		zips.Put(w.zip)
		w.zip = nil
	}
	return w.spool.Close()
}
