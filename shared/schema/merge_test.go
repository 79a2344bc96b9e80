package schema

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestMerge(t *testing.T) {
	for _, tt := range []struct {
		name, table, seen, want string
		changes                 string
	}{
		{"nothing", `{}`, `{}`, `{}`, ""},
		{"a new table", `{}`, `{"A":"int","b":["bool"]}`, `{"A":"int","b":["bool"]}`, "+a:bigint +b:array<boolean>"},
		{"no change", `{"a":"int"}`, `{"a":"int"}`, `{"a":"int"}`, ""},
		{"append", `{"a":"int"}`, `{"b":"int","a":"int"}`, `{"a":"int","b":"int"}`, "+b:bigint"},
		{"int to long is kept, not declared", `{"a":"int"}`, `{"a":"long"}`, `{"a":"long"}`, ""},
		{"int to double", `{"a":"int"}`, `{"a":"double"}`, `{"a":"double"}`, "a:bigint>double"},
		{"long to string", `{"a":"long"}`, `{"a":"double"}`, `{"a":"string"}`, "a:bigint>string"},
		{"a string stays", `{"a":"string"}`, `{"a":{"b":"int"}}`, `{"a":"string"}`, ""},
		{"spelling stays", `{"userId":"int"}`, `{"USERID":"int"}`, `{"userId":"int"}`, ""},
		{"struct gains at its end", `{"a":{"x":"int"}}`, `{"a":{"b":"int","x":"double"}}`, `{"a":{"x":"double","b":"int"}}`,
			"a.x:bigint>double +a.b:bigint"},
		{"within arrays", `{"a":[{"x":["int"]}]}`, `{"a":[{"y":"bool","x":["bool"]}]}`, `{"a":[{"x":["string"],"y":"bool"}]}`,
			"a[].x[]:bigint>string +a[].y:boolean"},
		{"struct to string", `{"a":{"x":"int"}}`, `{"a":["int"]}`, `{"a":"string"}`, "a:struct<x:bigint>>string"},
		{"unknown ones come last", `{"a":"null","b":"int"}`, `{"c":"null","d":"int"}`, `{"b":"int","d":"int","a":"null","c":"null"}`, "+d:bigint"},
		{"known at last, at the end", `{"a":"null","b":"int"}`, `{"a":"int","c":"int"}`, `{"b":"int","a":"int","c":"int"}`, "+a:bigint +c:bigint"},
		{"known at last, in a struct", `{"s":{"a":[],"b":"int"}}`, `{"s":{"a":["int"]}}`, `{"s":{"b":"int","a":["int"]}}`, "+s.a:array<bigint>"},
		{"a struct of unknowns", `{"s":{"a":"null"}}`, `{"s":{}}`, `{"s":{"a":"null"}}`, ""},
		{"{} and a number", `{"s":{}}`, `{"s":"int"}`, `{"s":"string"}`, "+s:string"},
		{"names that cannot be", `{}`, `{"a,b":"int","dt":"int","s":{"a-b":"int","c":"int"}}`, `{"s":{"c":"int"}}`, "+s:struct<c:bigint>"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			old, seen := table(t, strings.ReplaceAll(tt.table, "[]", `["null"]`)), table(t, tt.seen)
			got, changes := Merge(old, seen)
			if show(got) != tt.want {
				t.Errorf("got  %s\nwant %s", show(got), tt.want)
			}
			var text []string
			for _, c := range changes {
				if c.From == "" {
					text = append(text, "+"+c.Path+":"+c.To)
				} else {
					text = append(text, c.Path+":"+c.From+">"+c.To)
				}
			}
			if s := strings.Join(text, " "); s != tt.changes {
				t.Errorf("changes %s\nwant    %s", s, tt.changes)
			}
			if again, _ := Merge(got, seen); !Equal(again, got) {
				t.Errorf("once more: %s", show(again))
			}
		})
	}
}

