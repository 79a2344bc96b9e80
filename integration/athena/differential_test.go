package athena

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/schema"
)

const (
	questions   = 80
	differSeed  = 27 // of the schema, the events and the queries
	differRuns  = 3
	differLines = 800 // of a run
)

// sql is text in the two dialects.
type sql struct{ trino, duckDB string }

func both(text string) sql { return sql{text, text} }

// in gives a form with %s for each of the parts, in both dialects.
func in(form string, parts ...sql) sql { return each(form, form, parts...) }

func each(trino, duckDB string, parts ...sql) sql {
	var a, b []any
	for _, p := range parts {
		a, b = append(a, p.trino), append(b, p.duckDB)
	}
	return sql{fmt.Sprintf(trino, a...), fmt.Sprintf(duckDB, b...)}
}

// asker makes queries that mean the same in both dialects, of what lies in a table. It counts which forms it used.
type asker struct {
	*rand.Rand
	leaves map[schema.Kind][]sql // scalars, of a row named e
	lists  []sql                 // arrays of bigint
	used   map[string]int
}

// one picks a form by its name, and notes it.
func (a *asker) one(names ...string) string {
	name := names[a.IntN(len(names))]
	for _, n := range names {
		a.used[n] += 0
	}
	a.used[name]++
	return name
}

func (a *asker) leaf(k schema.Kind) sql {
	all := a.leaves[k]
	return all[a.IntN(len(all))]
}

func (a *asker) number() sql { return both(fmt.Sprint(a.IntN(40) - 20)) }

func (a *asker) word() sql {
	return both("'" + []string{"alpha", "Beta", "wörd", "b", ""}[a.IntN(5)] + "'")
}

// whole is an expression of type bigint.
func (a *asker) whole(depth int) sql {
	if depth == 0 {
		return a.leaf(schema.Long)
	}
	x := func() sql { return a.whole(depth - 1) }
	switch a.one("plus", "times", "modulo", "length", "position", "cardinality", "element", "coalesce", "case", "abs", "column") {
	case "plus":
		return in("(%s + %s)", x(), x())
	case "times":
		return in("(%s * %s)", x(), a.number())
	case "modulo":
		return in("(%s %% nullif(%s, 0))", x(), x())
	case "length":
		return in("length(%s)", a.text(depth-1))
	case "position":
		return in("strpos(%s, 'a')", a.text(depth-1))
	case "cardinality":
		return each("cardinality(%s)", "len(%s)", a.lists[a.IntN(len(a.lists))])
	case "element":
		return each("element_at(%s, 1)", "%s[1]", a.lists[a.IntN(len(a.lists))])
	case "coalesce":
		return in("coalesce(%s, %s)", x(), a.number())
	case "case":
		return in("CASE WHEN %s THEN %s ELSE %s END", a.truth(depth-1), x(), x())
	case "abs":
		return in("abs(%s)", x())
	}
	return a.leaf(schema.Long)
}

// text is an expression of type varchar.
func (a *asker) text(depth int) sql {
	if depth == 0 {
		return a.leaf(schema.String)
	}
	x := func() sql { return a.text(depth - 1) }
	switch a.one("concat", "substr", "lower", "replace", "number as text", "truth as text", "text or", "text") {
	case "concat":
		return in("(%s || %s)", x(), a.word())
	case "substr":
		return in("substr(%s, 2, 3)", x())
	case "lower":
		return in("lower(%s)", x())
	case "replace":
		return in("replace(%s, 'a', 'xy')", x())
	case "number as text":
		return in("CAST(%s AS varchar)", a.whole(depth-1))
	case "truth as text":
		return in("CAST(%s AS varchar)", a.truth(depth-1))
	case "text or":
		return in("coalesce(%s, %s)", x(), a.word())
	}
	return a.leaf(schema.String)
}

// truth is an expression of type boolean, true, false or NULL.
func (a *asker) truth(depth int) sql {
	if depth == 0 {
		return a.leaf(schema.Bool)
	}
	x := func() sql { return a.truth(depth - 1) }
	compare := []string{"<", "<=", "=", "<>", ">=", ">", "IS DISTINCT FROM"}[a.IntN(7)]
	switch a.one("and", "or", "not", "null", "compare", "compare text", "compare double", "between", "in", "like", "hour", "boolean") {
	case "and":
		return in("(%s AND %s)", x(), x())
	case "or":
		return in("(%s OR %s)", x(), x())
	case "not":
		return in("(NOT %s)", x())
	case "null":
		return in("(%s IS NULL)", a.text(depth-1))
	case "compare":
		return in("(%s "+compare+" %s)", a.whole(depth-1), a.whole(depth-1))
	case "compare text":
		return in("(%s "+compare+" %s)", a.text(depth-1), a.text(depth-1))
	case "compare double":
		return in("(%s "+compare+" %s)", a.leaf(schema.Double), a.whole(depth-1))
	case "between":
		return in("(%s BETWEEN %s AND %s)", a.whole(depth-1), a.number(), a.whole(depth-1))
	case "in":
		return in("(%s IN (%s, %s))", a.whole(depth-1), a.number(), a.number())
	case "like":
		return in("(%s LIKE '%%a_')", a.text(depth-1))
	case "hour":
		return both(fmt.Sprintf("(e.dt = '2026-11-20' AND e.hour >= '%02d')", 8+a.IntN(3)))
	}
	return a.leaf(schema.Bool)
}

