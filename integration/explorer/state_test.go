package explorer

import (
	"time"

	"github.com/lakebed/lakebed/shared/layout"
)

// hour is the partition that all scenarios are about; times are told in seconds since its start.
var hour = layout.PartitionOf(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))

func timeOf(at int32) time.Time { return hour.Start().Add(time.Duration(at) * time.Second) }

func spell(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Sub(hour.Start()).String()
}

const (
	maxProcesses = 5
	maxLate      = 2
)

// events is a set of events, by their numbers in the explorer's list of ids.
type events uint32

// state is the whole world at one instant. It is a plain value: whatever lies behind its pointers never changes.
type state struct {
	store     *store
	catalog   *listing
	clock     int32
	jumps     uint8 // how often the clock has jumped
	faults    uint8 // that may still come
	count     uint8 // of processes
	processes [maxProcesses]process
	late      [maxLate]late
	committed events // that a current generation has ever held
	accepted  events // of which ingest has said that they are stored
}

// process is where one stands.
type process struct {
	node  *node // nil when it is over
	since int32 // when it made its request, where that matters
	began int32 // of a reader: when it made its first, and
	owed  events
}

// late is a write whose caller was told that it failed, and which may still land while the clock is before until.
type late struct {
	write *request
	until int32
}

const never = int32(1) << 30

// key tells states apart. Processes of one machine can be told apart by nothing but what they are about to do.
func (s *state) key() sum {
	var k sum
	order := s.order()
	for i := range k {
		h := mix(mix(uint64(i+7), uint64(s.store.id)), uint64(s.catalog.id))
		h = mix(mix(h, uint64(s.clock)<<16|uint64(s.jumps)<<8|uint64(s.faults)), uint64(s.committed)<<32|uint64(s.accepted))
		for _, n := range order[:s.count] {
			h = s.processes[n].fold(h)
		}
		for _, l := range s.late {
			if l.write != nil {
				h = mix(mix(h, l.write.hash), uint64(l.until))
			}
		}
		k[i] = h
	}
	return k
}

func (p *process) fold(h uint64) uint64 {
	if p.node == nil {
		return mix(h, 0)
	}
	return mix(mix(mix(h, uint64(p.node.id)), uint64(p.since)<<32|uint64(uint32(p.began))), uint64(p.owed))
}

// order sorts the processes of each machine among themselves.
func (s *state) order() [maxProcesses]int {
	order := [maxProcesses]int{0, 1, 2, 3, 4}
	for i := 1; i < int(s.count); i++ {
		for k := i; k > 0; k-- {
			a, b := &s.processes[order[k-1]], &s.processes[order[k]]
			if a.node == nil || b.node == nil || a.node.machine != b.node.machine {
				break
			}
			if a.node.id < b.node.id || a.node.id == b.node.id && a.since <= b.since {
				break
			}
			order[k-1], order[k] = order[k], order[k-1]
		}
	}
	return order
}

// ready tells whether the process can be given an answer now.
func (s *state) ready(i int, longest int32) bool {
	p := &s.processes[i]
	switch {
	case p.node == nil || p.node.request == nil:
		return false
	case p.began != 0 && s.clock > p.began+longest: // a query that runs longer than promised
		return false
	}
	return s.clock >= p.since+p.node.request.waits()
}
