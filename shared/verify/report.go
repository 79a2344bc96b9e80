package verify

import (
	"cmp"
	"slices"
)

// Report is what a run found. The numbers of hours that moved while they were read are those of the last look.
type Report struct {
	Breaches []Breach `json:"breaches"` // in the order of their partitions
	Warnings []Breach `json:"warnings"`
	Omitted  int64    `json:"omitted"` // findings that are not listed, there being more than MaxFindings of a kind

	// What lies in the bucket.
	Partitions int    `json:"partitions"` // that the bucket, the catalog or the ledger knows
	Parts      int    `json:"parts"`      // data slots of current generations
	Bytes      int64  `json:"bytes"`      // of the parts, compressed
	Events     int64  `json:"events"`     // in the parts: the table events
	Live       int64  `json:"events_live"`
	Checksum   string `json:"checksum"`    // of the events' ids and bytes, whatever their order: equal tables have equal ones
	Fragments  int    `json:"fragments"`   // all that lie in raw/
	Waiting    int    `json:"waiting"`     // of these, not merged yet
	WaitLines  int64  `json:"wait_lines"`  // in those
	Overdue    int    `json:"overdue"`     // fragments that no reader needs any more: the next compaction removes them
	Rejects    int    `json:"rejects"`     // quarantine objects
	TotalBytes int64  `json:"total_bytes"` // of all objects

	// As ingest counted: Received = Stored + Duplicates + the sum of Quarantined.
	Deliveries  int64            `json:"deliveries"`
	Received    int64            `json:"received"`
	Replayed    int64            `json:"replayed"` // of Received, what came out of the quarantine once more
	Stored      int64            `json:"stored"`
	Duplicates  int64            `json:"duplicates"`
	Quarantined map[string]int64 `json:"quarantined"` // by reason

	// As compaction counted: Merged = Events + Dropped + Conflicts + Erased.
	Merged    int64 `json:"merged"`
	Dropped   int64 `json:"dropped"`
	Conflicts int64 `json:"conflicts"`
	Erased    int64 `json:"erased"`
	Unsettled int64 `json:"unsettled"` // lines of deliveries that never finished; whoever sent them sends them again

	Hours []HourAccount `json:"hours"`

	sum uint64
}

// HourAccount is the account of one hour of event time, in lines.
//
// Stored - Again + Unsettled = Merged + Waiting, unless fragments were merged twice (their index was lost, and their copies dropped);
// Merged = Events + Dropped + Conflicts + Erased.
type HourAccount struct {
	Partition  string `json:"partition"`
	Stored     int64  `json:"stored"`     // by ingest, as the ledger says
	Again      int64  `json:"again"`      // of Stored, in a fragment that an earlier delivery has listed too
	Duplicates int64  `json:"duplicates"` // dropped by ingest
	Unsettled  int64  `json:"unsettled"`  // in fragments, there or merged, that no delivery has listed
	Waiting    int64  `json:"waiting"`    // in fragments not merged yet
	Merged     int64  `json:"merged"`
	Dropped    int64  `json:"dropped"`   // duplicates found when merging
	Conflicts  int64  `json:"conflicts"` // quarantined when merging
	Erased     int64  `json:"erased"`    // dropped when merging or later, for tombstones
	Events     int64  `json:"events"`
	Live       int64  `json:"events_live"` // Events, and what is new in fragments that wait and is not to be erased
}

// MaxFindings is how many breaches, and how many warnings, a report lists.
const MaxFindings = 10_000

func newReport() Report { return Report{Quarantined: map[string]int64{}} }

// Whole tells whether every promise is kept.
func (r *Report) Whole() bool { return len(r.Breaches) == 0 }

// Rejected is the sum of Quarantined.
func (r *Report) Rejected() int64 {
	sum := int64(0)
	for _, n := range r.Quarantined {
		sum += n
	}
	return sum
}

// Closes tells whether ingest's counts add up. Where an entry's do not, that is a breach too.
func (r *Report) Closes() bool { return r.Received == r.Stored+r.Duplicates+r.Rejected() }

func (r *Report) take(f *findings) {
	r.Omitted += f.left
	for _, b := range f.told() {
		to := &r.Breaches
		if b.Code.Warning() {
			to = &r.Warnings
		}
		if len(*to) >= MaxFindings {
			r.Omitted++
			continue
		}
		*to = append(*to, b)
	}
}

// add counts what a visit saw.
func (r *Report) add(v *visit) {
	r.Partitions++
	r.Parts += v.parts
	r.Bytes += v.partBytes
	r.Events += v.events
	r.Live += v.events + v.fresh
	r.sum += v.sum
	r.Fragments += len(v.state.fragments)
	r.Waiting += v.waiting
	r.WaitLines += v.waitLines
	r.Overdue += v.overdue
	r.Merged += v.merged
	r.Dropped += v.dropped
	r.Conflicts += v.conflicts
	r.Erased += v.erased
	r.Unsettled += v.unsettled
}

// account puts what a visit saw into its hour's account; what ingest counted is there already.
func (v *visit) account(h *HourAccount) {
	h.Again = v.again
	h.Unsettled = v.unsettled
	h.Waiting = v.waitLines
	h.Merged, h.Dropped, h.Conflicts, h.Erased = v.merged, v.dropped, v.conflicts, v.erased
	h.Events, h.Live = v.events, v.events+v.fresh
}

func (r *Report) close() {
	r.Checksum = hex16(r.sum)
	for _, list := range [][]Breach{r.Breaches, r.Warnings} {
		slices.SortStableFunc(list, func(a, b Breach) int { return cmp.Compare(a.Partition, b.Partition) })
	}
}
