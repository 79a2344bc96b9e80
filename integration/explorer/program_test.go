package explorer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/part"
)

// The machines that a scenario may take its processes from.
const (
	worker  = "compactor" // does whatever is due, again and again
	visitor = "visitor"   // visits the hour once
	sweeper = "sweeper"   // the same with another configuration: it never puts parts together
	writer  = "ingest"    // takes one delivery, and once more if it failed
	reader  = "reader"    // reads the hour once
)

// works is the program of one visit.
func works(policy compactor.Policy, scratch string) program {
	return func(ctx context.Context, g *gate) outcome {
		c, err := compactor.New(g, g, compactor.Config{
			Policy: policy, Mapping: event.DefaultMapping, Scratch: scratch, Memory: 1 << 20, Parallel: 1, Now: g.now,
		})
		if err != nil {
			return outcome{err: err}
		}
		r := c.Work(ctx, compactor.Task{Partition: hour}, time.Time{})
		for _, f := range r.SetAside {
			err = errors.Join(err, f.Err)
		}
		for _, b := range r.Broken {
			err = errors.Join(err, b.Err)
		}
		return outcome{err: err}
	}
}

// writes is the program of ingest.
func writes(d delivery) program {
	return func(ctx context.Context, g *gate) outcome {
		i, err := ingest.New(g, claims.None{}, ingest.Config{
			Mapping: event.DefaultMapping, MaxFuture: 24 * time.Hour, Lanes: d.lanes, Parallel: 1,
		})
		if err != nil {
			return outcome{err: err}
		}
		for range 2 {
			if _, err = i.Ingest(ctx, d.delivery()); err == nil {
				break
			}
		}
		return outcome{err: err}
	}
}

// reads is the program of a reader, as a query engine works: it asks the catalog, lists, and opens file by file.
func reads(ctx context.Context, g *gate) outcome {
	var o outcome
	entries, err := g.Partitions(ctx, hour)
	if err != nil || len(entries) == 0 {
		return outcome{err: err}
	}
	var keys []string
	for f, err := range g.List(ctx, entries[0].Location, "") {
		if err != nil {
			return outcome{err: err}
		}
		keys = append(keys, f.Key)
	}
	for _, key := range keys {
		lines, err := part.Open(ctx, g, key, true)
		if err != nil {
			return outcome{err: err}
		}
		for lines.Next() {
			o.seen = append(o.seen, idOf(lines.Bytes()))
		}
		if lines.Err() != nil {
			return outcome{err: fmt.Errorf("read %s: %w", key, lines.Err())}
		}
	}
	return o
}

// delivery is a small one of ingest.
type delivery struct {
	sequence int
	lanes    int
	lines    []string
}

func (d delivery) delivery() ingest.Delivery {
	all := ingest.Delivery{Shard: "shardId-000000000000"}
	for n, line := range d.lines {
		all.Records = append(all.Records, ingest.Record{Sequence: fmt.Sprint(100*d.sequence + n), Arrival: timeOf(60), Data: []byte(line)})
	}
	return all
}
