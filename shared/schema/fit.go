package schema

import (
	"fmt"
	"unicode/utf8"
)

// Breach is a stored value that cannot be read under the declared type.
type Breach struct {
	Path  string // such as payload.commits[].distinct
	Type  string // the declared Hive type, cut to 60 bytes
	Value string // as stored, cut to 60 bytes
}

func (b *Breach) Error() string { return fmt.Sprintf("%s is %s and holds %s", b.Path, b.Type, b.Value) }

// maxShown is how many bytes of a value or type a Breach shows.
const maxShown = 60

// Fits tells whether a line can be read under the fields: nil, a *Breach, or ErrLine. For many lines, make a Checker.
func Fits(fields []Field, line []byte) error { return NewChecker(fields).Fits(line) }

// Checker proves that lines can be read under declared types. It is not safe for concurrent use.
type Checker struct {
	root    node
	scratch [MaxName]byte
	path    []string // of the breach, from its end
	node    *node    // where it is
	at      int      // of its value in the line
}

// NewChecker checks against what of the fields is declared.
func NewChecker(fields []Field) *Checker {
	c := new(Checker)
	c.root.plant(Type{Kind: Struct, Fields: Declared(fields)})
	return c
}

// Fits tells whether a stored line can be read under the fields: nil, a *Breach, or ErrLine. Keys that are not declared are fine, null
// fits every type and anything fits a string. A bigint takes an integer within int64; a double any number that it holds, but no integer
// beyond 2^53, which it would change.
func (c *Checker) Fits(line []byte) error {
	c.path = c.path[:0]
	if len(line) == 0 || line[0] != '{' {
		return ErrLine
	}
	switch i := c.object(&c.root, line, 0, 1); {
	case i == len(line):
		return nil
	case i == breached:
		return c.breach(line)
	}
	return ErrLine
}

func (c *Checker) value(n *node, b []byte, i, depth int) int {
	if i >= len(b) {
		return malformed
	}
	if n.kind == String || b[i] == 'n' {
		return skipValue(b, i)
	}
	fits := false
	end := malformed
	switch b[i] {
	case '{':
		if n.kind == Struct {
			return c.object(n, b, i, depth+1)
		}
	case '[':
		if n.kind == Array {
			return c.array(n, b, i, depth+1)
		}
	case '"':
	case 't', 'f':
		fits, end = n.kind == Bool, skipValue(b, i)
	default:
		var k Kind
		if k, end = scanNumber(b, i); end < 0 {
			return end
		}
		fits = holds(n.kind, k)
	}
	if !fits {
		c.node, c.at = n, i
		return breached
	}
	return end
}

// holds tells whether a column of one kind can hold a number of another.
func holds(column, number Kind) bool {
	switch column {
	case Int, Long:
		return number == Int || number == Long
	case Double:
		return number == Int || number == Double
	}
	return false
}

func (c *Checker) object(n *node, b []byte, start, depth int) int {
	if depth > maxDepth {
		return malformed
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
			k := n.find(b, i, &c.scratch)
			if k.at < 0 {
				return k.at
			}
			if m, at = k.member, k.at; m != nil {
				expect.learn(m)
			}
		}
		if m == nil {
			i = skipValue(b, at)
		} else {
			if i = c.value(&m.node, b, at, depth); i == breached {
				c.path = append(c.path, m.name)
			}
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

func (c *Checker) array(n *node, b []byte, start, depth int) int {
	if depth > maxDepth {
		return malformed
	}
	if start+1 < len(b) && b[start+1] == ']' {
		return start + 2
	}
	for i := start + 1; ; i++ {
		if i = c.value(n.elem, b, i, depth); i < 0 {
			if i == breached {
				c.path = append(c.path, "[]")
			}
			return i
		}
		if i >= len(b) || b[i] != ',' {
			return closing(b, i, ']')
		}
	}
}

func (c *Checker) breach(b []byte) error {
	end := skipValue(b, c.at)
	if end < 0 {
		return ErrLine
	}
	path := ""
	for i := len(c.path) - 1; i >= 0; i-- {
		path = join(path, c.path[i])
	}
	return &Breach{Path: path, Type: cut(c.node.toType().Hive()), Value: cut(string(b[c.at:end]))}
}

// join extends a path by a member's name or by [].
func join(path, step string) string {
	if path == "" || step == "[]" {
		return path + step
	}
	return path + "." + step
}

// cut shortens a text to maxShown bytes, between characters.
func cut(s string) string {
	if len(s) <= maxShown {
		return s
	}
	n := maxShown
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "…"
}
