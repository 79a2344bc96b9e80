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

// answerTo gives the answer to a request that has a deadline which is over, or that only reads; and, of one with a deadline, how much of its time
// it took.
func (x *explorer) answerTo(s *state, i int) (a *response, passed bool) {
	p := &s.processes[i]
	r := p.node.request
	a = &response{}
	if r.bound {
		took := max(s.clock-p.since-r.waits(), 0)
		if took >= seconds(r.left) {
			return &response{took: r.left + time.Millisecond, err: context.DeadlineExceeded}, true
		}
		a.took = time.Duration(took) * time.Second
	}
	if !r.op.writes() {
		x.read(s, p.node, a)
	}
	return a, false
}

// answer gives a process the answer to its request.
func (x *explorer) answer(s state, i int, lose bool, told *[]string) (state, error) {
	p := &s.processes[i]
	at, r := p.node, p.node.request
	var broken error
	var happened lost
	answer, passed := x.answerTo(&s, i)
	switch {
	case passed:
		x.meet("a deadline passed before "+ops[r.op], true)
	case lose:
		s.faults--
		l := late{r, never}
		if r.bound {
			l.until = p.since + r.waits() + seconds(r.left)
		}
		for k := range s.late {
			if s.late[k].write == nil {
				s.late[k] = l
				break
			}
		}
		answer.err = errReset
	case r.op.writes():
		took := answer.took
		answer, broken = x.writeFor(&s, at, &happened)
		answer.took = took
	}
	x.begins(&s, i)
	if told != nil {
		tell(told, "%-9s %s: %s", x.names[i], r, describe(r, answer))
	}
	if broken != nil {
		return s, broken
	}
	return s, x.goOn(&s, i, at.machine.advance(at, answer, happened), told)
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
	case to.machine.name == writer && o.err == nil:
		s.accepted |= x.brings
	}
	return nil
}

// begins notes when a reader begins, and what it must see from then on.
func (x *explorer) begins(s *state, i int) {
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
func (x *explorer) writeFor(s *state, n *node, happened *lost) (a *response, broken error) {
	before := s.store
	a, err, broken := x.write(s, n.request)
	a.err = err
	x.observe(s, before, n, err, happened)
	return a, broken
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
		if s.catalog, err = x.listings.write(s.catalog, r); err == nil {
			a.table, a.catalog = s.catalog.table, s.catalog.tableHash
		}
	case setPartition:
		was, _ := s.catalog.entry(r.entry.Hour)
		if s.catalog, err = x.listings.write(s.catalog, r); err == nil {
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
	broken = x.replaced(s, o, there, r.content)
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
	broken = x.replaced(s, o, there, nil)
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
