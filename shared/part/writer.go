package part

import (
	"errors"
	"fmt"
	"io"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/spool"
)

// Writer spools a part, so that one that loses its slot can be put into the next. Close ends it.
type Writer struct {
	spool *spool.Spool
	level int
	zip   *gzip.Writer // nil while no member is open
	lines int64
	raw   int64
	held  int64 // raw bytes that the open member has not given on
}

// NewWriter starts a part, spooled below dir ("" for the system's folder for such) once it is large.
func NewWriter(dir string) *Writer { return &Writer{spool: spool.New(dir), level: gz.Dense} }

// Choose takes lines such as will be written, and has what follows compressed quickly where that makes it larger by less than a tenth.
func (w *Writer) Choose(sample []byte) error {
	err := w.end() // at the level that it has
	w.level = gz.Dense
	if small := gz.Size(sample, gz.Dense); gz.Size(sample, gz.Quick)-small < small/10 {
		w.level = gz.Quick
	}
	return err
}

// Write adds lines, each ended by a newline.
func (w *Writer) Write(lines []byte, n int64) error {
	if w.zip == nil {
		f, err := w.first()
		if err != nil {
			return err
		}
		w.zip = gz.Writer(w.spool, w.level)
		w.zip.Extra = f
	}
	before := w.spool.Size()
	if _, err := w.zip.Write(lines); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	if w.held += int64(len(lines)); w.spool.Size() > before {
		w.held = 0
	}
	w.lines += n
	w.raw += int64(len(lines))
	return nil
}

// first gives the extra field of the next member: of the first one it is the place of the part's statement.
func (w *Writer) first() ([]byte, error) {
	if w.spool.Size() > 0 {
		return nil, nil
	}
	return Header{}.field()
}

// end ends the open member, if there is one.
func (w *Writer) end() error {
	if w.zip == nil {
		return nil
	}
	err := w.zip.Close()
	gz.Release(w.zip, w.level)
	w.zip, w.held = nil, 0
	if err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	return nil
}

// Join begins to add members that were compressed before, as they are: what is written to the Writer that it gives is all of them but the header
// of the first. Whoever knows what they hold calls Joined.
func (w *Writer) Join() (io.Writer, error) {
	if err := w.end(); err != nil {
		return nil, err
	}
	f, err := w.first()
	if err != nil {
		return nil, err
	}
	if _, err := w.spool.Write(memberHeader(f)); err != nil {
		return nil, fmt.Errorf("spool part: %w", err)
	}
	return w.spool, nil
}

// Joined counts the lines of members that were added, and their bytes, uncompressed.
func (w *Writer) Joined(lines, raw int64) {
	w.lines += lines
	w.raw += raw
}

// Lines is how many lines were written.
func (w *Writer) Lines() int64 { return w.lines }

// Raw is the number of their bytes, uncompressed.
func (w *Writer) Raw() int64 { return w.raw }

// Size is the number of compressed bytes: exact after Finish, before it about.
func (w *Writer) Size() int64 { return w.spool.Size() + w.held/8 }

// Finish completes the part with the header h, whose Events it sets.
func (w *Writer) Finish(h Header) error {
	h.Events = w.lines
	f, err := h.field()
	if err != nil {
		return err
	}
	if w.spool.Size() == 0 && w.zip == nil {
		err = w.Write(nil, 0)
	}
	if err := errors.Join(err, w.end(), w.spool.Patch(f, fixedHeader+2)); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	return nil
}

// Open gives the finished part from its beginning, to be read in place.
func (w *Writer) Open() (io.Reader, error) { return w.spool.Reader(), nil }

// Close drops the spool.
func (w *Writer) Close() error {
	if w.zip != nil {
		gz.Release(w.zip, w.level)
		w.zip = nil
	}
	return w.spool.Close()
}
