package host

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"sync"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/event"
)

// A backfill's batch is larger than Kinesis delivers one, so that an hour has few fragments; and each of them still fits into the memory of a
// compactor's worker. The borders follow from the text alone: another try cuts the same batches.
const (
	sheafRecords = 50_000
	sheafBytes   = 12 << 20
)

// longLine is from which size on a line is cut behind a document: Firehose writes documents with nothing between them, up to 128 MB.
const longLine = 1 << 20

// cursor is a place in an input's text, between two records.
type cursor struct {
	line int64 // lines that end before it
	at   int   // bytes of the line behind them that lie before it
	text int64 // all bytes before it
}

// sheaf is one batch of an input.
type sheaf struct {
	batch
	starts []cursor // of the records
	end    cursor
	cuts   []int // where it is cut into deliveries, by records; the last is its end
}

var sheafs = sync.Pool{New: func() any { return new(sheaf) }}

func newSheaf(from string) *sheaf {
	s, _ := sheafs.Get().(*sheaf)
	s.data, s.ends, s.starts, s.cuts, s.from = s.data[:0], s.ends[:0], s.starts[:0], s.cuts[:0], from
	return s
}

func (s *sheaf) release() { sheafs.Put(s) }

func (s *sheaf) full(next []byte) bool {
	return len(s.ends) == sheafRecords || len(s.ends) > 0 && len(s.data)+len(next) > sheafBytes
}

func (s *sheaf) add(data []byte, start cursor) {
	s.data = append(s.data, data...)
	s.ends = append(s.ends, len(s.data))
	s.starts = append(s.starts, start)
}

// delivery is of a run of the records. A record's sequence number is that of its line. Its position, where a line was cut, is its offset in
// that: no two documents of a line have the same, as none is shorter than a byte.
func (s *sheaf) delivery(shard string, arrival time.Time, from, to int) ingest.Delivery {
	d := ingest.Delivery{Shard: shard, Records: make([]ingest.Record, 0, to-from)}
	for i := from; i < to; i++ {
		d.Records = append(d.Records, ingest.Record{
			Sequence: fmt.Sprintf("%020d", s.starts[i].line+1), Position: s.starts[i].at, Arrival: arrival, Data: s.record(i),
		})
	}
	return d
}

func (s *sheaf) deliveries(shard string, arrival time.Time) []ingest.Delivery {
	all := make([]ingest.Delivery, 0, len(s.cuts))
	from := 0
	for _, to := range s.cuts {
		all = append(all, s.delivery(shard, arrival, from, to))
		from = to
	}
	return all
}

// cut halves the batch as often as it takes for each delivery to keep to what ingest takes of one.
func (s *sheaf) cut(i *ingest.Ingester, shard string, arrival time.Time, from, to int) error {
	r, err := i.Try(s.delivery(shard, arrival, from, to))
	if err != nil {
		return err
	}
	if to-from > 1 && r.Quarantined[event.TooManyHours]+r.Quarantined[event.TooManyPieces] > 0 {
		half := from + (to-from)/2
		return errors.Join(s.cut(i, shard, arrival, from, half), s.cut(i, shard, arrival, half, to))
	}
	s.cuts = append(s.cuts, to)
	return nil
}

// reap cuts an input's text, which begins at the cursor, into batches.
func (f *filler) reap(ctx context.Context, in *input, text *text, from cursor, to chan<- *sheaf) error {
	c := &carver{in: bufio.NewReaderSize(text, 1<<18), next: from}
	s := newSheaf(in.name)
	send := func(end cursor) error {
		if len(s.ends) == 0 {
			return nil
		}
		s.end, s.bytes = end, text.read()
		if err := s.cut(f.ingester, in.shard(), f.lake.Now(), 0, len(s.ends)); err != nil {
			return err
		}
		select {
		case to <- s:
		case <-ctx.Done():
			return ctx.Err()
		}
		s = newSheaf(in.name)
		return nil
	}
	for {
		data, start, err := c.record()
		if err != nil && !errors.Is(err, io.EOF) {
			if sent := send(c.next); sent != nil {
				return sent
			}
			return in.explain(err, c.next.line)
		}
		if err != nil {
			return send(c.next)
		}
		if s.full(data) {
			if err := send(start); err != nil {
				return err
			}
		}
		s.add(data, start)
	}
}

// carver cuts text into records: lines, and of long lines pieces that end behind a document.
type carver struct {
	in   *bufio.Reader
	next cursor

	held    []byte // read, and not given yet
	given   int    // of held
	tracker tracker
	seen    int // of held, by the tracker
}

// record gives the next record that is not blank, and where it starts. The data live until the next call.
func (c *carver) record() ([]byte, cursor, error) {
	for {
		data, start, err := c.piece()
		if err != nil || len(bytes.TrimSpace(data)) > 0 {
			return data, start, err
		}
	}
}

// piece gives the text up to the next newline, or to the first document's end from longLine bytes on.
func (c *carver) piece() ([]byte, cursor, error) {
	start := c.next
	if c.given == len(c.held) {
		c.held, c.given, c.seen = c.held[:0], 0, 0
		c.tracker = tracker{}
	}
	for {
		if end := c.border(); end > 0 {
			data := c.held[c.given:end]
			c.next.at += len(data)
			c.next.text += int64(len(data))
			c.given, c.tracker = end, tracker{}
			return data, start, nil
		}
		if rest := c.held[c.given:]; len(rest) > 0 && rest[len(rest)-1] == '\n' {
			c.given = len(c.held)
			c.next = cursor{start.line + 1, 0, start.text + int64(len(rest))}
			return rest[:len(rest)-1], start, nil
		}
		if len(c.held)-c.given > maxRecord {
			return nil, start, fmt.Errorf("line %d has an event longer than %d MiB; a Kinesis record holds 10: cut it or take it out", start.line+1, maxRecord>>20)
		}
		more, err := c.in.ReadSlice('\n')
		if c.given > 0 {
			c.held = append(c.held[:0], c.held[c.given:]...)
			c.seen -= c.given
			c.given = 0
		}
		c.held = append(c.held, more...)
		switch {
		case err == nil || errors.Is(err, bufio.ErrBufferFull):
		case errors.Is(err, io.EOF) && len(more) == 0 && len(c.held) > 0:
			c.given = len(c.held)
			c.next = cursor{start.line + 1, 0, start.text + int64(len(c.held))}
			return c.held, start, nil
		case !errors.Is(err, io.EOF) || len(more) == 0:
			return nil, start, err
		}
	}
}

// border is where in held the piece ends behind a document; 0 when that is not seen yet.
func (c *carver) border() int {
	if len(c.held)-c.given < longLine {
		return 0
	}
	for ; c.seen < len(c.held); c.seen++ {
		if c.tracker.ends(c.held[c.seen]) && c.seen+1-c.given >= longLine {
			c.seen++
			return c.seen
		}
	}
	return 0
}

// tracker follows JSON far enough to tell where an object ends that lies in no other.
type tracker struct {
	depth   int
	text    bool // in a string
	escaped bool
}

func (t *tracker) ends(c byte) bool {
	switch {
	case t.escaped:
		t.escaped = false
	case t.text:
		t.escaped, t.text = c == '\\', c != '"'
	case c == '"':
		t.text = true
	case c == '{' || c == '[':
		t.depth++
	case c == '}' || c == ']':
		t.depth = max(0, t.depth-1)
		return t.depth == 0
	}
	return false
}
