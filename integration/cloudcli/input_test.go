package cloudcli

import (
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/program"
	"github.com/lakebed/lakebed/shared/layout"
)

// What is missing is said, with its name and the way out; nothing is made.
func TestBadPlace(t *testing.T) {
	t.Parallel()
	a := account(t)
	nobody := []string{"AWS_ACCESS_KEY_ID=", "AWS_SECRET_ACCESS_KEY=", "AWS_PROFILE=", "AWS_EC2_METADATA_DISABLED=true",
		"AWS_CONFIG_FILE=" + t.TempDir() + "/none", "AWS_SHARED_CREDENTIALS_FILE=" + t.TempDir() + "/none"}
	for name, c := range map[string]struct {
		url  string
		env  []string
		code int
		says []string
	}{
		"no bucket":      {"s3:///x", nil, 2, []string{"s3://bucket/prefix"}},
		"missing bucket": {"s3://elsewhere/x", nil, 1, []string{"elsewhere", "does not exist", "terraform apply"}},
		"no lake":        {"s3://lake/nothing", nil, 1, []string{"s3://lake/nothing", "no lake is there", "lakebed.yaml", "terraform apply"}},
		"no region":      {"s3://lake/x", []string{"AWS_REGION=", "AWS_DEFAULT_REGION=", "AWS_CONFIG_FILE=" + t.TempDir() + "/none"}, 2, []string{"AWS_REGION"}},
		"no credentials": {"s3://lake/x", nobody, 2, []string{"no credentials", "AWS_PROFILE"}},
		"no server":      {"s3://lake/x", []string{"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_MAX_ATTEMPTS=1"}, 1, []string{"cannot be reached", "AWS_ENDPOINT_URL"}},
	} {
		t.Run(name, func(t *testing.T) {
			r := run(t, append(append(a.Environ(), "LAKEBED_LAKE="+c.url), c.env...), file(t, good("a", 8)), "run", "-")
			if r.code != c.code {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			r.says(c.says...)
		})
	}
}

func TestBadSettings(t *testing.T) {
	t.Parallel()
	a := account(t)
	for name, c := range map[string]struct {
		was, is string // in lakebed.yaml
		args    []string
		code    int
		says    []string
	}{
		"no database":      {"database: lakebed\n", "", []string{"status"}, 2, []string{"database", "Glue"}},
		"missing database": {"database: lakebed\n", "database: other\n", []string{"status"}, 1, []string{`no database "other"`, "terraform apply", "lakebed.yaml"}},
		"no claims table":  {"claims_table: lakebed-claims\n", "", []string{"replay"}, 2, []string{"claims_table", "claims: none"}},
		"bad claims":       {"format: 1\n", "format: 1\nclaims: some\n", []string{"status"}, 2, []string{"claims", "shard, global or none"}},
		"unknown key":      {"format: 1\n", "format: 1\ncolour: blue\n", []string{"status"}, 2, []string{`unknown key "colour"`, "claims_table"}},
		"newer":            {"format: 1\n", "format: 2\n", []string{"status"}, 6, []string{"newer"}},
		"short grace":      {"format: 1\n", "format: 1\nlongest_query: 1s\ngrace: 2s\n", []string{"status"}, 2, []string{"grace", "twice the catalog's bound"}},
		"no bound":         {"catalog_bound: 2s\n", "catalog_bound: 0s\n", []string{"status"}, 2, []string{"catalog-bound"}},
		"no failures":      {"", "", []string{"replay", "--failures"}, 2, []string{"failures", "name the places"}},
		"other fields":     {"", "", []string{"ingest", "--id-field", "other", "-"}, 2, []string{"do not change"}},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t, a, "bad")
			text := "format: 1\ndatabase: lakebed\ntable: bad\nclaims_table: lakebed-claims\ncatalog_bound: 2s\n"
			l.put(layout.Config, strings.Replace(text, c.was, c.is, 1))
			r := l.run(file(t, good("a", 8)), c.args...)
			if r.code != c.code {
				t.Errorf("exit code %d, want %d", r.code, c.code)
			}
			r.says(c.says...)
		})
	}
}

// In a lake without an event yet, input of which nothing can be used is refused whole; later a bad record costs itself only.
func TestWrongFields(t *testing.T) {
	t.Parallel()
	l := newLake(t, account(t), "fields")
	bad := file(t, `{"uid":"a"}`+"\n")
	if r := l.run(bad, "ingest", "-"); r.code != 4 {
		t.Errorf("exit code %d", r.code)
	} else {
		r.says(`"event_uuid"`, "uid")
	}
	if keys := l.keys(layout.Quarantine); len(keys) != 0 {
		t.Errorf("quarantined %v", keys)
	}
	l.ok(file(t, good("a", 8)), "ingest", "-").has(map[string]int{"stored": 1})
	l.ok(bad, "ingest", "-").has(map[string]int{"quarantined": 1})
}

// Settings that only a lake in S3 has are refused in the file and the flags of another; their variables mean another lake.
func TestOnlyCloud(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	local := []string{"LAKEBED_LAKE=" + dir, "LAKEBED_CLAIMS=nonsense", "AWS_REGION="}
	if r := run(t, local, file(t, good("a", 8)), "ingest", "-"); r.code != 0 {
		t.Errorf("exit code %d: %s", r.code, r.words.String())
	}
	if r := run(t, local, "", "status", "--claims", "shard"); r.code != 2 {
		t.Errorf("exit code %d", r.code)
	} else {
		r.says("--claims", "only a lake in S3")
	}
	if r := run(t, local, "", "settings"); strings.Contains(r.out.String(), "claims_table") || !strings.Contains(r.out.String(), "claim_window") {
		t.Errorf("settings of a directory: %s", r.out.String())
	}
	f, err := os.OpenFile(dir+"/"+layout.Config, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(f, "database: x\n"); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	if r := run(t, local, "", "status"); r.code != 2 {
		t.Errorf("exit code %d", r.code)
	} else {
		r.says("database", "only a lake in S3")
	}
}

// An interrupt ends a stream without an end; what was delivered before is safe.
func TestInterrupt(t *testing.T) {
	t.Parallel()
	l := newLake(t, account(t), "interrupt")
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), bin, "run", "-")
	cmd.Env = append(os.Environ(), l.env...)
	pipe, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(pipe, good("a", 8)); err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(time.Minute); len(l.keys(layout.LedgerNew)) == 0; time.Sleep(50 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("nothing was delivered")
		}
	}
	if err := cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = cmd.Wait() // its exit code is looked at next
	if code := cmd.ProcessState.ExitCode(); code != 130 {
		t.Errorf("exit code %d", code)
	}
	l.ok("", "compact").has(map[string]int{"events_written": 1})
	l.whole()
}
