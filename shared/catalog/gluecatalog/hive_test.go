package gluecatalog

import (
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/lakebed/lakebed/shared/schema"
)

// drawType draws a type that is declared, as Glue can tell it: lower case, no Long.
func drawType(t *rapid.T, depth int) schema.Type {
	kinds := []schema.Kind{schema.Bool, schema.Int, schema.Double, schema.String, schema.Array, schema.Struct}
	if depth == 6 {
		kinds = kinds[:4]
	}
	out := schema.Type{Kind: rapid.SampledFrom(kinds).Draw(t, "kind")}
	switch out.Kind {
	case schema.Array:
		elem := drawType(t, depth+1)
		out.Elem = &elem
	case schema.Struct:
		names := rapid.SliceOfNDistinct(rapid.StringMatching(`[a-z0-9_.]{1,9}`), 1, 4, rapid.ID[string]).Draw(t, "names")
		for _, name := range names {
			out.Fields = append(out.Fields, schema.Field{Name: name, Spelling: name, Type: drawType(t, depth+1)})
		}
	}
	return out
}

func TestHiveRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := drawType(t, 0)
		if got := parseHive(want.Hive()); !got.Equal(want) {
			t.Fatalf("%s is read as %s", want.Hive(), got.Hive())
		}
	})
}

// TestHiveUndeclared: what Lakebed never declares is no type that it does.
func TestHiveUndeclared(t *testing.T) {
	for _, text := range []string{
		"", "int", "timestamp", "decimal(10,2)", "map<string,string>", "array<int>", "array<string", "array<>", "struct<>", "struct<a>", "struct<a:>",
		"struct<:string>", "struct<a b:string>", "struct<a:string,>", "struct<a:string>>", "bigint,string", "string ", "struct<a:string", "struct<a:map<string,string>>",
		strings.Repeat("array<", 200_000) + "string" + strings.Repeat(">", 200_000),
	} {
		if got := parseHive(text); got.Kind != schema.Null {
			t.Errorf("%.40q is read as %s", text, got.Hive())
		}
	}
}

// FuzzHive: what is read as a type is that type.
func FuzzHive(f *testing.F) {
	f.Add("struct<a:array<bigint>,b.c:struct<d:double>>")
	f.Fuzz(func(t *testing.T, text string) {
		if got := parseHive(text); got.Kind != schema.Null && got.Hive() != strings.ToLower(text) {
			t.Errorf("%q is read as %s", text, got.Hive())
		}
	})
}
