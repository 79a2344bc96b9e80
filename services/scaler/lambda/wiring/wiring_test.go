package wiring

import (
	"io"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/scaler"
)

func environment(streams string) func(string) string {
	return func(name string) string {
		return map[string]string{
			"LAKEBED_SCALED_STREAMS": streams, "AWS_LAMBDA_RUNTIME_API": "127.0.0.1:9001",
			"AWS_REGION": "eu-central-1", "AWS_ACCESS_KEY_ID": "key", "AWS_SECRET_ACCESS_KEY": "secret",
		}[name]
	}
}

func TestStreams(t *testing.T) {
	text := `[{"name": "clicks", "min": 1, "max": 8}, {"name": "orders", "min": 2, "max": 4, "target": 0.5, "calls": 8, "reserve": 1, "quiet": "3h", "behind": "90s", "dry_run": true}]`
	c, got, err := load(environment(text))
	if err != nil {
		t.Fatal(err)
	}
	orders := scaler.Settings{Min: 2, Max: 4, Target: 0.5, Calls: 8, Reserve: 1, Quiet: 3 * time.Hour, Behind: 90 * time.Second, DryRun: true}
	if c.Namespace != "Lakebed" || len(got) != 2 || got[0] != (named{"clicks", scaler.Default(1, 8)}) || got[1] != (named{"orders", orders}) {
		t.Errorf("got %+v", got)
	}
	if h, err := New(environment(text), io.Discard); err != nil || h == nil {
		t.Error(err)
	}
}

// What cannot be is refused, and said where and why; nothing is taken for what it is not.
func TestRefused(t *testing.T) {
	for text, want := range map[string]string{
		"":                                      "LAKEBED_SCALED_STREAMS is not set: want JSON",
		"{}":                                    "LAKEBED_SCALED_STREAMS: ",
		"[]":                                    "LAKEBED_SCALED_STREAMS: no stream",
		`[{"name": "a", "min": 1, "max": 8}] x`: "something follows",
		`[{"name": "a", "min": 1, "max": 8, "maximum": 9}]`:                      `unknown field "maximum"`,
		`[{"name": "a", "min": 1, "max": 8}, {"name": "a", "min": 1, "max": 8}]`: "stream a is there twice",
		`[{"min": 1, "max": 8}]`:                                             `the name of stream 1 is ""`,
		`[{"name": "a", "min": 9, "max": 8}]`:                                "stream a: max is 8: want min (9)",
		`[{"name": "a", "min": 1, "max": 8, "quiet": "soon"}]`:               "soon",
		`[{"name": "a", "min": 1, "max": 8, "target": 2, "calls": 11}]`:      "target is 2: want 0.1 to 0.9; calls is 11: want 3 to 10",
		`[{"name": "a", "min": 1, "max": 8, "reserve": 3, "calls": 3}]`:      "reserve is 3",
		`[{"name": "` + strings.Repeat("a", 256) + `", "min": 1, "max": 8}]`: "the name of stream 1",
	} {
		if _, _, err := load(environment(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %s", text, err, want)
		}
	}
}