// query is a statement with TABLE in the place of the table; its columns are c0, c1, …; no order but where LIMIT needs it.
func (a *asker) query() sql {
	w, t, b := func() sql { return a.whole(2) }, func() sql { return a.text(2) }, func() sql { return a.truth(3) }
	switch a.one("project", "limit", "group", "having", "distinct", "total", "unnest", "join", "window", "union", "subquery") {
	case "project":
		return in("SELECT e.event_uuid AS c0, %s AS c1, %s AS c2, %s AS c3, %s AS c4 FROM TABLE e WHERE %s", w(), t(), b(), a.leaf(schema.Double), b())
	case "limit":
		return in("SELECT %s AS c0, %s AS c1 FROM TABLE e WHERE %s ORDER BY e.event_uuid LIMIT 20", w(), t(), b())
	case "group":
		return in("SELECT %s AS c0, count(*) AS c1, count(%s) AS c2, sum(%s) AS c3, min(%s) AS c4, max(%s) AS c5 FROM TABLE e GROUP BY 1", t(), w(), w(), t(), w())
	case "having":
		return in("SELECT e.hour AS c0, %s AS c1, sum(%s) AS c2 FROM TABLE e GROUP BY 1, 2 HAVING count(*) > 3", b(), a.leaf(schema.Double))
	case "distinct":
		return in("SELECT DISTINCT %s AS c0, %s AS c1 FROM TABLE e", w(), b())
	case "total":
		return in("SELECT count(DISTINCT %s) AS c0, sum(%s) AS c1, avg(%s) AS c2, max(%s) AS c3 FROM TABLE e WHERE %s", t(), w(), a.leaf(schema.Double), t(), b())
	case "unnest":
		return in("SELECT e.event_uuid AS c0, u.v AS c1 FROM TABLE e CROSS JOIN UNNEST(%s) AS u(v) WHERE %s", a.lists[a.IntN(len(a.lists))], b())
	case "join":
		return in("SELECT e.hour AS c0, o.hour AS c1, count(*) AS c2 FROM TABLE e JOIN TABLE o ON %s = o.n WHERE %s GROUP BY 1, 2", w(), b())
	case "window":
		return in("SELECT e.event_uuid AS c0, row_number() OVER (PARTITION BY e.hour, %s ORDER BY e.event_uuid) AS c1 FROM TABLE e", b())
	case "union":
		return in("SELECT %s AS c0 FROM TABLE e WHERE %s UNION ALL SELECT %s FROM TABLE e WHERE %s", w(), b(), w(), b())
	}
	return in("SELECT e.event_uuid AS c0 FROM TABLE e WHERE %s IN (SELECT %s FROM TABLE e WHERE %s)", w(), w(), b())
}

// shape makes a schema: the type of each field, and from which run on events have it.
func (a *asker) shape() map[string]schema.Type {
	list := schema.Type{Kind: schema.Array, Elem: &schema.Type{Kind: schema.Long}}
	fields := map[string]schema.Type{"n": {Kind: schema.Long}, "list": list}
	kinds := []schema.Kind{schema.Long, schema.Double, schema.String, schema.Bool}
	for i := range 12 {
		name := []string{"f%02d", "with blank %02d", "Cased%02d", "order%02d"}[a.IntN(4)]
		t := schema.Type{Kind: kinds[i%4]}
		switch a.IntN(3) {
		case 0:
			t = schema.Type{Kind: schema.Struct, Fields: []schema.Field{{Name: "in", Type: t}, {Name: "list", Type: list}}}
		case 1:
			t = schema.Type{Kind: schema.Struct, Fields: []schema.Field{{Name: "a", Type: schema.Type{Kind: schema.Struct, Fields: []schema.Field{{Name: "b", Type: t}}}}}}
		}
		fields[fmt.Sprintf(name, i)] = t
	}
	return fields
}

