package schema

import "encoding/json"

// node is a mutable type tree that is walked along with the bytes of a line. It expects keys in the order in which it last saw them.
type node struct {
	kind    Kind
	elem    *node     // of an Array
	members []*member // of a Struct
	index   map[string]*member
	first   guess
}

// guess holds the members that came at this place the last times. Two, so that a member that comes and goes is no surprise.
type guess [2]*member

type member struct {
	node
	raw            string // the key as first stored, with its quotes and the colon
	name, spelling string
	weight         int // of a column's type
	next           guess
}

// indexAbove is the number of members above which a struct has an index.
const indexAbove = 8

// maxRawKey is the longest key, as stored, whose fold can have MaxName bytes: six as \u0061 for each.
const maxRawKey = 6 * MaxName

// keyed is a key that was found in a line.
type keyed struct {
	member   *member // nil when it has none
	at       int     // the place of the value, or malformed
	name     []byte  // its fold, valid until the next find; empty when too long to be declared
	spelling []byte  // as long
}

// recall takes the place of a key, and gives the member when it is one of those expected.
func (g *guess) recall(b []byte, i int) *member {
	for _, m := range g {
		if m != nil && len(b)-i >= len(m.raw) && string(b[i:i+len(m.raw)]) == m.raw {
			return m
		}
	}
	return nil
}

func (g *guess) learn(m *member) {
	if g[0] != m {
		g[0], g[1] = m, g[0]
	}
}

// find takes the place of a key that was not expected. The scratch space spares an allocation for each.
func (n *node) find(b []byte, i int, scratch *[MaxName]byte) keyed {
	if i >= len(b) || b[i] != '"' {
		return keyed{at: malformed}
	}
	end := skipString(b, i)
	if end < 0 || end >= len(b) || b[end] != ':' {
		return keyed{at: malformed}
	}
	raw, at := b[i+1:end-1], end+1
	if len(raw) > maxRawKey {
		return keyed{at: at}
	}
	if name, ok := foldPlain(raw, scratch); ok {
		return keyed{n.lookup(name), at, name, raw}
	}
	var spelling string
	if err := json.Unmarshal(b[i:end], &spelling); err != nil {
		return keyed{at: malformed}
	}
	name := []byte(Fold(spelling))
	return keyed{n.lookup(name), at, name, []byte(spelling)}
}

// foldPlain folds a key of ASCII without escapes and no longer than MaxName.
func foldPlain(raw []byte, scratch *[MaxName]byte) ([]byte, bool) {
	if len(raw) > len(scratch) {
		return nil, false
	}
	for i, c := range raw {
		if c >= 0x80 || c == '\\' {
			return nil, false
		}
		if 'A' <= c && c <= 'Z' {
			c |= 0x20
		}
		scratch[i] = c
	}
	return scratch[:len(raw)], true
}

func (n *node) lookup(name []byte) *member {
	if n.index != nil {
		return n.index[string(name)]
	}
	for _, m := range n.members {
		if m.name == string(name) {
			return m
		}
	}
	return nil
}

func (n *node) add(m *member) {
	n.members = append(n.members, m)
	switch {
	case n.index != nil:
		n.index[m.name] = m
	case len(n.members) > indexAbove:
		n.index = make(map[string]*member, 2*len(n.members))
		for _, m := range n.members {
			n.index[m.name] = m
		}
	}
}

// weight is that of the Type which the node stands for.
func (n *node) weight() int {
	switch n.kind {
	case Array:
		return arrayWeight + n.elem.weight()
	case Struct:
		w := structWeight
		for _, m := range n.members {
			w += memberWeight(m.name) + m.node.weight()
		}
		return w
	}
	return leafWeight
}

func (n *node) toType() Type {
	t := Type{Kind: n.kind}
	switch n.kind {
	case Array:
		elem := n.elem.toType()
		t.Elem = &elem
	case Struct:
		t.Fields = make([]Field, len(n.members))
		for i, m := range n.members {
			t.Fields[i] = Field{Name: m.name, Spelling: m.spelling, Type: m.toType()}
		}
	}
	return t
}

// plant makes an empty node the tree of t.
func (n *node) plant(t Type) {
	n.kind = t.Kind
	switch t.Kind {
	case Array:
		n.elem = new(node)
		n.elem.plant(t.elem())
	case Struct:
		for _, f := range t.Fields {
			quoted, _ := json.Marshal(f.spelt()) // of a string: no error
			m := &member{name: f.Name, spelling: f.spelt(), raw: string(quoted) + ":"}
			m.plant(f.Type)
			n.add(m)
		}
	}
}
