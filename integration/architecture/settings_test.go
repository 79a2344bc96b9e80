package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	compactor "github.com/lakebed/lakebed/services/compactor/lambda/wiring"
	ingest "github.com/lakebed/lakebed/services/ingest/lambda/wiring"
	"github.com/lakebed/lakebed/services/lakebed/doctor"
	scaler "github.com/lakebed/lakebed/services/scaler/lambda/wiring"
)

var assigned = regexp.MustCompile(`(?m)^\s*(LAKEBED_[A-Z_]+)\s*=`)

// TestTerraformSetsEverySetting: what a function reads from its environment, its module sets, and nothing else.
func TestTerraformSetsEverySetting(t *testing.T) {
	for module, reads := range map[string][]string{"ingest": ingest.Variables(), "compactor": compactor.Variables(), "scaler": scaler.Variables()} {
		text, err := os.ReadFile(filepath.Join(top(t), "infra", "modules", module, "main.tf"))
		if err != nil {
			t.Fatal(err)
		}
		var sets []string
		for _, m := range assigned.FindAllStringSubmatch(string(text), -1) {
			sets = append(sets, m[1])
		}
		slices.Sort(sets)
		slices.Sort(reads)
		if len(sets) < 2 || !slices.Equal(sets, reads) {
			t.Errorf("%s: the module sets %v, the function reads %v", module, sets, reads)
		}
	}
}

var (
	published = regexp.MustCompile(`telemetry\.[A-Z]\w*\("(\w+)"`)
	alarmed   = regexp.MustCompile(`namespace\s*=\s*var\.metrics_namespace,?\s+metric(?:_name)?\s*=\s*"(\w+)"|for_each = \{ (\w+ = ".*") \}\n(?:.*\n){1,7}?\s*namespace\s*=\s*var\.metrics_namespace`)
	graphed   = regexp.MustCompile(`stat = "\w+", metrics = \["(.*?)\]`)
	searched  = regexp.MustCompile(`MetricName=\\"(\w+)\\"`)
	metric    = regexp.MustCompile(`[A-Z]\w+`)
)

// TestMetricsArePublished: what Terraform's alarms look at, a function publishes, and what ingest and the compactor publish, and nothing else, the dashboard
// shows. An alarm on any other name would never ring.
func TestMetricsArePublished(t *testing.T) {
	const dashboard = "infra/modules/observability/dashboard.tf"
	of := slices.Sorted(slices.Values(append(found(t, published, "services/ingest/handler/*.go"), found(t, published, "services/compactor/handler/*.go")...)))
	shown := slices.Sorted(slices.Values(append(found(t, graphed, dashboard), found(t, searched, dashboard)...)))
	if len(of) < 20 || !slices.Equal(of, shown) {
		t.Errorf("the dashboard shows %v, ingest and the compactor publish %v", shown, of)
	}
	for module, of := range map[string][]string{"observability": of, "scaler": found(t, published, "services/scaler/handler/*.go")} {
		alarms := found(t, alarmed, "infra/modules/"+module+"/main.tf")
		if len(alarms) == 0 {
			t.Errorf("%s: no alarm is found", module)
		}
		for _, name := range alarms {
			if !slices.Contains(of, name) {
				t.Errorf("%s: an alarm looks at %s, published are %v", module, name, of)
			}
		}
	}
}

// found gives the metrics that an expression's groups find in files, tests left out.
func found(t *testing.T, names *regexp.Regexp, pattern string) (all []string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(top(t), filepath.FromSlash(pattern)))
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, "_test.go") {
			continue
		}
		for _, m := range names.FindAllStringSubmatch(string(text), -1) {
			all = append(all, metric.FindAllString(strings.Join(m[1:], " "), -1)...)
		}
	}
	return all
}

// TestDoctorComparesEverySetting: of what a function reads, lakebed doctor holds against the lake's own all that a lake can be told.
func TestDoctorComparesEverySetting(t *testing.T) {
	own := []string{"LAKEBED_LAKE", "LAKEBED_STREAM", "LAKEBED_METRICS_NAMESPACE", "LAKEBED_QUEUE_URL", "LAKEBED_MEMORY"}
	for name, c := range map[string]struct{ compares, reads []string }{
		"ingest": {doctor.IngestSettings, ingest.Variables()}, "compactor": {doctor.CompactorSettings, compactor.Variables()},
	} {
		var compares []string
		for _, setting := range c.compares {
			compares = append(compares, "LAKEBED_"+strings.ToUpper(strings.ReplaceAll(setting, "-", "_")))
		}
		reads := slices.DeleteFunc(c.reads, func(v string) bool { return slices.Contains(own, v) })
		slices.Sort(compares)
		slices.Sort(reads)
		if !slices.Equal(compares, reads) {
			t.Errorf("%s: it compares %v, the function reads %v", name, compares, reads)
		}
	}
}
