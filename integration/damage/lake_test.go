// Package damage breaks what a lake on this machine is made of, as a failing disk, a careless person or a power cut would, and holds the built
// program to what it promises then: nothing is lost, or the hour is halted and reported with the object's name and the way out.
package damage

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/integration/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// ran is what a run of the program came to.
type ran struct {
	args       []string
	out, words string
	code       int
}

// says tells whether a text stands in what was said on stderr.
func (r ran) says(text string) bool { return strings.Contains(r.words, text) }

func (r ran) String() string {
	return fmt.Sprintf("lakebed %s: exit code %d\n%s%s", strings.Join(r.args, " "), r.code, r.words, r.out)
}

// lake is a directory in which the program is run.
type lake string

// fields is the mapping of these tests' events: not the default, so that a lake that forgets its own is found out.
var fields = []string{"--id-field", "id", "--time-field", "at", "--name-field", "kind"}

// try runs the program on the lake with more variables in its environment.
func (l lake) try(ctx context.Context, env []string, args ...string) (ran, error) {
	bin, err := program.Build()
	if err != nil {
		return ran{}, err
	}
	var out, words bytes.Buffer
	c := exec.CommandContext(ctx, bin, args...)
	c.Env = append(append(os.Environ(), "LAKEBED_LAKE="+string(l)), env...)
	c.Stdout, c.Stderr = &out, &words
	err = c.Run()
	if exit := new(exec.ExitError); err != nil && !errors.As(err, &exit) {
		return ran{}, err
	}
	return ran{args, out.String(), words.String(), c.ProcessState.ExitCode()}, nil
}

// run runs the program, and wants no stack trace whatever happens.
func (l lake) run(t *testing.T, args ...string) ran {
	t.Helper()
	r, err := l.try(t.Context(), nil, args...)
	if err != nil {
		t.Fatal(err)
	}
	r.plain(t)
	return r
}

// plain wants words that are for a person.
func (r ran) plain(t *testing.T) {
	t.Helper()
	for _, trace := range []string{"goroutine ", "panic", "SIGSEGV", "runtime error", ".go:"} {
		if r.says(trace) {
			t.Errorf("a stack trace reaches the user: %s", r)
		}
	}
	if r.code < 0 {
		t.Errorf("it was killed: %s", r)
	}
}

// ok runs the program and wants it to succeed.
func (l lake) ok(t *testing.T, args ...string) ran {
	t.Helper()
	r := l.run(t, args...)
	if r.code != 0 {
		t.Fatal(r)
	}
	return r
}

// path is where an object lies.
func (l lake) path(key string) string { return filepath.Join(string(l), filepath.FromSlash(key)) }

func (l lake) read(t *testing.T, key string) []byte {
	t.Helper()
	text, err := os.ReadFile(l.path(key))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// write puts an object as a person would, in place.
func (l lake) write(t *testing.T, key string, text []byte) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(l.path(key)), 0o750); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(l.path(key), text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func (l lake) remove(t *testing.T, key string) {
	t.Helper()
	if err := os.Remove(l.path(key)); err != nil {
		t.Fatal(err)
	}
}

// keys lists the objects below a prefix, the hidden ones too.
func (l lake) keys(t *testing.T, prefix string) []string {
	t.Helper()
	var all []string
	err := filepath.WalkDir(string(l), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		key, err := filepath.Rel(string(l), path)
		if key = filepath.ToSlash(key); strings.HasPrefix(key, prefix) {
			all = append(all, key)
		}
		return err
	})
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return all
}

// key is the nth key below a prefix that holds all of the texts; from the end where n is negative.
func (l lake) key(t *testing.T, n int, prefix string, texts ...string) string {
	t.Helper()
	all := slices.DeleteFunc(l.keys(t, prefix), func(key string) bool {
		return slices.ContainsFunc(texts, func(text string) bool { return !strings.Contains(key, text) })
	})
	if n < 0 {
		n += len(all)
	}
	if n < 0 || n >= len(all) {
		t.Fatalf("%d objects are below %s with %q", len(all), prefix, texts)
	}
	return all[n]
}

// copied makes a copy of the lake that is the test's own, with the times at which its objects were written.
func (l lake) copied(t *testing.T) lake {
	t.Helper()
	to := lake(filepath.Join(t.TempDir(), "lake"))
	if out, err := exec.CommandContext(t.Context(), "cp", "-a", string(l), string(to)).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return to
}

// shown reads the objects below the Locations that the catalog's files give, by code of its own, and counts each id.
func (l lake) shown(t *testing.T) map[string]int {
	t.Helper()
	found := map[string]int{}
	for _, key := range l.keys(t, ".lakebed/catalog/dt=") {
		var entry struct {
			Location string `json:"location"`
		}
		if err := json.Unmarshal(l.read(t, key), &entry); err != nil || entry.Location == "" {
			t.Fatalf("%s: %v: %s", key, err, l.read(t, key))
		}
		for _, part := range l.keys(t, entry.Location) {
			countLines(t, part, l.read(t, part), found)
		}
	}
	return found
}

func countLines(t *testing.T, name string, text []byte, found map[string]int) {
	t.Helper()
	z, err := gzip.NewReader(bytes.NewReader(text))
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	all, err := io.ReadAll(z)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	for lines := bufio.NewScanner(bytes.NewReader(all)); lines.Scan(); {
		var e struct {
			ID string `json:"id"`
		}
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		found[e.ID]++
	}
}

// exact wants a whole lake that shows the events once each and nothing else: by its files, and by verify.
func (l lake) exact(t *testing.T, want events) {
	t.Helper()
	if err := compare(l.shown(t), want); err != nil {
		t.Error(err)
	}
	if r := l.run(t, "verify", "-o", "json"); r.code != 0 || r.says("warning") {
		t.Error(r)
	}
}

func compare(got map[string]int, want events) error {
	var errs []error
	for _, e := range want {
		if got[e.id] != 1 {
			errs = append(errs, fmt.Errorf("%s is there %d times", e.id, got[e.id]))
		}
		delete(got, e.id)
	}
	for _, id := range slices.Sorted(maps.Keys(got)) {
		errs = append(errs, fmt.Errorf("%s is there, and should not", id))
	}
	if len(errs) > 5 {
		errs = append(errs[:5], fmt.Errorf("and %d more", len(errs)-5))
	}
	return errors.Join(errs...)
}
