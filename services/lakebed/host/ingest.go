package host

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// feed is what a stream of the command's own needs.
type feed struct {
	shard  string
	number func(ctx context.Context, n int) (first uint64, err error) // hands out n consecutive sequence numbers, none twice
	claims claims.Claims
	proved bool // the lake has stored events by its mapping
	close  func() error
}

// Stream is a stream of the command's own into a lake: it numbers records as Kinesis would and delivers them to the hot path.
type Stream struct {
	lake     *Lake
	ingester *ingest.Ingester
	feed     *feed
	checked  bool
}

// Stream opens a stream. One process at a time holds that of a directory; in S3 each has its own.
func (l *Lake) Stream(ctx context.Context) (*Stream, error) { return l.stream(ctx, false) }

// Replays opens a stream whose records are delivered again as what they were: they are not numbered.
func (l *Lake) Replays(ctx context.Context) (*Stream, error) { return l.stream(ctx, true) }

func (l *Lake) stream(ctx context.Context, again bool) (*Stream, error) {
	f, err := l.feed(ctx, l, again)
	if err != nil {
		return nil, err
	}
	i, err := l.Ingester(f.claims)
	if err != nil {
		return nil, errors.Join(err, f.close())
	}
	return &Stream{lake: l, ingester: i, feed: f, checked: f.proved}, nil
}

// Close lets other processes have the stream.
func (s *Stream) Close() error { return s.feed.close() }

// Ingest reads src to its end and delivers it batch by batch; done is called after each. When ctx ends, the batch under way is finished.
func (s *Stream) Ingest(ctx context.Context, src *Source, done func(ingest.Result, int64)) error {
	reading, stop := context.WithCancel(ctx)
	defer stop()
	batches := make(chan *batch, 1)
	failed := make(chan error, 1)
	go func() {
		failed <- src.batches(reading, batches)
		close(batches)
	}()
	for {
		var b *batch
		select {
		case <-ctx.Done(): // the reader may hang in a read of a terminal or a pipe
			return ctx.Err()
		case b = <-batches:
		}
		if b == nil {
			return <-failed
		}
		if err := s.check(b); err != nil {
			return err
		}
		if err := s.lake.Record(ctx); err != nil {
			return err
		}
		result, err := s.deliver(context.WithoutCancel(ctx), b)
		if err != nil {
			return err
		}
		done(result, b.bytes)
	}
}

func (s *Stream) deliver(ctx context.Context, b *batch) (ingest.Result, error) {
	n := len(b.ends)
	first, err := s.feed.number(ctx, n)
	if err != nil {
		return ingest.Result{}, fmt.Errorf("number %d records: %w", n, err)
	}
	now := s.lake.Now().UTC().Truncate(time.Millisecond)
	d := ingest.Delivery{Shard: s.feed.shard, Records: make([]ingest.Record, n)}
	for i := range d.Records {
		d.Records[i] = ingest.Record{Sequence: fmt.Sprintf("%020d", first+uint64(i)), Arrival: now, Data: b.record(i)}
	}
	return s.ingester.Ingest(ctx, d)
}

// check looks at the first batch before anything is written into a new lake: when no event of it can be used, and most for want of a
// mapped field, the mapping is wrong, or the input is no NDJSON; quarantining all of it would help nobody. A lake that has stored events
// has proved its mapping, and bad records stop nothing in it.
func (s *Stream) check(b *batch) error {
	if s.checked {
		return nil
	}
	s.checked = true
	d, err := event.NewDecoder(s.lake.Settings.Mapping, s.lake.Settings.MaxFuture)
	if err != nil {
		return err
	}
	good := 0
	reasons := map[event.Reason]int{}
	var keys []string
	for i := range b.ends {
		data := b.record(i)
		d.Decode(data, s.lake.Now(), func(event.Event) { good++ }, func(r event.Rejection) {
			reasons[r.Reason]++
			if len(keys) == 0 && (r.Reason == event.IDMissing || r.Reason == event.TimeMissing) {
				keys = event.Seen(r.Data)
			}
		})
		d.Reset()
		if good > 0 {
			return nil
		}
	}
	m := s.lake.Settings.Mapping
	missing := func(what, field, flag string) error {
		slices.Sort(keys)
		return &InputError{b.from, fmt.Errorf("no event has the field %q, which is to hold its %s; fields seen: %s. Name the right one with %s",
			field, what, strings.Join(keys, ", "), flag)}
	}
	most := event.NotJSON
	for r, n := range reasons {
		if n > reasons[most] {
			most = r
		}
	}
	switch {
	case most == event.IDMissing:
		return missing("id", m.ID, "--id-field")
	case most == event.TimeMissing:
		return missing("time", m.Time, "--time-field")
	case reasons[event.NotJSON]+reasons[event.Encoding]+reasons[event.NotObject] == sum(reasons):
		return &InputError{b.from, fmt.Errorf("it is not NDJSON: none of its first %d lines is a JSON object (the first begins %.40q)",
			len(b.ends), b.record(0))}
	}
	return nil
}

func sum(reasons map[event.Reason]int) int {
	n := 0
	for _, k := range reasons {
		n += k
	}
	return n
}
