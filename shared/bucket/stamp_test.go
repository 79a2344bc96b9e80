package bucket

import (
	"sync"
	"testing"
	"time"
)

// TestStamp: two writes never have one time, and no time runs away from the clock.
func TestStamp(t *testing.T) {
	var d Dir
	var mu sync.Mutex
	seen := map[int64]bool{}
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			for range 2000 {
				stamp := d.stamp().UnixNano()
				mu.Lock()
				if seen[stamp] {
					t.Errorf("%d was given twice", stamp)
				}
				seen[stamp] = true
				mu.Unlock()
			}
		})
	}
	group.Wait()
	future := time.Now().Add(time.Hour)
	d.last.Store(future.UnixNano()) // the clock has gone back
	if got := d.stamp(); !got.After(future) {
		t.Errorf("after %s came %s", future, got)
	}
}
