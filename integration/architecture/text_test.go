package architecture

import (
	"bytes"
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

// keyLiteral matches a piece of an object key. Text with spaces is prose or SQL and not looked at.
var keyLiteral = regexp.MustCompile(`(^|/)dt=|(^|/)(raw|events)/`)

// keyLiterals gives the string literals of a Go file that look like object keys, with their positions.
func keyLiterals(name string, source []byte) ([]string, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, name, source, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var found []string
	ast.Inspect(file, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.ImportSpec:
			return false
		case *ast.BasicLit:
			text, err := strconv.Unquote(n.Value)
			if n.Kind == token.STRING && err == nil && !strings.ContainsAny(text, " \t\n") && keyLiteral.MatchString(text) {
				found = append(found, fmt.Sprintf("%s: %s", set.Position(n.Pos()), n.Value))
			}
		}
		return true
	})
	return found, nil
}

// TestOnlyLayoutWritesKeys: every object key is made and parsed in shared/layout.
func TestOnlyLayoutWritesKeys(t *testing.T) {
	looked := 0
	for _, name := range files(t) {
		if !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go") || strings.HasPrefix(name, "shared/layout/") ||
			strings.HasSuffix(filepath.Dir(name), "test") { // an acceptance suite
			continue
		}
		source, err := os.ReadFile(filepath.Join(top(t), name))
		if os.IsNotExist(err) { // removed, and not yet in a commit
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		looked++
		found, err := keyLiterals(name, source)
		if err != nil {
			t.Errorf("%v", err)
		}
		for _, literal := range found {
			t.Errorf("%s: keys are made in shared/layout", literal)
		}
	}
	if looked < 10 {
		t.Errorf("only %d files looked at", looked)
	}
}

func TestKeyLiteralsAreFound(t *testing.T) {
	source := "package p\n\nimport _ \"x/raw/events/y\"\n\nvar _ = []string{%s}\n"
	for literal, want := range map[string]int{
		`"raw/"`: 1, `"dt=" + "x"`: 1, "`lake/events/dt=%s/`": 1, `"x/raw/*.json"`: 1,
		`"draw/"`: 0, `"where dt='2026-11-23'"`: 0, `"nothing lies below raw/ any more"`: 0, `"events"`: 0, `"width="`: 0,
	} {
		found, err := keyLiterals("p.go", fmt.Appendf(nil, source, literal))
		if err != nil || len(found) != want {
			t.Errorf("%s: %v, %v, want %d", literal, found, err, want)
		}
	}
}

// machinePath matches an absolute path into somebody's home or workplace. It is put together, lest it find itself.
var machinePath = regexp.MustCompile("(^|[\\s\"'`=:(,<>\\[])/(" + "work|" + "root|" + "home/[a-z]+|" + "Users/[A-Za-z]+" + ")/")

// TestNoFileNamesAMachinesPaths: what works here must work in every checkout.
func TestNoFileNamesAMachinesPaths(t *testing.T) {
	const large = 4 << 20
	for _, name := range files(t) {
		path := filepath.Join(top(t), name)
		info, err := os.Lstat(path)
		if os.IsNotExist(err) || err == nil && !info.Mode().IsRegular() {
			continue
		}
		if err != nil {
			t.Fatal(err)
		}
		if info.Size() > large {
			t.Errorf("%s has %d MB: too large to be tracked", name, info.Size()>>20)
			continue
		}
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if bytes.IndexByte(text[:min(len(text), 8<<10)], 0) >= 0 { // binary
			continue
		}
		for n, line := range bytes.Split(text, []byte("\n")) {
			if found := machinePath.Find(line); found != nil {
				t.Errorf("%s:%d names %s", name, n+1, bytes.TrimSpace(found))
			}
		}
	}
}

func TestMachinePathsAreFound(t *testing.T) {
	slash := "/"
	for text, want := range map[string]bool{
		slash + "work/main":               true,
		"cd " + slash + "root/go":         true,
		"FILE=" + slash + "home/kim/x":    true,
		"\"" + slash + "Users/Kim/lake\"": true,
		"https://example.org/work/x":      false,
		"go test work":                    false,
		"go.work":                         false,
		"$HOME/lake":                      false,
		"path/root/x":                     false,
	} {
		if machinePath.MatchString(text) != want {
			t.Errorf("%q: want %v", text, want)
		}
	}
}
