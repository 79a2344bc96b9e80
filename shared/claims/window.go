package claims

import (
	"sort"
	"strings"
	"sync"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

// Defaults of a window: the ledger's window in the design, and what 50 MB of memory hold.
const (
	DefaultKeep  = 5 * time.Minute
	DefaultLimit = 1_000_000
)

// Window remembers the batches of the last minutes in memory: at most about 46 bytes an id. It is the core of every strategy that compares a
// batch with those before it. Safe for concurrent use.
type Window struct {
	keep  time.Duration
	limit int // of weight

	mu      sync.RWMutex
	batches []remembered // oldest first
	table   table
	weight  int
	number  uint64 // of the newest batch there ever was
}

// remembered is a settled batch.
type remembered struct {
	number      uint64 // grows by one a batch
	shard       string
	first, last string
	at          int64  // Unix nanoseconds; never less than the batch before
	start       uint32 // ordinal of ids[0]; ordinals count ids, and wrap
	ids         []event.Fingerprint
}

// leastWeight is what a batch counts at least: its own fields take about as much memory as eight ids.
const leastWeight = 8

func (r *remembered) weight() int { return max(len(r.ids), leastWeight) }

// owns tells whether a claim is one of the batch's own records.
func (r *remembered) owns(shard, sequence string) bool {
	return r.shard == shard && CompareSequences(r.first, sequence) <= 0 && CompareSequences(sequence, r.last) <= 0
}

// NewWindow makes a window that remembers a batch for a duration and forgets the oldest batches beyond limit ids, a small batch counting
// as eight. Zero stands for the default. The newest batch is kept whole, whatever its size.
func NewWindow(keep time.Duration, limit int) *Window {
	if keep <= 0 {
		keep = DefaultKeep
	}
	if limit <= 0 {
		limit = DefaultLimit
	}
	return &Window{keep: keep, limit: limit, table: newTable()}
}

// Verdicts gives one verdict a claim, in their order. It does not compare the claims of the batch with each other.
func (w *Window) Verdicts(b Batch, now time.Time) []Verdict {
	w.mu.RLock()
	defer w.mu.RUnlock()
	verdicts := make([]Verdict, len(b.Claims))
	for i, c := range b.Claims {
		known, batch := w.find(c.ID)
		switch {
		case batch == nil || w.over(batch, now):
			verdicts[i] = Fresh
		case batch.owns(b.Shard, c.Sequence):
			verdicts[i] = Own
		case known.Body == c.Body:
			verdicts[i] = Duplicate
		default:
			verdicts[i] = Conflict
		}
	}
	return verdicts
}

// Add remembers a batch from now on. An id that is remembered already stays the earlier batch's, so that adding a batch anew changes
// nothing, and a duplicate's record does not become its owner.
func (w *Window) Add(b Batch, now time.Time) {
	w.commit(w.plan(b, now), now)
}

// Unknown gives the events among the batch's claims that no batch has: what Add would remember.
func (w *Window) Unknown(b Batch, now time.Time) []event.Fingerprint { return w.plan(b, now).ids }

// Load remembers a batch that was settled elsewhere, from the time of that on, or from now on when its time is still to come. Batches are to
// be loaded oldest first: an id stays the batch's that was loaded first, and a batch that comes late is remembered as long as the one before.
func (w *Window) Load(i Item, now time.Time) {
	at := i.At
	if at.After(now) {
		at = now
	}
	r := w.plan(Batch{Shard: i.Shard, First: i.First, Last: i.Last}, at)
	if r.ids = i.IDs; w.over(&r, now) {
		r.ids = nil
	}
	w.commit(r, now)
}

// plan gives what commit would remember of b: the ids that no batch has. It changes nothing.
func (w *Window) plan(b Batch, now time.Time) remembered {
	w.mu.RLock()
	defer w.mu.RUnlock()
	r := remembered{number: w.number + 1, shard: b.Shard, first: b.First, last: b.Last, at: now.UnixNano()}
	if n := len(w.batches); n > 0 {
		r.at = max(r.at, w.batches[n-1].at)
	}
	for _, c := range b.Claims {
		if _, batch := w.find(c.ID); batch == nil || w.over(batch, now) {
			r.ids = append(r.ids, c.Fingerprint)
		}
	}
	return r
}

// commit remembers a planned batch, and forgets what is over or too much.
func (w *Window) commit(r remembered, now time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for len(w.batches) > 0 && w.over(&w.batches[0], now) {
		w.forget()
	}
	w.number = r.number
	if len(r.ids) > 0 {
		w.remember(r)
	}
	for len(w.batches) > 1 && w.weight > w.limit {
		w.forget()
	}
}

// oldest is the number of the oldest batch that is remembered, or else of the next.
func (w *Window) oldest() uint64 {
	w.mu.RLock()
	defer w.mu.RUnlock()
	if len(w.batches) == 0 {
		return w.number + 1
	}
	return w.batches[0].number
}

// remember appends a batch of the ids among r's that are not there yet.
func (w *Window) remember(r remembered) {
	r.shard, r.first, r.last = strings.Clone(r.shard), strings.Clone(r.first), strings.Clone(r.last)
	if n := len(w.batches); n > 0 {
		before := &w.batches[n-1]
		if r.shard == before.shard {
			r.shard = before.shard
		}
		r.start = before.start + uint32(len(before.ids))
	}
	all := r.ids
	r.ids = make([]event.Fingerprint, 0, len(all))
	w.batches = append(w.batches, r)
	batch := &w.batches[len(w.batches)-1]
	for _, id := range all {
		if _, owner := w.find(id.ID); owner != nil {
			continue
		}
		w.table.insert(w.table.hash(id.ID), batch.start+uint32(len(batch.ids)))
		batch.ids = append(batch.ids, id)
	}
	w.weight += batch.weight()
}

// forget drops the oldest batch.
func (w *Window) forget() {
	batch := &w.batches[0]
	for i, id := range batch.ids {
		w.table.remove(w.table.hash(id.ID), batch.start+uint32(i))
	}
	w.weight -= batch.weight()
	*batch = remembered{}
	w.batches = w.batches[1:]
}

// over tells whether a batch is older than the window. Dropping waits for the next Add.
func (w *Window) over(r *remembered, now time.Time) bool { return now.UnixNano()-r.at >= int64(w.keep) }

// find gives what is remembered of an id, and its batch, or nil.
func (w *Window) find(id event.ID) (event.Fingerprint, *remembered) {
	for ordinal := range w.table.candidates(w.table.hash(id)) {
		batch := w.batchOf(ordinal)
		if known := batch.ids[ordinal-batch.start]; known.ID == id {
			return known, batch
		}
	}
	return event.Fingerprint{}, nil
}

// batchOf finds the batch that holds an ordinal. Distances from the oldest are right also when ordinals have wrapped.
func (w *Window) batchOf(ordinal uint32) *remembered {
	from := w.batches[0].start
	i := sort.Search(len(w.batches), func(i int) bool { return w.batches[i].start-from > ordinal-from })
	return &w.batches[i-1]
}

// Len is the number of ids remembered.
func (w *Window) Len() int {
	w.mu.RLock()
	defer w.mu.RUnlock()
	return w.table.used
}

// CompareSequences compares decimal numbers of any length: negative, zero or positive as a is less than, equal to or greater than b.
func CompareSequences(a, b string) int {
	a, b = strings.TrimLeft(a, "0"), strings.TrimLeft(b, "0")
	if len(a) != len(b) {
		return len(a) - len(b)
	}
	return strings.Compare(a, b)
}
