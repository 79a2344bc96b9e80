// Package program builds the command once for all tests of a package.
package program

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
)

// dir is where it lies, "" until a test has asked for it.
var dir string

// Build gives the built command, for tests of a package below integration/.
var Build = sync.OnceValues(func() (name string, err error) {
	if dir, err = os.MkdirTemp("", "lakebed-bin-*"); err != nil {
		return "", err
	}
	name = filepath.Join(dir, "lakebed")
	cmd := exec.Command("go", "build", "-o", name, ".")
	cmd.Dir = filepath.Join("..", "..", "services", "lakebed")
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("build lakebed: %w\n%s", err, out)
	}
	return name, nil
})

// Main is a package's TestMain: it runs the tests and removes what was built for them.
func Main(m *testing.M) {
	code := m.Run()
	if dir != "" {
		_ = os.RemoveAll(dir)
	}
	os.Exit(code)
}
