package e2e

import (
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
)

// TestModes: a stream of each mode is changed into one of each other in place, as far as a plan tells, since the emulator knows no UpdateStreamMode.
func TestModes(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("terraform"); err != nil {
		emulator.Skip(t, "terraform is not installed")
	}
	s := &stack{AWS: emulator.Ministack(t), dir: t.TempDir()}
	if err := os.CopyFS(filepath.Join(s.dir, "stream"), os.DirFS(filepath.Join(top, "infra", "modules", "stream"))); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join("testdata", "modes.tf"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(s.dir, "main.tf"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	modes := map[string]string{"demand": "{}", "fixed": "{ shards = 3 }", "scaled": "{ shards = 3, autoscaling = { min = 2, max = 6 } }"}
	before, after, want := "", "", map[string]string{}
	for from := range modes {
		for to := range modes {
			name := from + "-" + to
			before += fmt.Sprintf("%q = %s, ", name, modes[from])
			after += fmt.Sprintf("%q = %s, ", name, modes[to])
			if from != to && (from == "demand" || to == "demand") {
				want[name] = "shard_count: stream_mode_details: " // and neither delete nor create
			}
		}
	}
	env := func(streams string) []string {
		return []string{"TF_VAR_endpoint=" + s.Endpoint, "TF_VAR_streams={ " + streams + "}"}
	}
	s.run(t, env(before), "scripts/infra-init.sh", s.dir, "-backend=true")
	s.run(t, env(before), "scripts/infra-terraform.sh", "-chdir="+s.dir, "apply", "-auto-approve", "-input=false", "-no-color")
	plan, _, words := s.try(t, env(after), "scripts/infra-drift.sh", s.dir)
	got := map[string]string{}
	for _, found := range regexp.MustCompile(`"(\S+)"\]\.aws_kinesis_stream\.this: (\S+)`).FindAllStringSubmatch(string(plan), -1) {
		got[found[1]] += found[2] + " "
	}
	if !maps.Equal(got, want) {
		t.Errorf("changed are %v, want %v; the plan is %s%s", got, want, plan, words)
	}
}
