package architecture

import (
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"testing"

	compactor "github.com/lakebed/lakebed/services/compactor/lambda/wiring"
	ingest "github.com/lakebed/lakebed/services/ingest/lambda/wiring"
)

var assigned = regexp.MustCompile(`(?m)^\s*(LAKEBED_[A-Z_]+)\s*=`)

// TestTerraformSetsEverySetting: what a function reads from its environment, its module sets, and nothing else.
func TestTerraformSetsEverySetting(t *testing.T) {
	for module, reads := range map[string][]string{"ingest": ingest.Variables(), "compactor": compactor.Variables()} {
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
		if len(sets) < 10 || !slices.Equal(sets, reads) {
			t.Errorf("%s: the module sets %v, the function reads %v", module, sets, reads)
		}
	}
}
