package ingest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// put stores the fragments and the rejects. Names are made of content, so an object that is there already is this very one: the echo of a
// lost reply, or of an earlier delivery.
func (i *Ingester) put(ctx context.Context, b *batch, fragments []fragment) error {
	if len(fragments) == 1 && len(b.rejects) == 0 { // as it is most often: there is nothing to do at once
		return i.putFragment(ctx, &fragments[0])
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(i.config.Parallel)
	for k := range fragments {
		g.Go(func() error { return i.putFragment(ctx, &fragments[k]) })
	}
	groups := b.rejectGroups()
	b.keys = make([]string, len(groups))
	for k, rejects := range groups {
		g.Go(func() (err error) {
			b.keys[k], err = quarantine.Put(ctx, i.bucket, b.span, rejects)
			return err
		})
	}
	return g.Wait()
}

func (i *Ingester) putFragment(ctx context.Context, f *fragment) error {
	body, err := f.body(i.config.Mapping)
	if err != nil {
		return err
	}
	_, err = i.bucket.Put(ctx, f.Key(), body, bucket.Condition{Absent: true})
	if err != nil && !errors.Is(err, bucket.ErrExists) {
		return fmt.Errorf("put %s: %w", f.Key(), err)
	}
	return nil
}

// rejectGroups puts rejects together that share an object: those of one reason. The object's arrival hour is that of its first.
func (b *batch) rejectGroups() [][]quarantine.Reject {
	slices.SortStableFunc(b.rejects, func(x, y quarantine.Reject) int { return cmp.Compare(x.Reason, y.Reason) })
	var groups [][]quarantine.Reject
	for rest := b.rejects; len(rest) > 0; {
		n := 1
		for n < len(rest) && rest[n].Reason == rest[0].Reason {
			n++
		}
		groups = append(groups, rest[:n])
		rest = rest[n:]
	}
	return groups
}
