package event

import (
	"go/ast"
	"go/parser"
	"go/token"
	"regexp"
	"slices"
	"strconv"
	"testing"
)

// Every constant is in the list, once, and can stand in a key.
func TestReasonsAreAll(t *testing.T) {
	file, err := parser.ParseFile(token.NewFileSet(), "reason.go", nil, 0)
	if err != nil {
		t.Fatal(err)
	}
	var constants []Reason
	ast.Inspect(file, func(n ast.Node) bool {
		spec, ok := n.(*ast.ValueSpec)
		if !ok || len(spec.Values) != 1 {
			return true
		}
		if of, ok := spec.Type.(*ast.Ident); ok && of.Name == "Reason" {
			text, err := strconv.Unquote(spec.Values[0].(*ast.BasicLit).Value)
			if err != nil {
				t.Fatal(err)
			}
			constants = append(constants, Reason(text))
		}
		return true
	})
	if len(constants) < 18 || !slices.Equal(constants, Reasons()) {
		t.Errorf("listed are %v, constants are %v", Reasons(), constants)
	}
	name := regexp.MustCompile(`^[a-z_]+$`)
	for _, r := range constants {
		if !name.MatchString(string(r)) || !r.Valid() {
			t.Errorf("%q", r)
		}
	}
}
