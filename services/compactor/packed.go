package compactor

import (
	"bytes"
	"errors"
	"fmt"
	"io"

	"github.com/cespare/xxhash/v2"
	"github.com/klauspost/compress/gzip"

	format "github.com/lakebed/lakebed/shared/fragment"
)

// packed is a run of the chunk's lines that lie compressed.
type packed struct {
	from        int            // index of their fragment
	object      []byte         // gzip
	member      *format.Member // what it says of them; nil where it says nothing
	number      uint32         // of the first of them, in their fragment
	first, last int            // lines from first to before last
}

func (p *packed) open() (io.ReadCloser, error) {
	z, err := gzip.NewReader(bytes.NewReader(p.object))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", errBroken, err)
	}
	return z, nil
}

// identifyPacked finds the lines of a compressed fragment, which stay packed. What its members say of them is believed as far as it is whole, unless
// some may have to be erased.
func (m *merge) identifyPacked(f fragment, from, start, end int) (gone []int, err error) {
	c, object := m.chunk, m.chunk.text[start:end]
	if m.erases != nil {
		return m.identifyForeign(f, from, object)
	}
	members, err := format.Parse(object, f.Hash, m.config.Mapping)
	if err != nil {
		return m.identifyForeign(f, from, object)
	}
	number := uint32(0)
	for i := range members {
		p := packed{from: from, object: members[i].Gzip, member: &members[i], number: number, first: len(c.lines)}
		for n := range members[i].Lines {
			c.lines = append(c.lines, line{Fingerprint: members[i].Print(n), lies: inPacked, from: uint32(from), number: number})
			number++
		}
		p.last = len(c.lines)
		c.packed = append(c.packed, p)
	}
	return nil, nil
}

// identifyForeign reads the lines of a fragment that says nothing of them. It gives up where they are more than memory has room for.
func (m *merge) identifyForeign(f fragment, from int, object []byte) (gone []int, err error) {
	c, sum, number := m.chunk, xxhash.New(), 0
	p := packed{from: from, object: object, first: len(c.lines)}
	err = eachLine(f, p.open, func(text []byte) error {
		hashLine(sum, text)
		l, erase, err := m.identifyLine(text)
		switch {
		case err != nil:
			return fmt.Errorf("%w: line %d: %w", errBroken, number+1, err)
		case erase:
			gone = append(gone, number)
		case int64(len(c.lines)-p.first)*room >= m.config.Memory/2:
			return errHuge
		default:
			l.lies, l.from, l.number = inPacked, uint32(from), uint32(number)
			c.lines = append(c.lines, l)
		}
		number++
		return nil
	})
	if err == nil && sum.Sum64() != f.Hash {
		err = wrongHash(f)
	}
	p.last = len(c.lines)
	c.packed = append(c.packed, p)
	return gone, err
}

// whole tells whether a run of packed lines can go into the part as it is: all of them are new.
func (m *merge) whole(p *packed) bool {
	if p.member == nil || int64(len(p.member.Data)) < m.config.Policy.Anew {
		return false
	}
	for i := p.first; i < p.last; i++ {
		if m.chunk.fate(i) != fresh {
			return false
		}
	}
	return true
}

// copy writes packed lines as they are compressed.
func (m *merge) copy(p *packed) error {
	if err := m.include(p); err != nil {
		return fmt.Errorf("unpack %s: %v", m.fragments[p.from].Key(), err) //nolint:errorlint // not broken: it counts as consumed already
	}
	for i := p.first; i < p.last; i++ {
		if err := m.index.Add(m.chunk.lines[i].Fingerprint); err != nil {
			return err
		}
	}
	to, err := m.part.Join()
	if err != nil {
		return err
	}
	if _, err := to.Write(p.member.Data); err != nil {
		return fmt.Errorf("spool part: %w", err)
	}
	m.part.Joined(int64(p.member.Lines), p.member.Raw)
	return nil
}

// include has the schema know what columns packed lines have.
func (m *merge) include(p *packed) error {
	if len(p.member.Columns) == 0 { // too many to be told
		return eachLine(m.fragments[p.from], p.open, m.schema.Observe)
	}
	sum := xxhash.Sum64(p.member.Columns)
	if m.included[sum] {
		return nil
	}
	columns, err := format.Columns(p.member.Columns)
	if err != nil {
		return err
	}
	m.schema.Include(columns)
	m.included[sum] = true
	return nil
}

// unpack judges lines that lie compressed. Copies need no text.
func (m *merge) unpack(p *packed) error {
	c, f, number, i := m.chunk, m.fragments[p.from], p.number, p.first
	err := eachLine(f, p.open, func(text []byte) error {
		if i < p.last && c.lines[i].number == number { // else it is erased
			l := &c.lines[i]
			judge := m.judge
			if c.fate(i) != duplicate {
				judge = m.judgeUnpacked
				g, err := m.decoder.Glance(text)
				if err != nil {
					return fmt.Errorf("line %d: %w", number+1, err)
				}
				l.order = m.order.Of(g)
				c.keep(l, text)
			}
			if err := judge(i); err != nil {
				return err
			}
			i++
		}
		number++
		if int64(len(c.unpacked)) >= m.config.Memory/2 {
			return m.writeFresh()
		}
		return nil
	})
	if err == nil && (i != p.last || p.member != nil && int(number-p.number) != p.member.Lines) {
		err = errors.New("it does not have as many lines as it says")
	}
	if err != nil { // it counts as consumed already: nothing of this merge may be committed
		return fmt.Errorf("unpack %s: %v", f.Key(), err) //nolint:errorlint // not broken: the visit ends
	}
	return nil
}
