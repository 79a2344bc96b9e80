package schema

import "slices"

// Inferrer accumulates the columns of the lines that it observes. It is not safe for concurrent use: give each worker its own and Merge
// what they saw. Its memory is bounded by the Limits.
type Inferrer struct {
	limits  Limits
	root    node
	dropped bool
	total   int // weight of all columns, without what grown adds
	base    int // weight of the column at hand before this line
	grown   int // what this line added to it so far
	scratch [MaxName]byte
}

// NewInferrer starts with the columns of the table that the lines are for, so that these are observed even in lines that hold more
// columns than the limit. Zero limits take their defaults.
func NewInferrer(limits Limits, table []Field) *Inferrer {
	in := &Inferrer{limits: limits.orDefault()}
	in.root.plant(Type{Kind: Struct, Fields: table})
	for _, m := range in.root.members {
		m.weight = m.node.weight()
		in.total += memberWeight(m.name) + m.weight
	}
	return in
}

// Dropped tells whether a column was left out for the limit. What its values are is then not known. Should the table have gained columns
// since the Inferrer was made, it may now have that very one, in a type that those values do not fit: before a Merge into such a table,
// the lines have to be observed again, by an Inferrer made from it.
func (in *Inferrer) Dropped() bool { return in.dropped }

// Columns is the table's columns and what was seen so far, in the order in which it was first seen; also what is not declared (see
// Declared). The result is the caller's.
func (in *Inferrer) Columns() []Field { return in.root.toType().Fields }

// Include widens the columns by those that another Inferrer, which had not Dropped any, saw in lines of its own: as if they were observed.
func (in *Inferrer) Include(seen []Field) {
	was := in.Columns()
	merged, _ := in.limits.Merge(was, seen)
	dropped := in.dropped || slices.ContainsFunc(seen, func(f Field) bool {
		return columnName([]byte(f.Name)) && !slices.ContainsFunc(merged, func(m Field) bool { return m.Name == f.Name })
	})
	if !Equal(merged, was) {
		*in = *NewInferrer(in.limits, merged)
	}
	in.dropped = dropped
}

// Observe widens the columns by one stored line, without its newline: a valid, compact JSON object. Nothing of the line is kept. A line
// that changes nothing allocates nothing when its keys come in an order seen before. After ErrLine the columns may hold what stood before
// the fault.
func (in *Inferrer) Observe(line []byte) error {
	if len(line) == 0 || line[0] != '{' || in.columns(line) != len(line) {
		return ErrLine
	}
	return nil
}

// columns walks the top object.
func (in *Inferrer) columns(b []byte) int {
	if len(b) > 1 && b[1] == '}' {
		return 2
	}
	expect := &in.root.first
	for i := 1; ; i++ {
		m, at := expect.recall(b, i), 0
		if m != nil {
			at = i + len(m.raw)
		} else {
			m, at = in.column(b, i)
			if at < 0 {
				return at
			}
			if m != nil {
				expect.learn(m)
			}
		}
		if m == nil {
			i = skipValue(b, at)
		} else {
			i = in.columnValue(m, b, at)
			expect = &m.next
		}
		if i < 0 || i >= len(b) {
			return malformed
		}
		if b[i] != ',' {
			return closing(b, i, '}')
		}
	}
}

// column finds or adds the column of an unexpected key; nil when it is not declared.
func (in *Inferrer) column(b []byte, i int) (*member, int) {
	k := in.root.find(b, i, &in.scratch)
	if k.member != nil || k.at < 0 || !columnName(k.name) {
		return k.member, k.at
	}
	if len(in.root.members) >= in.limits.Columns {
		in.dropped = true
		return nil, k.at
	}
	m := &member{name: string(k.name), spelling: string(k.spelling), raw: string(b[i:k.at]), weight: leafWeight}
	in.root.add(m)
	in.total += memberWeight(m.name) + leafWeight
	return m, k.at
}

// columnValue observes a column's value, and makes a string of one that grows beyond the limits.
func (in *Inferrer) columnValue(m *member, b []byte, at int) int {
	in.base, in.grown = m.weight, 0
	i := in.value(&m.node, b, at, 1)
	if i == full {
		in.widen(&m.node, String)
		i = skipValue(b, at)
	}
	m.weight += in.grown
	in.total += in.grown
	return i
}

