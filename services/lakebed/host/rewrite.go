package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/layout"
)

// Hours is a run of hours: From is in it, To is not; a zero is no limit.
type Hours struct{ From, To layout.Partition }

func (h Hours) hold(p layout.Partition) bool { return p >= h.From && (h.To == 0 || p < h.To) }

// Rewriting is what a rewriting of hours came to.
type Rewriting struct {
	compactor.Rewritten
	Hours   int // looked at
	Swapped int // of them, for a new generation
	Open    int // left for later, as they are not closed yet
}

func (r *Rewriting) add(o *compactor.Rewritten) {
	r.Add(o.Result)
	r.Hours++
	if o.Anew {
		r.Swapped++
	}
	r.Lines += o.Lines
	r.Changed += o.Changed
	r.Dropped += o.Dropped
	r.Refused += o.Refused
	r.Holding = append(r.Holding, o.Holding...)
	if o.Gone.After(r.Gone) {
		r.Gone = o.Gone
	}
}

// Reprocess runs the transform over the stored events of the closed hours: see the compactor's.
func (l *Lake) Reprocess(ctx context.Context, hours Hours, anew []string, try bool, done func(n, total int)) (Rewriting, error) {
	c, err := l.Compactor()
	if err != nil {
		return Rewriting{}, err
	}
	closed := l.Now().Add(-l.Settings.Close)
	return l.rewrite(ctx, c, job{
		hours: hours,
		ready: func(p layout.Partition) bool { return p.End().Before(closed) },
		do: func(ctx context.Context, p layout.Partition) (compactor.Rewritten, error) {
			return c.Reprocess(ctx, p, anew, try)
		},
	}, done)
}

// job is what is done to those of the hours that are ready for it.
type job struct {
	hours Hours
	ready func(layout.Partition) bool
	do    func(context.Context, layout.Partition) (compactor.Rewritten, error)
}

// rewrite has hours rewritten, several at once. One that fails is set aside in the result and the others go on.
func (l *Lake) rewrite(ctx context.Context, c *compactor.Compactor, j job, done func(n, total int)) (Rewriting, error) {
	var total Rewriting
	all, err := c.Partitions(ctx)
	if err != nil {
		return total, err
	}
	var todo []layout.Partition
	for _, p := range all {
		switch {
		case !j.hours.hold(p):
		case j.ready(p):
			todo = append(todo, p)
		default:
			total.Open++
		}
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.Settings.Parallel)
	for _, p := range todo {
		g.Go(func() error {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			r, err := j.do(ctx, p)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			if err != nil {
				r.SetAside = append(r.SetAside, compactor.Failure{Partition: p, Err: err})
			}
			total.add(&r)
			done(total.Hours, len(todo))
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return total, fmt.Errorf("rewrite hours: %w", err)
	}
	return total, nil
}

// Waits is how long after now what was replaced goes at the latest; zero when nothing is left of it.
func (r *Rewriting) Waits(now time.Time) time.Duration { return max(0, r.Gone.Sub(now)) }
