// Package local tests the command as a user runs it: the built binary, a plain directory, real input.
package local

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/program"
)

func TestMain(m *testing.M) { program.Main(m) }

// command is one run of the binary.
type command struct {
	out, words bytes.Buffer
	code       int
	rss        int64 // the most memory it had, in bytes
	took       time.Duration
	cpu        time.Duration
}

// run runs lakebed with stdin from in ("" for none).
func run(t *testing.T, in string, args ...string) *command {
	t.Helper()
	c, err := try(t.Context(), in, args...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func try(ctx context.Context, in string, args ...string) (*command, error) {
	bin, err := program.Build()
	if err != nil {
		return nil, err
	}
	c := &command{}
	cmd := exec.CommandContext(ctx, bin, args...)
	cmd.Env = append(os.Environ(), "LAKEBED_LAKE=")
	cmd.Stdout, cmd.Stderr = &c.out, &c.words
	if in != "" {
		f, err := os.Open(in)
		if err != nil {
			return nil, err
		}
		defer f.Close()
		cmd.Stdin = f
	}
	start := time.Now()
	err = cmd.Run()
	c.took = time.Since(start)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) && (ctx.Err() == nil || cmd.ProcessState == nil) {
		return nil, err
	}
	c.code = cmd.ProcessState.ExitCode()
	c.cpu = cmd.ProcessState.UserTime() + cmd.ProcessState.SystemTime()
	if u, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage); ok {
		c.rss = u.Maxrss << 10
	}
	return c, nil
}

// ok runs lakebed and wants it to succeed.
func ok(t *testing.T, in string, args ...string) *command {
	t.Helper()
	c := run(t, in, args...)
	if c.code != 0 {
		t.Fatalf("lakebed %s: exit code %d\n%s\n%s", strings.Join(args, " "), c.code, c.words.String(), c.out.String())
	}
	return c
}

// record gives the one object that a command printed.
func (c *command) record(t *testing.T) map[string]any {
	t.Helper()
	rows := c.rows(t)
	if len(rows) != 1 {
		t.Fatalf("%d rows in %s", len(rows), c.out.String())
	}
	return rows[0]
}

// rows gives the objects that a command printed with --output json.
func (c *command) rows(t *testing.T) []map[string]any {
	t.Helper()
	text := bytes.TrimSpace(c.out.Bytes())
	var rows []map[string]any
	if bytes.HasPrefix(text, []byte("{")) {
		text = append(append([]byte("["), text...), ']')
	}
	if err := json.Unmarshal(text, &rows); err != nil {
		t.Fatalf("not JSON: %v\n%s", err, c.out.String())
	}
	return rows
}

// count gives a number of a record.
func count(t *testing.T, row map[string]any, key string) int {
	t.Helper()
	n, is := row[key].(float64)
	if !is {
		t.Fatalf("%s is %v in %v", key, row[key], row)
	}
	return int(n)
}

func want(t *testing.T, row map[string]any, counts map[string]int) {
	t.Helper()
	for key, n := range counts {
		if got := count(t, row, key); got != n {
			t.Errorf("%s is %d, want %d (in %v)", key, got, n, row)
		}
	}
}

// events runs a query that gives one number.
func number(t *testing.T, lake, sql string) int {
	t.Helper()
	rows := ok(t, "", "query", "--lake", lake, "-o", "json", sql).rows(t)
	if len(rows) != 1 || len(rows[0]) != 1 {
		t.Fatalf("%s gives %v", sql, rows)
	}
	for key := range rows[0] {
		return count(t, rows[0], key)
	}
	return 0
}

// generated makes events in a file, with what generate's flags say.
func generated(t *testing.T, flags ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.ndjson")
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, append([]string{"generate"}, flags...)...)
	cmd.Stdout, cmd.Stderr = f, os.Stderr
	if err := errors.Join(cmd.Run(), f.Close()); err != nil {
		t.Fatal(err)
	}
	return name
}
