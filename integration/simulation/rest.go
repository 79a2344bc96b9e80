package simulation

import (
	"bytes"
	"maps"
	"path"
	"slices"
	"strings"
	"testing/synctest"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
	"github.com/lakebed/lakebed/shared/quarantine"
	"github.com/lakebed/lakebed/shared/verify"
)

// verify holds the lake to its promises in the middle of everything, by the code of `lakebed verify`.
func (w *World) verify() {
	w.met["verified"]++
	r, err := w.report()
	if err != nil {
		w.breach("verify: %w", err)
		return
	}
	for _, b := range r.Breaches {
		p, err := layout.ParsePartition(b.Partition)
		if err == nil && w.model.excused(p) {
			continue
		}
		switch {
		case b.Code == verify.Location: // a seal, and then the catalog: checkView says whether readers miss anything meanwhile
		case b.Code == verify.Orphan, b.Code == verify.Unswept: // nobody has come yet to sweep
		case b.Code == verify.Columns && w.Bound == 0 && len(w.model.committed[p]) == 0: // registered by a look before the table grew: it follows before it is filled
		default:
			w.breach("verify: %s", b)
		}
	}
}

func (w *World) report() (verify.Report, error) {
	return verify.Run(w.root(), verify.Lake{
		Bucket: w.store, Catalog: w.catalog, Mapping: event.DefaultMapping, Grace: w.Policy.Grace, Bound: w.Bound, Live: w.Policy.Live,
		LongestQuery: w.Policy.LongestQuery, Now: w.now(), Memory: 1 << 16, Parallel: 1,
	}, nil)
}

// patience is how many rounds a lake may need to come to rest once the faults have stopped: a repair takes a round of its own, and so does
// what waits for the grace of what was done in the one before.
const patience = 8

// rest lets the faults stop. Everything must converge: what was sent is stored, what is stored is in the parts, what is done with is gone.
func (w *World) rest() {
	w.quiet = true
	w.note("scheduler", "the faults stop")
	for _, p := range w.processes {
		p.asleep = time.Time{}
	}
	w.finish()
	for len(w.source.todo) > 0 || w.unread() {
		w.deliver()
		w.finish()
		if w.broken != nil {
			return
		}
	}
	for _, p := range w.processes {
		p.land()
	}
	w.eraseAgain()
	var left []verify.Breach
	for n := range patience {
		w.pass(w.Policy.Grace + w.Policy.Live + 2*time.Hour)
		w.must(w.round(n == 0)) // the first looks at every hour, as the planner does from time to time
		w.finish()
		r, err := w.report()
		if err != nil {
			w.breach("verify: %w", err)
		}
		left = w.unexcused(append(r.Breaches, r.Warnings...))
		if w.broken != nil {
			return
		}
		if len(left)+len(w.waiting()) == 0 {
			w.met["rounds to rest"] += n + 1
			w.count(r)
			return
		}
	}
	w.breach("after %d rounds without a fault it is not at rest: %v, fragments %v", patience, left, w.waiting())
}

// waiting gives the fragments that are left in hours that nobody damaged.
func (w *World) waiting() []bucket.Object {
	return slices.DeleteFunc(w.objects(layout.Raw), func(o bucket.Object) bool {
		p, err := layout.PartitionIn(o.Key)
		return err == nil && w.model.damaged[p]
	})
}

// unexcused wants what somebody damaged to be named, and gives what else is amiss.
func (w *World) unexcused(all []verify.Breach) []verify.Breach {
	if w.vandalised == "" {
		return all
	}
	hour, _ := layout.PartitionIn(w.vandalised)
	rest := slices.DeleteFunc(slices.Clone(all), func(b verify.Breach) bool { return b.Partition == hour.String() })
	if len(rest) == len(all) && !w.healed(hour) {
		w.breach("verify does not know that somebody damaged %s", w.vandalised)
	}
	return rest
}

