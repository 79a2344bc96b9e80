// Package architecture holds no code: its tests check what DESIGN and STYLE say of the whole tree, so that no review has to.
package architecture

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

const root = "github.com/lakebed/lakebed"

// top is the folder of go.work.
func top(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(dir, "go.work")); err != nil {
		t.Fatalf("no workspace: %v", err)
	}
	return dir
}

// command runs a program below the top and gives what it prints; the environment is that of the test and more.
func command(t *testing.T, dir string, more []string, name string, args ...string) []byte {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = filepath.Join(top(t), dir)
	c.Env = append(os.Environ(), more...)
	var stderr bytes.Buffer
	c.Stderr = &stderr
	out, err := c.Output()
	if err != nil {
		t.Fatalf("in %s: %s %s: %v\n%s", dir, name, strings.Join(args, " "), err, stderr.Bytes())
	}
	return out
}

// modules gives the folders that go.work names.
func modules(t *testing.T) []string {
	t.Helper()
	var work struct {
		Use []struct{ DiskPath string }
	}
	if err := json.Unmarshal(command(t, ".", nil, "go", "work", "edit", "-json"), &work); err != nil {
		t.Fatal(err)
	}
	var dirs []string
	for _, use := range work.Use {
		dirs = append(dirs, filepath.Clean(use.DiskPath))
	}
	if len(dirs) < 5 {
		t.Fatalf("go.work names only %v", dirs)
	}
	return dirs
}

// gopackage is what is asked of `go list` about a package.
type gopackage struct {
	ImportPath string
	Imports    []string // of its files without tests
	Deps       []string // those, theirs, and so on
	TestImports,
	XTestImports []string
}

// packages lists those of all modules.
func packages(t *testing.T) []gopackage {
	t.Helper()
	out := json.NewDecoder(bytes.NewReader(command(t, ".", nil,
		"go", "list", "-json=ImportPath,Imports,Deps,TestImports,XTestImports", "work")))
	var all []gopackage
	for {
		var p gopackage
		err := out.Decode(&p)
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, p)
	}
	if len(all) < 10 {
		t.Fatalf("go list names only %d packages", len(all))
	}
	return all
}

// files gives those that git tracks or would track, relative to the top; where there is no git, all but hidden and built ones.
func files(t *testing.T) []string {
	t.Helper()
	if _, err := os.Stat(filepath.Join(top(t), ".git")); err == nil {
		listed := command(t, ".", nil, "git", "-c", "safe.directory=*", "ls-files", "-z", "--cached", "--others", "--exclude-standard")
		return strings.Split(strings.Trim(string(listed), "\x00"), "\x00")
	}
	var found []string
	err := filepath.WalkDir(top(t), func(path string, entry os.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(top(t), path)
		switch {
		case !entry.IsDir():
			found = append(found, name)
		case name == ".cache" || name == "bin":
			return filepath.SkipDir
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
