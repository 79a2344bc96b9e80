package architecture

import (
	"encoding/json"
	"os"
	"strings"
	"testing"
)

// gomod is what is asked of `go mod edit -json`.
type gomod struct {
	Module  struct{ Path string }
	Go      string
	Require []struct{ Path, Version string }
	Replace []struct {
		Old, New struct{ Path string }
	}
}

func readMod(t *testing.T, module string) gomod {
	t.Helper()
	var mod gomod
	if err := json.Unmarshal(command(t, module, nil, "go", "mod", "edit", "-json"), &mod); err != nil {
		t.Fatal(err)
	}
	return mod
}

func TestOneVersionOfEachDependency(t *testing.T) {
	type version struct{ version, module string }
	first := map[string]version{}
	var goVersion version
	for _, module := range modules(t) {
		mod := readMod(t, module)
		if want := root + "/" + module; mod.Module.Path != want {
			t.Errorf("%s: the module is called %s, want %s", module, mod.Module.Path, want)
		}
		if goVersion.version == "" {
			goVersion = version{mod.Go, module}
		}
		if strings.TrimSuffix(mod.Go, ".0") != strings.TrimSuffix(goVersion.version, ".0") {
			t.Errorf("%s wants Go %s, %s wants %s", module, mod.Go, goVersion.module, goVersion.version)
		}
		for _, r := range mod.Require {
			earlier, known := first[r.Path]
			switch {
			case !known:
				first[r.Path] = version{r.Version, module}
			case earlier.version != r.Version:
				t.Errorf("%s: %s in %s, %s in %s", r.Path, r.Version, module, earlier.version, earlier.module)
			}
		}
	}
}

func TestOwnModulesAreReplaced(t *testing.T) {
	for _, module := range modules(t) {
		mod := readMod(t, module)
		local := map[string]string{}
		for _, r := range mod.Replace {
			local[r.Old.Path] = r.New.Path
		}
		for _, r := range mod.Require {
			if within(r.Path, root) && !strings.HasPrefix(local[r.Path], "../") {
				t.Errorf("%s requires %s without a replace by its folder", module, r.Path)
			}
		}
	}
}

// TestEachModuleBuildsAlone: the workspace hides a missing requirement, so each module is built without it; vet takes the tests in.
func TestEachModuleBuildsAlone(t *testing.T) {
	for _, module := range modules(t) {
		t.Run(module, func(t *testing.T) {
			command(t, module, []string{"GOWORK=off"}, "go", "build", "-o", os.DevNull, "./...")
			command(t, module, []string{"GOWORK=off"}, "go", "vet", "./...")
		})
	}
}
