package athena

import (
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/schema"
)

// view is what a reader shows of the columns of `events`.
type view struct {
	name   string
	fields []schema.Field
	rows   map[string][]any
	duck   bool // keys by case, with the first spelling; numbers in text as the nearest double
}

// views reads all of `events` through the three readers. Through Hive's SerDe only what meets a condition, where there is one, and no rescued conflicts.
func (l *lake) views(hive string) []view {
	l.t.Helper()
	fields, strict := l.fields(), l.strict()
	duck := view{"DuckDB", fields, map[string][]any{}, true}
	for _, row := range l.run(nil, "query", "SELECT * FROM events") {
		var values []any
		for _, f := range fields {
			values = append(values, row[f.Name])
		}
		duck.rows[fmt.Sprint(row["event_uuid"])] = values
	}
	return []view{
		duck,
		{"OpenX", fields, l.rows("events", "event_uuid", "", fields), false},
		{"Hive", strict, l.rows(l.hiveOf(strict), "event_uuid", hive, strict), false},
	}
}

// check wants a row to be what was stored.
func (v view) check(t *testing.T, id string, stored any) {
	t.Helper()
	row := v.rows[id]
	if row == nil {
		t.Errorf("%s has no %s", v.name, id)
		return
	}
	want, _ := v.told(schema.Type{Kind: schema.Struct, Fields: v.fields}, stored).(map[string]any)
	for i, f := range v.fields {
		if got, want := plain(v.seen(f.Type, row[i], want[f.Name])), plain(want[f.Name]); f.Name != "created_datetime" && !reflect.DeepEqual(got, want) {
			t.Errorf("%s of %s: %s gives %s, want %s", f.Name, id, v.name, encoded(got), encoded(want))
		}
	}
}

// told is a stored value as a reader is to tell it under a type. A rescued conflict is the JSON that its text is.
func (v view) told(t schema.Type, stored any) any {
	switch s := stored.(type) {
	case nil:
		return nil
	case []any:
		if t.Kind == schema.Array {
			list := make([]any, len(s))
			for i := range s {
				list[i] = v.told(*t.Elem, s[i])
			}
			return list
		}
	case map[string]any:
		if t.Kind == schema.Struct {
			object := map[string]any{}
			for key, member := range s {
				i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == schema.Fold(key) })
				if i >= 0 && (!v.duck || t.Fields[i].Spelling == key) {
					object[t.Fields[i].Name] = v.told(t.Fields[i].Type, member)
				}
			}
			return object
		}
	case string:
		return s
	}
	number := fmt.Sprint(stored)
	if _, is := stored.(json.Number); is && (t.Kind == schema.Double || v.duck && t.Kind == schema.String) {
		return nearest(number)
	}
	return stored
}

// nearest is a double.
func nearest(number string) any {
	f, err := strconv.ParseFloat(number, 64)
	if err != nil {
		return json.Number(number) // it has none
	}
	return json.Number(strconv.FormatFloat(f, 'g', -1, 64))
}

// seen is what a reader gave, in the form of told.
func (v view) seen(t schema.Type, got, want any) any {
	switch g := got.(type) {
	case string:
		if _, is := want.(string); t.Kind == schema.String && !is {
			var stored any
			d := json.NewDecoder(strings.NewReader(g))
			d.UseNumber()
			if d.Decode(&stored) == nil && !d.More() {
				return v.told(schema.Type{Kind: schema.String}, stored)
			}
		}
	case json.Number:
		if t.Kind == schema.Double {
			return nearest(g.String())
		}
	case []any:
		list := make([]any, len(g))
		wants, _ := want.([]any)
		for i := range g {
			if i < len(wants) && t.Kind == schema.Array {
				list[i] = v.seen(*t.Elem, g[i], wants[i])
			}
		}
		return list
	case map[string]any:
		object := map[string]any{}
		wants, _ := want.(map[string]any)
		for _, f := range t.Fields {
			for key, member := range g {
				if schema.Fold(key) == f.Name {
					object[f.Name] = v.seen(f.Type, member, wants[f.Name])
				}
			}
		}
		return object
	}
	return got
}
