package proof

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// faultTable is kept beside the repository, and not in it.
const faultTable = "../shared/FAULTS.md"

// suite is what the test files of one folder hold.
type suite struct {
	tests    map[string]bool
	literals map[string]bool // strings, and runs of Terraform tests
	groups   []group
}

// group is an entry of a table of faults: `{12, "one event in two shards", twoShards}`.
type group struct {
	number int
	name   string
}

// Every fault has a row, and every test that a row names is there. A row without a test says why.
func TestEveryFault(t *testing.T) {
	suites := map[string]*suite{}
	used := map[string]map[int]bool{} // of a reference, the rows that name it
	for i, r := range registry {
		if r.number != i+1 {
			t.Fatalf("row %d has the number %d: each number is there once, in order", i+1, r.number)
		}
		if r.fault == "" || !invariants.MatchString(r.keeps) {
			t.Errorf("fault %d: %q keeps %q", r.number, r.fault, r.keeps)
		}
		if len(r.tests) == 0 && r.reason == "" {
			t.Errorf("fault %d has no test, and no reason for that", r.number)
		}
		for _, ref := range r.tests {
			if used[ref] == nil {
				used[ref] = map[int]bool{}
			}
			if used[ref][r.number] {
				t.Errorf("fault %d names %q twice", r.number, ref)
			}
			used[ref][r.number] = true
			if err := find(t, suites, ref, r.number); err != nil {
				t.Errorf("fault %d: %v", r.number, err)
			}
		}
	}
	const dir = "integration/faults"
	groups := suites[dir].groups
	if len(groups) < 40 {
		t.Errorf("%s has only %d faults: are their tables read?", dir, len(groups))
	}
	for _, g := range groups {
		if !used[faults+g.name][g.number] {
			t.Errorf("%s injects %q, which the row of fault %d does not name", dir, g.name, g.number)
		}
	}
}

var (
	invariants = regexp.MustCompile(`^I([1-9]|1[0-5])( I([1-9]|1[0-5]))*$`)
	leading    = regexp.MustCompile(`^([0-9]{2})( |$)`)
)

// parseRef takes a reference apart: a folder, a test or a fuzz target in it, and a subtest. Of a folder of Terraform tests it is a run.
func parseRef(ref string) (dir, test, sub string, err error) {
	dir, test, ok := strings.Cut(ref, " ")
	if !ok || dir == "" || test == "" {
		return "", "", "", fmt.Errorf("%q is no reference", ref)
	}
	test, sub, _ = strings.Cut(test, "/")
	return dir, test, sub, nil
}

// find looks a reference up. A subtest is a string of the folder's tests; two digits stand for those that begin with them.
func find(t *testing.T, suites map[string]*suite, ref string, number int) error {
	t.Helper()
	dir, test, sub, err := parseRef(ref)
	if err != nil {
		return err
	}
	if suites[dir] == nil {
		if suites[dir], err = readSuite(filepath.Join(top(t), dir)); err != nil {
			return err
		}
	}
	s := suites[dir]
	if !s.tests[test] {
		return fmt.Errorf("%s has no test %s", dir, test)
	}
	if m := leading.FindStringSubmatch(sub); m != nil && m[1] != fmt.Sprintf("%02d", number) {
		return fmt.Errorf("%s is of another fault", ref)
	}
	if sub == "" || s.literals[sub] {
		return nil
	}
	for text := range s.literals {
		if len(sub) == 2 && strings.HasPrefix(text, sub+" ") {
			return nil
		}
	}
	return fmt.Errorf("%s: %s has no subtest %q", dir, test, sub)
}

var runForm = regexp.MustCompile(`(?m)^run "([^"]+)"`)

// readSuite parses the test files of a folder.
func readSuite(dir string) (*suite, error) {
	s := &suite{map[string]bool{}, map[string]bool{}, nil}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, err
	}
	for _, e := range entries {
		text, err := os.ReadFile(filepath.Join(dir, e.Name()))
		switch {
		case e.IsDir():
			continue
		case err != nil:
			return nil, err
		case strings.HasSuffix(e.Name(), "_test.go"):
			if err := s.read(e.Name(), text); err != nil {
				return nil, err
			}
		case strings.HasSuffix(e.Name(), ".tftest.hcl"):
			for _, m := range runForm.FindAllSubmatch(text, -1) {
				s.tests[string(m[1])] = true
			}
		}
	}
	return s, nil
}

// read takes in a file: its tests, its strings, and the entries of its tables of faults.
func (s *suite) read(name string, source []byte) error {
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.SkipObjectResolution)
	if err != nil {
		return err
	}
	for _, d := range file.Decls {
		if f, ok := d.(*ast.FuncDecl); ok && f.Recv == nil && testName.MatchString(f.Name.Name) {
			s.tests[f.Name.Name] = true
		}
	}
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.BasicLit:
			if text, ok := unquoted(n); ok {
				s.literals[text] = true
			}
		case *ast.CompositeLit:
			if n.Type != nil || len(n.Elts) != 3 {
				break
			}
			number, isNumber := n.Elts[0].(*ast.BasicLit)
			name, isText := unquoted(n.Elts[1])
			if isNumber && isText && number.Kind == token.INT {
				at, err := strconv.Atoi(number.Value)
				if err == nil {
					s.groups = append(s.groups, group{at, name})
				}
			}
		}
		return true
	})
	return nil
}

var testName = regexp.MustCompile(`^(Test|Fuzz)[A-Z]`)

func unquoted(n ast.Node) (string, bool) {
	lit, ok := n.(*ast.BasicLit)
	if !ok || lit.Kind != token.STRING {
		return "", false
	}
	text, err := strconv.Unquote(lit.Value)
	return text, err == nil
}

// The fault table has as many numbers as the registry has rows.
func TestRegistryHoldsTheFaultTable(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(top(t), faultTable))
	if os.IsNotExist(err) {
		t.Skipf("NOT TESTED: the fault table is not there: %s", faultTable)
	}
	if err != nil {
		t.Fatal(err)
	}
	var rows []int
	for _, m := range regexp.MustCompile(`(?m)^\| *([0-9]+) *\|`).FindAllSubmatch(text, -1) {
		n, err := strconv.Atoi(string(m[1]))
		if err != nil {
			t.Fatal(err)
		}
		rows = append(rows, n)
	}
	if len(rows) != len(registry) {
		t.Errorf("the fault table has %d rows, the registry %d", len(rows), len(registry))
	}
	for i, n := range rows {
		if n != i+1 {
			t.Errorf("row %d of the fault table has the number %d", i+1, n)
		}
	}
}

// What is not there is found out.
func TestGapsAreFound(t *testing.T) {
	suites := map[string]*suite{}
	for ref, ok := range map[string]bool{
		ingest + "TestFaults":                 true,
		poison + "40":                         true,
		poison + "40 cut in a string":         true,
		faults + "out of order":               true,
		"infra/modules/lake/tests by_default": true,
		ingest + "FuzzAggregate":              true,
		ingest + "TestNothing":                false,
		ingest + "delivery":                   false, // a function, no test
		poison + "99":                         false,
		poison + "18":                         false, // another fault's
		poison + "40 cut in":                  false,
		faults + "out of":                     false,
		"infra/modules/lake/tests by_nobody":  false,
		"services/nothing TestFaults":         false,
		"TestFaults":                          false,
	} {
		if err := find(t, suites, ref, 40); (err == nil) != ok {
			t.Errorf("%s: %v", ref, err)
		}
	}
}
