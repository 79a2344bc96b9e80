package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/layout"
)

// Watch is told what goes on. Its functions may be called at once from several goroutines.
type Watch struct {
	Ingested  func(r ingest.Result, read int64)
	Compacted func(r compactor.Result)
	Failed    func(err error) // a round of compaction, while events flow
}

// Rounds says how far Compact goes.
type Rounds struct {
	Once bool // one round only
	All  bool // every partition, not only those with fragments
}

// Compact works until nothing is left that is due.
func (l *Lake) Compact(ctx context.Context, rounds Rounds, done func(compactor.Result)) (compactor.Result, error) {
	var total compactor.Result
	c, err := l.Compactor()
	if err != nil {
		return total, err
	}
	for {
		round := c.Round
		if rounds.All {
			round = c.RoundOfAll
		}
		r, err := round(ctx, time.Time{}, done)
		total.Due, total.Broken, total.SetAside = nil, nil, nil // the last round tells what is left
		total.Add(r)
		if err != nil || rounds.Once || !r.Progress() {
			return total, err
		}
	}
}

// Ran is what compaction came to beside a run, or after a backfill.
type Ran struct {
	compactor.Result
	Waiting int // hours that were written into, and in which something is not merged yet
}

// Settle compacts until nothing is left that is due, and waits for what is due within twice the catalog's bound as long as one of the hours
// has something to be merged: an hour whose Location was just written is left alone until no older write can land.
func (l *Lake) Settle(ctx context.Context, hours []layout.Partition, done func(compactor.Result)) (Ran, error) {
	var total Ran
	c, err := l.Compactor()
	if err != nil {
		return total, err
	}
	for {
		r, err := l.Compact(ctx, Rounds{}, done)
		total.Due, total.Broken, total.SetAside = nil, nil, nil // the last round tells what is left
		total.Add(r)
		next := r.Next()
		soon := l.bound > 0 && !next.IsZero() && !next.After(l.Now().Add(2*l.bound))
		if total.Waiting = 0; err != nil || !soon && len(r.SetAside) == 0 { // nothing else keeps a fragment from being merged
			return total, err
		}
		if hours, err = waiting(ctx, c, hours); err != nil {
			return total, err
		}
		if total.Waiting = len(hours); !soon || len(hours) == 0 {
			return total, nil
		}
		if err := sleep(ctx, next.Sub(l.Now())); err != nil {
			return total, err
		}
	}
}

// waiting gives those of the hours that have fragments which are not merged, as far as can be seen.
func waiting(ctx context.Context, c *compactor.Compactor, hours []layout.Partition) ([]layout.Partition, error) {
	var left []layout.Partition
	for _, p := range hours {
		s, err := c.Summary(ctx, p)
		if ctx.Err() != nil {
			return nil, fmt.Errorf("look at %s: %w", p, err)
		}
		if err != nil || s.Waiting > 0 { // compaction has said what is wrong
			left = append(left, p)
		}
	}
	return left, nil
}

// Run ingests src while it compacts at every interval, and settles once src is read. When ctx ends, the batch under way is finished and
// nothing more is started.
func (s *Stream) Run(ctx context.Context, src *Source, interval time.Duration, w Watch) (Ran, error) {
	compacting, stop := context.WithCancel(ctx)
	defer stop()
	over, hours := *s.lake, &traced{Bucket: s.lake.Bucket, hours: map[layout.Partition]bool{}}
	over.Bucket = hours
	i, err := over.Ingester(s.feed.claims)
	if err != nil {
		return Ran{}, err
	}
	traced := &Stream{lake: s.lake, ingester: i, feed: s.feed, checked: s.checked}
	var total Ran
	add := func(r compactor.Result) {
		total.Due, total.Broken, total.SetAside = nil, nil, nil // the last round tells what is left
		total.Add(r)
	}
	var wg sync.WaitGroup
	wg.Go(func() {
		tick := time.NewTicker(interval)
		defer tick.Stop()
		for {
			select {
			case <-compacting.Done():
				return
			case <-tick.C:
			}
			r, err := s.lake.Compact(compacting, Rounds{Once: true}, w.Compacted)
			add(r)
			if err != nil && compacting.Err() == nil {
				w.Failed(err) // the next interval tries again; the events are safe meanwhile
			}
		}
	})
	err = traced.Ingest(ctx, src, w.Ingested)
	stop()
	wg.Wait()
	if err != nil {
		return total, err
	}
	r, err := s.lake.Settle(ctx, hours.sorted(), w.Compacted)
	add(r.Result)
	total.Waiting = r.Waiting
	return total, err
}
