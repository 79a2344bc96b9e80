package wiring

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

var good = map[string]string{
	"LAKEBED_LAKE": "s3://bucket/lake", "LAKEBED_STREAM": "clicks", "LAKEBED_CLAIMS_TABLE": "claims", "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
	"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
}

// environment is the good one with changes.
func environment(changes map[string]string) func(string) string {
	return func(name string) string {
		if v, ok := changes[name]; ok {
			return v
		}
		return good[name]
	}
}

// The defaults are those of the command line (services/lakebed/config).
func TestDefaults(t *testing.T) {
	c, err := load(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.MaxFuture != 24*time.Hour || c.Lanes != 1 || c.Encoding != "plain" || c.Claims != "shard" || c.ClaimWindow != 5*time.Minute ||
		c.Mapping() != event.DefaultMapping || c.Namespace != "Lakebed" {
		t.Errorf("got %+v", c)
	}
}

func TestNew(t *testing.T) {
	for _, claims := range []string{"shard", "global", "none"} {
		h, err := New(environment(map[string]string{"LAKEBED_CLAIMS": claims, "LAKEBED_CLAIMS_TABLE": "t"}), io.Discard)
		if err != nil || h == nil {
			t.Errorf("%s: %v", claims, err)
		}
	}
	if _, err := load(environment(map[string]string{"LAKEBED_CLAIMS": "none", "LAKEBED_CLAIMS_TABLE": ""})); err != nil {
		t.Errorf("no claims need a table: %v", err)
	}
}

// Each variable has a value that is refused, and one report names all of them.
func TestEveryProblemAtOnce(t *testing.T) {
	bad := map[string]string{
		"LAKEBED_LAKE": "bucket", "LAKEBED_ID_FIELD": "a.", "LAKEBED_TIME_FIELD": ".", "LAKEBED_NAME_FIELD": "a..b", "LAKEBED_METRICS_NAMESPACE": ":x",
		"LAKEBED_STREAM": "kühe", "LAKEBED_MAX_FUTURE": "-1h", "LAKEBED_LANES": "3", "LAKEBED_FRAGMENT_ENCODING": "zstd", "LAKEBED_CLAIMS": "some",
		"LAKEBED_CLAIMS_TABLE": "", "LAKEBED_CLAIM_WINDOW": "0s",
	}
	_, err := New(func(name string) string { return bad[name] }, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	problems := strings.Split(err.Error(), "\n")
	for _, name := range append(Variables(), "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_LAMBDA_RUNTIME_API") {
		n := slices.IndexFunc(problems, func(p string) bool { return strings.Contains(p, name) && strings.Contains(p, bad[name]) })
		if n < 0 || strings.HasPrefix(name, "LAKEBED_") && !strings.Contains(problems[n], ": want ") {
			t.Errorf("%s is not reported in\n%s", name, err)
		}
	}
	if want := len(Variables()) + 4; len(problems) != want {
		t.Errorf("%d problems, want %d:\n%s", len(problems), want, err)
	}
}

func TestVariables(t *testing.T) {
	want := "LAKEBED_LAKE LAKEBED_ID_FIELD LAKEBED_TIME_FIELD LAKEBED_NAME_FIELD LAKEBED_METRICS_NAMESPACE LAKEBED_STREAM LAKEBED_MAX_FUTURE LAKEBED_LANES " +
		"LAKEBED_FRAGMENT_ENCODING LAKEBED_CLAIMS LAKEBED_CLAIMS_TABLE LAKEBED_CLAIM_WINDOW"
	if got := strings.Join(Variables(), " "); got != want {
		t.Errorf("got %s", got)
	}
}
