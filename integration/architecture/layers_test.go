package architecture

import (
	"slices"
	"strings"
	"testing"
)

// layer forbids imports to the packages below a path.
type layer struct {
	below string
	never []string // paths that must not be among the imports of its code, nor among theirs
	alone []string // paths that must not be imported by its own code; the standard library imports some of them everywhere
	tests bool     // whether the tests must keep to never as well
	why   string
}

// quick says why a function is without slow: packages of the SDK with which it takes long to start.
const quick = "a function finds all in its environment, and starts in half the time without the SDK's search for credentials and its schemas of all types"

var slow = []string{
	"github.com/aws/aws-sdk-go-v2/config", "github.com/aws/aws-sdk-go-v2/service/dynamodb/schemas", "github.com/aws/aws-sdk-go-v2/service/glue/schemas",
	"github.com/aws/aws-sdk-go-v2/service/sqs/schemas",
}

var layers = []layer{
	{
		below: root + "/shared",
		never: []string{"github.com/aws/aws-lambda-go", root + "/services", root + "/integration"},
		tests: true,
		why:   "shared/ is below the services and knows no Lambda event types",
	},
	{
		below: root + "/shared/layout",
		never: []string{root + "/shared/bucket", root + "/shared/claims", root + "/shared/catalog", "net/http"},
		alone: []string{"os", "net"},
		why:   "keys are computed, without I/O",
	},
	{
		below: root + "/shared/event",
		never: []string{root + "/shared/bucket", root + "/shared/claims", root + "/shared/catalog", "net/http"},
		alone: []string{"os", "net"},
		why:   "an event is a function of its bytes, without I/O",
	},
	{
		below: root + "/shared/schema",
		never: []string{root + "/shared/bucket", root + "/shared/claims", root + "/shared/catalog", "net/http"},
		alone: []string{"os", "net"},
		why:   "types are inferred without I/O",
	},
	{
		below: root + "/services/ingest",
		never: []string{root + "/services/compactor", root + "/services/lakebed", root + "/integration"},
		tests: true,
		why:   "services meet in the bucket only",
	},
	{
		below: root + "/services/compactor",
		never: []string{root + "/services/ingest", root + "/services/lakebed", root + "/integration"},
		tests: true,
		why:   "services meet in the bucket only",
	},
	{
		below: root + "/services/scaler",
		never: []string{root + "/services/ingest", root + "/services/compactor", root + "/services/lakebed", root + "/shared/bucket", root + "/integration"},
		tests: true,
		why:   "the scaler knows streams, and no lake",
	},
	{
		below: root + "/services/scaler/lambda",
		never: slow,
		why:   quick,
	},
	{
		below: root + "/services/compactor/lambda",
		never: slow,
		why:   quick,
	},
	{
		below: root + "/services/ingest/lambda",
		never: slow,
		why:   quick,
	},
	{
		below: root + "/services/lakebed",
		never: []string{root + "/services/scaler", root + "/services/ingest/handler", root + "/services/compactor/handler", root + "/integration"},
		why:   "the command line calls the services' libraries, not their handlers",
	},
}

// within tells whether a package is the one of that path or lies below it.
func within(path, above string) bool {
	return path == above || strings.HasPrefix(path, above+"/")
}

// breaches names what a package imports against a layer.
func (l layer) breaches(p gopackage) []string {
	var found []string
	for _, path := range p.Deps {
		if slices.ContainsFunc(l.never, func(never string) bool { return within(path, never) }) {
			found = append(found, path)
		}
	}
	for _, path := range p.Imports {
		if slices.ContainsFunc(l.alone, func(alone string) bool { return path == alone || path == alone+"/exec" }) {
			found = append(found, path)
		}
	}
	if l.tests {
		for _, path := range slices.Concat(p.TestImports, p.XTestImports) {
			if slices.ContainsFunc(l.never, func(never string) bool { return within(path, never) }) {
				found = append(found, path+" (in a test)")
			}
		}
	}
	return found
}

func TestLayers(t *testing.T) {
	all := packages(t)
	for _, l := range layers {
		met := false
		for _, p := range all {
			if !within(p.ImportPath, l.below) {
				continue
			}
			met = true
			for _, path := range l.breaches(p) {
				t.Errorf("%s depends on %s: %s", p.ImportPath, path, l.why)
			}
		}
		if !met {
			t.Errorf("no package below %s: a layer that checks nothing", l.below)
		}
	}
}

// TestLayersBite makes sure that a breach of each sort would be seen.
func TestLayersBite(t *testing.T) {
	l := layer{never: []string{"a/b"}, alone: []string{"os"}, tests: true}
	for _, bad := range []gopackage{
		{Deps: []string{"a/b"}}, {Deps: []string{"x", "a/b/c"}}, {Imports: []string{"os"}}, {Imports: []string{"os/exec"}},
		{TestImports: []string{"a/b"}}, {XTestImports: []string{"a/b"}},
	} {
		if len(l.breaches(bad)) != 1 {
			t.Errorf("%+v passes", bad)
		}
	}
	good := gopackage{Deps: []string{"os", "a", "a/bc"}, Imports: []string{"a", "osx"}, TestImports: []string{"os"}}
	if found := l.breaches(good); found != nil {
		t.Errorf("%v is allowed", found)
	}
}