// value is some of a type, as JSON.
func (a *asker) value(t schema.Type) string {
	if a.IntN(6) == 0 {
		return "null"
	}
	switch t.Kind {
	case schema.Long:
		return fmt.Sprint(a.IntN(40) - 20)
	case schema.Double:
		return fmt.Sprintf("%d.%s", a.IntN(20), []string{"0", "25", "5", "75"}[a.IntN(4)])
	case schema.String:
		return []string{`"alpha"`, `"Beta"`, `"w\u00f6rd"`, `""`, `"banana\n\"x\""`, `"日本 a"`}[a.IntN(6)]
	case schema.Bool:
		return []string{"true", "false"}[a.IntN(2)]
	case schema.Array:
		var all []string
		for range a.IntN(4) {
			all = append(all, a.value(*t.Elem))
		}
		return "[" + strings.Join(all, ",") + "]"
	}
	var all []string
	for _, f := range t.Fields {
		all = append(all, fmt.Sprintf("%q:%s", f.Name, a.value(f.Type)))
	}
	return "{" + strings.Join(all, ",") + "}"
}

// know finds the scalars and lists of a column.
func (a *asker) know(t schema.Type, at string) {
	switch {
	case t.Kind == schema.Struct:
		for _, f := range t.Fields {
			a.know(f.Type, at+"."+quoted(f.Name))
		}
	case t.Kind == schema.Array && t.Elem.Kind <= schema.Long && t.Elem.Kind >= schema.Int:
		a.lists = append(a.lists, both(at))
	case t.Kind == schema.Int:
		a.leaves[schema.Long] = append(a.leaves[schema.Long], both(at))
	default:
		a.leaves[t.Kind] = append(a.leaves[t.Kind], both(at))
	}
}

// Generated events of a generated schema that grows, and generated queries: Trino with either SerDe and DuckDB give the same rows.
func differential(t *testing.T, s *site) {
	l := newLake(t, s, "differential")
	a := &asker{Rand: rand.New(rand.NewPCG(differSeed, 0)), leaves: map[schema.Kind][]sql{}, used: map[string]int{}}
	fields := a.shape()
	names := slices.Sorted(maps.Keys(fields))
	for run := range differRuns {
		var b strings.Builder
		for i := range differLines {
			fmt.Fprintf(&b, `{"event_uuid":"e%d-%03d","created_at":"2026-11-20T%02d:00:00Z","event_name":"a:b"`, run, i, 8+a.IntN(run+2))
			for n, name := range names {
				if n%differRuns <= run && a.IntN(8) > 0 {
					fmt.Fprintf(&b, ",%q:%s", name, a.value(fields[name]))
				}
			}
			b.WriteString("}\n")
		}
		l.run(strings.NewReader(b.String()), "run", "-")
	}
	for _, f := range l.fields() {
		a.know(f.Type, "e."+quoted(f.Name))
	}
	byTrino := func(a, b sql) int { return strings.Compare(a.trino, b.trino) } // else they have the order in which hours were merged
	slices.SortFunc(a.lists, byTrino)
	for _, all := range a.leaves {
		slices.SortFunc(all, byTrino)
	}
	hive := l.hiveOf(l.strict())
	empty := 0
	for range questions {
		q := a.query()
		ours := rowsOf(l.run(nil, "query", strings.ReplaceAll(q.duckDB, "TABLE", "events")))
		for _, table := range []string{"events", hive} {
			theirs := l.answer(strings.ReplaceAll(q.trino, "TABLE", table))
			if !slices.Equal(ours, theirs) {
				i := 0
				for i < min(len(ours), len(theirs)) && ours[i] == theirs[i] {
					i++
				}
				t.Errorf("seed %d: %d rows through DuckDB, %d through Trino from %s, of which the first that differ are %.200q and %.200q\n%s\n%s",
					differSeed, len(ours), len(theirs), table, append(ours, "")[i:][0], append(theirs, "")[i:][0], q.trino, q.duckDB)
			}
		}
		if len(ours) == 0 {
			empty++
		}
	}
	t.Logf("%d queries, %d without rows; %v", questions, empty, a.used)
	for form, n := range a.used {
		if n == 0 {
			t.Errorf("no query uses %s", form)
		}
	}
	if empty > questions/4 {
		t.Errorf("%d of %d queries give no rows", empty, questions)
	}
}

// rowsOf are rows of `lakebed query` as texts, sorted: numbers by their value.
func rowsOf(rows []map[string]any) []string {
	var all []string
	for _, row := range rows {
		var values []any
		for _, name := range slices.Sorted(maps.Keys(row)) {
			values = append(values, plain(row[name]))
		}
		all = append(all, encodedWhole(values))
	}
	slices.Sort(all)
	return all
}

// answer is the same of Trino.
func (l *lake) answer(statement string) []string {
	l.t.Helper()
	var all []string
	for _, row := range l.site.query(l.t, l.name, statement) {
		for i := range row {
			row[i] = plain(row[i])
		}
		all = append(all, encodedWhole(row))
	}
	slices.Sort(all)
	return all
}
