package simulation

import (
	"bytes"
	"maps"
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// deliveries are those of one span of records.
type deliveries struct {
	accepted bool
	replayed bool                       // some of it, out of the quarantine
	keys     map[layout.Fragment]string // of fragments, by all of the key but the hash
}

// bodies are the lines of each id.
type bodies map[string]map[string]bool

func (b bodies) add(f fact) {
	if b[f.id] == nil {
		b[f.id] = map[string]bool{}
	}
	b[f.id][f.line] = true
}

// model is what the lake must come to: a map of events.
type model struct {
	tried     map[layout.Partition]bodies            // delivered, whether that was a success or not
	accepted  map[layout.Partition]bodies            // ingest has said that they are stored
	stored    map[layout.Partition]map[string]bool   // they have been in a fragment
	committed map[layout.Partition]map[string]string // readers have been shown them: id to line
	seals     map[string]layout.Generation           // by the key of the slot
	spans     map[layout.Span]*deliveries            // that were tried
	bad       map[string]bool                        // rejected pieces of accepted deliveries
	parts     map[string]*content                    // read already, by key and ETag

	leaving map[string]bool // ids that are being erased: they may be there or not
	gone    map[string]bool // ids that were erased

	stale   map[layout.Partition]time.Time // somebody set the catalog back, and when it was repaired, or never: readers are promised nothing
	damaged map[layout.Partition]bool      // somebody deleted what was needed: nothing is promised but that verify names it
}

func newModel() model {
	return model{
		map[layout.Partition]bodies{}, map[layout.Partition]bodies{}, map[layout.Partition]map[string]bool{}, map[layout.Partition]map[string]string{}, map[string]layout.Generation{},
		map[layout.Span]*deliveries{}, map[string]bool{}, map[string]*content{}, map[string]bool{}, map[string]bool{}, map[layout.Partition]time.Time{}, map[layout.Partition]bool{},
	}
}

// attempt notes that records are delivered: from now on they may be there.
func (m *model) attempt(d *delivery) {
	m.span(d.span())
	note(m.tried, d.records())
}

func (m *model) span(s layout.Span) *deliveries {
	if m.spans[s] == nil {
		m.spans[s] = &deliveries{keys: map[layout.Fragment]string{}}
	}
	return m.spans[s]
}

// accept notes that a delivery was a success: from now on they must be there.
func (m *model) accept(d *delivery) {
	m.span(d.span()).accepted = true
	note(m.accepted, d.records())
	for _, r := range d.records() {
		for _, b := range r.bad {
			m.bad[string(bytes.TrimSpace(b))] = true
		}
	}
}

func note(in map[layout.Partition]bodies, records []*record) {
	for _, r := range records {
		for _, f := range r.events {
			if in[f.hour] == nil {
				in[f.hour] = bodies{}
			}
			in[f.hour].add(f)
		}
	}
}

// store notes what is in a fragment.
func (m *model) store(p layout.Partition, rows map[string]string) {
	if m.stored[p] == nil {
		m.stored[p] = map[string]bool{}
	}
	for id := range rows {
		m.stored[p][id] = true
	}
}

// commit notes what readers are shown from now on.
func (m *model) commit(p layout.Partition, rows map[string]string) {
	if m.committed[p] == nil {
		m.committed[p] = map[string]string{}
	}
	maps.Copy(m.committed[p], rows)
}

// never is later than any time of a world.
var never = time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)

// excused tells whether nothing is promised of an hour for now.
func (m *model) excused(p layout.Partition) bool {
	_, stale := m.stale[p]
	return stale || m.damaged[p]
}
