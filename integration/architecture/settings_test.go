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
