package claims

import (
	"os"
	"path/filepath"
	"testing"
)

// What cannot be opened and was not made here is left alone.
func TestNotOurFile(t *testing.T) {
	for name, lay := range map[string]func(path string) error{
		"a link to a folder that is gone": func(path string) error {
			return os.Symlink(filepath.Join(filepath.Dir(path), "gone", "claims.db"), path)
		},
		"a link to itself":         func(path string) error { return os.Symlink(path, path) },
		"an empty folder":          func(path string) error { return os.Mkdir(path, 0o700) },
		"a file of something else": func(path string) error { return os.WriteFile(path, []byte("mine"), 0o600) },
	} {
		path := filepath.Join(t.TempDir(), "claims.db")
		if err := lay(path); err != nil {
			t.Fatal(err)
		}
		if b, err := OpenBolt(path, Options{}); err == nil {
			t.Errorf("%s is opened: %v", name, b.Close())
		}
		if _, err := os.Lstat(path); err != nil {
			t.Errorf("%s was removed: %v", name, err)
		}
	}
}
