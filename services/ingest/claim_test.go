package ingest

import (
	"context"
	"errors"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

// ahead claims before anything is stored, as a strategy may: the first record that claims an id owns it.
type ahead map[event.ID]string

func (a ahead) Claim(_ context.Context, b claims.Batch) ([]claims.Verdict, error) {
	verdicts := make([]claims.Verdict, len(b.Claims))
	for n, c := range b.Claims {
		if a[c.ID] == "" {
			a[c.ID] = c.Sequence
			continue
		}
		verdicts[n] = claims.Duplicate
		for _, other := range b.Claims {
			if other.ID == c.ID && other.Sequence == a[c.ID] {
				verdicts[n] = claims.Own
			}
		}
	}
	return verdicts, nil
}

func (ahead) Settle(context.Context, claims.Batch) error { return nil }

// An id whose owner is a later copy of the delivery, claimed when it came alone and was not stored, is stored by the first copy.
func TestLaterCopyOwnsTheID(t *testing.T) {
	l := newLake(t)
	l.claims = ahead{}
	whole := l.bucket
	l.bucket = faulty.NewBucket(whole, faulty.Once(1, faulty.Before, nil))
	if _, err := l.ingest(delivery("s", 3, good("a"))); !errors.Is(err, faulty.ErrInjected) {
		t.Fatal(err)
	}
	l.bucket = whole
	if r := l.ok(delivery("s", 1, good("a"), good("b"), good("a"))); r.Stored != 2 || r.Duplicates != 1 {
		t.Errorf("got %+v", r)
	}
	if got := l.stored(); got["a"] != 1 || got["b"] != 1 {
		t.Errorf("stored %v", got)
	}
}
