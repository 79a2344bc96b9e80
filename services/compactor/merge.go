package compactor

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
	"github.com/lakebed/lakebed/shared/schema"
)

// merge makes one part out of fragments.
type merge struct {
	*visit
	lane  layout.Lane
	known []*slot        // whose events are dropped
	table []schema.Field // as the look saw it
	chunk *chunk

	decoder     *event.Decoder
	erases      *eraser // nil when nothing is to be erased
	erased      *xxhash.Digest
	part        *part.Writer
	index       *index.Writer
	schema      *schema.Inferrer
	inputs      []string
	consumed    []index.Consumed
	fragments   []fragment // that the chunk's lines point into
	header      part.Header
	bytes       int64
	conflicts   map[int][]quarantine.Reject // by fragment
	conflicting int64                       // bytes of them
}

// newMerge begins one. The tombstones are read after the fragments were listed: one that it does not know came after every fragment that it
// merges, and whoever put it finds them.
func (v *visit) newMerge(ctx context.Context, s *state, lane layout.Lane, c *chunk) (m *merge, err error) {
	set, err := v.tombstones.Load(ctx, v.bucket)
	if err != nil {
		return nil, err
	}
	table := columns(s.table)
	m = &merge{visit: v, lane: lane, table: table, chunk: c, schema: schema.NewInferrer(schema.Limits{}, table), conflicts: map[int][]quarantine.Reject{}}
	for _, d := range s.current().data() {
		if d.Lane.Overlaps(lane) {
			m.known = append(m.known, d)
		}
	}
	m.header = part.Header{Kind: part.Data, Lane: lane}
	for _, k := range m.known {
		m.inputs = append(m.inputs, k.Inputs)
	}
	if m.decoder, err = event.NewDecoder(v.config.Mapping, 0); err != nil {
		return nil, err
	}
	if e := (eraser{set, v.partition, m.decoder}); !e.idle() {
		m.erases, m.erased = &e, xxhash.New()
	}
	if m.part, err = part.NewWriter(v.config.Scratch); err != nil {
		return nil, err
	}
	m.index = index.NewWriter(v.config.Scratch)
	return m, nil
}

func (m *merge) close() error { return errors.Join(m.part.Close(), m.index.Close()) }

// full tells whether the part has about reached its target size, or conflicts their memory; what still lies in the chunk will shrink to
// an eighth or so.
func (m *merge) full() bool {
	return m.part.Size()+int64(len(m.chunk.text))/8 >= m.config.Policy.Target || m.conflicting >= m.config.Memory
}

