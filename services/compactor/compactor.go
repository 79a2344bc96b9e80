// Package compactor merges a lake's fragments into large parts, keeps the catalog true, and removes what no reader needs any more.
//
// State is what lies in the bucket. Every step is decided from a fresh look at it and every write either is conditional, or can be
// repeated, or is bound in time; so a crash between any two calls leaves a state from which the next run goes on, and two runs at once
// do no harm. The steps of one partition are: look, decide, then one of register, repair, follow, reindex, minor, major, sweep.
package compactor

import (
	"context"
	"errors"
	"fmt"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// Policy says when what is done.
type Policy struct {
	Target       int64         // compressed size that a part aims at, in bytes
	Close        time.Duration // an hour counts as closed so long after its end
	Anew         int64         // what is smaller, compressed, is compressed anew together with what it comes to lie beside; see Anew
	MajorParts   int           // a closed hour is rewritten when it has so many parts more than it needs,
	MajorShare   float64       // or when all but its largest part hold so large a share of its bytes
	Bound        time.Duration // within which a catalog write lands after the look it was decided by; 0 where the catalog compares
	Grace        time.Duration // how long readers may use what is no longer current: at least LongestQuery and twice Bound
	Live         time.Duration // how far back events_live reads fragments
	LongestQuery time.Duration
	Few          int // headers of earlier generations that a look may read before they are noted; 0: fewHeaders
}

// Anew is the size of a member that shrinks by a tenth or so when it is compressed together with others. Of a part it is eight times as much.
const Anew = 8 << 10

// Config is what the compactor can be told.
type Config struct {
	Policy   Policy
	Mapping  event.Mapping
	Scratch  string // folder for parts under way; "" for the system's
	Memory   int64  // bytes of fragments held at once by one worker
	Parallel int    // partitions worked on at once
	Now      func() time.Time
}

// Compactor works on one lake. Safe for concurrent use.
type Compactor struct {
	bucket     bucket.Bucket
	catalog    catalog.Catalog
	config     Config
	tombstones *erasure.Cache
}

// New checks the configuration.
func New(b bucket.Bucket, c catalog.Catalog, config Config) (*Compactor, error) {
	p := config.Policy
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(p.Target >= 1, "target size is %d: want at least 1 byte", p.Target)
	check(p.MajorParts >= 1, "major parts is %d: want at least 1", p.MajorParts)
	check(p.Grace >= 2*p.Bound+p.LongestQuery, "grace is %s: want at least the longest query (%s) and twice the catalog's bound (%s)",
		p.Grace, p.LongestQuery, p.Bound)
	check(config.Memory >= 1<<10 && config.Memory <= 2<<30, "memory is %d bytes: want 1 KiB to 2 GiB", config.Memory)
	check(config.Parallel >= 1, "parallel is %d: want at least 1", config.Parallel)
	_, err := event.NewDecoder(config.Mapping, 0)
	if err = errors.Join(append(errs, err)...); err != nil {
		return nil, err
	}
	return &Compactor{b, c, config, &erasure.Cache{}}, nil
}

// errLost says that another worker was faster: look again and decide anew.
var errLost = errors.New("another worker was faster")

// maxSteps bounds one visit of a partition, so that the others have their turn.
const maxSteps = 1000

// Round surveys the lake and does whatever is due now, partition by partition. One that fails is set aside in the result and the others go
// on. The error is of the survey or of ctx. After the soft deadline (zero: none) no step starts, and a merge commits what it has.
func (c *Compactor) Round(ctx context.Context, deadline time.Time, done func(Result)) (Result, error) {
	dirty, err := c.Survey(ctx)
	if err != nil {
		return Result{}, err
	}
	return c.round(ctx, Plan(dirty, c.config.Now()), deadline, done)
}

// RoundOfAll is a Round that visits every partition that has data, not only those with fragments. It finds what only a stale run or
// another program leaves behind where no work is due: a Location set back, the directory of a generation that nobody names.
func (c *Compactor) RoundOfAll(ctx context.Context, deadline time.Time, done func(Result)) (Result, error) {
	all, err := c.Partitions(ctx)
	if err != nil {
		return Result{}, err
	}
	tasks := make([]Task, len(all))
	for i, p := range all {
		tasks[i].Partition = p
	}
	return c.round(ctx, tasks, deadline, done)
}

func (c *Compactor) round(ctx context.Context, tasks []Task, deadline time.Time, done func(Result)) (Result, error) {
	total := Result{}
	results := make(chan Result)
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(c.config.Parallel)
	go func() {
		for _, t := range tasks {
			g.Go(func() error {
				if late(deadline) || gctx.Err() != nil {
					results <- Result{More: true}
					return gctx.Err()
				}
				results <- c.Work(gctx, t, deadline)
				return gctx.Err()
			})
		}
		_ = g.Wait() // the only error is that of ctx
		close(results)
	}()
	for r := range results {
		total.Add(r)
		if done != nil {
			done(r)
		}
	}
	if ctx.Err() != nil {
		return total, ctx.Err()
	}
	if late(deadline) {
		total.More = true
		return total, nil
	}
	rolled, err := c.RollUp(ctx)
	total.Add(rolled)
	return total, err
}

// Work does what is due in one partition. It never fails: what went wrong is in the result.
func (c *Compactor) Work(ctx context.Context, t Task, deadline time.Time) Result {
	result := Result{Partitions: 1}
	v := c.visit(t.Partition, &result)
	v.lane, v.only, v.deadline = t.Lane, t.Lane != "" && !t.Rest, deadline
	for range maxSteps {
		again, err := v.step(ctx)
		switch {
		case errors.Is(err, errLost):
			result.Lost++
		case err != nil:
			result.SetAside = append(result.SetAside, Failure{t.Partition, err})
			return result
		case !again:
			return result
		}
		if late(deadline) {
			result.More = true
			return result
		}
	}
	result.More = true
	return result
}

// visit is one worker's stay at a partition.
type visit struct {
	*Compactor
	partition layout.Partition
	lane      layout.Lane // whose fragments to merge
	only      bool        // nothing is to be done but that
	deadline  time.Time
	result    *Result
	broken    map[string]bool // keys of fragments that cannot be merged
	corrupt   map[string]bool // keys of indexes to be made anew
}

func (c *Compactor) visit(p layout.Partition, r *Result) *visit {
	return &visit{Compactor: c, partition: p, result: r, broken: map[string]bool{}, corrupt: map[string]bool{}}
}

// step looks, decides, and does one thing. It tells whether to come again.
func (v *visit) step(ctx context.Context) (bool, error) {
	s, err := v.look(ctx)
	if err != nil {
		return false, fmt.Errorf("look: %w", err)
	}
	d, err := decide(s, v.config.Policy, v.config.Now())
	if err != nil {
		return false, fmt.Errorf("decide: %w", err)
	}
	switch d.do {
	case doRegister: // with the columns of whatever is there: the catalog may have been lost
		if err = v.rebuild(ctx); err == nil && len(s.current().slots) == 0 {
			err = v.publish(ctx, s)
		}
		v.published(err)
	case doRepair: // and nothing else in this run: the repair itself may be racing with another
		if err = v.publish(ctx, s); err == nil {
			v.result.Repaired++
		}
		return false, err
	case doFollow:
		err = v.follow(ctx, s)
		v.published(err)
	case doReindex:
		err = v.reread(ctx, d.slot, schema.NewInferrer(schema.Limits{}, nil))
	case doMinor:
		err = v.minor(ctx, s, d.lane)
	case doMajor:
		err = v.major(ctx, s)
	case doSweep:
		err = v.sweep(ctx, s, d)
	case doNothing:
		v.result.due(d.due)
		return false, v.note(ctx, s)
	}
	if err != nil && !errors.Is(err, errLost) {
		err = fmt.Errorf("%s: %w", d.do, err)
	}
	return true, err
}

func (v *visit) published(err error) {
	if err == nil {
		v.result.Published++
	}
}

func late(deadline time.Time) bool { return !deadline.IsZero() && !time.Now().Before(deadline) }
