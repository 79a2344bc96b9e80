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
	Waiting   time.Duration // age of its oldest fragment
}

// Plan orders the dirty partitions: the longest waiting first, so that none starves.
func Plan(dirty []Dirty, now time.Time) []Task {
	tasks := make([]Task, len(dirty))
	for i, d := range dirty {
		tasks[i] = Task{d.Partition, now.Sub(d.Oldest)}
	}
	slices.SortStableFunc(tasks, func(a, b Task) int { return cmp.Compare(b.Waiting, a.Waiting) })
	return tasks
}
