// Package schema infers the table's types from stored lines and widens them, so that every value ever stored can be read under the
// declared types. It does no I/O.
//
// The types form a lattice: null below everything; bigint (Int) below bigint (Long) and below double; string above everything. A join
// never loses a value: what cannot be read under a narrower type makes the column a string, which the OpenX SerDe gives as JSON text.
//
// What is accumulated and what is declared differ. A column seen only as null, {} or [] is remembered and not declared. A key whose name
// a Hive type string cannot carry (see Fold) is neither: its data stays in the files, and no column shows it.
package schema

// Kind is a type's outermost shape, from narrow to wide.
type Kind uint8

// Int and Long are both bigint; an Int column has held only integers that a double represents exactly (|n| <= 2^53), so that it can widen
// to double, while a Long one has to become a string. Null has been seen only as null. A Null, a Struct without declared members and an
// Array of such are not declared. -0 is an Int, and reads as 0.
const (
	Null Kind = iota
	Bool
	Int
	Long
	Double
	String // also whatever is in conflict, as JSON text
	Array
	Struct
)

const kinds = int(Struct) + 1

var kindNames = [kinds]string{"null", "bool", "int", "long", "double", "string", "array", "struct"}

// String is the kind's name in the JSON form of a Type.
func (k Kind) String() string {
	if int(k) < kinds {
		return kindNames[k]
	}
	return "unknown"
}

// Type is an immutable type tree.
type Type struct {
	Kind   Kind
	Elem   *Type   // of an Array
	Fields []Field // of a Struct, in the order in which they came
}

// Field is a column, or a member of a struct. Names are lower case: Hive and Athena fold them.
type Field struct {
	Name     string
	Spelling string // as the first event spelt it
	Type     Type
}

// Equal tells whether both lists hold the same fields in the same order, spelling included. Int and Long differ here, although both are
// declared as bigint: a catalog stores a change of either.
func Equal(a, b []Field) bool {
	if len(a) != len(b) {
		return false
	}
	for i := range a {
		if a[i].Name != b[i].Name || a[i].Spelling != b[i].Spelling || !a[i].Type.Equal(b[i].Type) {
			return false
		}
	}
	return true
}

// Equal tells whether both are the same tree, with the same order of members and the same spellings.
func (t Type) Equal(u Type) bool {
	if t.Kind != u.Kind {
		return false
	}
	switch t.Kind {
	case Array:
		return t.elem().Equal(u.elem())
	case Struct:
		return Equal(t.Fields, u.Fields)
	}
	return true
}

// elem is an Array's element type; that of one made without any is Null.
func (t Type) elem() Type {
	if t.Elem == nil {
		return Type{}
	}
	return *t.Elem
}
