package schema

import "slices"

// joined is the lattice of kinds: the narrowest kind that reads all values of both. Members and elements are joined in turn.
var joined = func() (t [kinds][kinds]Kind) {
	for a := range t {
		for b := range t {
			t[a][b] = String
		}
		t[a][a] = Kind(a)
		t[a][Null], t[Null][a] = Kind(a), Kind(a)
	}
	t[Int][Long], t[Long][Int] = Long, Long
	t[Int][Double], t[Double][Int] = Double, Double
	return t
}()

// Merge is Limits.Merge with the default limits.
func Merge(table, seen []Field) ([]Field, []Change) { return Limits{}.Merge(table, seen) }

// Merge widens a table's columns by what was seen, and tells what changes in its declaration. Neither argument is changed; the result may
// share their types. It is idempotent and, below the limits and up to order and spelling, associative and commutative.
//
// The declared columns of the table come first, in their order; then those newly declared: the table's own that were not yet known, then
// those seen, each in their order; last what is still not declared. So Declared of the result extends Declared of the table at its end,
// also within each struct. That nothing is in changes does not mean that nothing changed: an Int that became a Long, or a column
// not yet declared, is kept too. Compare with Equal.
func (l Limits) Merge(table, seen []Field) (merged []Field, changes []Change) {
	l = l.orDefault()
	count, total := len(table), 0
	for _, f := range table {
		total += memberWeight(f.Name) + f.Type.weight()
	}
	merged = unite(table, seen, ColumnName, func(old *Field, f Field) (Field, bool) {
		was := 0
		if old != nil {
			was = old.Type.weight()
			f = Field{Name: old.Name, Spelling: old.Spelling, Type: l.join(old.Type, f.Type)}
		} else {
			if count >= l.Columns || !ColumnName(f.Name) {
				return Field{}, false
			}
			count++
			total += memberWeight(f.Name)
			f.Type = l.bound(f.Type)
		}
		now := f.Type.weight()
		nested := f.Type.Kind == Array || f.Type.Kind == Struct
		if nested && now > was && (now > l.TypeBytes || total+now-was > l.TableBytes) {
			f.Type, now = Type{Kind: String}, leafWeight
		}
		total += now - was
		return f, true
	})
	return merged, diff(nil, "", Declared(table), Declared(merged))
}

// join is the narrowest type that reads all values of both.
func (l Limits) join(a, b Type) Type {
	kind := joined[a.Kind][b.Kind]
	switch {
	case a.Kind == Null:
		return l.bound(b)
	case b.Kind == Null:
		return a
	case kind == Array:
		elem := l.join(a.elem(), b.elem())
		return Type{Kind: Array, Elem: &elem}
	case kind == Struct:
		fields := unite(a.Fields, b.Fields, MemberName, func(old *Field, f Field) (Field, bool) {
			if old == nil {
				f.Type = l.bound(f.Type)
				return f, MemberName(f.Name)
			}
			return Field{Name: old.Name, Spelling: old.Spelling, Type: l.join(old.Type, f.Type)}, true
		})
		if len(fields) > max(l.Members, len(a.Fields)) {
			return Type{Kind: String}
		}
		return Type{Kind: Struct, Fields: fields}
	}
	return Type{Kind: kind}
}

// bound is a type that was seen, as the limits allow it.
func (l Limits) bound(t Type) Type {
	switch t.Kind {
	case Array:
		return l.join(Type{Kind: Array}, t)
	case Struct:
		return l.join(Type{Kind: Struct}, t)
	}
	return t
}

// unite is the union of two lists by name, in the order that Merge promises. The function joins a field to the old one of its name, if
// there is any, or drops it.
func unite(a, b []Field, named func(string) bool, join func(old *Field, f Field) (Field, bool)) []Field {
	type ranked struct {
		Field
		rank int
	}
	all := make([]ranked, 0, len(a)+len(b))
	at := make(map[string]int, len(a)+len(b))
	for _, f := range a {
		at[f.Name] = len(all)
		all = append(all, ranked{Field: f, rank: rank(f, named, 0)})
	}
	for _, f := range b {
		if i, ok := at[f.Name]; ok {
			all[i].Field, _ = join(&all[i].Field, f)
			all[i].rank = min(all[i].rank, rank(all[i].Field, named, 1))
		} else if f, ok := join(nil, f); ok {
			at[f.Name] = len(all)
			all = append(all, ranked{Field: f, rank: rank(f, named, 1)})
		}
	}
	slices.SortStableFunc(all, func(x, y ranked) int { return x.rank - y.rank })
	out := make([]Field, len(all))
	for i := range all {
		out[i] = all[i].Field
	}
	return out
}

// rank is the given one for what is declared, and the last for the rest.
func rank(f Field, named func(string) bool, declared int) int {
	if named(f.Name) && f.Type.declared() {
		return declared
	}
	return 2
}
