package athena

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// same wants every column of a table, whole, to be the same through Trino and through `lakebed query`, row by row; where is a condition that
// both understand, or empty. It gives the number of rows.
func (l *lake) same(table, id, where string) int {
	l.t.Helper()
	if where != "" {
		where = " WHERE " + where
	}
	var names, exprs []string
	for _, c := range l.columns() {
		name := aws.ToString(c.Name)
		names = append(names, name)
		exprs = append(exprs, fmt.Sprintf("json_format(CAST(%s AS json))", quoted(name)))
	}
	names, exprs = append(names, "dt", "hour"), append(exprs, "json_format(CAST(dt AS json))", "json_format(CAST(hour AS json))")
	rows := l.site.query(l.t, l.name, "SELECT "+strings.Join(exprs, ", ")+" FROM "+table+where)
	theirs := map[string]map[string]any{}
	for _, row := range rows {
		one := map[string]any{}
		for i, name := range names {
			if text, is := row[i].(string); is {
				one[name] = decoded(l.t, text)
			}
		}
		key := fmt.Sprint(one[id])
		if theirs[key] != nil {
			l.t.Errorf("Trino gives %s twice", key)
		}
		theirs[key] = one
	}
	ours := l.run(nil, "query", "SELECT * FROM "+table+where)
	if len(ours) != len(rows) {
		l.t.Errorf("%s: %d rows through Trino, %d through DuckDB", table, len(rows), len(ours))
	}
	different := map[string]int{}
	for _, one := range ours {
		key := fmt.Sprint(one[id])
		other := theirs[key]
		if other == nil {
			l.t.Errorf("Trino has no %s", key)
			continue
		}
		for _, name := range names {
			if a, b := plain(one[name]), plain(other[name]); !reflect.DeepEqual(a, b) {
				if different[name]++; different[name] == 1 {
					l.t.Errorf("%s of %s: %s through DuckDB, %s through Trino", name, key, encoded(a), encoded(b))
				}
			}
		}
	}
	if len(different) > 0 {
		l.t.Errorf("rows that differ, by column: %v", different)
	}
	return len(rows)
}

// plain is a value without what may differ in form: the spelling of numbers and of names, and members that are null.
func plain(v any) any {
	switch v := v.(type) {
	case json.Number:
		if r, ok := new(big.Rat).SetString(v.String()); ok {
			return "number " + r.RatString()
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = plain(v[i])
		}
		return list
	case map[string]any:
		object := map[string]any{}
		for key, member := range v {
			if member != nil {
				object[strings.ToLower(key)] = plain(member)
			}
		}
		return object
	}
	return v
}

func decoded(t interface{ Fatal(...any) }, text string) any {
	d := json.NewDecoder(strings.NewReader(text))
	d.UseNumber()
	var v any
	if err := d.Decode(&v); err != nil {
		t.Fatal(err, text)
	}
	return v
}

func encoded(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%.300s", text)
}

// quoted is a name as SQL has it.
func quoted(name string) string { return `"` + strings.ReplaceAll(name, `"`, `""`) + `"` }
