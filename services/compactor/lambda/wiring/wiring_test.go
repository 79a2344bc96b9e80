package wiring

import (
	"io"
	"slices"
	"strings"
	"testing"
	"time"
)

var good = map[string]string{
	"LAKEBED_LAKE": "s3://bucket/lake", "LAKEBED_STREAM": "clicks", "LAKEBED_DATABASE": "lake", "LAKEBED_QUEUE_URL": "https://sqs.eu-central-1.amazonaws.com/1/tasks",
	"AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
	"AWS_REGION":             "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
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

// The defaults are those of the command line (services/lakebed/config), and 30 s for a catalog that cannot compare.
func TestDefaults(t *testing.T) {
	c, err := load(environment(nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Table != "events" || c.Target != 128<<20 || c.Close != 15*time.Minute || c.MajorParts != 8 || c.MajorShare != 0.1 || c.Grace != 4*time.Hour ||
		c.Live != 2*time.Hour || c.LongestQuery != 30*time.Minute || c.CatalogBound != 30*time.Second || c.Memory != 24<<20 {
		t.Errorf("got %+v", c)
	}
}

func TestNew(t *testing.T) {
	if h, err := New(environment(nil), io.Discard); err != nil || h == nil {
		t.Error(err)
	}
}

// A grace that a running query outlives is refused, whichever variable makes it so.
func TestGraceIsLongEnough(t *testing.T) {
	for _, c := range []struct {
		changes map[string]string
		ok      bool
	}{
		{map[string]string{"LAKEBED_GRACE": "31m"}, true}, {map[string]string{"LAKEBED_GRACE": "30m59s"}, false},
		{map[string]string{"LAKEBED_LONGEST_QUERY": "4h"}, false}, {map[string]string{"LAKEBED_CATALOG_BOUND": "2h"}, false},
	} {
		if _, err := load(environment(c.changes)); (err == nil) != c.ok || err != nil && !strings.Contains(err.Error(), "LAKEBED_GRACE") {
			t.Errorf("%v: %v", c.changes, err)
		}
	}
}

// Each variable has a value that is refused, and one report names all of them.
func TestEveryProblemAtOnce(t *testing.T) {
	bad := map[string]string{
		"LAKEBED_LAKE": "bucket", "LAKEBED_ID_FIELD": "a.", "LAKEBED_TIME_FIELD": ".", "LAKEBED_NAME_FIELD": "a..b", "LAKEBED_METRICS_NAMESPACE": ":x",
		"LAKEBED_STREAM": "kühe", "LAKEBED_DATABASE": "", "LAKEBED_QUEUE_URL": "tasks", "LAKEBED_TARGET_SIZE": "big", "LAKEBED_CLOSE_AFTER": "-1m",
		"LAKEBED_MAJOR_PARTS": "0", "LAKEBED_MAJOR_SHARE": "NaN", "LAKEBED_GRACE": "1s", "LAKEBED_LIVE": "2", "LAKEBED_LONGEST_QUERY": "-1s",
		"LAKEBED_CATALOG_BOUND": "1ms", "LAKEBED_MEMORY": "1KiB",
	}
	_, err := New(func(name string) string { return bad[name] }, io.Discard)
	if err == nil {
		t.Fatal("no error")
	}
	problems := strings.Split(err.Error(), "\n")
	for _, name := range append(Variables(), "AWS_REGION", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_LAMBDA_RUNTIME_API") {
		if name == "LAKEBED_TABLE" || name == "LAKEBED_GRACE" { // any name is one; 1s is enough for the others' nonsense
			continue
		}
		n := slices.IndexFunc(problems, func(p string) bool { return strings.Contains(p, name) && strings.Contains(p, bad[name]) })
		if n < 0 || strings.HasPrefix(name, "LAKEBED_") && !strings.Contains(problems[n], ": want ") {
			t.Errorf("%s is not reported in\n%s", name, err)
		}
	}
	if want := len(Variables()) + 2; len(problems) != want { // two fewer, four more
		t.Errorf("%d problems, want %d:\n%s", len(problems), want, err)
	}
}

func TestVariables(t *testing.T) {
	want := "LAKEBED_LAKE LAKEBED_ID_FIELD LAKEBED_TIME_FIELD LAKEBED_NAME_FIELD LAKEBED_METRICS_NAMESPACE LAKEBED_STREAM LAKEBED_DATABASE LAKEBED_TABLE " +
		"LAKEBED_QUEUE_URL LAKEBED_TARGET_SIZE LAKEBED_CLOSE_AFTER LAKEBED_MAJOR_PARTS LAKEBED_MAJOR_SHARE LAKEBED_GRACE LAKEBED_LIVE LAKEBED_LONGEST_QUERY " +
		"LAKEBED_CATALOG_BOUND LAKEBED_MEMORY"
	if got := strings.Join(Variables(), " "); got != want {
		t.Errorf("got %s", got)
	}
}