func TestMergeKeepsToTheLimits(t *testing.T) {
	wide := func(prefix string, n int) string {
		var b strings.Builder
		for i := range n {
			fmt.Fprintf(&b, `,"%s%d":"int"`, prefix, i)
		}
		return b.String()[1:]
	}
	for _, tt := range []struct {
		name              string
		limits            Limits
		table, seen, want string
	}{
		{"columns", Limits{Columns: 2}, `{"a":"int"}`, `{"b":"int","c":"int","a":"double"}`, `{"a":"double","b":"int"}`},
		{"a table beyond stays", Limits{Columns: 1}, `{"a":"int","b":"int"}`, `{"c":"int","b":"double"}`, `{"a":"int","b":"double"}`},
		{"members", Limits{Members: 2}, `{"s":{"a":"int","b":"int"}}`, `{"s":{"c":"int"}}`, `{"s":"string"}`},
		{"members of what is new", Limits{Members: 2}, `{}`, `{"s":[{"a":"int","b":"int","c":"int"}]}`, `{"s":["string"]}`},
		{"a table's type", Limits{TypeBytes: 30}, `{"s":{"a":"int"}}`, `{"s":{"b":"int","c":"int"}}`, `{"s":"string"}`},
		{"a type that does not grow", Limits{TypeBytes: 10}, `{"s":{"a":"int"}}`, `{"s":{"a":"double"}}`, `{"s":{"a":"double"}}`},
		{"the table", Limits{TableBytes: 50}, `{"s":{"a":"int"}}`, `{"s":{"a":"int"},"t":{"a":"int"},"u":["int"],"v":"int"}`, `{"s":{"a":"int"},"t":{"a":"int"},"u":"string","v":"int"}`},
		{"1,000 members", Limits{}, `{"s":{` + wide("a", 999) + `}}`, `{"s":{"b":"int"}}`, `{"s":{` + wide("a", 999) + `,"b":"int"}}`},
		{"1,001 members", Limits{}, `{"s":{` + wide("a", 1000) + `}}`, `{"s":{"b":"int"}}`, `{"s":"string"}`},
		{"2,000 columns", Limits{}, `{` + wide("a", 2000) + `}`, `{"b":"int"}`, `{` + wide("a", 2000) + `}`},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, _ := tt.limits.Merge(table(t, tt.table), table(t, tt.seen))
			if show(got) != tt.want {
				t.Errorf("got  %s\nwant %s", show(got), tt.want)
			}
			if again, _ := tt.limits.Merge(got, got); !Equal(again, got) {
				t.Errorf("once more: %s", show(again))
			}
		})
	}
}

func TestDeclared(t *testing.T) {
	fields := table(t, `{"a":"null","b":{},"c":["null"],"d":[[{"x":"null"}]],"e":{"x":"null","y":"int","z-z":"int"},"hour":"int","a,b":"int","f":[{"x":"bool","y":[["null"]]}]}`)
	if got, want := show(Declared(fields)), `{"e":{"y":"int"},"f":[{"x":"bool"}]}`; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestGithubEvents(t *testing.T) {
	lines := githubEvents(t)
	halves := [2]*Inferrer{NewInferrer(Limits{}, nil), NewInferrer(Limits{}, nil)}
	whole := NewInferrer(Limits{}, nil)
	var expected []Field
	for i, line := range lines {
		one, err := oracle(line)
		if err != nil {
			t.Fatal(err)
		}
		expected, _ = Merge(expected, one)
		if err := whole.Observe(line); err != nil {
			t.Fatal(err)
		}
		if err := halves[i%2].Observe(line); err != nil {
			t.Fatal(err)
		}
	}
	checkWeight(t, whole)
	merged, _ := Merge(halves[0].Columns(), halves[1].Columns())
	if !Equal(canonical(merged), canonical(whole.Columns())) || !Equal(canonical(expected), canonical(merged)) {
		t.Fatal("the whole, the merged halves and the oracle differ")
	}
	check := NewChecker(merged)
	for _, line := range lines {
		if err := check.Fits(line); err != nil {
			t.Fatal(err)
		}
	}
	names := map[string]int{}
	for _, f := range Declared(merged) {
		names[f.Name] = len(f.Type.Hive())
	}
	t.Logf("Hive types in bytes: %v", names)
	for _, name := range []string{"id", "type", "actor", "repo", "payload", "public", "created_at", "org"} {
		if names[name] == 0 {
			t.Errorf("no column %s", name)
		}
	}
	if i := slices.IndexFunc(merged, func(f Field) bool { return f.Name == "payload" }); merged[i].Type.Kind != Struct {
		t.Errorf("payload is a %s", merged[i].Type.Kind)
	}
}
