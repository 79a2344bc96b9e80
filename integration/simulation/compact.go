package simulation

import (
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// compact starts a worker, or the same task twice, or a round of everything.
func (w *World) compact() {
	switch r := w.rng.Float64(); {
	case r < 0.65:
		p := w.hour()
		w.worker(p)
		if w.chance(0.2) && w.spend() {
			w.met["fault: task given twice"]++
			w.worker(p)
		}
	case r < 0.9:
		w.round(false)
	case r < 0.98:
		w.round(true)
	default:
		w.spawn("rebuild", w.CompactFaults, func(p *process) error {
			c, err := p.compactor()
			if err != nil {
				return err
			}
			r, err := c.Rebuild(p.ctx, func(layout.Partition) {})
			return p.told(r, err)
		})
	}
}

// worker does what a task of the queue asks for. Its time may be short.
func (w *World) worker(hour layout.Partition) *process {
	deadline, lane, rest := w.deadline(), oneOf(w.rng, "", "", layout.Lane("0"), "1", "01"), w.rng.IntN(2) == 0
	return w.spawn("worker", w.CompactFaults, func(p *process) error {
		c, err := p.compactor()
		if err != nil {
			return err
		}
		return p.told(c.Work(p.ctx, compactor.Task{Partition: hour, Lane: lane, Rest: rest}, deadline), nil)
	})
}

// round surveys the lake and does what is due.
func (w *World) round(all bool) *process {
	deadline := w.deadline()
	return w.spawn("round", w.CompactFaults, func(p *process) error {
		c, err := p.compactor()
		if err != nil {
			return err
		}
		run := c.Round
		if all {
			run = c.RoundOfAll
		}
		r, err := run(p.ctx, deadline, nil)
		return p.told(r, err)
	})
}

func (w *World) deadline() time.Time {
	if !w.quiet && w.chance(0.2) {
		return time.Now().Add(time.Duration(w.rng.IntN(2000)) * time.Millisecond)
	}
	return time.Time{}
}

// told keeps what a run of the compactor reports, and gives its first failure.
func (p *process) told(r compactor.Result, err error) error {
	p.result = r
	if err == nil && len(r.SetAside) > 0 {
		err = r.SetAside[0].Err
	}
	return err
}

// tell counts it, and wants it to be true: nothing is reported as deleted that was not.
func (p *process) tell() {
	r := p.result
	for what, n := range map[string]int{
		"minor": r.Minors, "major": r.Majors, "published": r.Published, "repaired": r.Repaired, "lost a race": r.Lost, "reindexed": r.Reindexed,
		"evolved": r.Evolved, "swept": r.Swept, "deleted": r.Deleted, "rolled up": r.RolledUp, "set aside": len(r.SetAside),
		"passed over": len(r.Broken), "duplicate": int(r.Duplicates), "conflict": int(r.Conflicts),
	} {
		p.met["compactor: "+what] += n
	}
	if r.Deleted == 0 {
		return
	}
	deleted := 0
	for _, s := range p.faults.Trace() {
		if s.Op == faulty.Delete && s.Err == nil {
			deleted++
		}
	}
	if r.Deleted > deleted {
		p.breach("%s says that it deleted %d objects, and deleted %d", p.name, r.Deleted, deleted)
	}
}

// replay delivers a quarantine object once more, as `lakebed replay` does.
func (w *World) replay() {
	var keys []string
	for o, err := range w.store.List(w.root(), layout.Quarantine, "") {
		if err == nil {
			keys = append(keys, o.Key)
		}
	}
	if len(keys) == 0 {
		return
	}
	key := oneOf(w.rng, keys...)
	w.met["replays"]++
	if at, err := layout.ParseReject(key); err == nil {
		w.model.span(at.Span).replayed = true
	}
	w.spawn("replay", w.IngestFaults, func(p *process) error {
		i, err := p.ingester()
		if err != nil {
			return err
		}
		rejects, err := quarantine.Read(p.ctx, p.bucket, key)
		if err != nil || len(rejects) == 0 {
			return err
		}
		d := ingest.Delivery{Shard: rejects[0].Shard, Replay: key}
		for _, r := range rejects {
			d.Records = append(d.Records, ingest.Record{Sequence: r.Sequence, Position: r.Position, Arrival: r.Arrival, Data: r.Data})
		}
		_, err = i.Ingest(p.ctx, d)
		return err
	})
}