// hashInputs names a set of inputs: equal ones make equal parts.
func hashInputs(kind string, inputs ...string) string {
	h := sha256.New()
	for _, s := range append([]string{kind}, inputs...) {
		_, _ = fmt.Fprintf(h, "%d:%s", len(s), s) // a hash never fails
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// add merges one fragment whole, or, when it cannot be read, none of it.
func (m *merge) add(ctx context.Context, f fragment, text []byte) error {
	number := len(m.fragments)
	start, lines := len(m.chunk.text), len(m.chunk.lines)
	m.chunk.text = append(m.chunk.text, text...)
	gone, err := m.identify(number, start)
	if err != nil {
		m.chunk.text, m.chunk.lines = m.chunk.text[:start], m.chunk.lines[:lines]
		return err
	}
	m.took(f, int64(len(m.chunk.lines)-lines+len(gone)))
	m.drop(number, gone)
	if m.chunk.size() >= m.config.Memory {
		return m.flush(ctx)
	}
	return nil
}

func (m *merge) took(f fragment, lines int64) {
	m.fragments = append(m.fragments, f)
	m.inputs = append(m.inputs, f.Name())
	m.consumed = append(m.consumed, index.Consumed{Name: f.Name(), Lines: lines})
	m.header.Fragments++
	m.header.Lines += lines
	m.bytes += f.object.Size
}

// drop counts lines that are erased. Which they are is part of what the merge is made of.
func (m *merge) drop(fragment int, numbers []int) {
	for _, n := range numbers {
		m.header.Erased++
		_, _ = fmt.Fprintf(m.erased, "%d:%d\n", fragment, n) // a hash never fails
	}
}

// identify finds the lines of the chunk's text from start on, and gives the numbers of those that are to be erased, which are left out.
func (m *merge) identify(fragment, start int) (gone []int, err error) {
	text := m.chunk.text
	for number := 0; start < len(text); number++ {
		length := bytes.IndexByte(text[start:], '\n')
		if length < 0 {
			return nil, fmt.Errorf("%w: line %d has no end", errBroken, number+1)
		}
		end := start + length
		print, err := fingerprint(m.decoder, text[start:end])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", errBroken, number+1, err)
		}
		erase, err := m.matches(text[start:end])
		if err != nil {
			return nil, fmt.Errorf("%w: line %d: %w", errBroken, number+1, err)
		}
		if erase {
			gone = append(gone, number)
		} else {
			m.chunk.lines = append(m.chunk.lines, line{Fingerprint: print, start: start, end: end, from: uint32(fragment), number: uint32(number)})
		}
		start = end + 1
	}
	return gone, nil
}

func (m *merge) matches(line []byte) (bool, error) {
	if m.erases == nil {
		return false, nil
	}
	return m.erases.match(line)
}

// flush dedupes the chunk against itself, the parts there are and the part under way, and writes what is new.
func (m *merge) flush(ctx context.Context) error {
	m.chunk.index()
	for _, k := range m.known {
		if _, err := m.eachKnown(ctx, k, m.chunk.stored); err != nil {
			return err
		}
	}
	if err := m.index.Each(m.chunk.stored); err != nil {
		return err
	}
	var block run
	for i := range m.chunk.lines {
		l := &m.chunk.lines[i]
		switch m.chunk.fate(i) {
		case fresh:
			if l.start != block.end {
				if err := m.write(&block); err != nil {
					return err
				}
				block = run{start: l.start}
			}
			if err := m.take(l); err != nil {
				return err
			}
			block.end, block.lines = l.end+1, block.lines+1
		case duplicate:
			m.header.Duplicates++
		case conflict:
			m.header.Conflicts++
			m.conflict(l)
		}
	}
	if err := m.write(&block); err != nil {
		return err
	}
	m.chunk.reset()
	return nil
}

// eachKnown calls f for the fingerprints of a part. An index that vanished or turns out corrupt is a reason to look again, and to make it
// anew.
func (v *visit) eachKnown(ctx context.Context, d *slot, f func(event.Fingerprint) error) (index.Head, error) {
	head, err := index.Each(ctx, v.bucket, d.indexKey(), f)
	if errors.Is(err, index.ErrCorrupt) || errors.Is(err, bucket.ErrNotFound) {
		v.corrupt[d.indexKey()] = true
		return head, errors.Join(errLost, err)
	}
	return head, err
}

// take has the schema and the index know a line that is to be written.
func (m *merge) take(l *line) error {
	if err := m.schema.Observe(m.chunk.text[l.start:l.end]); err != nil {
		return fmt.Errorf("line %d of %s: %w", l.number+1, m.fragments[l.from].Key(), err)
	}
	return m.index.Add(l.Fingerprint)
}

// run is lines that stand side by side in the chunk's text: they are written at once.
type run struct {
	start, end int
	lines      int64
}

func (m *merge) write(r *run) error { return m.part.Write(m.chunk.text[r.start:r.end], r.lines) }

// conflict keeps a line whose id belongs to another event: it is no copy, so it is not dropped.
func (m *merge) conflict(l *line) {
	f := m.fragments[l.from]
	m.conflicting += int64(l.end - l.start)
	m.conflicts[int(l.from)] = append(m.conflicts[int(l.from)], quarantine.Reject{
		Reason: event.IDConflict, Detail: "another event with this id and another body was stored before",
		Shard: f.Shard, Sequence: f.First, Position: int(l.number), Arrival: f.object.Modified, Data: append([]byte(nil), m.chunk.text[l.start:l.end]...),
	})
}
