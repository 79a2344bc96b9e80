package compactor

import (
	"context"
	"io"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// slow is a bucket of which reads of fragments take until they are given up, but for those of one.
type slow struct {
	bucket.Bucket
	fast           string
	reads, running atomic.Int64
}

func (s *slow) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if _, err := layout.ParseFragment(key); err != nil || key == s.fast {
		return s.Bucket.Get(ctx, key, r)
	}
	s.reads.Add(1)
	s.running.Add(1)
	defer s.running.Add(-1)
	<-ctx.Done()
	time.Sleep(time.Millisecond) // an answer that is given up takes its time, too
	return nil, bucket.Object{}, ctx.Err()
}

// A merge that stops at its deadline leaves no read behind: where the process is frozen then, it would go on in another invocation.
func TestNoReadOutlivesTheVisit(t *testing.T) {
	l := newLake(t)
	s := &slow{Bucket: l.store, fast: l.events(hour, 3).Key()}
	for range 5 {
		l.events(hour, 3)
	}
	l.bucket = s
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	past := time.Now().Add(-time.Second) // one step a visit
	for _, want := range []int{0, 1} {   // the partition is registered, then merged
		result := l.compactor().Work(ctx, Task{Partition: hour}, past)
		if n := s.running.Load(); n != 0 {
			t.Errorf("%d reads go on", n)
		}
		if !result.More || result.Minors != want || len(result.SetAside) > 0 {
			t.Errorf("got %+v", result)
		}
	}
	if s.reads.Load() == 0 {
		t.Error("nothing was read ahead")
	}
}
