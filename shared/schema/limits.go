package schema

// Limits bound the schema, and with it the memory of an Inferrer, whatever the events hold. A zero field takes its default.
//
// Limits only ever widen: a type that exceeds one becomes a string, for good. Which of several columns does so can depend on the order of
// the events, as a string forgets what it was made of; below the limits nothing depends on it.
type Limits struct {
	// Columns is how many top-level fields there are at most, default 2,000. Further ones are not declared, and their types not
	// known: to raise the limit of a full table is safe only when all its events are observed again.
	Columns int

	// Members is how many a struct has at most, default 1,000. One with more, such as a map whose keys are ids, becomes a string.
	Members int

	// TypeBytes bounds the weight of one column's type, default 100,000; a wider one becomes a string. The weight is never less than the
	// length of the Hive type string, for which Glue takes 131,072
	// (https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html).
	TypeBytes int

	// TableBytes bounds the weight of all columns, default 500,000, at some 20 bytes of memory each. An array or struct that would grow
	// the table beyond it becomes a string. This bound is ours, not Glue's.
	TableBytes int
}

// Default limits.
const (
	DefaultColumns    = 2_000
	DefaultMembers    = 1_000
	DefaultTypeBytes  = 100_000
	DefaultTableBytes = 500_000
)

// maxDepth is how deep a line, and so a type, nests; the top object counts. It is what ingest accepts.
const maxDepth = 64

func (l Limits) orDefault() Limits {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&l.Columns, DefaultColumns)
	set(&l.Members, DefaultMembers)
	set(&l.TypeBytes, DefaultTypeBytes)
	set(&l.TableBytes, DefaultTableBytes)
	return l
}

// The weight of a type is at least the length of its Hive string. Every scalar weighs the same, so that widening one changes nothing.
const (
	leafWeight   = len("boolean")
	arrayWeight  = len("array<>")
	structWeight = len("struct<>")
)

// memberWeight is what a member weighs beside its type: its name, a colon and a comma.
func memberWeight(name string) int { return len(name) + 2 }

func (t Type) weight() int {
	switch t.Kind {
	case Array:
		return arrayWeight + t.elem().weight()
	case Struct:
		w := structWeight
		for _, f := range t.Fields {
			w += memberWeight(f.Name) + f.Type.weight()
		}
		return w
	}
	return leafWeight
}