// value observes a value within depth containers.
func (in *Inferrer) value(n *node, b []byte, i, depth int) int {
	if i >= len(b) {
		return malformed
	}
	if n.kind == String {
		return skipValue(b, i)
	}
	switch b[i] {
	case '"':
		in.widen(n, String)
		return skipString(b, i)
	case 'n':
		return skipLiteral(b, i, 4)
	case 't':
		in.widen(n, Bool)
		return skipLiteral(b, i, 4)
	case 'f':
		in.widen(n, Bool)
		return skipLiteral(b, i, 5)
	case '{':
		return in.object(n, b, i, depth+1)
	case '[':
		return in.array(n, b, i, depth+1)
	}
	k, end := scanNumber(b, i)
	if end > 0 {
		in.widen(n, k)
	}
	return end
}

func (in *Inferrer) object(n *node, b []byte, start, depth int) int {
	if depth > maxDepth {
		return malformed
	}
	if n.kind != Struct {
		if in.widen(n, Struct); n.kind == String {
			return skipContainer(b, start)
		}
		if !in.grow(structWeight - leafWeight) {
			return full
		}
	}
	if start+1 < len(b) && b[start+1] == '}' {
		return start + 2
	}
	expect := &n.first
	for i := start + 1; ; i++ {
		m, at := expect.recall(b, i), 0
		if m != nil {
			at = i + len(m.raw)
		} else {
			m, at = in.member(n, b, i)
			if at < 0 {
				return at
			}
			if n.kind == String { // one member too many
				return skipContainer(b, start)
			}
			if m != nil {
				expect.learn(m)
			}
		}
		if m == nil {
			i = skipValue(b, at)
		} else {
			i = in.value(&m.node, b, at, depth)
			expect = &m.next
		}
		if i < 0 {
			return i
		}
		if i >= len(b) || b[i] != ',' {
			return closing(b, i, '}')
		}
	}
}

// member finds or adds the member of an unexpected key; nil when it is not declared. A struct that has too many becomes a String.
func (in *Inferrer) member(n *node, b []byte, i int) (*member, int) {
	k := n.find(b, i, &in.scratch)
	if k.member != nil || k.at < 0 || !composed(k.name, inMember) {
		return k.member, k.at
	}
	if len(n.members) >= in.limits.Members {
		in.widen(n, String)
		return nil, k.at
	}
	m := &member{name: string(k.name), spelling: string(k.spelling), raw: string(b[i:k.at])}
	n.add(m)
	if !in.grow(memberWeight(m.name) + leafWeight) {
		return nil, full
	}
	return m, k.at
}

func (in *Inferrer) array(n *node, b []byte, start, depth int) int {
	if depth > maxDepth {
		return malformed
	}
	if n.kind != Array {
		if in.widen(n, Array); n.kind == String {
			return skipContainer(b, start)
		}
		n.elem = new(node)
		if !in.grow(arrayWeight) {
			return full
		}
	}
	if start+1 < len(b) && b[start+1] == ']' {
		return start + 2
	}
	for i := start + 1; ; i++ {
		if i = in.value(n.elem, b, i, depth); i < 0 {
			return i
		}
		if i >= len(b) || b[i] != ',' {
			return closing(b, i, ']')
		}
	}
}

// closing is the place behind the bracket that has to be at i.
func closing(b []byte, i int, bracket byte) int {
	if i >= len(b) || b[i] != bracket {
		return malformed
	}
	return i + 1
}

// widen joins a kind to the node's. What a conflict makes a string gives its weight back.
func (in *Inferrer) widen(n *node, k Kind) {
	to := joined[n.kind][k]
	if to == n.kind {
		return
	}
	if n.kind == Array || n.kind == Struct {
		in.grown -= n.weight() - leafWeight
		*n = node{}
	}
	n.kind = to
}

// grow adds to the weight of the column at hand, and tells whether it keeps to the limits.
func (in *Inferrer) grow(weight int) bool {
	in.grown += weight
	return in.base+in.grown <= in.limits.TypeBytes && in.total+in.grown <= in.limits.TableBytes
}
