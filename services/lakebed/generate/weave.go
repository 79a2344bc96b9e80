package generate

import "time"

// role is what a line is in the stream.
type role uint8

const (
	onTime role = iota
	late
	duplicate
	broken
)

// line names one line of the stream: its text is a function of index and role.
type line struct {
	role  role
	index uint64 // of the event: below Options.Events, or from there on for the broken ones, whose ids are their own
	slot  uint64 // the index whose time the event has: its own, for broken lines that of the event at their side
}

// How long after its time a late event is written, and how long after the first a copy: each delay for an equal share of them.
// Delays are turned into places in the stream, so the last ones reach beyond the span: they are written at its end, in order.
var (
	lateDelays = []time.Duration{
		2 * time.Minute, 3 * time.Minute, 5 * time.Minute, 8 * time.Minute, 15 * time.Minute, 30 * time.Minute,
		time.Hour, 2 * time.Hour, 5 * time.Hour,
	}
	copyDelays = []time.Duration{
		200 * time.Millisecond, time.Second, 2 * time.Second, 5 * time.Second, 15 * time.Second, 45 * time.Second,
		10 * time.Minute, 3 * time.Hour,
	}
)

// twinEvery-th copy is one more copy of the event copied before it, so that some events are there three times.
const twinEvery = 16

// The seeds of independent choices are derived from the stream's seed and these numbers.
const (
	saltLate uint64 = iota + 1
	saltLateDelay
	saltCopy
	saltCopyDelay
	saltBroken
	saltSpoil
	saltKind
	saltText
	saltID
	saltUser
	saltOrder
	saltFault
)

// weave merges strands into one stream, by place. Each strand takes the events of one role and one delay in order of their index; within it the
// delay is constant, so places only grow, and no line has to wait in memory.
type weave struct {
	strands []*strand
}

// strand is one ascending run of lines.
type strand struct {
	role  role
	delay uint64 // in places
	count uint64
	at    func(k uint64) (line, bool) // the k-th candidate, and whether it belongs to this strand

	k     uint64
	place uint64
	line  line
}

// newWeave lays out the strands. Of lines with one place the strand that stands first here is written first: an event before its copies.
func newWeave(o Options) *weave {
	events := uint64(o.Events)
	var (
		belated = pick{count: o.part(o.Late), total: events, seed: mix(o.Seed, saltLate)}
		copied  = pick{count: o.part(o.Duplicates), total: events, seed: mix(o.Seed, saltCopy)}
		spoiled = pick{count: o.part(o.Broken), total: events, seed: mix(o.Seed, saltBroken)}
	)
	lateClass := func(k uint64) int { return class(o.Seed, saltLateDelay, k, lateDelays) }
	copyClass := func(k uint64) int { return class(o.Seed, saltCopyDelay, k, copyDelays) }
	source := func(k uint64) uint64 { // of the k-th copy
		if k%twinEvery == twinEvery-1 {
			k--
		}
		return copied.at(k)
	}

	w := &weave{}
	w.add(strand{role: onTime, count: events, at: func(k uint64) (line, bool) {
		_, isLate := belated.rank(k)
		return line{onTime, k, k}, !isLate
	}})
	for c, delay := range lateDelays {
		w.add(strand{role: late, count: belated.count, delay: o.places(delay), at: func(k uint64) (line, bool) {
			i := belated.at(k)
			return line{late, i, i}, lateClass(k) == c
		}})
		// A copy of a late event follows it at once: its place then depends on one delay only, and the strand ascends.
		w.add(strand{role: duplicate, count: copied.count, delay: o.places(delay) + 1, at: func(k uint64) (line, bool) {
			i := source(k)
			rank, isLate := belated.rank(i)
			return line{duplicate, i, i}, isLate && lateClass(rank) == c
		}})
	}
	for c, delay := range copyDelays {
		w.add(strand{role: duplicate, count: copied.count, delay: o.places(delay), at: func(k uint64) (line, bool) {
			i := source(k)
			_, isLate := belated.rank(i)
			return line{duplicate, i, i}, !isLate && copyClass(k) == c
		}})
	}
	w.add(strand{role: broken, count: spoiled.count, at: func(k uint64) (line, bool) {
		return line{broken, events + k, spoiled.at(k)}, true
	}})
	return w
}

// places is how many events a delay is, rounded up, so that no event is written before its delay is over; at least one.
func (o Options) places(delay time.Duration) uint64 {
	return 1 + scale(uint64(o.Events), uint64(delay), uint64(o.span()))
}

// class draws one of the delays for the k-th choice.
func class(seed, salt, k uint64, delays []time.Duration) int {
	return int(mix(mix(seed, salt), k) % uint64(len(delays)))
}

// add takes a strand in, unless it is empty.
func (w *weave) add(s strand) {
	if s.advance() {
		w.strands = append(w.strands, &s)
	}
}

// next gives the stream's next line; false at its end.
func (w *weave) next() (line, bool) {
	if len(w.strands) == 0 {
		return line{}, false
	}
	first := 0
	for n, s := range w.strands {
		if s.place < w.strands[first].place {
			first = n
		}
	}
	s := w.strands[first]
	l := s.line
	if !s.advance() {
		w.strands = append(w.strands[:first], w.strands[first+1:]...)
	}
	return l, true
}

// advance goes to the strand's next line; false at its end.
func (s *strand) advance() bool {
	for s.k < s.count {
		l, mine := s.at(s.k)
		s.k++
		if mine {
			s.line, s.place = l, l.slot+s.delay
			return true
		}
	}
	return false
}
