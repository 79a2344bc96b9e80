package explorer

import "strings"

// move is one transition: somebody changes something. Before it, processes read.
//
// Reads commute with each other, and with every write of something else. So of all interleavings that differ only in the order of such calls
// one is enough: the one in which a process reads as late as it can. Before a write, who writes does the reads that lead there; of the
// others, each has done its reads up to one whose answer the write changes, or none of them: cuts says up to which. All other reads it does
// later, with the same answers.
type move struct {
	kind moveKind
	n    uint8               // of a process, or of a write under way
	cuts [maxProcesses]uint8 // how many reads each process does before
}

type moveKind uint8

const (
	serves moveKind = iota // a process writes, or comes to its end
	loses                  // a process hears that its write failed; it may land later, or never
	lands                  // such a write lands
	jumps                  // the clock jumps
)

// moves gives what can happen next.
func (x *explorer) moves(s *state) []move {
	if x.plain {
		return x.plainMoves(s)
	}
	var all []move
	var ahead [maxProcesses]*run
	for i := range s.count {
		ahead[i] = x.ahead(s, int(i))
	}
	for i := range s.count {
		r := ahead[i]
		switch {
		case r.writes != nil:
			m := move{kind: serves, n: i}
			m.cuts[i] = uint8(len(r.reads))
			all = x.spread(s, all, m, ahead[:s.count], r.writes)
			if x.mayFail(s, int(i), r) {
				m.kind = loses
				all = append(all, m)
			}
		case r.ends && len(r.reads) > 0: // there is something to see for who reads to the end
			m := move{kind: serves, n: i}
			m.cuts[i] = uint8(len(r.reads)) - 1
			all = append(all, m)
		}
	}
	for i, l := range s.late {
		if l.write != nil {
			all = x.spread(s, all, move{kind: lands, n: uint8(i)}, ahead[:s.count], l.write)
		}
	}
	if int(s.jumps) < len(x.scenario.clock) {
		all = x.spread(s, all, move{kind: jumps}, ahead[:s.count], nil)
	}
	return all
}

// plainMoves gives every answer to every process as a move of its own.
func (x *explorer) plainMoves(s *state) []move {
	var all []move
	for i := range s.count {
		if !s.ready(int(i), x.longest) {
			continue
		}
		all = append(all, move{kind: serves, n: i})
		p := &s.processes[i]
		if p.node.request.op.writes() && x.mayFail(s, int(i), &run{writes: p.node.request, since: p.since}) {
			all = append(all, move{kind: loses, n: i})
		}
	}
	for i, l := range s.late {
		if l.write != nil {
			all = append(all, move{kind: lands, n: uint8(i)})
		}
	}
	if int(s.jumps) < len(x.scenario.clock) {
		all = append(all, move{kind: jumps})
	}
	return all
}

// run is what a process does next when nobody else does anything.
type run struct {
	reads  []*node  // its reads, by where the process stands before each,
	places []place  // and after each
	writes *request // the write after them,
	since  int32    // and when it is made
	ends   bool     // it comes to its end instead
}

// place is where a process stands, and since when, where that matters.
type place struct {
	node  *node
	since int32
}

// origin is all that a run depends on.
type origin struct {
	place
	store   *store
	catalog *listing
	clock   int32
	began   int32
}

// ahead finds it out. A run that only reads ends where it began, or where a process has to wait.
func (x *explorer) ahead(s *state, i int) *run {
	p := &s.processes[i]
	from := origin{place{p.node, p.since}, s.store, s.catalog, s.clock, p.began}
	if r := x.runs[from]; r != nil {
		return r
	}
	r := &run{}
	x.runs[from] = r
	copied := *s
	p = &copied.processes[i]
	began := p.node
	for copied.ready(i, x.longest) {
		n := p.node
		if n.request.op.writes() {
			r.writes, r.since = n.request, p.since
			return r
		}
		answer, _ := x.answerTo(&copied, i)
		to := n.machine.advance(n, answer, 0)
		r.reads = append(r.reads, n)
		if to.request == nil && n.machine.loops {
			to = n.machine.root
		}
		p.node, p.since = to, 0
		if to.request != nil && to.request.timed() {
			p.since = copied.clock
		}
		r.places = append(r.places, place{p.node, p.since})
		if to.request == nil {
			r.ends = true
			return r
		}
		if to == n.machine.root {
			if began == to {
				return r
			}
			began = to // once more, from its beginning
		}
	}
	return r
}

