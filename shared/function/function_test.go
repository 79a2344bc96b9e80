package function

import (
	"context"
	"math"
	"runtime/debug"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

type settings struct {
	Common
	Lanes int           `env:"LAKEBED_LANES" envDefault:"1" want:"a power of two"`
	Keep  time.Duration `env:"LAKEBED_KEEP" envDefault:"5m" want:"a duration such as 5m"`
	Size  Size          `env:"LAKEBED_SIZE" envDefault:"128MiB" want:"a size such as 128MiB"`
	Table string        `env:"LAKEBED_TABLE" want:"a table"`
}

func load(variables map[string]string) (*settings, error) {
	s := new(settings)
	err := Load(s, func(name string) string { return variables[name] }, func(want func(bool, string)) {
		s.Check(want)
		want(s.Lanes > 0, "LAKEBED_LANES")
		want(s.Table != "", "LAKEBED_TABLE")
	})
	return s, err
}

func TestLoad(t *testing.T) {
	s, err := load(map[string]string{
		"LAKEBED_LAKE": "s3://b/p", "LAKEBED_STREAM": "clicks", "LAKEBED_TABLE": "t", "LAKEBED_NAME_FIELD": "meta.name", "LAKEBED_LANES": "", "LAKEBED_KEEP": "90s",
	})
	if err != nil {
		t.Fatal(err)
	}
	if s.Lake().String() != "s3://b/p" || s.Lanes != 1 || s.Keep != 90*time.Second || s.Size != 128<<20 || s.Namespace != "Lakebed" ||
		s.Mapping() != (event.Mapping{ID: "event_uuid", Time: "created_at", Name: "meta.name"}) {
		t.Errorf("got %+v", s)
	}
}

func TestDefaultMapping(t *testing.T) {
	s, _ := load(nil)
	if s.Mapping() != event.DefaultMapping {
		t.Errorf("got %+v", s.Mapping())
	}
}

// One report names every problem: the variable, its value, and what is wanted.
func TestLoadReportsEverything(t *testing.T) {
	_, err := load(map[string]string{
		"LAKEBED_LAKE": "b/p", "LAKEBED_ID_FIELD": "a..b", "LAKEBED_METRICS_NAMESPACE": "AWS/Lambda", "LAKEBED_LANES": "x", "LAKEBED_KEEP": "5", "LAKEBED_SIZE": "0",
	})
	if err == nil {
		t.Fatal("no error")
	}
	got := strings.Split(err.Error(), "\n")
	for i, want := range []string{
		`LAKEBED_LAKE is "b/p": want s3://bucket or s3://bucket/prefix`,
		`LAKEBED_ID_FIELD is "a..b": want `,
		`LAKEBED_METRICS_NAMESPACE is "AWS/Lambda": want `,
		`LAKEBED_STREAM is not set: want `,
		`LAKEBED_LANES is "x": want a power of two`,
		`LAKEBED_KEEP is "5": want a duration such as 5m`,
		`LAKEBED_SIZE is "0": want a size such as 128MiB`,
		`LAKEBED_TABLE is not set: want a table`,
	} {
		if i >= len(got) || !strings.HasPrefix(got[i], want) {
			t.Errorf("problem %d: want %s in\n%s", i, want, err)
		}
	}
	if len(got) != 8 {
		t.Errorf("%d problems:\n%s", len(got), err)
	}
}

func TestFieldsThatExcludeEachOther(t *testing.T) {
	for name, c := range map[string]struct{ id, time, field string }{
		"time inside id": {"a", "a.b", "LAKEBED_TIME_FIELD"}, "name inside id": {"x", "t", "LAKEBED_NAME_FIELD"}, "apart": {"a", "b", ""},
	} {
		_, err := load(map[string]string{
			"LAKEBED_LAKE": "s3://b", "LAKEBED_STREAM": "s", "LAKEBED_TABLE": "t", "LAKEBED_ID_FIELD": c.id, "LAKEBED_TIME_FIELD": c.time, "LAKEBED_NAME_FIELD": "x.y",
		})
		if c.field == "" && err != nil || c.field != "" && (err == nil || !strings.HasPrefix(err.Error(), c.field) || strings.Contains(err.Error(), "\n")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestVariables(t *testing.T) {
	got := Variables(new(settings))
	if len(got) != 10 || !slices.Contains(got, "LAKEBED_LAKE") || !slices.Contains(got, "LAKEBED_SIZE") {
		t.Errorf("got %v", got)
	}
}

func TestSize(t *testing.T) {
	for text, want := range map[string]Size{
		"1": 1, "128MiB": 128 << 20, "128 MiB": 128 << 20, "5MB": 5e6, "7B": 7, "1PiB": 0, "1024TiB": 1 << 50, "1025TiB": 0, "": 0, "0": 0, "-1": 0, "MiB": 0, "1.5MiB": 0, "99999999999999999999": 0,
	} {
		var got Size
		err := got.UnmarshalText([]byte(text))
		if got != want || (err == nil) != (want != 0) {
			t.Errorf("%q is %d, %v, want %d", text, got, err, want)
		}
	}
}

func TestBefore(t *testing.T) {
	now := time.Now()
	for _, c := range []struct{ left, want time.Duration }{
		{time.Minute, 54 * time.Second}, {time.Hour, 59*time.Minute + 50*time.Second}, {3 * time.Second, 2 * time.Second}, {time.Second, 0},
	} {
		ctx, cancel := context.WithDeadline(t.Context(), now.Add(c.left))
		if got := Before(ctx, now, time.Second, 10*time.Second); !got.Equal(now.Add(c.want)) {
			t.Errorf("with %s left: %s", c.left, got.Sub(now))
		}
		cancel()
	}
	if got := Before(t.Context(), now, time.Second, time.Minute); !got.IsZero() {
		t.Errorf("without a deadline: %s", got)
	}
}

func TestBoundEndsBeforeLambdaDoes(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
	defer cancel()
	bound, cancel := Bound(ctx, time.Second, time.Minute)
	defer cancel()
	if at, ok := bound.Deadline(); !ok || time.Until(at) > 59*time.Minute {
		t.Errorf("deadline %s, %v", at, ok)
	}
	free, cancel := Bound(t.Context(), time.Second, time.Minute)
	defer cancel()
	if at, ok := free.Deadline(); ok || free.Err() != nil {
		t.Errorf("deadline %s", at)
	}
}

func TestLimitMemory(t *testing.T) {
	before := debug.SetMemoryLimit(-1)
	defer debug.SetMemoryLimit(before)
	for _, c := range []struct {
		size, set string
		want      int64
	}{
		{"128", "", 114085068}, {"10240", "", 10240 << 20 * 85 / 100}, {"128", "100MiB", 0}, {"", "", 0}, {"x", "", 0}, {"-1", "", 0},
	} {
		debug.SetMemoryLimit(math.MaxInt64)
		got := LimitMemory(func(name string) string {
			return map[string]string{"AWS_LAMBDA_FUNCTION_MEMORY_SIZE": c.size, "GOMEMLIMIT": c.set}[name]
		})
		in := debug.SetMemoryLimit(-1)
		if got != c.want || c.want != 0 && in != c.want || c.want == 0 && in != math.MaxInt64 {
			t.Errorf("%+v: %d, in force %d", c, got, in)
		}
	}
}
