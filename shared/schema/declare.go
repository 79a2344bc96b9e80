package schema

// Change is what a merge does to a table's declaration.
type Change struct {
	Path string // of the column or member, such as payload.commits[].distinct
	From string // its Hive type before; empty for a new one
	To   string
}

// Declared is what a catalog is told: the fields without those of which nothing is known yet, or whose name cannot be declared, at every
// level. An empty struct, and an array of what is unknown, are left out too.
func Declared(fields []Field) []Field { return declared(fields, ColumnName) }

func declared(fields []Field, named func(string) bool) []Field {
	out := make([]Field, 0, len(fields))
	for _, f := range fields {
		if !named(f.Name) || !f.Type.declared() {
			continue
		}
		f.Type = f.Type.prune()
		out = append(out, f)
	}
	return out
}

// declared tells whether anything of a type is.
func (t Type) declared() bool {
	switch t.Kind {
	case Null:
		return false
	case Array:
		return t.elem().declared()
	case Struct:
		for _, f := range t.Fields {
			if MemberName(f.Name) && f.Type.declared() {
				return true
			}
		}
		return false
	}
	return true
}

// prune is a declared type without what is not.
func (t Type) prune() Type {
	switch t.Kind {
	case Array:
		elem := t.elem().prune()
		return Type{Kind: Array, Elem: &elem}
	case Struct:
		return Type{Kind: Struct, Fields: declared(t.Fields, MemberName)}
	}
	return t
}

// diff appends the changes from one declared list to another that extends it.
func diff(changes []Change, path string, old, now []Field) []Change {
	before := make(map[string]Type, len(old))
	for _, f := range old {
		before[f.Name] = f.Type
	}
	for _, f := range now {
		was, ok := before[f.Name]
		if !ok {
			changes = append(changes, Change{Path: join(path, f.Name), To: f.Type.Hive()})
			continue
		}
		changes = diffType(changes, join(path, f.Name), was, f.Type)
	}
	return changes
}

func diffType(changes []Change, path string, was, now Type) []Change {
	switch {
	case was.Kind == Struct && now.Kind == Struct:
		return diff(changes, path, was.Fields, now.Fields)
	case was.Kind == Array && now.Kind == Array:
		return diffType(changes, join(path, "[]"), was.elem(), now.elem())
	}
	if from, to := was.Hive(), now.Hive(); from != to {
		changes = append(changes, Change{Path: path, From: from, To: to})
	}
	return changes
}
