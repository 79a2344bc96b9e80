package telemetry

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/smithy-go"
)

var at = time.UnixMilli(1795422600123).UTC()

func write(t *testing.T, lines ...Line) []string {
	t.Helper()
	var out bytes.Buffer
	l := New(&out, "Lakebed", "clicks", func() time.Time { return at })
	for _, line := range lines {
		l.Write(t.Context(), line)
	}
	return strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
}

func TestGolden(t *testing.T) {
	got := write(t, Line{
		Message: "ingested", Metrics: []Metric{Count("Received", 3), InMilliseconds("IteratorAge", 1500*time.Millisecond), Ratio("WriteAmplification", 1.25)},
		Attrs: []slog.Attr{slog.String("shard", "shardId-000000000006")}, By: slog.String("Reason", "not_json"),
	})
	_, rest, _ := strings.Cut(got[0], ",") // after the time
	want := `"level":"INFO","msg":"ingested","Stream":"clicks","Reason":"not_json","Received":3,"IteratorAge":1500,"WriteAmplification":1.25,` +
		`"_aws":{"Timestamp":1795422600123,"CloudWatchMetrics":[{"Namespace":"Lakebed","Dimensions":[["Stream","Reason"]],"Metrics":[` +
		`{"Name":"Received","Unit":"Count"},{"Name":"IteratorAge","Unit":"Milliseconds"},{"Name":"WriteAmplification","Unit":"None"}]}]},"shard":"shardId-000000000006"}`
	if len(got) != 1 || rest != want {
		t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), want)
	}
}

// checkEMF holds a line against the rules of the format, read off its specification and not off the code above.
func checkEMF(line string) error {
	var root map[string]any
	if err := json.Unmarshal([]byte(line), &root); err != nil {
		return err
	}
	meta, ok := root["_aws"].(map[string]any)
	if !ok {
		return errors.New("no _aws")
	}
	if ms, ok := meta["Timestamp"].(float64); !ok || ms != math.Trunc(ms) || ms < 1e12 {
		return fmt.Errorf("timestamp is %v", meta["Timestamp"])
	}
	directives, ok := meta["CloudWatchMetrics"].([]any)
	if !ok || len(directives) == 0 {
		return errors.New("no directive")
	}
	for _, d := range directives {
		if err := checkDirective(root, d.(map[string]any)); err != nil {
			return err
		}
	}
	return nil
}

func checkDirective(root, d map[string]any) error {
	if name, _ := d["Namespace"].(string); name == "" || len(name) > 255 {
		return fmt.Errorf("namespace is %v", d["Namespace"])
	}
	sets, _ := d["Dimensions"].([]any)
	for _, set := range sets {
		if len(set.([]any)) > 30 {
			return errors.New("more than 30 dimensions")
		}
		for _, key := range set.([]any) {
			if v, ok := root[key.(string)].(string); !ok || v == "" {
				return fmt.Errorf("dimension %v is %v", key, root[key.(string)])
			}
		}
	}
	metrics, _ := d["Metrics"].([]any)
	if len(sets) == 0 || len(metrics) == 0 || len(metrics) > 100 {
		return fmt.Errorf("%d dimension sets, %d metrics", len(sets), len(metrics))
	}
	for _, m := range metrics {
		m := m.(map[string]any)
		if _, ok := root[m["Name"].(string)].(float64); !ok {
			return fmt.Errorf("metric %v is %v", m["Name"], root[m["Name"].(string)])
		}
		if !slices.Contains([]any{"None", "Count", "Bytes", "Milliseconds", "Seconds"}, m["Unit"]) {
			return fmt.Errorf("unit of %v is %v", m["Name"], m["Unit"])
		}
	}
	return nil
}

func TestLinesKeepToTheFormat(t *testing.T) {
	var many []Metric
	for i := range 250 {
		many = append(many, Count(fmt.Sprint("M", i), i))
	}
	for name, line := range map[string]Line{
		"one":     {Metrics: []Metric{Bytes("FragmentBytes", 1<<53)}},
		"a zero":  {Metrics: []Metric{Count("Failed", 0)}},
		"many":    {Metrics: many},
		"no ends": {Metrics: []Metric{Ratio("A", math.NaN()), Ratio("B", math.Inf(1)), InSeconds("C", 1499*time.Millisecond)}},
		"by":      {Metrics: many[:1], By: slog.String("Reason", "not_json")},
		"failed":  {Metrics: many[:1], Err: errors.New("line\nbreak")},
		"long":    {Metrics: many[:1], Err: errors.New(strings.Repeat("ä", 200<<10))},
	} {
		got := write(t, line)
		if err := checkEMF(got[0]); err != nil || len(got) != 1 || len(got[0]) > 64<<10 {
			t.Errorf("%s: %v: %s", name, err, got)
		}
	}
	if got := write(t, Line{Message: "nothing to count"}); strings.Contains(got[0], "_aws") {
		t.Errorf("metadata without metrics: %s", got[0])
	}
}

// The check above is no rubber stamp.
func TestCheckBites(t *testing.T) {
	good := write(t, Line{Metrics: []Metric{Count("Received", 3)}})[0]
	for _, change := range [][2]string{
		{`"Received":3,`, ``}, {`"Received":3`, `"Received":"3"`}, {`"Stream":"clicks",`, ``}, {`"Unit":"Count"`, `"Unit":"count"`},
		{`"Timestamp":1795422600123`, `"Timestamp":"now"`}, {`"Namespace":"Lakebed"`, `"Namespace":""`}, {`[["Stream"]]`, `[]`},
	} {
		if bad := strings.Replace(good, change[0], change[1], 1); bad == good || checkEMF(bad) == nil {
			t.Errorf("%s passes", bad)
		}
	}
}

func TestClass(t *testing.T) {
	denied := fmt.Errorf("put: %w", &smithy.GenericAPIError{Code: "AccessDenied"})
	for _, c := range []struct {
		err  error
		want string
	}{
		{denied, "AccessDenied"},
		{fmt.Errorf("put: %w", context.DeadlineExceeded), "deadline"},
		{errors.Join(denied, context.DeadlineExceeded), "deadline"},
		{&Classified{"event", denied}, "event"},
		{Panic("boom", nil), "panic"},
		{errors.New("x"), "other"},
	} {
		if got := Class(c.err); got != c.want {
			t.Errorf("%v is %s, want %s", c.err, got, c.want)
		}
	}
	got := write(t, Line{Err: denied, Metrics: []Metric{Count("Failed", 1)}})[0]
	if !strings.Contains(got, `"level":"ERROR"`) || !strings.Contains(got, `"error_class":"AccessDenied","error":"put: api error AccessDenied: "`) {
		t.Errorf("got %s", got)
	}
}

func TestRefuse(t *testing.T) {
	var out bytes.Buffer
	Refuse(&out, "ingest", errors.Join(errors.New("a"), errors.Join(errors.New("b"), fmt.Errorf("c: %w, %w", errors.New("d"), errors.New("e")))))
	var line struct {
		Msg      string
		Problems []string
	}
	if err := json.Unmarshal(out.Bytes(), &line); err != nil || line.Msg != "ingest cannot start" || strings.Join(line.Problems, "|") != "a|b|c: d, e" ||
		strings.Count(out.String(), "\n") != 1 {
		t.Errorf("got %s, %v", out.String(), err)
	}
}