// healed tells whether an hour has all that was accepted: what was damaged may have been made anew from fragments that were still there.
func (w *World) healed(p layout.Partition) bool {
	current, err := w.chain(p)
	if err != nil {
		return false
	}
	rows, err := w.rows(layout.Location(p, current))
	if err != nil {
		return false
	}
	for _, o := range w.objects(layout.RawPrefix(p)) {
		more, err := w.fragment(o.Key)
		if err != nil {
			return false
		}
		maps.Copy(rows, more)
	}
	for id := range w.model.accepted[p] {
		if rows[id] == "" && !w.model.leaving[id] {
			return false
		}
	}
	return true
}

func (w *World) unread() bool {
	for _, s := range w.source.shards {
		if s.read < len(s.records) {
			return true
		}
	}
	return false
}

// must wants a process to end well.
func (w *World) must(p *process) {
	p.done = func(err error) {
		if err != nil && (w.vandalised == "" || !strings.Contains(err.Error(), path.Dir(w.vandalised))) {
			w.breach("without a fault: %w", err)
		}
	}
}

// most is how many calls may be made until all that runs has come to its end: a run takes some thousands.
const most = 50_000

// finish lets all that runs come to its end.
func (w *World) finish() {
	for range most {
		synctest.Wait()
		w.reap()
		w.mu.Lock()
		waiting := len(w.turns)
		w.mu.Unlock()
		switch {
		case w.broken != nil:
			return
		case waiting > 0:
			w.release()
		case len(w.alive()) > 0:
			w.pass(time.Second)
		default:
			return
		}
	}
	w.breach("processes do not come to an end")
}

// count compares the lake at rest with the map of accepted events: each once, in its hour, and what is not there as it was sent is in
// quarantine.
func (w *World) count(r verify.Report) {
	kept := w.quarantined()
	events := 0
	for p, ids := range w.model.accepted {
		if w.model.damaged[p] {
			continue
		}
		rows := w.model.committed[p]
		for id, lines := range ids {
			if w.model.leaving[id] {
				continue
			}
			row, there := rows[id]
			if !there {
				w.breach("%s: %s was accepted, and is in no part", p, id)
				return
			}
			for line := range lines {
				if line != row && !kept[line] && !kept[unadorned(line)] {
					w.breach("%s: of %s this body is neither stored nor in quarantine: %s", p, id, line)
					return
				}
			}
		}
		events += len(rows)
	}
	for piece := range w.model.bad {
		if !kept[piece] && !w.model.leaving[idOf(piece)] {
			w.breach("a bad record is not in quarantine: %q", piece)
			return
		}
	}
	if w.vandalised == "" && int64(events) != r.Events || !r.Closes() {
		w.breach("verify counts %d events, and there are %d; received %d, stored %d, duplicates %d, quarantined %v", r.Events, events, r.Received, r.Stored, r.Duplicates, r.Quarantined)
	}
	w.met["events"] += events
	w.countDeliveries()
	if w.vandalised == "" {
		w.checkErased()
	}
}

// countDeliveries wants every accepted delivery in the ledger.
func (w *World) countDeliveries() {
	listed := map[layout.Span]bool{}
	err := ledger.Each(w.root(), w.store, func(_ string, e ledger.Entry) error {
		listed[layout.Span{Shard: e.Shard, First: e.First, Last: e.Last}] = true
		return nil
	}, func(key string, err error) { w.breach("ledger: %s: %w", key, err) })
	if err != nil {
		w.breach("ledger: %w", err)
	}
	for s, d := range w.model.spans {
		if d.accepted && !listed[s] {
			w.breach("the ledger does not know the delivery %v", s)
		}
	}
}

// quarantined gives all rejected pieces.
func (w *World) quarantined() map[string]bool {
	kept := map[string]bool{}
	for o, err := range w.store.List(w.root(), layout.Quarantine, "") {
		if err != nil {
			continue
		}
		rejects, err := quarantine.Read(w.root(), w.store, o.Key)
		if err != nil {
			w.breach("%w", err)
		}
		for _, r := range rejects {
			kept[string(bytes.TrimSpace(r.Data))] = true
		}
	}
	return kept
}

// unadorned takes what the transform added off a line.
func unadorned(line string) string {
	if i := strings.Index(line, `,"created_datetime":`); i > 0 {
		return line[:i] + "}"
	}
	return line
}
