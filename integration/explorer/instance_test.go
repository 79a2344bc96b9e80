package explorer

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// outcome is how a process ended.
type outcome struct {
	err  error
	seen []string // ids of events, of a reader
}

// program is the code of a process. It gets all that it knows from its gate.
type program func(ctx context.Context, g *gate) outcome

// instance is a process that lives in a bubble of its own, held up at a request. Its time passes only when it is told to.
type instance struct {
	feed  chan *response // closed: end
	asks  chan asked
	ended chan struct{}
	steps int // that it has begun, of a visit
}

// asked is what a process came to: its next request, or its end.
type asked struct {
	request *request
	outcome *outcome
}

// start runs a program up to its first request.
func start(t *testing.T, p program) (*instance, asked) {
	in := &instance{feed: make(chan *response), asks: make(chan asked), ended: make(chan struct{})}
	go func() {
		defer close(in.ended)
		synctest.Test(t, func(*testing.T) { in.live(p) })
	}()
	return in, <-in.asks
}

// give answers the request at which the process is held up.
func (in *instance) give(r *response) asked {
	in.feed <- r
	return <-in.asks
}

// end has every call of the process fail until it is over.
func (in *instance) end() {
	close(in.feed)
	<-in.ended
}

// live drives the process from within its bubble. Of requests made at once the first in order is told of; the others wait behind it.
func (in *instance) live(p program) {
	ctx, stop := context.WithCancel(context.Background())
	defer stop()
	g := &gate{wake: make(chan struct{}, 1)}
	over := make(chan struct{})
	var result outcome
	go func() {
		defer close(over)
		result = p(ctx, g)
	}()
	mark := time.Now()
	for {
		synctest.Wait()
		select {
		case <-over:
			in.asks <- asked{outcome: &result}
			<-in.feed
			return
		default:
		}
		if g.idle() { // it sleeps, and so does the bubble until it asks
			select {
			case <-g.wake:
			case <-over:
			}
			continue
		}
		slices.SortStableFunc(g.pending, func(a, b waiting) int { return a.before(b.request) })
		first := g.pending[0]
		first.slept = time.Since(mark)
		in.asks <- asked{request: first.request}
		r, ok := <-in.feed
		if !ok {
			g.shut(stop)
			<-over
			return
		}
		if r.took > 0 {
			time.Sleep(r.took)
		}
		mark = time.Now()
		g.pending = g.pending[1:]
		first.reply <- r
	}
}

// shut has every call fail, those that wait and those to come.
func (g *gate) shut(stop context.CancelFunc) {
	stop()
	g.mu.Lock()
	defer g.mu.Unlock()
	g.dead = true
	for _, w := range g.pending {
		w.reply <- &response{err: context.Canceled}
	}
	g.pending = nil
}
