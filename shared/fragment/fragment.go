// Package fragment is the format of a compressed fragment: gzip members, each of which says of its lines what compaction needs to know, so that
// one without copies goes into a part as it is compressed.
//
// The statement lies in the extra field of a member's header (RFC 1952 FEXTRA, subfield "LF"). Readers skip it. Its integers are little endian:
//
//	version        1 byte: 1
//	before, after  4 each: members that the fragment has before this one, and after it
//	lines, raw     4 each: the lines, and their bytes, uncompressed
//	size           4: bytes of the member behind its header
//	fragment       8: XXH64 of all lines of the fragment, as in its name
//	mapping        8: XXH64 of the path under which the ids were found
//	columns        4, then so many bytes: the lines' columns, as JSON in gzip; none where they are too many to tell
//	fingerprints   24 for each line: its id, then XXH64 of its text
//	sum            8: XXH64 of the statement before it and of what is behind the header
package fragment

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"
	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/gz"
	"github.com/lakebed/lakebed/shared/schema"
)

const (
	version     = 1
	fixedHeader = 10 // of a gzip member, before the extra field
	textAt      = fixedHeader + 2 + 4
	trailer     = 8 // of a gzip member
	fixed       = 1 + 5*4 + 8 + 8 + 4
	record      = 24
	sumSize     = 8

	maxExtra   = 32_700 // DuckDB refuses a header of more than 32 KiB
	maxColumns = 8 << 10
	maxLines   = (maxExtra - 4 - fixed - maxColumns - sumSize) / record
	maxRaw     = 1 << 20 // of a member, as far as it has more than one line
)

// ErrForeign says that an object is gzip as others write it, or that its ids are of another mapping: its lines have to be read. ErrBroken says that
// it was damaged.
var (
	ErrForeign = errors.New("no statement of its lines")
	ErrBroken  = errors.New("damaged")
)

// Line is a stored line, without its newline.
type Line struct {
	Text []byte
	event.Fingerprint
}

// Encode compresses the lines of a fragment. Sum is the hash in its name.
func Encode(lines []Line, sum uint64, m event.Mapping) ([]byte, error) {
	var cuts []int
	for n, raw := 0, 0; n < len(lines); n++ {
		if len(cuts) == 0 || n-cuts[len(cuts)-1] == maxLines || raw+len(lines[n].Text) >= maxRaw {
			cuts, raw = append(cuts, n), 0
		}
		raw += len(lines[n].Text) + 1
	}
	var out bytes.Buffer
	for i, from := range cuts {
		to := len(lines)
		if i+1 < len(cuts) {
			to = cuts[i+1]
		}
		if err := encode(&out, lines[from:to], place{uint32(i), uint32(len(cuts) - 1 - i)}, sum, m); err != nil {
			return nil, fmt.Errorf("encode fragment: %w", err)
		}
	}
	return out.Bytes(), nil
}

// encode adds a member.
func encode(out *bytes.Buffer, lines []Line, at place, sum uint64, m event.Mapping) error {
	seen := schema.NewInferrer(schema.Limits{}, nil)
	for _, l := range lines {
		if err := seen.Observe(l.Text); err != nil {
			return err
		}
	}
	columns, err := columnsOf(seen)
	if err != nil {
		return err
	}
	extra := 4 + fixed + len(columns) + record*len(lines) + sumSize
	begin := out.Len()
	out.Write([]byte{0x1f, 0x8b, 8, 1 << 2, 0, 0, 0, 0, 0, 255})
	b := binary.LittleEndian.AppendUint16(out.AvailableBuffer(), uint16(extra))
	b = append(b, 'L', 'F')
	b = binary.LittleEndian.AppendUint16(b, uint16(extra-4))
	b = append(b, version)
	b = binary.LittleEndian.AppendUint32(b, at.before)
	b = binary.LittleEndian.AppendUint32(b, at.after)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(lines)))
	b = binary.LittleEndian.AppendUint64(b, 0) // raw and size: when they are known
	b = binary.LittleEndian.AppendUint64(b, sum)
	b = binary.LittleEndian.AppendUint64(b, mappingOf(m))
	b = binary.LittleEndian.AppendUint32(b, uint32(len(columns)))
	b = append(b, columns...)
	for _, l := range lines {
		b = append(b, l.ID[:]...)
		b = binary.LittleEndian.AppendUint64(b, l.Body)
	}
	out.Write(b)
	sumAt := out.Len()
	out.Write(make([]byte, sumSize))
	raw, err := compress(out, lines)
	if err != nil {
		return err
	}
	member := out.Bytes()[begin:]
	sumAt -= begin
	binary.LittleEndian.PutUint32(member[textAt+13:], uint32(raw))
	binary.LittleEndian.PutUint32(member[textAt+17:], uint32(len(member)-sumAt-sumSize))
	binary.LittleEndian.PutUint64(member[sumAt:], sumOf(member[textAt:sumAt], member[sumAt+sumSize:]))
	return nil
}

