// Package e2e deploys Lakebed to an AWS emulator with Terraform and the built functions, sends events through Kinesis, and counts them where
// Glue points.
package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/proxy"
)

// stack is a deployment.
type stack struct {
	*emulator.AWS
	proxy   *proxy.Proxy      // between the functions and the emulator
	dir     string            // Terraform's state and plans
	lakebed string            // the command line
	vars    map[string]string // Terraform's variables
	outs    map[string]output // of its streams, by their names
	out     output            // of the stream that is looked at: the first of all
	scaler  struct {
		Function string `json:"function"` // "" where no stream is scaled
		Policy   string `json:"policy"`
	}
}

// output is what the environment says of a stream.
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

// pace is that of a lake whose hours are compacted, put together and swept while a test waits.
const pace = `{ catalog_bound = "2s", close_after = "0s", grace = "10s", longest_query = "5s", live = "0s", major_parts = "1", major_share = "0" }`

// deploy builds the functions and applies the environment with these variables.
func deploy(t *testing.T, vars map[string]string) *stack {
	t.Helper()
	if _, err := exec.LookPath("terraform"); err != nil {
		emulator.Skip(t, "terraform is not installed")
	}
	var s *stack
	for try := 1; ; try++ {
		s = &stack{AWS: emulator.Ministack(t), dir: t.TempDir(), vars: vars}
		s.proxy = proxy.New(t, s.Endpoint)
		if s.apply(t) {
			break
		}
		if try == 3 {
			t.Fatal("what Terraform makes was there already each time")
		}
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("the emulator printed:\n%s", tail(s.Log()))
		}
	})
	var outputs map[string]struct {
		Value json.RawMessage `json:"value"`
	}
	if err := json.Unmarshal(s.terraform(t, "output", "-json"), &outputs); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(outputs["streams"].Value, &s.outs); err != nil {
		t.Fatal(err)
	}
	if text := outputs["scaler"].Value; text != nil { // what is null, Terraform does not print
		if err := json.Unmarshal(text, &s.scaler); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(s.outs)) {
		if s.outs[name].Lake == "" {
			t.Fatalf("the environment's output names no lake of %s: %+v", name, s.outs)
		}
	}
	if len(s.outs) == 0 {
		t.Fatal("the environment's output names no stream")
	}
	return s.of(slices.Min(slices.Collect(maps.Keys(s.outs))))
}

// of looks at another of the streams.
func (s *stack) of(name string) *stack {
	other := *s
	other.out = s.outs[name]
	return &other
}

// apply makes the environment. It gives false when the provider finds there already what nobody else makes, most likely since a reply to it was
// lost and it tried again: an empty emulator may do better.
func (s *stack) apply(t *testing.T) bool {
	t.Helper()
	s.build(t)
	s.run(t, s.variables(), "scripts/infra-init.sh", environment, "-backend-config=path="+filepath.Join(s.dir, "state"))
	out, code, words := s.try(t, s.variables(), "scripts/infra-terraform.sh", "-chdir="+environment, "apply", "-auto-approve", "-input=false", "-no-color")
	if code != 0 && strings.Contains(words, "already exists") {
		t.Logf("once more, on a new emulator: %s", tail(words))
		return false
	}
	if code != 0 {
		t.Fatalf("terraform apply: exit code %d\n%s\n%s", code, tail(string(out)), tail(words))
	}
	return true
}

// zips makes those of the functions, once for all tests.
var zips sync.Once

// build makes the zips and the command line.
func (s *stack) build(t *testing.T) {
	t.Helper()
	zips.Do(func() { s.run(t, nil, "scripts/build-lambdas.sh") })
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
	env := []string{"TF_DATA_DIR=" + filepath.Join(s.dir, "terraform"), "TF_VAR_endpoint=" + s.Endpoint, "TF_VAR_functions_endpoint=" + s.proxy.URL}
	for name, value := range s.vars {
		env = append(env, "TF_VAR_"+name+"="+value)
	}
	return env
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
