package explorer

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
)

// move is one transition: who does what.
type move struct {
	kind moveKind
	n    uint8 // of a process, or of a write under way
}

type moveKind uint8

const (
	serves moveKind = iota // a process gets its answer
	loses                  // a process hears of a failure, and what it wrote may land later, or never
	lands                  // such a write lands
	jumps                  // the clock jumps
)

// moves gives what can happen next.
func (x *explorer) moves(s *state, to []move) []move {
	for i := range s.count {
		if !s.ready(int(i), x.longest) {
			continue
		}
		to = append(to, move{serves, i})
		if s.faults > 0 && x.mayFail(s.processes[i].node) {
			to = append(to, move{loses, i})
		}
	}
	for i, l := range s.late {
		if l.write != nil {
			to = append(to, move{lands, uint8(i)})
		}
	}
	if int(s.jumps) < len(x.scenario.clock) {
		to = append(to, move{jumps, 0})
	}
	return to
}

// mayFail tells whether the scenario lets a process's request fail.
func (x *explorer) mayFail(n *node) bool {
	return n.request.op.writes() && (x.scenario.fails == nil || x.scenario.fails(n.request))
}

// do gives the state after a move, and, when told is not nil, tells what happened.
func (x *explorer) do(s state, m move, told *[]string) (state, error) {
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
	default:
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
}

func tell(told *[]string, format string, args ...any) {
	if told != nil {
		*told = append(*told, fmt.Sprintf(format, args...))
	}
}

func result(err error) string {
	if err == nil {
		return "done"
	}
	return err.Error()
}

// answer gives a process the answer to its request.
func (x *explorer) answer(s state, i int, lose bool, told *[]string) (state, error) {
	p := &s.processes[i]
	at, r := p.node, p.node.request
	answer := &response{}
	var broken error
	var happened lost
	took := int32(0)
	if r.bound {
		took = max(s.clock-p.since-r.waits(), 0)
		answer.took = time.Duration(took) * time.Second
	}
	switch until := p.since + r.waits() + seconds(r.left); {
	case r.bound && s.clock >= until:
		answer.took, answer.err = r.left+time.Millisecond, context.DeadlineExceeded
		x.meet("a deadline passed before "+ops[r.op], true)
	case lose:
		s.faults--
		l := late{r, never}
		if r.bound {
			l.until = until
		}
		for k := range s.late {
			if s.late[k].write == nil {
				s.late[k] = l
				break
			}
		}
		answer.err = errReset
	case r.op.writes():
		var err error
		answer, err, broken = x.writeFor(&s, at, &happened)
		answer.took = time.Duration(took) * time.Second
		answer.err = err
	default:
		x.read(&s, at, answer)
	}
	x.reads(&s, i)
	if told != nil {
		tell(told, "%-9s %s: %s", x.names[i], r, describe(r, answer))
	}
	if broken != nil {
		return s, broken
	}
	return s, x.goOn(&s, i, x.advance(at, answer, happened), told)
}

// goOn puts a process where its answer led it.
func (x *explorer) goOn(s *state, i int, to *node, told *[]string) error {
	p := &s.processes[i]
	p.node, p.since = to, 0
	if to.request != nil {
		if to.request.timed() {
			p.since = s.clock
		}
		return nil
	}
	o := to.outcome
	if o.err != nil {
		tell(told, "%-9s ends: %s", x.names[i], o.err)
	}
	if to.machine.loops {
		p.node = to.machine.root
		return x.visited(s, o)
	}
	owed := p.owed
	*p = process{}
	switch {
	case to.machine.name == reader:
		return x.judge(s, o, owed)
	case o.err == nil:
		s.accepted |= x.brings
	}
	return nil
}

// reads notes when a reader begins, and what it must see from then on.
func (x *explorer) reads(s *state, i int) {
	p := &s.processes[i]
	if p.node.machine.name == reader && p.began == 0 {
		p.began, p.owed = s.clock, s.committed
	}
}

