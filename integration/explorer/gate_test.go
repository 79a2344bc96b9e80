package explorer

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"runtime"
	"strings"
	"sync"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// gate is all that a process knows of the world: bucket, catalog and clock. Each call becomes a request, and blocks until it is answered.
type gate struct {
	mu      sync.Mutex
	pending []waiting
	wake    chan struct{}
	dead    bool // the process is to end: every call fails
}

type waiting struct {
	*request
	reply chan *response
}

func (g *gate) ask(ctx context.Context, r *request) *response {
	if err := ctx.Err(); err != nil {
		return &response{err: err}
	}
	if at, ok := ctx.Deadline(); ok {
		r.bound, r.left = true, time.Until(at)
	}
	w := waiting{r, make(chan *response, 1)}
	g.mu.Lock()
	if g.dead {
		g.mu.Unlock()
		return &response{err: context.Canceled}
	}
	g.pending = append(g.pending, w)
	g.mu.Unlock()
	select {
	case g.wake <- struct{}{}:
	default:
	}
	return <-w.reply
}

// idle tells that nothing is asked.
func (g *gate) idle() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return len(g.pending) == 0
}

// now is the process's clock.
func (g *gate) now() time.Time {
	return g.ask(context.Background(), &request{op: now, anew: stepBegins()}).at
}

// stepBegins tells whether the clock is read by the look that begins a step of a visit.
func stepBegins() bool {
	var pcs [5]uintptr
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs[:])])
	for _, want := range []string{"compactor.(*visit).lookOnce", "compactor.(*visit).look", "compactor.(*visit).step", "compactor.(*Compactor).Work"} {
		f, _ := frames.Next()
		if !strings.HasSuffix(f.Function, want) {
			return false
		}
	}
	return true
}

// List implements bucket.Bucket. A listing is one page.
func (g *gate) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		r := g.ask(ctx, &request{op: list, key: prefix, after: after})
		if r.err != nil {
			yield(bucket.Object{}, fmt.Errorf("list %q: %w", prefix, r.err))
			return
		}
		for _, o := range r.objects {
			if !yield(o, nil) {
				return
			}
		}
	}
}

// Get implements bucket.Bucket.
func (g *gate) Get(ctx context.Context, key string, span bucket.Range) (io.ReadCloser, bucket.Object, error) {
	r := g.ask(ctx, &request{op: get, key: key, span: span})
	if r.err != nil {
		return nil, bucket.Object{}, fmt.Errorf("get %s: %w", key, r.err)
	}
	data := r.content.data
	data = data[min(span.Offset, int64(len(data))):]
	if span.Length > 0 {
		data = data[:min(span.Length, int64(len(data)))]
	}
	return io.NopCloser(bytes.NewReader(data)), r.object, nil
}

// Put implements bucket.Bucket.
func (g *gate) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return bucket.Object{}, fmt.Errorf("put %s: %w", key, err)
	}
	r := g.ask(ctx, &request{op: put, key: key, body: data, when: c})
	if r.err != nil {
		return bucket.Object{}, fmt.Errorf("put %s: %w", key, r.err)
	}
	return r.object, nil
}

// Delete implements bucket.Bucket. Each object is a request of its own.
func (g *gate) Delete(ctx context.Context, objects ...bucket.Object) error {
	var failed []error
	for _, o := range objects {
		r := g.ask(ctx, &request{op: remove, key: o.Key, when: bucket.Condition{Match: o.ETag}})
		if r.err != nil {
			failed = append(failed, &bucket.KeyError{Key: o.Key, Err: fmt.Errorf("delete: %w", r.err)})
		}
	}
	return errors.Join(failed...)
}

// Table implements catalog.Catalog.
func (g *gate) Table(ctx context.Context) (catalog.Table, error) {
	r := g.ask(ctx, &request{op: readTable})
	return r.table, r.err
}

// SetTable implements catalog.Catalog.
func (g *gate) SetTable(ctx context.Context, t catalog.Table) (catalog.Table, error) {
	r := g.ask(ctx, &request{op: setTable, table: t})
	return r.table, r.err
}

// Partitions implements catalog.Catalog.
func (g *gate) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	r := g.ask(ctx, &request{op: readPartitions, which: which})
	return append([]catalog.Partition(nil), r.entries...), r.err
}

// SetPartitions implements catalog.Catalog. Each partition is a request of its own.
func (g *gate) SetPartitions(ctx context.Context, partitions []catalog.Partition) error {
	var failed []error
	for _, p := range partitions {
		if r := g.ask(ctx, &request{op: setPartition, key: p.Hour.String(), entry: p}); r.err != nil {
			failed = append(failed, fmt.Errorf("set partition %s: %w", p.Hour, r.err))
		}
	}
	return errors.Join(failed...)
}
