package bugs

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"testing"
)

// top is the repository's root.
const top = "../.."

var free = make(chan struct{}, runtime.GOMAXPROCS(0))

var only = flag.String("bug", "", "words of the bugs to try")

// TestBugs puts one bug after the other into the code. A bug that is not found is a hole in the proof.
func TestBugs(t *testing.T) {
	for _, b := range bugs {
		if !strings.Contains(b.name, *only) {
			continue
		}
		t.Run(b.name, func(t *testing.T) {
			t.Parallel()
			free <- struct{}{} // each takes a processor
			defer func() { <-free }()
			program := b.build(t)
			if found := b.find(t, program); found == "" {
				t.Errorf("the %s does not find it", b.by)
			} else {
				t.Logf("%s: %s", b.by, found)
			}
		})
	}
}

// build compiles the package that is to find the bug, over code with the bug.
func (b *bug) build(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	overlay := map[string]string{}
	for _, e := range b.edits {
		path, err := filepath.Abs(filepath.Join(top, e.file))
		if err != nil {
			t.Fatal(err)
		}
		if overlay[path] == "" {
			overlay[path] = filepath.Join(dir, fmt.Sprintf("%d.go", len(overlay)))
			copyTo(t, overlay[path], path)
		}
		text, err := os.ReadFile(overlay[path])
		if err != nil {
			t.Fatal(err)
		}
		if n := bytes.Count(text, []byte(e.old)); n != 1 {
			t.Fatalf("%s has %d places like this, want 1: the bug is to be written anew\n%s", e.file, n, e.old)
		}
		if err := os.WriteFile(overlay[path], bytes.Replace(text, []byte(e.old), []byte(e.with), 1), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	config, err := json.Marshal(map[string]any{"Replace": overlay})
	if err != nil {
		t.Fatal(err)
	}
	file, program := filepath.Join(dir, "overlay.json"), filepath.Join(dir, "test")
	if err := os.WriteFile(file, config, 0o600); err != nil {
		t.Fatal(err)
	}
	out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-vet=off", "-overlay", file, "-o", program, "../"+b.by).CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

func copyTo(t *testing.T, to, from string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err == nil {
		err = os.WriteFile(to, text, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// broken is how the simulation and the explorer begin to tell of a broken promise; nothing else counts, a panic least of all.
var broken = regexp.MustCompile(`(?m)^ *\w+_test\.go:\d+: (seed \d+: .*|after \d+ states: .*)$`)

// find runs the program until it fails, and gives what it says; "" when it does not.
func (b *bug) find(t *testing.T, program string) string {
	t.Helper()
	args := []string{"-test.run", "^TestExplorer$/^" + strings.ReplaceAll(b.scene, " ", "_") + "$"}
	if b.by == simulation {
		args = []string{"-test.run", "^TestSimulation$", "-replay=false", "-details=0", "-from=1", fmt.Sprintf("-seeds=%d", b.seeds)}
	}
	c := exec.CommandContext(t.Context(), program, args...)
	c.Dir = filepath.Join("..", b.by)
	out, err := c.CombinedOutput()
	var failed *exec.ExitError
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &failed) || t.Context().Err() != nil:
		t.Fatalf("%v\n%s", errors.Join(err, context.Cause(t.Context())), out)
	}
	m := broken.FindSubmatch(out)
	if m == nil {
		t.Fatalf("it ends, and says no promise that is broken: %v\n%s", err, out)
	}
	return string(m[1])
}