// columnsOf gives what was seen, as far as all of it can be told.
func columnsOf(seen *schema.Inferrer) ([]byte, error) {
	if seen.Dropped() {
		return nil, nil
	}
	text, err := json.Marshal(schema.Type{Kind: schema.Struct, Fields: seen.Columns()})
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	z := gz.Writer(&out, gz.Quick)
	defer gz.Release(z, gz.Quick)
	if _, err := z.Write(text); err != nil {
		return nil, err
	}
	if err := z.Close(); err != nil || out.Len() > maxColumns {
		return nil, err
	}
	return out.Bytes(), nil
}

// compress writes what is behind the header of a member.
func compress(out *bytes.Buffer, lines []Line) (raw int, err error) {
	z := gz.Writer(&gz.Behind{To: out, Skip: fixedHeader}, gz.Dense)
	defer gz.Release(z, gz.Dense)
	var text []byte
	for _, l := range lines {
		text = append(append(text[:0], l.Text...), '\n')
		raw += len(text)
		if _, err := z.Write(text); err != nil {
			return 0, err
		}
	}
	return raw, z.Close()
}

func mappingOf(m event.Mapping) uint64 { return xxhash.Sum64String(m.ID) }

func sumOf(statement, data []byte) uint64 {
	d := xxhash.New()
	_, _ = d.Write(statement) // never fails
	_, _ = d.Write(data)
	return d.Sum64()
}

// Member is a run of a fragment's lines.
type Member struct {
	Lines   int
	Raw     int64  // bytes of the lines, uncompressed
	Columns []byte // what Columns reads; empty where they have to be observed
	Gzip    []byte // all of it
	Data    []byte // what of it is behind the header
	prints  []byte
}

// Print is the fingerprint of the i-th line.
func (m *Member) Print(i int) event.Fingerprint {
	b := m.prints[i*record : (i+1)*record]
	return event.Fingerprint{ID: event.ID(b[:16]), Body: binary.LittleEndian.Uint64(b[16:])}
}

// Columns reads a member's columns.
func Columns(packed []byte) ([]schema.Field, error) {
	z, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("read columns of fragment: %w", err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		return nil, fmt.Errorf("read columns of fragment: %w", err)
	}
	var t schema.Type
	if err := json.Unmarshal(text, &t); err != nil {
		return nil, fmt.Errorf("read columns of fragment: %w", err)
	}
	return t.Fields, nil
}

// Parse takes a fragment apart, whose name has the hash sum. The members alias it.
func Parse(object []byte, sum uint64, m event.Mapping) ([]Member, error) {
	var all []Member
	for rest, after := object, uint32(0); len(all) == 0 || after > 0 || len(rest) > 0; {
		member, place, err := parse(rest, sum, m)
		if err != nil {
			return nil, err
		}
		if int(place.before) != len(all) || len(all) > 0 && place.after != after-1 {
			return nil, fmt.Errorf("%w: its members are not all there", ErrBroken)
		}
		all, after = append(all, member), place.after
		rest = rest[len(member.Gzip):]
	}
	return all, nil
}

// place is how many members stand around one.
type place struct{ before, after uint32 }

func parse(b []byte, sum uint64, m event.Mapping) (member Member, at place, err error) {
	if len(b) < textAt || !bytes.Equal(b[:4], []byte{0x1f, 0x8b, 8, 1 << 2}) || string(b[fixedHeader+2:fixedHeader+4]) != "LF" {
		return member, at, ErrForeign
	}
	le := binary.LittleEndian
	end := textAt + int(le.Uint16(b[fixedHeader+4:])) // of the statement
	if int(le.Uint16(b[fixedHeader:])) != end-textAt+4 || end-textAt < fixed+sumSize || len(b) < end || b[textAt] != version {
		return member, at, ErrForeign
	}
	s := b[textAt:end]
	lines, raw, size, columns := int64(le.Uint32(s[9:])), le.Uint32(s[13:]), int64(le.Uint32(s[17:])), int64(le.Uint32(s[37:]))
	if fixed+columns+record*lines+sumSize != int64(len(s)) || size < trailer || int64(len(b)-end) < size {
		return member, at, fmt.Errorf("%w: its sizes do not match", ErrBroken)
	}
	data := b[end : end+int(size)]
	if sumOf(s[:len(s)-sumSize], data) != le.Uint64(s[len(s)-sumSize:]) {
		return member, at, fmt.Errorf("%w: wrong checksum", ErrBroken)
	}
	if le.Uint64(s[21:]) != sum {
		return member, at, fmt.Errorf("%w: it belongs to another fragment", ErrBroken)
	}
	if le.Uint64(s[29:]) != mappingOf(m) {
		return member, at, ErrForeign
	}
	return Member{
		Lines: int(lines), Raw: int64(raw), Columns: s[fixed : fixed+columns], Gzip: b[:end+int(size)], Data: data,
		prints: s[fixed+columns : len(s)-sumSize],
	}, place{le.Uint32(s[1:]), le.Uint32(s[5:])}, nil
}
