package lambda

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestZips: two builds in two places are the same bytes, and small enough to start fast.
func TestZips(t *testing.T) {
	const most = 10_000_000
	top, err := filepath.Abs("../..")
	if err != nil {
		t.Fatal(err)
	}
	here, there := zips(t, copied(t, top)), zips(t, copied(t, top))
	for name, text := range here {
		if len(text) == 0 || len(text) >= most {
			t.Errorf("%s has %d bytes", name, len(text))
		}
		if !bytes.Equal(text, there[name]) {
			t.Errorf("%s differs from one place to another", name)
		}
		t.Logf("%s: %d bytes", name, len(text))
	}
	if len(here) != 6 { // of three functions, for two architectures
		t.Errorf("%d zips", len(here))
	}
}

// zips builds them in a tree.
func zips(t *testing.T, tree string) map[string][]byte {
	t.Helper()
	c := exec.Command(filepath.Join(tree, "scripts", "build-lambdas.sh"))
	c.Env = append(os.Environ(), "GOARCH=")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	found := map[string][]byte{}
	names, err := filepath.Glob(filepath.Join(tree, "bin", "*.zip"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if found[filepath.Base(name)], err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
	}
	return found
}

// copied gives the services' sources in a folder of the test's own.
func copied(t *testing.T, top string) string {
	t.Helper()
	to := t.TempDir()
	for _, folder := range []string{"shared", "services", "scripts"} {
		err := filepath.WalkDir(filepath.Join(top, folder), func(path string, entry os.DirEntry, err error) error {
			if err != nil || entry.IsDir() || strings.Contains(path, "testdata") {
				return err
			}
			name, err := filepath.Rel(top, path)
			if err != nil {
				return err
			}
			info, err := entry.Info()
			if err != nil {
				return err
			}
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			if err := os.MkdirAll(filepath.Join(to, filepath.Dir(name)), 0o700); err != nil {
				return err
			}
			return os.WriteFile(filepath.Join(to, name), text, info.Mode())
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return to
}
