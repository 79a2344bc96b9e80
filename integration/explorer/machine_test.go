package explorer

import (
	"errors"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket"
)

// node is a process that has had some answers, and is about to make its next request. It stands for every process of its machine with
// that history.
type node struct {
	id      uint32
	machine *machine
	parent  *node
	via     *response
	request *request // nil at the end
	outcome *outcome
	next    map[uint64]*node
	lost    lost // what happened to it since its step began
	keeps   bool // what it saw may matter beyond this step
	live    *instance
}

// lost tells of races that a process lost in the present step.
type lost uint8

const (
	sealToPart lost = 1 << iota // a seal found its slot taken by data
	partToPart                  // and so did a part
)

// machine is everything that the processes of one kind can ever do, found out piece by piece. The next request of a process is a function of
// the answers that it has had; so each history is run once, however often it comes up.
type machine struct {
	t       *testing.T
	name    string
	program program
	loops   bool // at its end it begins again
	stores  *stores
	root    *node
	nodes   uint32
	living  []*node // with a live instance, the oldest first
	started int
}

func newMachine(t *testing.T, name string, s *stores, p program, loops bool) *machine {
	m := &machine{t: t, name: name, program: p, loops: loops, stores: s}
	m.root = m.node(nil, nil)
	in, first := start(t, p)
	m.take(m.root, first)
	m.keep(m.root, in)
	return m
}

func (m *machine) node(parent *node, via *response) *node {
	m.nodes++
	return &node{id: m.nodes, machine: m, parent: parent, via: via, next: map[uint64]*node{}}
}

func (m *machine) take(n *node, a asked) {
	n.request, n.outcome = a.request, a.outcome
	if n.request != nil {
		if n.request.op == put {
			n.request.content = m.stores.content(n.request.body)
			n.request.body = nil
		}
		n.request.seal()
	}
}

// advance gives the process after an answer.
func (m *machine) advance(n *node, r *response, happened lost) *node {
	edge := mix(r.edge(), uint64(happened))
	if c, known := n.next[edge]; known {
		return c
	}
	in := m.revive(n)
	a := in.give(r)
	c := m.root
	keeps := n.keeps || n.request.op == get && strings.HasSuffix(n.request.key, ".idx") && errors.Is(r.err, bucket.ErrNotFound)
	if a.request == nil || !a.request.anew || keeps {
		c = m.node(n, r)
		c.lost, c.keeps = n.lost|happened, keeps
		m.take(c, a)
	}
	n.next[edge] = c
	m.keep(c, in)
	return c
}

// revive gives an instance that has had the answers of n, which is then the caller's.
func (m *machine) revive(n *node) *instance {
	if in := n.live; in != nil {
		n.live = nil
		return in
	}
	var past []*response
	at := n
	for ; at.parent != nil && at.live == nil; at = at.parent {
		past = append(past, at.via)
	}
	in := at.live
	at.live = nil
	if in == nil {
		m.started++
		in, _ = start(m.t, m.program)
	}
	for i := len(past) - 1; i >= 0; i-- {
		in.give(past[i])
	}
	return in
}

// most is how many instances are kept alive.
const most = 64

func (m *machine) keep(n *node, in *instance) {
	if n == m.root {
		in.steps++
	}
	if n.live != nil || n.request == nil || in.steps > 500 { // a visit has at most 1000 steps
		in.end()
		return
	}
	n.live = in
	m.living = append(m.living, n)
	for len(m.living) > most {
		if old := m.living[0]; old.live != nil {
			old.live.end()
			old.live = nil
		}
		m.living = m.living[1:]
	}
}

// end ends every instance.
func (m *machine) end() {
	for _, n := range m.living {
		if n.live != nil {
			n.live.end()
			n.live = nil
		}
	}
}
