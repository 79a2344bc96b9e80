package sql

import (
	"reflect"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

func TestSplit(t *testing.T) {
	for text, want := range map[string][]string{
		"":                          {""},
		" \n; ;":                    {""},
		"select 1":                  {"select 1"},
		"select 1;":                 {"select 1;", ""},
		" select 1 ;\n select 2 ":   {"select 1 ;", "select 2 "},
		"select ';' ; x":            {"select ';' ;", "x"},
		"select 'it''s;' ; x":       {"select 'it''s;' ;", "x"},
		`select ";""" ; x`:          {`select ";""" ;`, "x"},
		`select '\'; x`:             {`select '\';`, "x"},
		`select e'\';' ; x`:         {`select e'\';' ;`, "x"},
		`select name'\'; x`:         {`select name'\';`, "x"},
		"select $$;$$ ; x":          {"select $$;$$ ;", "x"},
		"select $a$;$$;$a$ ; x":     {"select $a$;$$;$a$ ;", "x"},
		"select $1; x":              {"select $1;", "x"},
		"-- a;b\nselect 1; -- c;":   {"-- a;b\nselect 1;", ""},
		"/* ; /* ; */ ; */ a; b":    {"/* ; /* ; */ ; */ a;", "b"},
		"-- nothing":                {""},
		"/* nothing */ ;":           {""},
		"select 'open;":             {"select 'open;"},
		"select /* open;":           {"select /* open;"},
		"select $$ open;":           {"select $$ open;"},
		"/* open ;":                 {"/* open ;"},
		"select 1 -- ;\n+ 2; done;": {"select 1 -- ;\n+ 2;", "done;", ""},
	} {
		statements, rest := Split(text)
		if got := slices.Concat(statements, []string{rest}); !reflect.DeepEqual(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A text given line by line comes to the same statements as given whole.
func TestSplitByLines(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		pieces := rapid.SliceOf(rapid.SampledFrom([]string{"a", ";", "\n", "'", "\"", "--", "/*", "*/", "$$", "$x$", "e'", "\\", " "})).Draw(t, "pieces")
		whole, pending := "", ""
		var got []string
		for _, piece := range pieces {
			whole += piece
			pending += piece
			if piece == "\n" {
				var statements []string
				statements, pending = Split(pending)
				got = append(got, statements...)
			}
		}
		statements, rest := Split(pending)
		got = append(got, statements...)
		want, wantRest := Split(whole)
		if len(got) != len(want) || (rest == "") != (wantRest == "") { // comments before a statement may be gone
			t.Fatalf("%q: %q %q, want %q %q", whole, got, rest, want, wantRest)
		}
	})
}
