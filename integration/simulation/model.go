package simulation

import (
	"bytes"
	"maps"

	"github.com/lakebed/lakebed/shared/layout"
)

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
	bad       map[string]bool                        // rejected pieces of accepted deliveries
	parts     map[string]*content                    // read already, by key and ETag

	stale   map[layout.Partition]bool // somebody set the catalog back: readers are promised nothing until the next run
	damaged map[layout.Partition]bool // somebody deleted what was needed: nothing is promised but that verify names it
}

func newModel() model {
	return model{
		map[layout.Partition]bodies{}, map[layout.Partition]bodies{}, map[layout.Partition]map[string]bool{}, map[layout.Partition]map[string]string{}, map[string]layout.Generation{},
		map[string]bool{}, map[string]*content{}, map[layout.Partition]bool{}, map[layout.Partition]bool{},
	}
}

// attempt notes that records are delivered: from now on they may be there.
func (m *model) attempt(records []*record) { note(m.tried, records) }

// accept notes that a delivery was a success: from now on they must be there.
func (m *model) accept(records []*record) {
	note(m.accepted, records)
	for _, r := range records {
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

// excused tells whether nothing is promised of an hour for now.
func (m *model) excused(p layout.Partition) bool { return m.stale[p] || m.damaged[p] }
