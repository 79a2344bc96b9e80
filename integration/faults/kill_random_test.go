package faults

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/function"
	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/shared/layout"
)

// deaths is how often each function must have died.
const deaths = 25

// killHours are the hours in which the events happen.
const killHours = 4

// Both functions are killed with -9 at any moment, again and again, while a stream with copies and late events flows into several hours; two
// compactors work at once. Once they are left alone every accepted event is there once, and nothing waits.
func TestKilledAtRandom(t *testing.T) {
	l := newWorld(t).newLake(t, "killed", "shard")
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := func(n uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, n)) }
	second := l.another(t, l.compactor)
	l.mapping.Retries = 10_000 // the stream keeps its records for as long as it takes

	killing, stop := context.WithTimeout(t.Context(), 5*time.Minute) // on a slow machine; it ends with the deaths
	defer stop()
	var group, workers sync.WaitGroup
	for n, f := range []*function.Function{l.ingest, l.compactor, second} {
		group.Go(func() { killAgain(killing, f, random(uint64(n))) })
	}
	for n, f := range []*function.Function{l.compactor, second} {
		workers.Go(func() { l.workOn(killing, t, f, random(10+uint64(n)), n > 0) })
	}
	copies := 0
	workers.Go(func() { copies = l.pour(killing, t, random(20)) })
	group.Wait()
	stop()
	workers.Wait()
	t.Logf("%d events and %d copies; ingest started %d times, the compactors %d and %d times", len(l.accepted), copies, l.ingest.Starts(), l.compactor.Starts(), second.Starts())
	for name, f := range map[string]*function.Function{"ingest": l.ingest, "the compactor": l.compactor, "the second compactor": second} {
		if f.Starts() < deaths {
			t.Errorf("%s was killed only %d times", name, f.Starts()-1)
		}
	}
	if len(l.accepted) < 100 || copies < 10 {
		t.Errorf("only %d events and %d copies were accepted", len(l.accepted), copies)
	}
	if t.Failed() {
		return
	}
	l.drain(t)
	if n := len(l.partitions(t)); n != killHours {
		t.Errorf("%d hours, want %d", n, killHours)
	}
}

// killAgain kills a function at random moments until it has died often enough, and each of its processes was started by an invocation.
func killAgain(ctx context.Context, f *function.Function, r *rand.Rand) {
	for f.Starts() <= deaths && ctx.Err() == nil {
		began := f.Starts()
		time.Sleep(time.Duration(r.IntN(400)) * time.Millisecond)
		f.Kill()
		for f.Starts() == began && ctx.Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

// workOn has a compactor visit the hours in any order, the second one only now and then. That it dies is all that may go wrong.
func (l *lake) workOn(ctx context.Context, t *testing.T, f *function.Function, r *rand.Rand, pauses bool) {
	for ctx.Err() == nil {
		if pauses && r.IntN(4) == 0 {
			time.Sleep(time.Duration(r.IntN(500)) * time.Millisecond)
		}
		_, err := work(t.Context(), f, layout.PartitionOf(hour)+layout.Partition(r.IntN(killHours)))
		if err != nil && !errors.Is(err, function.ErrCrashed) {
			t.Errorf("a visit: %v", err)
			return
		}
	}
}

// pour delivers rounds of events over two shards, with copies of earlier ones among them, until ctx ends; the last is delivered to its end. It
// gives the number of copies.
func (l *lake) pour(ctx context.Context, t *testing.T, r *rand.Rand) int {
	var sent []string
	copies := 0
	for round := 0; ctx.Err() == nil || round == 0; round++ {
		shard := fmt.Sprint(r.IntN(2))
		records := l.spread(shard, fmt.Sprint("round", round), 20+r.IntN(30), killHours)
		for range min(len(sent), 8) {
			records = append(records, l.record(shard, sent[r.IntN(len(sent))]))
			copies++
		}
		for _, record := range records {
			sent = append(sent, string(record.Data))
		}
		if err := l.mapping.Deliver(t.Context(), mapping.Shard(int(shard[0]-'0')), records); err != nil {
			t.Errorf("deliver: %v", err)
			return copies
		}
	}
	if n := len(l.discarded); n > 0 {
		t.Errorf("%d batches were discarded", n)
	}
	return copies
}
