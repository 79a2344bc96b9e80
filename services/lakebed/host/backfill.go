package host

import (
	"context"
	"errors"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/layout"
)

// Backfill is how historical events are read.
type Backfill struct {
	Rate  int  // events a second on average; 0 for no limit
	Again bool // read anew also what was read to its end before
	Dry   bool // store nothing
}

// Filled is what a backfill came to. Its sums are of all inputs that it could use, with what earlier tries have stored of them.
type Filled struct {
	Sums
	Inputs   int
	Passed   int                // read to their ends before
	Resumed  int                // begun before
	Unusable []error            // an InputError for each input of which something is left
	Hours    []layout.Partition // that this try has written into, in their order
}

// Filling is told what goes on.
type Filling struct {
	Progress func(read int64, sums *Sums) // bytes of the inputs, as they lie
	Passed   func(name string)
	Resumed  func(name string, line int64)
	Unusable func(err error) // an InputError; the others go on
}

// filler is one backfill under way.
type filler struct {
	Backfill
	lake     *Lake
	ingester *ingest.Ingester
	traced   *traced
	pace     pace
	watch    Filling
	before   int64 // bytes of the inputs that are done
	total    Filled
}

// Backfill stores the events of the inputs as their streams would have, had they come by one. Each input is a shard of its own, whose sequence
// numbers are its lines: whatever is read twice, by another try or at the same time, is written under the same names. No claims are made, as
// compaction drops the copies of what came otherwise. When ctx ends, the batch under way is finished. An error is of the lake, or of reading;
// the next try goes on where this one was.
func (l *Lake) Backfill(ctx context.Context, inputs *Inputs, b Backfill, w Filling) (Filled, error) {
	f := &filler{
		Backfill: b, lake: l, watch: w, traced: &traced{Bucket: l.Bucket, dry: b.Dry, hours: map[layout.Partition]bool{}},
		pace: pace{rate: b.Rate, due: time.Now()}, total: Filled{Inputs: len(inputs.all)},
	}
	over := *l
	over.Bucket = f.traced
	var err error
	if f.ingester, err = over.Ingester(claims.None{}); err != nil {
		return f.total, err
	}
	for i := range inputs.all {
		in := &inputs.all[i]
		err := f.input(ctx, in)
		var unusable *InputError
		if errors.As(err, &unusable) {
			w.Unusable(unusable)
			f.total.Unusable = append(f.total.Unusable, unusable)
			err = nil
		}
		if err != nil {
			f.total.Hours = f.traced.sorted()
			return f.total, err
		}
		f.before += in.size
		w.Progress(f.before, &f.total.Sums)
	}
	f.total.Hours = f.traced.sorted()
	return f.total, nil
}

// input reads one input from where an earlier try has left off.
func (f *filler) input(ctx context.Context, in *input) (err error) {
	m := newMark(in)
	if f.lake.Bucket != nil { // a dry run may be before there is a lake
		if m, err = readMark(ctx, f.lake.Bucket, in); err != nil {
			return err
		}
	}
	if f.Again {
		m.rewind()
	}
	if m.Finished {
		f.total.Passed++
		f.total.add(&m.Sums)
		f.watch.Passed(in.name)
		return nil
	}
	if m.Text > 0 {
		f.total.Resumed++
		f.watch.Resumed(in.name, m.Line)
	}
	text, err := in.read(ctx, m)
	if err != nil {
		return err
	}
	defer func() { _ = text.Close() }()
	before := f.total.Sums.clone()
	sums := func() { // the input's own are the mark's: together with those of the others
		f.total.Sums = before.clone()
		f.total.add(&m.Sums)
	}
	sums()
	err = f.batches(ctx, in, text, m, sums)
	if !f.Dry && !m.Arrival.IsZero() {
		m.Finished = err == nil
		err = errors.Join(err, m.save(context.WithoutCancel(ctx), f.lake.Bucket))
	}
	return err
}

// batches delivers what is left of an input; moved is called when its mark has.
func (f *filler) batches(ctx context.Context, in *input, text *text, m *mark, moved func()) error {
	reading, stop := context.WithCancel(ctx)
	sheaves := make(chan *sheaf) // one is read while one is stored: each takes memory
	failed := make(chan error, 1)
	from := m.cursor()
	go func() {
		failed <- f.reap(reading, in, text, from, sheaves)
		close(sheaves)
	}()
	defer func() {
		stop()
		for range sheaves { // until the reader has ended: the text is closed next
		}
	}()
	for s := range sheaves {
		if err := f.begin(ctx, s, m); err != nil {
			return err
		}
		var came Sums // a sheaf that fails halfway is read again
		for _, d := range s.deliveries(in.shard(), m.Arrival) {
			r, err := f.ingester.Ingest(context.WithoutCancel(ctx), d)
			if err != nil {
				return err
			}
			came.took(&r)
		}
		m.Sums.add(&came)
		m.move(s.end)
		moved()
		f.watch.Progress(f.before+s.bytes, &f.total.Sums)
		s.release()
		if err := m.saveNow(ctx, f); err != nil {
			return err
		}
		if err := f.pace.wait(ctx, came.Received); err != nil {
			return err
		}
	}
	if err := <-failed; err != nil {
		return err
	}
	if err := in.unchanged(ctx); err != nil {
		return err
	}
	return f.begin(ctx, nil, m) // it may have been empty
}

// begin looks at an input's first batch before anything of it is stored, and makes its mark.
func (f *filler) begin(ctx context.Context, s *sheaf, m *mark) error {
	if !m.Arrival.IsZero() {
		return nil
	}
	if s != nil {
		if err := (&Stream{lake: f.lake}).check(&s.batch); err != nil {
			return err
		}
	}
	m.Arrival = f.lake.Now().UTC().Truncate(time.Millisecond)
	if f.Dry {
		return nil
	}
	if err := f.lake.Record(ctx); err != nil {
		return err
	}
	return m.create(ctx, f.lake.Bucket)
}

// pace keeps the average of events a second. What an input's batches are must not depend on it, so that the smallest burst is a batch.
type pace struct {
	rate int
	due  time.Time // when what came so far has had its time
}

// wait waits until n more events have had their time. Time that reading took beyond a second is not made up for.
func (p *pace) wait(ctx context.Context, n int64) error {
	if p.rate == 0 {
		return ctx.Err()
	}
	if least := time.Now().Add(-time.Second); p.due.Before(least) {
		p.due = least
	}
	p.due = p.due.Add(time.Duration(float64(n) / float64(p.rate) * float64(time.Second)))
	return sleep(ctx, time.Until(p.due))
}

func sleep(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
