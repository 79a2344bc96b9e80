package proof

import (
	"bufio"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// commitCode is what decides what readers see, and what is removed.
var commitCode = []string{"commit.go", "decide.go", "look.go", "major.go", "sweep.go"}

// meeting are the tests that must meet all of it: one scene for each branch, and a few whose subject is a branch.
const meeting = "^(TestBranches|TestDecide|TestHalts|TestRepair|TestSealWaits|TestFollowerAfterRepair|TestErase|TestEraseConflict|TestBrokenFragments|TestLookBesideSealAndSweep|TestLookForASealFails|TestLanesSideBySide|TestDamagedPart|TestPartWithoutItsEnd|TestMajorCopies|TestConflictsAreTheSameObjects)$"

// Every branch of the commit code is met at least once: a test that is there, and one that brings a branch about, are not the same. What may
// stay unmet is only an error that is passed on as it came, wrapped or not, by `if err != nil { return … }`.
func TestEveryBranchIsMet(t *testing.T) {
	const service = "services/compactor"
	profile := filepath.Join(t.TempDir(), "cover.out")
	command(t, service, "go", "test", "-count=1", "-run", meeting, "-coverprofile", profile, ".")
	blocks := readProfile(t, profile)
	for _, name := range commitCode {
		file := filepath.Join(top(t), service, name)
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		passed, err := passesOn(name, text)
		if err != nil {
			t.Fatal(err)
		}
		met, lines := 0, strings.Split(string(text), "\n")
		for _, b := range blocks[name] {
			switch {
			case b.count > 0:
				met++
			case !slices.Contains(passed, b.from):
				t.Errorf("%s/%s:%d is never met: %s", service, name, b.from, strings.TrimSpace(lines[b.from-1]))
			}
		}
		if met < 10 {
			t.Errorf("%s: only %d blocks were met: is it still the commit code?", name, met)
		}
	}
}

// block is a run of statements of a coverage profile.
type block struct{ from, count int }

// readProfile gives the blocks by the name of their file.
func readProfile(t *testing.T, name string) map[string][]block {
	t.Helper()
	file, err := os.Open(name)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	blocks := map[string][]block{}
	lines := bufio.NewScanner(file)
	for lines.Scan() {
		at, rest, ok := strings.Cut(lines.Text(), ".go:")
		if !ok { // the mode
			continue
		}
		var b block
		var fromColumn, to, toColumn, statements int
		if _, err := fmt.Sscanf(rest, "%d.%d,%d.%d %d %d", &b.from, &fromColumn, &to, &toColumn, &statements, &b.count); err != nil {
			t.Fatalf("%q: %v", lines.Text(), err)
		}
		key := at[strings.LastIndex(at, "/")+1:] + ".go"
		blocks[key] = append(blocks[key], b)
	}
	if lines.Err() != nil {
		t.Fatal(lines.Err())
	}
	return blocks
}

// passesOn gives the lines at which a block begins that does nothing but pass an error on: the body of `if err != nil`, whatever stands
// before its semicolon, when it is one return that holds err.
func passesOn(name string, source []byte) ([]int, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var lines []int
	ast.Inspect(file, func(n ast.Node) bool {
		x, ok := n.(*ast.IfStmt)
		if !ok || x.Else != nil || len(x.Body.List) != 1 {
			return true
		}
		cond, ok := x.Cond.(*ast.BinaryExpr)
		if !ok || cond.Op != token.NEQ || !named(cond.X, "err") || !named(cond.Y, "nil") {
			return true
		}
		if back, ok := x.Body.List[0].(*ast.ReturnStmt); ok && holds(back, "err") && !holds(back, "errLost") {
			lines = append(lines, set.Position(x.Body.Lbrace).Line)
		}
		return true
	})
	return lines, nil
}

func named(n ast.Node, name string) bool {
	id, ok := n.(*ast.Ident)
	return ok && id.Name == name
}

func holds(in ast.Node, name string) bool {
	found := false
	ast.Inspect(in, func(n ast.Node) bool {
		found = found || named(n, name)
		return true
	})
	return found
}

func TestPassesOn(t *testing.T) {
	for body, want := range map[string]bool{
		"if err != nil {\nreturn err\n}":                                    true,
		"if _, err := f(); err != nil {\nreturn fmt.Errorf(\"%w\", err)\n}": true,
		"if err != nil {\nreturn errors.Join(errLost, err)\n}":              false,
		"if err != nil {\nreturn nil\n}":                                    false,
		"if err != nil {\ng()\nreturn err\n}":                               false,
		"if errors.Is(err, x) {\nreturn err\n}":                             false,
		"if err != nil && late {\nreturn err\n}":                            false,
		"if err == nil {\nreturn err\n}":                                    false,
	} {
		lines, err := passesOn("p.go", []byte("package p\nfunc f() error {\n"+body+"\nreturn nil\n}\n"))
		if err != nil || (len(lines) == 1) != want {
			t.Errorf("%s: %v, %v", body, lines, err)
		}
	}
}
