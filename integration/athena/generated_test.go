package athena

import (
	"crypto/md5"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/schema"
)

const (
	generatedEvents  = 60_000
	generatedBatches = 4
	generatedFields  = 30
)

// generator makes events whose schema changes from batch to batch; always the same ones.
type generator struct {
	*rand.Rand
	made int
}

// line makes an event of an hour, by the habits of a batch.
func (g *generator) line(batch, hour int) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"event_uuid":"e%06d","created_at":"2026-11-20T%02d:%02d:00Z","event_name":"lesson:started"`, g.made, hour, g.IntN(60))
	g.made++
	for i := range generatedFields {
		if g.IntN(2) == 0 {
			if v := g.value(i, batch); v != "" {
				fmt.Fprintf(&b, `,"f%02d":%s`, i, v)
			}
		}
	}
	return b.String() + "}"
}

// value is a field's in a batch, "" for none yet.
func (g *generator) value(field, batch int) string {
	whole, quarter := strconv.Itoa(g.IntN(2000)-1000), strconv.FormatFloat(float64(g.IntN(8000)-4000)/4, 'f', -1, 64)
	word := fmt.Sprintf(`"wörd %d"`, g.IntN(1000))
	at := func(values ...string) string { return values[min(batch, len(values)-1)] }
	switch field % 10 {
	case 0:
		return at(whole, whole, strconv.Itoa((g.IntN(2000)-1000)*1_000_000_000_000), whole)
	case 1:
		return at(whole, quarter)
	case 2:
		return at(whole, quarter, word, whole)
	case 3:
		return at(word, word, "null", word)
	case 4:
		return at("true", "false", "null", strconv.FormatBool(g.IntN(2) == 0))
	case 5:
		return at(`{"a":`+whole+`}`, `{"a":`+whole+`,"b":`+word+`}`, `{"a":`+quarter+`,"c":{"d":`+whole+`}}`, `{"c":{"d":null,"e":true}}`)
	case 6:
		return at(`[`+whole+`,null,1]`, `[]`, `[`+quarter+`]`, `null`)
	case 7:
		return at(`[]`, `[{"x":`+whole+`}]`, `[{"x":`+whole+`,"y":`+word+`},{"y":null}]`)
	case 8:
		return at(`{"a":`+whole+`}`, `{"a":`+whole+`,"b":[1]}`, whole, `[`+word+`,{"k":null}]`)
	}
	if batch > field/10 {
		return whole
	}
	return ""
}

// leaf is a scalar of a column, or what all elements of a list have of it, as an SQL expression of each engine that gives the same text, and as the
// text that an event has there; nil for NULL.
type leaf struct {
	trino, duckDB string
	of            func(v any) *string
}

// leavesOf are those of a type; the expressions are its own, and find gives its value.
func leavesOf(t schema.Type, trino, duckDB string, find func(any) any) []leaf {
	switch t.Kind {
	case schema.Struct:
		var all []leaf
		for _, f := range t.Fields {
			all = append(all, leavesOf(f.Type, trino+"."+quoted(f.Name), duckDB+"."+quoted(f.Name), func(v any) any {
				object, _ := find(v).(map[string]any)
				return memberOf(object, f.Name)
			})...)
		}
		return all
	case schema.Array:
		var all []leaf
		for _, in := range leavesOf(*t.Elem, "x", "x", func(v any) any { return v }) {
			all = append(all, leaf{
				trino:  fmt.Sprintf("array_join(transform(%s, x -> coalesce(%s, '~')), '|')", trino, in.trino),
				duckDB: fmt.Sprintf("CASE WHEN %[1]s IS NOT NULL THEN coalesce(array_to_string(list_transform(%[1]s, x -> coalesce(%[2]s, '~')), '|'), '') END", duckDB, in.duckDB),
				of: func(v any) *string {
					list, is := find(v).([]any)
					if !is {
						return nil
					}
					var texts []string
					for _, e := range list {
						text := "~"
						if got := in.of(e); got != nil {
							text = *got
						}
						texts = append(texts, text)
					}
					text := strings.Join(texts, "|")
					return &text
				},
			})
		}
		return all
	case schema.Double: // all that are made are quarters
		return []leaf{{fmt.Sprintf("CAST(CAST(%s * 4 AS bigint) AS varchar)", trino), fmt.Sprintf("CAST(CAST(%s * 4 AS bigint) AS varchar)", duckDB), func(v any) *string {
			n, is := find(v).(json.Number)
			f, err := n.Float64()
			if !is || err != nil {
				return nil
			}
			text := strconv.FormatInt(int64(f*4), 10)
			return &text
		}}}
	}
	return []leaf{{fmt.Sprintf("CAST(%s AS varchar)", trino), fmt.Sprintf("CAST(%s AS varchar)", duckDB), func(v any) *string {
		found := find(v)
		text, is := found.(string)
		if found == nil {
			return nil
		}
		if !is {
			text = encodedWhole(found)
		}
		return &text
	}}}
}

// encodedWhole is the JSON text of a value, whose members the generator spells in order.
func encodedWhole(v any) string {
	text, _ := json.Marshal(v) // of what was decoded: no error
	return string(text)
}

// sums gives, for each hour, the number of events, and of each leaf the number of its values and a sum of their hashes.
func sums(table string, leaves []string, hash string) string {
	columns := []string{"hour", "count(event_uuid) AS n"}
	for i, expr := range leaves {
		columns = append(columns, fmt.Sprintf("count(%[1]s) AS n%[2]d, sum("+hash+") AS s%[2]d", expr, i))
	}
	return "SELECT " + strings.Join(columns, ", ") + " FROM " + table + " GROUP BY hour"
}

const (
	trinoHash  = "from_base(substr(to_hex(md5(to_utf8(%[1]s))), 1, 8), 16)"
	duckDBHash = "CAST('0x' || substr(md5(%[1]s), 1, 8) AS BIGINT)"
)

// truth is what sums should give.
func truth(lines map[string]string, leaves []leaf) map[string][]string {
	counts := map[string][]int64{}
	for _, line := range lines {
		v := map[string]any{}
		d := json.NewDecoder(strings.NewReader(line))
		d.UseNumber()
		if err := d.Decode(&v); err != nil {
			panic(err) // the generator's
		}
		hour := v["created_at"].(string)[11:13]
		if counts[hour] == nil {
			counts[hour] = make([]int64, 1+2*len(leaves))
		}
		counts[hour][0]++
		for i, one := range leaves {
			if text := one.of(v); text != nil {
				sum := md5.Sum([]byte(*text))
				n, _ := strconv.ParseInt(hex.EncodeToString(sum[:4]), 16, 64) // eight hex digits
				counts[hour][1+2*i]++
				counts[hour][2+2*i] += n
			}
		}
	}
	texts := map[string][]string{}
	for hour, all := range counts {
		for i, n := range all {
			text := strconv.FormatInt(n, 10)
			if i > 0 && i%2 == 0 && all[i-1] == 0 {
				text = "<nil>"
			}
			texts[hour] = append(texts[hour], text)
		}
	}
	return texts
}

// changing sends the events, batch by batch, with copies and late ones, and gives their lines by id.
func (l *lake) changing() map[string]string {
	l.t.Helper()
	g := &generator{Rand: rand.New(rand.NewPCG(2026, 11))}
	lines := map[string]string{}
	var kept []string
	for batch := range generatedBatches {
		var b strings.Builder
		for range generatedEvents / generatedBatches {
			hour := 8 + batch
			switch n := g.IntN(1000); {
			case n == 0:
				hour = 7 // few, to be compared whole
			case n < 200:
				hour = 8 + g.IntN(batch+1) // late
			}
			line := g.line(batch, hour)
			lines[line[15:22]] = line
			b.WriteString(line + "\n")
			if g.IntN(50) == 0 {
				kept = append(kept, line)
			}
			if len(kept) > 0 && g.IntN(20) == 0 {
				b.WriteString(kept[g.IntN(len(kept))] + "\n") // a copy
			}
		}
		l.run(strings.NewReader(b.String()), "run", "-")
	}
	return lines
}

// 60,000 events whose schema changes while they come, with copies and late ones: every scalar of every column, hour by hour, is what was made, through
// Trino with the OpenX SerDe and with Hive's, and through DuckDB.
func generated(t *testing.T, s *site) {
	l := newLake(t, s, "generated")
	lines := l.changing()
	if len(lines) != generatedEvents {
		t.Fatalf("%d events", len(lines))
	}
	check := func(name string, fields []schema.Field, ask func(leaves []leaf) map[string][]string) {
		var leaves []leaf
		var names []string
		for _, f := range fields {
			if !strings.HasPrefix(f.Name, "f") {
				continue
			}
			some := leavesOf(schema.Type{Kind: schema.Struct, Fields: []schema.Field{f}}, "events", "events", func(v any) any { return v })
			for range some {
				names = append(names, f.Name+" "+f.Type.Hive())
			}
			leaves = append(leaves, some...)
		}
		got, want := ask(leaves), truth(lines, leaves)
		if !slices.Equal(slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want))) {
			t.Fatalf("%s: hours %v, want %v", name, slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
		}
		for hour := range want {
			for i, n := range want[hour] {
				if got[hour][i] != n {
					t.Errorf("%s: hour %s, %s: %s, want %s", name, hour, append([]string{"events"}, names...)[(i+1)/2], got[hour][i], n)
				}
			}
		}
		t.Logf("%s: %d scalars of %d columns in %d hours", name, len(leaves), len(fields), len(want))
	}
	throughTrino := func(table string) func([]leaf) map[string][]string {
		return func(leaves []leaf) map[string][]string {
			var exprs []string
			for _, one := range leaves {
				exprs = append(exprs, one.trino)
			}
			found := map[string][]string{}
			for _, row := range s.query(t, l.name, sums(table+" AS events", exprs, trinoHash)) {
				for _, v := range row[1:] {
					found[fmt.Sprint(row[0])] = append(found[fmt.Sprint(row[0])], fmt.Sprint(v))
				}
			}
			return found
		}
	}
	check("OpenX", l.fields(), throughTrino("events"))
	strict := l.strict()
	if len(strict) < generatedFields*2/3 || len(strict) >= len(l.fields()) {
		t.Errorf("%d columns through Hive's SerDe of %d", len(strict), len(l.fields()))
	}
	check("Hive", strict, throughTrino(l.hiveOf(strict)))
	check("DuckDB", l.fields(), func(leaves []leaf) map[string][]string {
		var exprs []string
		for _, one := range leaves {
			exprs = append(exprs, one.duckDB)
		}
		found := map[string][]string{}
		for _, row := range l.run(nil, "query", sums("events", exprs, duckDBHash)) {
			hour := fmt.Sprint(row["hour"])
			found[hour] = append(found[hour], fmt.Sprint(row["n"]))
			for i := range exprs {
				found[hour] = append(found[hour], fmt.Sprint(row[fmt.Sprintf("n%d", i)]), fmt.Sprint(row[fmt.Sprintf("s%d", i)]))
			}
		}
		return found
	})
	l.same("events", "event_uuid", "hour = '07'")
	l.sameThroughHive("event_uuid", "hour = '07'")
}
