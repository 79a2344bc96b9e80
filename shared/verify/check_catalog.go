package verify

import (
	"slices"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// checkCatalog wants readers to see the current generation, with the table's columns.
func (v *visit) checkCatalog() {
	s := v.state
	current := layout.Location(s.hour, s.current().name)
	if s.entry.Version == "" {
		if n := len(s.current().data()); n > 0 {
			v.add(Unregistered, s.hour, current, "readers do not know of %d events in %d parts", v.events, n)
		}
		return
	}
	if s.entry.Location != current {
		v.tellLocation(current)
	}
	if !schema.Equal(s.entry.Columns, fields(s.table)) {
		code := Columns
		if !s.table.Followed {
			code = CatalogBehind // whoever evolves the table next goes on
		}
		v.add(code, s.hour, current, "its columns are not those of the table: %s", differ(s.entry.Columns, fields(s.table)))
	}
}

// tellLocation judges a Location that is not current. After a seal the catalog follows within the bound. It never goes before: where it leads
// on from the last generation that a seal leads to, the next seal is gone.
func (v *visit) tellLocation(current string) {
	s := v.state
	cur := s.current()
	if _, named, err := layout.ParseLocation(s.entry.Location); err == nil && named.Number() > cur.name.Number() &&
		slices.ContainsFunc(s.orphans, func(o orphan) bool { return o.name == named }) {
		seal := layout.Slot{Partition: s.hour, Generation: cur.name, Number: len(cur.slots) + 1}
		v.add(SealWrong, s.hour, seal.Key(), "readers are shown %q, and no seal ends %q: the seal was removed", s.entry.Location, current)
		return
	}
	code := Location
	behind := func(g generation) bool { return layout.Location(s.hour, g.name) == s.entry.Location }
	if n := len(s.chain); n > 1 && slices.ContainsFunc(s.chain[:n-1], behind) && v.Now.Sub(s.sealed()) < v.Bound {
		code = CatalogBehind
	}
	v.add(code, s.hour, current, "readers are shown %q, the current generation is %q", s.entry.Location, current)
}

// fields are the columns that readers are told of.
func fields(t catalog.Table) []schema.Field {
	all := make([]schema.Field, len(t.Columns))
	for i, c := range t.Columns {
		all[i] = c.Field
	}
	return schema.Declared(all)
}

// differ names the first column in which two lists differ.
func differ(a, b []schema.Field) string {
	for i := range min(len(a), len(b)) {
		switch {
		case a[i].Name != b[i].Name:
			return "where the table has " + b[i].Name + ", it has " + a[i].Name
		case !a[i].Type.Equal(b[i].Type):
			return a[i].Name + " is " + spell(a[i].Type) + ", in the table it is " + spell(b[i].Type)
		}
	}
	switch {
	case len(a) < len(b):
		return b[len(a)].Name + " is not there"
	case len(a) > len(b):
		return a[len(b)].Name + " is not in the table"
	}
	return "they are spelt otherwise"
}

// spell gives a type so far that a person can tell it from another.
func spell(t schema.Type) string {
	const most = 80
	if h := t.Hive(); len(h) > most {
		return h[:most] + "…"
	} else if h != "" {
		return h
	}
	return t.Kind.String()
}
