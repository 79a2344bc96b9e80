package host

import (
	"context"
	"sync"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
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

// Run ingests src while it compacts at every interval, and to the end once src is read. When ctx ends, the batch under way is finished
// and nothing more is started.
func (s *Stream) Run(ctx context.Context, src *Source, interval time.Duration, w Watch) (compactor.Result, error) {
	compacting, stop := context.WithCancel(ctx)
	defer stop()
	var total compactor.Result
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
	err := s.Ingest(ctx, src, w.Ingested)
	stop()
	wg.Wait()
	if err != nil {
		return total, err
	}
	r, err := s.lake.Compact(ctx, Rounds{}, w.Compacted)
	add(r)
	return total, err
}