// mayFail tells whether the write after a run may fail: as often as the scenario says, and not once its time is over.
func (x *explorer) mayFail(s *state, i int, r *run) bool {
	over := r.writes.bound && s.clock >= r.since+r.writes.waits()+seconds(r.writes.left)
	return s.faults > 0 && !over && (x.scenario.fails == nil || x.scenario.fails(s.processes[i].node.machine.name, r.writes))
}

// spread adds a move with each choice of what the others have read before it. A write of nil is a jump of the clock.
func (x *explorer) spread(s *state, all []move, m move, ahead []*run, w *request) []move {
	from := len(all)
	all = append(all, m)
	for i := range ahead {
		if m.kind == serves && i == int(m.n) {
			continue
		}
		to := len(all)
		for k, n := range ahead[i].reads {
			if !x.touches(s, i, n, ahead[i].places[k].node, w) {
				continue
			}
			for _, other := range all[from:to] {
				other.cuts[i] = uint8(k + 1)
				all = append(all, other)
			}
		}
	}
	return all
}

// touches tells whether the answer to a read may be another after a write, or whether the write finds the process in another place after it.
func (x *explorer) touches(s *state, i int, n, next *node, w *request) bool {
	reads := n.machine.name == reader
	if w == nil {
		return n.request.op == now || n.request.timed() || next.request != nil && next.request.timed() || reads
	}
	switch r := n.request; {
	case reads && s.processes[i].began == 0 && n == n.machine.root && strings.HasPrefix(w.key, "events/"): // what it must see counts from now on
		return true
	case r.op == list:
		return w.inBucket() && strings.HasPrefix(w.key, r.key)
	case r.op == get:
		return w.inBucket() && w.key == r.key
	case r.op == readTable:
		return w.op == setTable
	case r.op == readPartitions:
		return w.op == setPartition
	}
	return false
}

// do gives the state after a move, and, when told is not nil, tells what happened.
func (x *explorer) do(s state, m move, told *[]string) (state, error) {
	if err := x.goAhead(&s, m, told); err != nil {
		return s, err
	}
	switch m.kind {
	case serves, loses:
		return x.answer(s, int(m.n), m.kind == loses, told)
	case lands:
		l := s.late[m.n]
		s.late[m.n] = late{}
		_, happened, err := x.write(&s, l.write)
		x.meet("a write landed late", happened == nil)
		if told != nil {
			tell(told, "late      %s: %s", l.write, result(happened))
		}
		return s, err
	}
	s.clock = x.scenario.clock[s.jumps]
	s.jumps++
	for i, l := range s.late {
		if l.write != nil && s.clock >= l.until {
			s.late[i] = late{}
		}
	}
	tell(told, "clock     %s", spell(timeOf(s.clock)))
	return s, nil
}

// goAhead has the processes read what they read before a move. Where it is to be told, they are given answer by answer.
func (x *explorer) goAhead(s *state, m move, told *[]string) (err error) {
	for i := range s.count {
		if m.cuts[i] == 0 {
			continue
		}
		if told == nil {
			to := x.ahead(s, int(i)).places[m.cuts[i]-1]
			x.begins(s, int(i))
			if err = x.goOn(s, int(i), to.node, nil); err != nil {
				return err
			}
			continue
		}
		for range m.cuts[i] {
			if *s, err = x.answer(*s, int(i), false, told); err != nil {
				return err
			}
		}
	}
	return nil
}
