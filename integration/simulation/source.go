package simulation

import (
	"fmt"
	"slices"
	"time"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/layout"
)

// source is the stream and its event source mapping: shards of records, and the deliveries that are to be made.
type source struct {
	shards    []*shard
	todo      []*delivery
	made      int      // deliveries ever cut
	documents []string // that producers sent
	ids       int
}

type shard struct {
	name    string
	records []*record
	read    int // of them, in deliveries
}

// delivery is a run of a shard's records.
type delivery struct {
	shard    *shard
	from, to int
	tries    int
}

func (d *delivery) records() []*record { return d.shard.records[d.from:d.to] }

func (d *delivery) span() layout.Span {
	r := d.records()
	return layout.Span{Shard: d.shard.name, First: r[0].Sequence, Last: r[len(r)-1].Sequence}
}

func (d *delivery) String() string {
	s := d.span()
	return fmt.Sprintf("%s %s-%s", s.Shard, s.First, s.Last)
}

func (w *World) newSource() source {
	var s source
	for n := range w.Shards {
		s.shards = append(s.shards, &shard{name: fmt.Sprintf("shardId-%012d", n)})
	}
	return s
}

// feed has producers send: what is sent may be at once in several shards, as where one is split.
func (w *World) feed() {
	if len(w.source.shards) < 8 && w.chance(0.04) && w.spend() {
		w.reshard()
	}
	open := w.source.shards[max(0, len(w.source.shards)-3):]
	for range 1 + w.rng.IntN(6) {
		data := w.produce()
		s := oneOf(w.rng, open...)
		w.append(s, data)
		if len(w.source.shards) > 1 && w.chance(0.03) && w.spend() {
			w.met["fault: in two shards"]++
			w.append(oneOf(w.rng, w.source.shards...), data)
		}
	}
}

// reshard closes the shards that there are, for others: parents and children are delivered side by side for a while, and what producers repeat
// comes through another shard.
func (w *World) reshard() {
	w.met["fault: reshard"]++
	for range 1 + w.rng.IntN(2) {
		w.source.shards = append(w.source.shards, &shard{name: fmt.Sprintf("shardId-%012d", len(w.source.shards))})
	}
}

func (w *World) append(s *shard, data []byte) {
	r := &record{Record: ingest.Record{
		Sequence: fmt.Sprintf("%d", 1000+len(s.records)), Arrival: w.now().Truncate(time.Millisecond), Data: data,
	}}
	w.describe(r)
	s.records = append(s.records, r)
}

// deliver starts an invocation of ingest with a delivery: one that failed, one that was done already, or a new one.
func (w *World) deliver() {
	if d := w.next(); d != nil {
		w.invoke(d)
	}
}

func (w *World) next() *delivery {
	src := &w.source
	if len(src.todo) > 0 && w.chance(0.7) {
		i := w.rng.IntN(len(src.todo)) // out of order, as with several invocations a shard
		d := src.todo[i]
		src.todo = slices.Delete(src.todo, i, i+1)
		return d
	}
	if src.made > 0 && w.chance(0.1) {
		return w.again()
	}
	if src.ids < w.Events {
		w.feed()
	}
	s := oneOf(w.rng, src.shards...)
	if s.read == len(s.records) {
		return nil
	}
	d := &delivery{shard: s, from: s.read, to: min(len(s.records), s.read+1+w.rng.IntN(8))}
	s.read = d.to
	src.made++
	return d
}

// again cuts what was delivered before anew: a subset or a superset of earlier deliveries.
func (w *World) again() *delivery {
	s := oneOf(w.rng, w.source.shards...)
	if s.read == 0 || !w.spend() {
		return nil
	}
	w.met["fault: delivered again, cut anew"]++
	from := w.rng.IntN(s.read)
	return &delivery{shard: s, from: from, to: from + 1 + w.rng.IntN(min(8, s.read-from))}
}

// invoke runs the hot path over a delivery. What fails comes again, whole or in halves; while it runs, the mapping may give it up and try
// again beside it.
func (w *World) invoke(d *delivery) {
	p := w.spawn("ingest", w.IngestFaults, func(p *process) error {
		i, err := p.ingester()
		if err != nil {
			return err
		}
		in := ingest.Delivery{Shard: d.shard.name}
		for _, r := range d.records() {
			in.Records = append(in.Records, r.Record)
		}
		_, err = i.Ingest(p.ctx, in)
		return err
	})
	w.note(p.name, "delivery %s, try %d", d, d.tries+1)
	w.model.attempt(d)
	if w.chance(0.05) && w.spend() {
		w.met["fault: given up while it runs"]++
		w.retry(d)
	}
	p.done = func(err error) {
		if err != nil {
			w.retry(d)
			return
		}
		w.model.accept(d)
		if w.chance(0.05) && w.spend() {
			w.met["fault: delivered again after success"]++
			w.retry(d)
		}
	}
	p.lost = func() { w.retry(d) }
}

func (w *World) retry(d *delivery) {
	n := d.to - d.from
	if n > 1 && w.chance(0.3) {
		w.met["bisected"]++
		mid := d.from + n/2
		w.source.todo = append(w.source.todo, &delivery{d.shard, d.from, mid, 0}, &delivery{d.shard, mid, d.to, 0})
		return
	}
	w.source.todo = append(w.source.todo, &delivery{d.shard, d.from, d.to, d.tries + 1})
}
