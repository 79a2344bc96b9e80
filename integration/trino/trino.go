// Package trino starts Trino, the engine that Athena's version 3 is built on, for tests: on a free port of 127.0.0.1, over the Glue and the S3 of an
// emulator, stopped by its own process when the test ends. scripts/trino.sh installs it below .cache/.
//
// What it answers is no proof of Athena: Amazon's build has readers and settings of its own.
package trino

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/emulator"
)

const version = "476"

// Catalog is the name under which Trino knows the emulator's Glue: Athena's own, which views hold.
const Catalog = "awsdatacatalog"

// Trino is a running server.
type Trino struct {
	Endpoint string
	log      string // the file with what it printed
}

// Start starts a server and waits until it answers queries: 10 to 60 seconds.
func Start(t testing.TB, a *emulator.AWS) *Trino {
	t.Helper()
	home := filepath.Join(emulator.Cache(t), "trino-"+version)
	java, err := os.ReadFile(filepath.Join(home, "java"))
	if err != nil {
		emulator.Skip(t, "Trino is not installed: `scripts/trino.sh` does it")
	}
	dir, port := t.TempDir(), emulator.FreePort(t)
	configure(t, dir, home, port, a)
	s := &Trino{Endpoint: "http://127.0.0.1:" + port, log: filepath.Join(dir, "log")}
	out, err := os.Create(s.log)
	if err != nil {
		t.Fatal(err)
	}
	c, started := emulator.Guarded(t, append([]string{filepath.Join(strings.TrimSpace(string(java)), "bin", "java")}, arguments(dir, home)...)...)
	c.Dir, c.Stdout, c.Stderr = dir, out, out
	err = c.Start()
	started()
	_ = out.Close() // the process has its own
	if err != nil {
		t.Fatal(err)
	}
	gone := make(chan struct{})
	go func() {
		_ = c.Wait()
		close(gone)
	}()
	t.Cleanup(func() {
		_ = c.Process.Kill() // it keeps nothing, and takes its time over a SIGTERM
		<-gone
		_ = os.Remove(fmt.Sprintf("/tmp/.java_pid%d", c.Process.Pid)) // the JVM's socket for tools, which a killed one leaves there
	})
	for deadline := time.Now().Add(3 * time.Minute); !s.serves(t); time.Sleep(200 * time.Millisecond) {
		select {
		case <-gone:
			t.Fatalf("Trino ended: %s\n%s", c.ProcessState, s.Log())
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("Trino does not serve\n%s", s.Log())
		}
	}
	return s
}

// Log is the end of what the server printed so far.
func (s *Trino) Log() string {
	text, err := os.ReadFile(s.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-20_000):])
}

// serves tells whether a query is answered: the server takes them before it has anybody to run them.
func (s *Trino) serves(t testing.TB) bool {
	r, err := http.Get(s.Endpoint + "/v1/info")
	if err != nil {
		return false
	}
	_ = r.Body.Close()
	if r.StatusCode != http.StatusOK {
		return false
	}
	_, err = s.Query(t.Context(), "information_schema", "SELECT 1")
	return err == nil
}
