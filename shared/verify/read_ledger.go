package verify

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
)

// readLedger counts what every delivery brought, and gathers what the bucket has to hold for it: all at once if there is memory for that,
// else for a window of hours at a time.
func (r *run) readLedger(ctx context.Context) error {
	a := &audit{run: r, broken: map[string]bool{}}
	if err := a.objects(ctx); err != nil {
		return err
	}
	all := newWindow()
	b := &books{audit: a, all: all, weight: map[layout.Partition]int64{}, left: r.Memory / 4}
	err := ledger.Each(ctx, r.Bucket, b.enter, func(key string, err error) {
		if ours(key) == nil && !a.broken[key] {
			b.failed = errors.Join(b.failed, fmt.Errorf("%s: %w", key, err))
		}
	})
	if err = errors.Join(err, b.failed); err != nil {
		return err
	}
	r.windows = []*window{all}
	if b.left < 0 {
		r.windows = windows(b.weight, r.Memory/4)
	}
	r.note(&a.findings)
	return nil
}

// audit reads the objects of the ledger themselves.
type audit struct {
	*run
	findings
	broken map[string]bool
}

// objects checks that every object of the ledger is what its name says and can be read.
func (a *audit) objects(ctx context.Context) error {
	in, err := a.newReader()
	if err != nil {
		return err
	}
	for o, err := range a.Bucket.List(ctx, layout.Ledger, "") {
		if err != nil {
			return fmt.Errorf("list %s: %w", layout.Ledger, err)
		}
		want, gz := uint64(0), false
		if e, err := layout.ParseEntry(o.Key); err == nil {
			want = e.Hash
		} else if r, err := layout.ParseRollup(o.Key); err == nil {
			want, gz = r.Hash, true
		} else {
			continue // the survey names it
		}
		got, err := in.eachLine(ctx, o.Key, gz, func(_ int64, line []byte) error {
			if _, err := ledger.Parse(line); err != nil {
				return &damage{err}
			}
			return nil
		})
		var bad *damage
		switch {
		case errors.Is(err, bucket.ErrNotFound):
			continue // rolled up since the listing
		case isNewer(err):
			a.add(NewerFormat, nil, o.Key, "%s", err)
		case errors.As(err, &bad):
			a.add(LedgerBroken, nil, o.Key, "%s", err)
		case err != nil:
			return err
		case got != want:
			a.add(LedgerBroken, nil, o.Key, "its content has the hash %s", hex16(got))
		}
		a.broken[o.Key] = a.broken[o.Key] || err != nil
	}
	return nil
}

// books are the ledger's entries summed up.
type books struct {
	*audit
	all    *window
	weight map[layout.Partition]int64 // bytes that gathering an hour takes
	left   int64                      // of the memory for all
	failed error
}

// enter takes one entry.
func (b *books) enter(key string, e ledger.Entry) error {
	r := &b.report
	r.Deliveries++
	r.Received += e.Received
	if e.Replay != "" {
		r.Replayed += e.Received
	}
	if err := e.Check(); err != nil {
		b.add(LedgerOpen, nil, key, "delivery %s: %s", delivery(e), err)
	}
	objects := map[string]bool{}
	for _, k := range e.Rejects {
		if at, err := layout.ParseReject(k); err == nil {
			objects[at.Reason] = true
		}
	}
	for reason, n := range e.Quarantined {
		r.Quarantined[reason] += n
		if n != 0 && !objects[reason] {
			b.add(LedgerOpen, nil, key, "delivery %s: it quarantined %d with the reason %s, and names no object of them", delivery(e), n, reason)
		}
	}
	for _, h := range e.Hours {
		r.Stored += h.Stored
		r.Duplicates += h.Duplicates
		if p, err := layout.ParsePartition(h.Partition); err == nil {
			account := b.hour(p)
			account.Stored += h.Stored
			account.Duplicates += h.Duplicates
		}
	}
	return b.gathered(key, e)
}

// gathered keeps the entry's objects while there is memory for them, and weighs them.
func (b *books) gathered(key string, e ledger.Entry) error {
	broken := func(name string, err error) {
		b.add(LedgerBroken, nil, key, "delivery %s: %s: %s", delivery(e), name, err)
	}
	each(e, broken, func(p layout.Partition, name string, _ int64) {
		n := int64(len(name)) + itemSize
		b.weight[p] += n
		b.left -= n
	})
	if b.left < 0 {
		b.all.drop()
		return nil
	}
	b.all.take(key, e)
	b.merge(&b.all.findings)
	b.all.findings = findings{}
	return nil
}

// delivery names an entry's delivery.
func delivery(e ledger.Entry) string { return strings.Join([]string{e.Shard, e.First, e.Last}, "-") }
