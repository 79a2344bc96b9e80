package compactor

import (
	"cmp"
	"slices"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// Task is a partition to visit. It is a hint: the worker decides from the bucket.
type Task struct {
	Partition layout.Partition
	Lane      layout.Lane   // whose fragments are to be merged; those of others only where they overlap
	Rest      bool          // of a task with a lane: all else is to be done, too
	Waiting   time.Duration // age of the partition's oldest fragment
}

// Plan orders the dirty partitions: the longest waiting first, so that none starves. One that has several lanes is a task for each, so that they are
// compacted side by side; the first of them has the rest, lest each write the successor.
func Plan(dirty []Dirty, now time.Time) []Task {
	tasks := make([]Task, 0, len(dirty))
	for _, d := range dirty {
		for i, lane := range d.Lanes {
			tasks = append(tasks, Task{d.Partition, lane, i == 0, now.Sub(d.Oldest)})
		}
		if len(d.Lanes) == 0 {
			tasks = append(tasks, Task{d.Partition, "", true, now.Sub(d.Oldest)})
		}
	}
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Compare(b.Waiting, a.Waiting) })
	return tasks
}
