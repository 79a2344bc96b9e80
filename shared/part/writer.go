package part

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/klauspost/compress/gzip"
)

// Level is the gzip level of parts.
const Level = 6

// Writer spools a part into a temporary file, so that one that loses its slot can be put into the next. Close ends it.
type Writer struct {
	file  *os.File
	out   *bufio.Writer
	zip   *gzip.Writer
	size  int64
	lines int64
	raw   int64
}

// NewWriter starts a part in a new file below dir ("" for the system's folder for such).
func NewWriter(dir string) (*Writer, error) {
	f, err := os.CreateTemp(dir, "lakebed-part-*")
	if err != nil {
		return nil, fmt.Errorf("spool part: %w", err)
	}
	if err := os.Remove(f.Name()); err != nil { // it lives as long as it is open: a killed process leaves nothing behind
		return nil, errors.Join(fmt.Errorf("spool part: %w", err), f.Close())
	}
	w := &Writer{file: f}
	w.out = bufio.NewWriterSize(counter{f, &w.size}, 1<<18)
	w.zip, err = gzip.NewWriterLevel(w.out, Level)
	if err != nil {
		return nil, errors.Join(err, w.Close())
	}
	if w.zip.Extra, err = (Header{}).field(); err != nil {
		return nil, errors.Join(err, w.Close())
	}
	return w, nil
}

type counter struct {
	w io.Writer
	n *int64
}

func (c counter) Write(b []byte) (int, error) {
	n, err := c.w.Write(b)
	*c.n += int64(n)
	return n, err
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

// Lines is how many lines were written; Raw their bytes; Size the bytes of the compressed part so far, give or take a buffer.
func (w *Writer) Lines() int64 { return w.lines }

// Raw is the number of uncompressed bytes.
func (w *Writer) Raw() int64 { return w.raw }

// Size is the number of compressed bytes; exact after Finish.
func (w *Writer) Size() int64 { return w.size }

// Finish completes the stream with the header h, whose Events it sets.
func (w *Writer) Finish(h Header) error {
	h.Events = w.lines
	f, err := h.field()
	if err != nil {
		return err
	}
	if err := errors.Join(w.zip.Close(), w.out.Flush()); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	if _, err := w.file.WriteAt(f, fixedHeader+2); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	return nil
}

// Open gives the finished part from its beginning, to be read in place.
func (w *Writer) Open() (io.Reader, error) { return io.NewSectionReader(w.file, 0, w.size), nil }

// Close drops the spool.
func (w *Writer) Close() error {
	return w.file.Close()
}
