package host

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// markVersion is that of the marks written here.
const markVersion = 1

// ErrNewer is of a mark that a newer program wrote.
var ErrNewer = errors.New("newer format")

// markEvery is how often a mark is written while an input is read.
const markEvery = time.Second

// maxMark bounds what is taken for a mark.
const maxMark = 1 << 20

// mark says how far the backfill of one input is. Only the arrival matters for what is stored, and it is made once, by a conditional create: it
// stands in keys, and times in the future are told by it. The rest spares work: what a stale mark has read again is written under
// the same names.
type mark struct {
	Version  int       `json:"v"`
	Name     string    `json:"name"`
	Size     int64     `json:"size"`
	State    string    `json:"state"` // of the input: its ETag, or when it was last changed
	Arrival  time.Time `json:"arrival"`
	Finished bool      `json:"finished"`
	Line     int64     `json:"line"` // lines read whole
	At       int       `json:"at"`   // bytes read of the line behind them
	Text     int64     `json:"text"` // bytes of text read, decompressed
	Sums     Sums      `json:"sums"`

	key   string
	saved time.Time
}

// Sums add up what became of an input's events: see ingest.Result.
type Sums struct {
	Received    int64                  `json:"received"`
	Stored      int64                  `json:"stored"`
	Duplicates  int64                  `json:"duplicates"`
	Quarantined map[event.Reason]int64 `json:"quarantined,omitempty"`
	Batches     int64                  `json:"batches"`
	Fragments   int64                  `json:"fragments"`
	Bytes       int64                  `json:"fragment_bytes"`
}

func (s *Sums) took(r *ingest.Result) {
	s.add(&Sums{r.Received, r.Stored, r.Duplicates, r.Quarantined, 1, r.Fragments, r.Bytes})
}

func (s *Sums) add(o *Sums) {
	s.Received += o.Received
	s.Stored += o.Stored
	s.Duplicates += o.Duplicates
	s.Batches += o.Batches
	s.Fragments += o.Fragments
	s.Bytes += o.Bytes
	if s.Quarantined == nil {
		s.Quarantined = map[event.Reason]int64{}
	}
	for reason, n := range o.Quarantined {
		s.Quarantined[reason] += n
	}
}

func (s *Sums) clone() Sums {
	c := *s
	c.Quarantined = maps.Clone(s.Quarantined)
	return c
}

func newMark(in *input) *mark {
	return &mark{Version: markVersion, Name: in.name, Size: in.size, State: in.state, key: layout.Backfill(in.shard())}
}

// readMark gives an input's mark, a new one without an arrival when there is none.
func readMark(ctx context.Context, b bucket.Bucket, in *input) (*mark, error) {
	m := newMark(in)
	body, _, err := b.Get(ctx, m.key, bucket.Range{Length: maxMark})
	if errors.Is(err, bucket.ErrNotFound) {
		return m, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how far the backfill is: %w", err)
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		return nil, fmt.Errorf("read how far the backfill is: %w", err)
	}
	var was mark
	err = json.Unmarshal(text, &was)
	switch {
	case err == nil && was.Version > markVersion:
		return nil, fmt.Errorf("%s: %w: version %d, this program reads up to %d; use a newer lakebed", m.key, ErrNewer, was.Version, markVersion)
	case err == nil && (was.Arrival.IsZero() || was.Name != in.name || was.Line < 0 || was.At < 0 || was.Text < 0):
		err = errors.New("it lacks something")
	}
	if err != nil {
		return nil, fmt.Errorf("%s does not say how far the backfill of %s is: %w: remove it to read all of that again, which stores nothing twice", m.key, in.name, err)
	}
	was.key = m.key
	return &was, nil
}

// create makes the mark. When another try was faster, its arrival is the one.
func (m *mark) create(ctx context.Context, b bucket.Bucket) error {
	err := m.put(ctx, b, bucket.Condition{Absent: true})
	if !errors.Is(err, bucket.ErrExists) {
		return err
	}
	other, err := readMark(ctx, b, &input{name: m.Name, size: m.Size, state: m.State})
	if err == nil && other.Arrival.IsZero() {
		err = fmt.Errorf("%s is there and is not: run it again", m.key)
	}
	if err == nil {
		m.Arrival = other.Arrival
	}
	return err
}

// save writes the mark over what is there.
func (m *mark) save(ctx context.Context, b bucket.Bucket) error {
	m.saved = time.Now()
	return m.put(ctx, b, bucket.Condition{})
}

// saveNow saves it when the last time was long enough ago.
func (m *mark) saveNow(ctx context.Context, f *filler) error {
	if f.Dry || time.Since(m.saved) < markEvery {
		return nil
	}
	return m.save(context.WithoutCancel(ctx), f.lake.Bucket)
}

func (m *mark) put(ctx context.Context, b bucket.Bucket, c bucket.Condition) error {
	text, err := json.Marshal(m)
	if err != nil {
		return fmt.Errorf("encode %s: %w", m.key, err)
	}
	if _, err := b.Put(ctx, m.key, bytes.NewReader(append(text, '\n')), c); err != nil {
		return fmt.Errorf("put %s: %w", m.key, err)
	}
	return nil
}

// rewind has the input read from its start; its arrival stays.
func (m *mark) rewind() {
	m.Finished, m.Line, m.At, m.Text, m.Sums = false, 0, 0, 0, Sums{}
}

func (m *mark) cursor() cursor { return cursor{m.Line, m.At, m.Text} }

func (m *mark) move(c cursor) { m.Line, m.At, m.Text = c.line, c.at, c.text }
