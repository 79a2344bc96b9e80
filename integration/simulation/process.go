package simulation

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/claimstest"
)

// process is one invocation of a function, one run of a command, or one query, with stores of its own that may fail.
type process struct {
	*World
	id     int
	kind   string
	name   string
	rate   float64 // of faults, by call
	skew   time.Duration
	lanes  int // of an invocation of ingest
	faults *faulty.Faults
	ctx    context.Context //nolint:containedctx // it is the process that ends with it
	stop   context.CancelFunc

	bucket  bucket.Bucket
	catalog catalog.Catalog
	claims  claims.Claims

	calls  int
	last   int         // calls after its death
	late   int         // writes that are still to land
	dying  faulty.When // how the next call, the last, ends
	asleep time.Time   // until then
	dead   bool        // guarded by the world's mu
	end    chan struct{}
	ended  bool
	err    error
	result compactor.Result // of a run of the compactor
	done   func(error)      // called once it has ended, unless it died
	lost   func()           // called once it has died
}

// turn is a call that waits.
type turn struct {
	*process
	op   faulty.Op
	key  string
	gone chan struct{}
}

func (t *turn) name() string { return string(t.op) + " " + t.key }

var (
	errDead     = errors.New("the process is dead")
	errInjected = errors.New("injected fault")
)

// spawn starts a process.
func (w *World) spawn(kind string, rate float64, run func(*process) error) *process {
	w.started++
	p := &process{World: w, id: w.started, kind: kind, rate: rate, lanes: oneOf(w.rng, w.Lanes...), end: make(chan struct{})}
	p.name = kind + "-" + itoa(p.id)
	p.ctx, p.stop = context.WithCancel(context.Background())
	if !w.quiet && (kind == "ingest" || kind == "worker") && w.chance(0.2) && w.spend() { // a function has so much time, and is stopped
		w.met["fault: little time"]++
		p.ctx, p.stop = context.WithTimeout(context.Background(), time.Duration(1+w.rng.IntN(5000))*time.Millisecond)
	}
	p.faults = faulty.New(p.decide)
	p.faults.Gate(p.wait)
	p.bucket = paged{faulty.NewBucket(observed{w.store, w}, p.faults), w.Page}
	p.catalog = bounded{catalogtest.NewFaulty(watched{p}, p.faults)}
	p.claims = claimstest.NewFaulty(w.claims, p.faults)
	if w.Skew > 0 && kind != "reader" {
		p.skew = time.Duration(w.rng.Int64N(int64(2*w.Skew))) - w.Skew
		w.met["clocks that are off"]++
	}
	w.processes = append(w.processes, p)
	w.note(p.name, "starts")
	go func() {
		defer close(p.end)
		p.err = run(p)
	}()
	return p
}

// now is the process's own clock.
func (p *process) clock() time.Time { return p.World.now().Add(p.skew) }

// wait is where every call of a store waits for its turn.
func (p *process) wait(op faulty.Op, key string) {
	p.mu.Lock()
	if p.dead {
		p.mu.Unlock()
		return
	}
	t := &turn{p, op, key, make(chan struct{})}
	p.turns = append(p.turns, t)
	p.mu.Unlock()
	<-t.gone
}

// decide says how the call ends whose turn it is.
func (p *process) decide(op faulty.Op, key string) (faulty.When, error) {
	p.mu.Lock()
	dead := p.dead
	if dead {
		p.last++
	}
	p.mu.Unlock()
	if p.last > most {
		panic(fmt.Sprintf("%s goes on after its death: %s %s", p.name, op, key))
	}
	if dead {
		return faulty.Before, errDead
	}
	when, err := p.fate(op)
	if when == faulty.Late && writes(op) {
		p.late++
	}
	p.record(op, key, when)
	p.calls++
	return when, err
}

func (p *process) fate(op faulty.Op) (faulty.When, error) {
	if when := p.dying; when != faulty.Never {
		p.kill()
		return when, errDead
	}
	if p.rate == 0 || !p.chance(p.rate) || !p.spend() {
		return faulty.Never, nil
	}
	kinds := []faulty.When{faulty.Before, faulty.Midway}
	if writes(op) {
		kinds = []faulty.When{faulty.Before, faulty.After, faulty.After, faulty.Late}
	}
	when := oneOf(p.rng, kinds...)
	p.met["fault: "+string(op)+" "+name(when)]++
	if op == faulty.Get && when == faulty.Midway && p.chance(0.3) {
		return when, io.EOF // it looks whole
	}
	return when, errInjected
}

func writes(op faulty.Op) bool {
	switch op {
	case faulty.Put, faulty.Delete, faulty.SetTable, faulty.SetPartition, faulty.Settle, faulty.Claim:
		return true
	}
	return false
}

func name(w faulty.When) string {
	return [...]string{"as wanted", "before its effect", "reply lost", "halfway", "lands late"}[w]
}

// kill ends the process: no call of it has an effect any more.
func (p *process) kill() {
	p.mu.Lock()
	p.dead = true
	p.mu.Unlock()
	p.stop()
}

// land lets its late writes take effect.
func (p *process) land() {
	p.note(p.name, "late writes land: %d", p.late)
	p.met["late writes landed"] += p.late
	p.late = 0
	p.faults.Land()
}

// paged lists a few objects at a time, each page a call of its own, so that things change between two of them.
type paged struct {
	bucket.Bucket
	page int
}

// List implements bucket.Bucket.
func (b paged) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for n := b.page; n == b.page; {
			n = 0
			for o, err := range b.Bucket.List(ctx, prefix, after) {
				if !yield(o, err) || err != nil {
					return
				}
				after = o.Key
				if n++; n == b.page {
					break
				}
			}
		}
	}
}