func (x *explorer) read(s *state, n *node, a *response) {
	switch r := n.request; r.op {
	case now:
		a.at = timeOf(s.clock)
	case list:
		for _, o := range s.store.list(r.key, r.after) {
			a.objects = append(a.objects, o.describe())
		}
	case get:
		o, ok := s.store.get(r.key)
		if !ok {
			a.err = bucket.ErrNotFound
			return
		}
		a.content, a.object = o.content, o.describe()
		if !strings.HasPrefix(r.key, "events/") {
			a.object.Modified = time.Time{}
		}
	case readTable:
		a.table, a.catalog = s.catalog.table, s.catalog.tableHash
	case readPartitions:
		a.entries, a.catalog = s.catalog.partitions(r.which), s.catalog.entriesHash
	}
}

// writeFor does a process's write, and notes what it met.
func (x *explorer) writeFor(s *state, n *node, happened *lost) (*response, error, error) {
	r := n.request
	before := s.store
	a, err, broken := x.write(s, r)
	if a == nil {
		a = &response{}
	}
	x.observe(s, before, n, err, happened)
	return a, err, broken
}

// write does a write, whoever it comes from, and gives its answer, what it came to, and the promise that it broke.
func (x *explorer) write(s *state, r *request) (a *response, err, broken error) {
	a = &response{}
	switch r.op {
	case put:
		err, broken = x.put(s, r)
		a.object = bucket.Object{Key: r.key, Size: int64(len(r.content.data)), ETag: r.content.etag}
	case remove:
		err, broken = x.remove(s, r)
	case setTable:
		if s.catalog, err = x.listings.setTable(s.catalog, r.table); err == nil {
			a.table, a.catalog = s.catalog.table, s.catalog.tableHash
			broken = x.unstable("table")
		}
	case setPartition:
		was, _ := s.catalog.entry(r.entry.Hour)
		if s.catalog, err = x.listings.setPartition(s.catalog, r.entry); err == nil {
			x.meetLocation(s, was, r)
		}
	}
	if errors.Is(err, catalog.ErrStale) {
		x.meet("the catalog refused a stale write", true)
	}
	return a, err, broken
}

func (x *explorer) put(s *state, r *request) (err, broken error) {
	o, there := s.store.get(r.key)
	switch {
	case r.when.Absent && there:
		return bucket.ErrExists, nil
	case r.when.Match != "" && (!there || o.content.etag != r.when.Match):
		return bucket.ErrChanged, nil
	case there && o.content == r.content && !strings.HasPrefix(r.key, "events/"):
		return nil, nil // the same again
	}
	broken = errors.Join(x.replaced(s, o, there, r.content), x.unstable(r.key))
	if there && broken == nil {
		broken = x.unmoved(r.key)
	}
	s.store = x.stores.put(s.store, r.key, r.content, s.clock)
	return nil, broken
}

func (x *explorer) remove(s *state, r *request) (err, broken error) {
	o, there := s.store.get(r.key)
	switch {
	case !there:
		return nil, nil
	case r.when.Match != "" && o.content.etag != r.when.Match:
		return bucket.ErrChanged, nil
	}
	broken = errors.Join(x.replaced(s, o, there, nil), x.unstable(r.key), x.unmoved(r.key))
	s.store = x.stores.drop(s.store, r.key)
	return nil, broken
}

// describe tells an answer in a few words.
func describe(r *request, a *response) string {
	switch {
	case a.err != nil:
		return a.err.Error()
	case r.op == now:
		return spell(a.at)
	case r.op == list:
		names := make([]string, len(a.objects))
		for i, o := range a.objects {
			names[i] = strings.TrimPrefix(short(o.Key), short(r.key))
		}
		return fmt.Sprintf("%d objects %s", len(names), strings.Join(names, " "))
	case r.op == get && a.content.parsed != nil:
		return a.content.parsed.String()
	case r.op == readPartitions:
		var all []string
		for _, e := range a.entries {
			all = append(all, short(e.Location))
		}
		return strings.Join(all, " ")
	case r.op == readTable:
		return fmt.Sprintf("%d columns, followed: %v", len(a.table.Columns), a.table.Followed)
	}
	return "done"
}
