package schema

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestTextForms(t *testing.T) {
	for _, tt := range []struct{ text, hive, duckdb string }{
		{`"null"`, ``, ``},
		{`"bool"`, `boolean`, `BOOLEAN`},
		{`"int"`, `bigint`, `BIGINT`},
		{`"long"`, `bigint`, `BIGINT`},
		{`"double"`, `double`, `DOUBLE`},
		{`"string"`, `string`, `VARCHAR`},
		{`["int"]`, `array<bigint>`, `BIGINT[]`},
		{`[["null"]]`, ``, ``},
		{`{}`, ``, ``},
		{`{"A":"int","b":[{"C d":"int","E_f":"string"}],"n":"null"}`, `struct<a:bigint,b:array<struct<e_f:string>>>`,
			`STRUCT("A" BIGINT, "b" STRUCT("E_f" VARCHAR)[])`},
		{`{"a.b":[["bool"]]}`, `struct<a.b:array<array<boolean>>>`, `STRUCT("a.b" BOOLEAN[][])`},
	} {
		var got Type
		if err := json.Unmarshal([]byte(tt.text), &got); err != nil {
			t.Errorf("%s: %v", tt.text, err)
		}
		if got.Hive() != tt.hive || got.DuckDB() != tt.duckdb {
			t.Errorf("%s is %s and %s", tt.text, got.Hive(), got.DuckDB())
		}
		if b, err := json.Marshal(got); err != nil || string(b) != tt.text {
			t.Errorf("%s comes back as %s, %v", tt.text, b, err)
		}
	}
}

func TestUnmarshalRefuses(t *testing.T) {
	for text, want := range map[string]string{
		``:                           "EOF",
		`"varchar"`:                  "is no type",
		`1`:                          "is no type",
		`null`:                       "is no type",
		`[]`:                         "is no type",
		`["int","int"]`:              "one element type",
		`["int"`:                     "one element type",
		`{"a":"int","A":"int"}`:      "twice",
		`{"a":}`:                     "invalid character",
		`{"a":"int"} x`:              "more follows",
		`"int""int"`:                 "more follows",
		strings.Repeat("[", 65):      "deeper than 64",
		strings.Repeat("[", 1e6):     "deeper than 64",
		strings.Repeat(`{"a":`, 1e5): "deeper than 64",
	} {
		var got Type
		if err := got.UnmarshalJSON([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %s", cut(text), err, want)
		}
	}
	deepest := strings.Repeat("[", 64) + `"int"` + strings.Repeat("]", 64)
	var got Type
	if err := got.UnmarshalJSON([]byte(deepest)); err != nil {
		t.Error(err)
	}
}

func TestMarshalRefuses(t *testing.T) {
	for _, bad := range []Type{{Kind: 99}, {Kind: Struct, Fields: []Field{{Name: "a", Spelling: "b"}}}, {Kind: Struct, Fields: []Field{{Name: "A"}}},
		{Kind: Array, Elem: &Type{Kind: 99}}} {
		if b, err := bad.MarshalJSON(); err == nil {
			t.Errorf("%v gives %s", bad, b)
		}
	}
}

func TestFieldWithoutSpelling(t *testing.T) {
	columns := []Field{{Name: "a", Type: Type{Kind: Struct, Fields: []Field{{Name: "b", Type: Type{Kind: Int}}}}}}
	if got := show(columns); got != `{"a":{"b":"int"}}` {
		t.Error(got)
	}
	if got := columns[0].Type.DuckDB(); got != `STRUCT("b" BIGINT)` {
		t.Error(got)
	}
	if err := Fits(columns, []byte(`{"":"x","a":{"":true,"b":1}}`)); err != nil {
		t.Error(err)
	}
}

func TestEqual(t *testing.T) {
	const same = `{"a":"int","b":{"c":["long"]}}`
	for text, want := range map[string]bool{
		same:                                    true,
		`{"A":"int","b":{"c":["long"]}}`:        false,
		`{"a":"long","b":{"c":["long"]}}`:       false,
		`{"a":"int","b":{"c":["int"]}}`:         false,
		`{"b":{"c":["long"]},"a":"int"}`:        false,
		`{"a":"int"}`:                           false,
		`{"a":"int","b":{"c":["long"],"d":{}}}`: false,
	} {
		if Equal(table(t, same), table(t, text)) != want || Equal(table(t, text), table(t, same)) != want {
			t.Errorf("%s: want %v", text, want)
		}
	}
	if !(Type{Kind: Array}).Equal(Type{Kind: Array, Elem: &Type{}}) {
		t.Error("an array without an element type is one of null")
	}
}
