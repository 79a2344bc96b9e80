// Package part is the format of a part: a gzip file of stored lines, in one member or in several, whose header says what the part is and what
// it was made of.
//
// The statement lies in the gzip header's extra field (RFC 1952 FEXTRA, subfield "LB"), as JSON padded with blanks to a fixed length, so
// that it can be filled in once the part is written. Readers skip it: Trino and Java, Python, Go and DuckDB do; DuckDB refuses a
// comment (FCOMMENT), which is why it is not there.
package part

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/layout"
)

// Kind tells what a slot holds.
type Kind string

// Data slots hold events, perhaps none. A Seal ends a generation and names the next. A Swept slot held data of a generation that no
// reader can still be reading.
const (
	Data  Kind = "data"
	Seal  Kind = "seal"
	Swept Kind = "swept"
)

// Header is what a slot says of itself.
type Header struct {
	Version int         `json:"v"`
	Kind    Kind        `json:"kind"`
	Lane    layout.Lane `json:"lane,omitempty"`
	Inputs  string      `json:"inputs"`         // hash of what it was made of: equal inputs give equal parts
	Next    string      `json:"next,omitempty"` // of a seal: the successor

	// What the fragments that this part consumed came to: Lines = the Events they brought + Duplicates + Conflicts + Erased. The parts of a
	// successor generation carry the sums of those that they were made of; Events is always the number of lines in this very part.
	Events     int64 `json:"events"`
	Fragments  int64 `json:"fragments"`
	Lines      int64 `json:"lines"`
	Duplicates int64 `json:"duplicates"`
	Conflicts  int64 `json:"conflicts"`
	Erased     int64 `json:"erased,omitempty"` // dropped for good, see package erasure
}

// Version is the format that this code writes. A part of a later one is refused.
const Version = 1

const (
	fixedHeader = 10                     // of a gzip stream, before the extra field
	statement   = 488                    // bytes reserved for the JSON
	extra       = 4 + statement          // with the subfield's own header
	textAt      = HeaderSize - statement // where the JSON begins
	flagExtra   = 1 << 2                 // FLG.FEXTRA
)

// HeaderSize is the size of a part's header, which is that of its first gzip member.
const HeaderSize = fixedHeader + 2 + extra

// ErrFormat says that an object is not a part that this code can read; ErrNewer that it is one of a later version.
var (
	ErrFormat = errors.New("not a part")
	ErrNewer  = errors.New("newer format")
)

// field gives the extra field for h.
func (h Header) field() ([]byte, error) {
	h.Version = Version
	text, err := json.Marshal(h)
	if err != nil {
		return nil, fmt.Errorf("encode part header: %w", err)
	}
	if len(text) > statement {
		return nil, fmt.Errorf("encode part header: %d bytes, at most %d fit", len(text), statement)
	}
	f := append(make([]byte, 0, extra), 'L', 'B')
	f = binary.LittleEndian.AppendUint16(f, statement)
	f = append(f, text...)
	return append(f, bytes.Repeat([]byte{' '}, statement-len(text))...), nil
}

// ParseHeader reads the header at the beginning of a part.
func ParseHeader(b []byte) (Header, error) {
	var h Header
	switch {
	case len(b) < HeaderSize, b[0] != 0x1f, b[1] != 0x8b, b[3]&flagExtra == 0,
		binary.LittleEndian.Uint16(b[fixedHeader:]) != extra, string(b[fixedHeader+2:fixedHeader+4]) != "LB":
		return h, fmt.Errorf("%w: its gzip header carries no statement", ErrFormat)
	}
	if err := json.Unmarshal(bytes.TrimRight(b[textAt:HeaderSize], " "), &h); err != nil {
		return Header{}, fmt.Errorf("%w: its statement is broken: %w", ErrFormat, err)
	}
	if h.Version > Version {
		return Header{}, fmt.Errorf("%w: %w: it has format version %d, this program reads up to %d: use a newer lakebed",
			ErrFormat, ErrNewer, h.Version, Version)
	}
	switch h.Kind {
	case Data, Swept:
	case Seal:
		if layout.Generation(h.Next).Number() == 0 {
			return Header{}, fmt.Errorf("%w: a seal that names %q as its successor", ErrFormat, h.Next)
		}
	default:
		return Header{}, fmt.Errorf("%w: it is of the unknown kind %q", ErrFormat, h.Kind)
	}
	return h, nil
}

// ReadHeader fetches the header of the part at key.
func ReadHeader(ctx context.Context, b bucket.Bucket, key string) (Header, bucket.Object, error) {
	body, o, err := b.Get(ctx, key, bucket.Range{Length: HeaderSize})
	if err != nil {
		return Header{}, o, fmt.Errorf("read header of %s: %w", key, err)
	}
	defer body.Close()
	buf := make([]byte, HeaderSize)
	n, err := io.ReadFull(body, buf)
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return Header{}, o, fmt.Errorf("read header of %s: %w", key, err)
	}
	h, err := ParseHeader(buf[:n])
	if err != nil {
		return h, o, fmt.Errorf("read header of %s: %w", key, err)
	}
	return h, o, nil
}

// Empty gives a part without lines: a seal, a swept slot, or the trace of fragments that brought nothing new.
func Empty(h Header) ([]byte, error) {
	f, err := h.field()
	if err != nil {
		return nil, err
	}
	var buf bytes.Buffer
	z := gz.Writer(&buf, gz.Dense)
	defer gz.Release(z, gz.Dense)
	z.Extra = f
	if err := z.Close(); err != nil {
		return nil, fmt.Errorf("write empty part: %w", err)
	}
	return buf.Bytes(), nil
}

// memberHeader is the header of a gzip member with an extra field, or without one.
func memberHeader(extra []byte) []byte {
	h := []byte{0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 255}
	if len(extra) == 0 {
		return h
	}
	h[3] = flagExtra
	h = binary.LittleEndian.AppendUint16(h, uint16(len(extra)))
	return append(h, extra...)
}
