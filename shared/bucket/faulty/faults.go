// Package faulty puts faults into a lake's stores: the bucket here, the claims and the catalog in claimstest and catalogtest. One Faults
// shared by all three numbers their operations in one row, so that a test can crash a service between any two of them.
package faulty

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// Op is a method of a store. Each object of a Delete and each partition of a SetPartitions is an operation of its own, as S3 and Glue
// answer for each alone.
type Op string

// The operations of the bucket, the claims and the catalog.
const (
	List   Op = "list"
	Get    Op = "get"
	Put    Op = "put"
	Delete Op = "delete"

	Claim  Op = "claim"
	Settle Op = "settle"

	Table        Op = "table"
	SetTable     Op = "set table"
	Partitions   Op = "partitions"
	SetPartition Op = "set partition"
)

// When says at which point an operation fails.
type When uint8

// Before: it has no effect. After: it takes effect and the reply is lost. Midway: the body of a Get or Put, or a List, breaks off halfway
// (a Get's with io.EOF looks whole to its reader); any other operation has no effect. Late: it fails now and takes effect at Land, as a
// request does that was still under way when its sender gave up; reads have none then.
const (
	Never When = iota
	Before
	After
	Midway
	Late
)

// Hook decides on one operation. The key is the object's, the prefix of a List, the shard of a batch, or the partition; else it is empty.
type Hook func(op Op, key string) (When, error)

// Step is one operation that was begun, in order. Err is what the caller saw, nil while it runs.
type Step struct {
	Op   Op
	Key  string
	When When
	Err  error
}

// ErrInjected is the error of a fault that names none.
var ErrInjected = errors.New("injected fault")

// Faults decides and records. Safe for concurrent use.
type Faults struct {
	gate func(op Op, key string)

	mu    sync.Mutex
	hook  Hook
	steps []Step
	late  []func()
}

// New makes faults by a hook, which is called by one operation at a time and must use no store itself. A nil hook only records.
func New(hook Hook) *Faults { return &Faults{hook: hook} }

// Once fails the nth operation, counted from 1, and no other. A nil err stands for ErrInjected.
func Once(n int, when When, err error) *Faults {
	count := 0
	return New(func(Op, string) (When, error) {
		if count++; count == n {
			return when, err
		}
		return Never, nil
	})
}

// Crash fails the nth operation, counted from 1, and lets none after it take effect, as if the process had died there.
func Crash(n int, when When, err error) *Faults {
	count := 0
	return New(func(Op, string) (When, error) {
		count++
		switch {
		case count < n:
			return Never, nil
		case count == n:
			return when, err
		}
		return Before, err
	})
}

// Gate has every operation call wait before its fault is decided. It may block, and is called by several operations at once: whoever lets
// them go on one by one decides their order. It is to be set before the first operation.
func (f *Faults) Gate(wait func(op Op, key string)) { f.gate = wait }

// Set puts another hook in the old one's place.
func (f *Faults) Set(hook Hook) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hook = hook
}

// Count is the number of operations begun.
func (f *Faults) Count() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return len(f.steps)
}

// Trace gives the operations begun.
func (f *Faults) Trace() []Step {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.Clone(f.steps)
}

// Land lets every late operation take effect, in order, and gives their number.
func (f *Faults) Land() int {
	f.mu.Lock()
	late := f.late
	f.late = nil
	f.mu.Unlock()
	for _, effect := range late {
		effect()
	}
	return len(late)
}

// Do runs an operation under its fault. The effect may run after Do has returned, with Land; its context is then no longer cancelled.
func (f *Faults) Do(ctx context.Context, op Op, key string, effect func(context.Context) error) error {
	n, when, fault := f.begin(op, key)
	switch when {
	case Never:
		fault = effect(ctx)
	case After:
		_ = effect(ctx)
	case Late:
		f.hold(func() { _ = effect(context.WithoutCancel(ctx)) })
	}
	return f.end(n, fault)
}

// hold keeps an effect for Land.
func (f *Faults) hold(effect func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.late = append(f.late, effect)
}

// begin numbers an operation and asks for its fault.
func (f *Faults) begin(op Op, key string) (n int, when When, err error) {
	if f.gate != nil {
		f.gate(op, key)
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.hook != nil {
		when, err = f.hook(op, key)
	}
	if when != Never && err == nil {
		err = ErrInjected
	}
	f.steps = append(f.steps, Step{Op: op, Key: key, When: when})
	return len(f.steps) - 1, when, err
}

// end records what the caller sees.
func (f *Faults) end(n int, err error) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.steps[n].Err = err
	return err
}
