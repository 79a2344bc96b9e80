// Package e2e deploys Lakebed to an AWS emulator with Terraform and the built functions, sends events through Kinesis, and counts them where
// Glue points.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/proxy"
)

// stack is a deployment.
type stack struct {
	*emulator.AWS
	proxy   *proxy.Proxy // between the functions and the emulator
	dir     string       // Terraform's state and plans
	lakebed string       // the command line
	out     output
}

// output is what the environment says of its one stream.
type output struct {
	Lake        string `json:"lake"`
	Bucket      string `json:"bucket"`
	Stream      string `json:"stream"`
	ClaimsTable string `json:"claims_table"`
	Database    string `json:"database"`
	Ingest      struct {
		Function string `json:"function"`
	} `json:"ingest"`
	Compactor struct {
		Function    string `json:"function"`
		QueueURL    string `json:"queue_url"`
		DeadLetters string `json:"dead_letters"`
	} `json:"compactor"`
	Policies map[string]string `json:"policies"`
}

const environment = "infra/environments/emulator"

// top is the folder of go.work.
const top = "../.."

// deploy builds the functions and applies the environment.
func deploy(t *testing.T) *stack {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		emulator.Skip(t, "terraform is not installed")
	}
	s := &stack{AWS: emulator.Ministack(t), dir: t.TempDir()}
	s.proxy = proxy.New(t, s.Endpoint)
	s.build(t)
	s.run(t, s.variables(), "scripts/infra-init.sh", environment, "-backend-config=path="+filepath.Join(s.dir, "state"))
	s.terraform(t, "apply", "-auto-approve", "-input=false", "-no-color")
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the emulator printed:\n%s", tail(s.Log()))
		}
	})
	var streams struct {
		Streams struct {
			Value map[string]output `json:"value"`
		} `json:"streams"`
	}
	if err := json.Unmarshal(s.terraform(t, "output", "-json"), &streams); err != nil {
		t.Fatal(err)
	}
	s.out = streams.Streams.Value["events"]
	if s.out.Lake == "" {
		t.Fatalf("the environment's output names no lake: %+v", streams)
	}
	return s
}

// build makes the zips and the command line.
func (s *stack) build(t *testing.T) {
	t.Helper()
	s.run(t, nil, "scripts/build-lambdas.sh")
	s.lakebed = filepath.Join(s.dir, "lakebed")
	s.run(t, nil, "go", "build", "-o", s.lakebed, "./services/lakebed")
}

// terraform runs a command of it on the environment, with a state of the test's own, and gives what it prints.
func (s *stack) terraform(t *testing.T, command string, args ...string) []byte {
	t.Helper()
	return s.run(t, s.variables(), "scripts/infra-terraform.sh", append([]string{"-chdir=" + environment, command}, args...)...)
}

// variables are Terraform's: the environment's own, and a folder of the test's own for its state.
func (s *stack) variables() []string {
	return []string{
		"TF_DATA_DIR=" + filepath.Join(s.dir, "terraform"), "TF_VAR_endpoint=" + s.Endpoint, "TF_VAR_functions_endpoint=" + s.proxy.URL,
		`TF_VAR_streams={ events = { shards = 2 } }`,
		`TF_VAR_pace={ catalog_bound = "2s", close_after = "0s", grace = "10s", longest_query = "5s", live = "0s", major_parts = "1", major_share = "0" }`,
	}
}

// run runs a program at the top of the workspace and gives what it prints to stdout.
func (s *stack) run(t *testing.T, env []string, name string, args ...string) []byte {
	t.Helper()
	out, code, words := s.try(t, env, name, args...)
	if code != 0 {
		t.Fatalf("%s %s: exit code %d\n%s\n%s", name, strings.Join(args, " "), code, tail(string(out)), tail(words))
	}
	return out
}

func (s *stack) try(t *testing.T, env []string, name string, args ...string) (out []byte, code int, words string) {
	t.Helper()
	c := exec.CommandContext(t.Context(), name, args...)
	c.Dir = top
	c.Env = append(append(os.Environ(), s.Environ()...), env...)
	var stdout, stderr bytes.Buffer
	c.Stdout, c.Stderr = &stdout, &stderr
	if err := c.Run(); err != nil && c.ProcessState == nil {
		t.Fatal(err)
	}
	return stdout.Bytes(), c.ProcessState.ExitCode(), stderr.String()
}

// lake runs a command on the deployed lake and gives the one object that it prints.
func (s *stack) lake(t *testing.T, command string, args ...string) map[string]any {
	t.Helper()
	text := s.run(t, nil, s.lakebed, append([]string{command, "--lake", s.out.Lake, "--output", "json"}, args...)...)
	var rows []map[string]any
	if text = bytes.TrimSpace(text); bytes.HasPrefix(text, []byte("{")) {
		text = append(append([]byte("["), text...), ']')
	}
	if err := json.Unmarshal(text, &rows); err != nil || len(rows) != 1 {
		t.Fatalf("lakebed %s printed %s: %v", command, text, err)
	}
	return rows[0]
}

func tail(log string) string {
	const most = 6000
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}

func sprint(v any) string { return fmt.Sprint(v) }
