package local

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/program"
)

// On a stream without an end, run ingests and compacts as it flows, and an interrupt ends it cleanly.
func TestEndlessStream(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bin, "run", "--lake", lake, "--interval", "100ms", "-o", "json", "-")
	var out, words bytes.Buffer
	c.Stdout, c.Stderr = &out, &words
	pipe, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if _, err := fmt.Fprintf(pipe, `{"event_uuid":"e%d","created_at":"2026-11-20T08:00:00Z"}`+"\n", i); err != nil {
			t.Fatal(err)
		}
		seen := 0
		for wait := 0; wait < 100 && seen <= i; wait++ {
			time.Sleep(100 * time.Millisecond)
			q, err := try(t.Context(), "", "query", "--lake", lake, "-o", "json", "select count(*) as n from events")
			if err != nil {
				t.Fatal(err)
			}
			if q.code == 0 {
				seen = count(t, q.rows(t)[0], "n")
			}
		}
		if seen != i+1 {
			t.Fatalf("%d events are seen after %d were fed: %s", seen, i+1, words.String())
		}
	}
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // its exit code is looked at next
	if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(out.String(), `"stored":3`) || !strings.Contains(words.String(), "interrupted") {
		t.Errorf("exit code %d: %s %s", code, out.String(), words.String())
	}
	checkExact(t, lake, 3)
}
