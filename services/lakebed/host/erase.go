package host

import (
	"context"
	"fmt"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// Erasure is what is to be erased: the events that happened before Until, and the rejects that arrived before it, with one of the values in
// a field.
type Erasure struct {
	*erasure.Plain
	Until time.Time // zero for as far ahead as an event in the lake can be
	Hours Hours     // of the events; the quarantine is searched whole
	Try   bool
}

// Erased is what an erasure came to.
type Erased struct {
	Rewriting
	Tombstones string // key of the object
	Records    int    // of the quarantine
	Unread     []Unread
}

// Unread is an object of the quarantine that cannot be read.
type Unread struct {
	Key string
	Err error
}

// Events is how many events were taken out of parts, or dropped when they were merged.
func (e *Erased) Events() int64 { return e.Dropped + e.Erased }

// Erase puts the tombstones, and then rewrites whatever holds one of the values: first hours, then the quarantine, as merging may send lines
// there. Broken off, it is to be done again: it goes through all tombstones that there are.
func (l *Lake) Erase(ctx context.Context, x Erasure, done func(n, total int)) (Erased, error) {
	var r Erased
	c, err := l.Compactor()
	if err != nil {
		return r, err
	}
	if x.Until.IsZero() {
		x.Until = l.Now().Add(l.Settings.MaxFuture)
	}
	var set *erasure.Set
	if x.Try {
		set, err = erasure.Preview(x.Field, x.Values, x.Until)
	} else if r.Tombstones, err = erasure.Add(ctx, l.Bucket, x.Field, x.Values, x.Until); err == nil {
		set, err = erasure.Load(ctx, l.Bucket)
	}
	if err != nil {
		return r, err
	}
	r.Rewriting, err = l.rewrite(ctx, c, job{
		hours: x.Hours,
		ready: func(p layout.Partition) bool { return p.Start().Before(set.Latest()) },
		do: func(ctx context.Context, p layout.Partition) (compactor.Rewritten, error) {
			return c.Erase(ctx, p, set, x.Try)
		},
	}, done)
	if err != nil {
		return r, err
	}
	return r, l.eraseRejects(ctx, x, set, &r)
}

// eraseRejects goes through the quarantine, several objects at once. One that cannot be read is told, and the others go on.
// What earlier tombstones match and came late goes, too.
func (l *Lake) eraseRejects(ctx context.Context, x Erasure, set *erasure.Set, r *Erased) error {
	match := func(reject quarantine.Reject) bool {
		until, found, _ := set.In(reject.Data)
		return !reject.Erased && (found && reject.Arrival.Before(until) || reject.Arrival.Before(x.Until) && x.In(reject.Data))
	}
	var mu sync.Mutex
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(l.Settings.Parallel)
	for o, err := range l.Bucket.List(ctx, layout.Quarantine, "") {
		if err != nil {
			_ = g.Wait() // the listing's error says more
			return fmt.Errorf("list quarantine: %w", err)
		}
		at, err := layout.ParseReject(o.Key)
		if err != nil || !at.Arrival.Start().Before(set.Latest()) {
			continue
		}
		g.Go(func() error {
			n, err := l.eraseReject(ctx, o.Key, match, x.Try)
			if ctx.Err() != nil {
				return ctx.Err()
			}
			mu.Lock()
			defer mu.Unlock()
			if r.Records += n; err != nil {
				r.Unread = append(r.Unread, Unread{o.Key, err})
			}
			return nil
		})
	}
	return g.Wait()
}

func (l *Lake) eraseReject(ctx context.Context, key string, match func(quarantine.Reject) bool, try bool) (n int, err error) {
	if !try {
		return quarantine.Erase(ctx, l.Bucket, key, match)
	}
	rejects, err := quarantine.Read(ctx, l.Bucket, key)
	for _, r := range rejects {
		if match(r) {
			n++
		}
	}
	return n, err
}
