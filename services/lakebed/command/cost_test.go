package command

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func execute(t *testing.T, args ...string) (code int, out, words string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = Execute(args, strings.NewReader(""), &stdout, &stderr)
	return code, stdout.String(), stderr.String()
}

func TestCost(t *testing.T) {
	type line struct {
		Bill, Line string
		USDMonth   float64 `json:"usd_month"`
	}
	together := func(args ...string) float64 {
		t.Helper()
		code, out, words := execute(t, append([]string{"cost", "--events-per-second", "100", "--bytes", "500", "-o", "json"}, args...)...)
		var lines []line
		if err := json.Unmarshal([]byte(out), &lines); code != 0 || err != nil || !strings.Contains(words, "prices of ") {
			t.Fatalf("%d, %v: %s", code, err, words)
		}
		for _, l := range lines {
			if l.Bill == "lakebed" && l.Line == "together" {
				return l.USDMonth
			}
		}
		t.Fatalf("no sum in %s", out)
		return 0
	}
	code, list, _ := execute(t, "cost", "--show-prices")
	if code != 0 {
		t.Fatal(code)
	}
	file := filepath.Join(t.TempDir(), "prices.yaml")
	if err := os.WriteFile(file, []byte(strings.Replace(list, "kinesis_shard_hour: 0.015", "kinesis_shard_hour: 1.015", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	usual, dearer, global := together("--stream", "provisioned"), together("--stream", "provisioned", "--prices", file), together("--claims", "global")
	if got := dearer - usual; got < 729.9 || got > 730.1 {
		t.Errorf("a shard that costs a dollar more by the hour costs $%g more a month", got)
	}
	if global < usual+100 {
		t.Errorf("the strategy global comes to $%g, shard to $%g", global, usual)
	}
	if code, _, words := execute(t, "cost", "--shards", "1000", "--bytes", "500"); code != 0 || !strings.Contains(words, "does not take this load: --limits tells why; several of ") {
		t.Errorf("%d, %s", code, words)
	}
	if err := os.WriteFile(file, []byte(strings.Replace(list, "ingest_memory: 512", "ingest_memory: 1", 1)), 0o600); err != nil {
		t.Fatal(err)
	}
	if code, _, words := execute(t, "cost", "--shards", "1", "--bytes", "500", "--prices", file); code != 0 || !strings.HasSuffix(words, "--limits tells why\n") {
		t.Errorf("what one shard breaks: %d, %s", code, words)
	}
	for breaks, want := range map[float64]string{0: "", 1: "", 2: "", 3: "; several of 2 shards would", 84: "; several of 75 shards would"} {
		if got := instead(breaks); got != want {
			t.Errorf("%g shards break a lake%s, want %q", breaks, got, want)
		}
	}
	code, list, words := execute(t, "cost", "--shards", "1000", "--bytes", "500", "--limits", "-o", "json")
	var met []struct {
		Limit, Turn string
		Share       float64
		Breaks      float64 `json:"breaks_at_shards"`
	}
	if err := json.Unmarshal([]byte(list), &met); code != 0 || err != nil || len(met) < 10 || met[0].Share <= 1 || met[0].Breaks == 0 || met[0].Breaks > 1000 || met[0].Turn == "" || !strings.Contains(words, "a backlog is read") {
		t.Errorf("%d, %v: %s%s", code, err, list, words)
	}
	for want, args := range map[string][]string{
		"want --events-per-second or --shards": {"cost", "--bytes", "5"},
		"events-per-second: want more than 0":  {"cost", "--bytes", "5", "--events-per-second", "0"},
		"want --events-per-second or":          {"cost", "--bytes", "5", "--events-per-second", "1", "--shards", "1"},
		"claims: want none":                    {"cost", "--bytes", "5", "--events-per-second", "1", "--claims", "some"},
		"no-such-file":                         {"cost", "--bytes", "5", "--events-per-second", "1", "--prices", "no-such-file"},
		"cost_test.go: ":                       {"cost", "--bytes", "5", "--events-per-second", "1", "--prices", "cost_test.go"},
		"unknown flag: --moons":                {"cost", "--moons", "5"},
	} {
		if code, out, words := execute(t, args...); code != 2 || out != "" || !strings.Contains(words, want) {
			t.Errorf("%v: %d, %s%s", args, code, out, words)
		}
	}
}
