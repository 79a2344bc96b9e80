package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/scaler"
	"github.com/lakebed/lakebed/shared/telemetry"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// fake gives what no emulator will: failures of one stream beside others, and refusals.
type fake struct {
	streams map[string]scaler.Stream
	updated map[string]int
	refuse  error
}

func (f *fake) Look(_ context.Context, name string, since, now time.Time) (scaler.Stream, error) {
	st, ok := f.streams[name]
	if !ok || !now.Equal(noon) || noon.Sub(since) < 2*time.Hour {
		return st, errors.New("no such stream")
	}
	return st, nil
}

func (f *fake) Update(_ context.Context, name string, _ scaler.Stream, to int, _ time.Time) error {
	if f.refuse != nil {
		return f.refuse
	}
	f.updated[name] = to
	return nil
}

func busy() scaler.Stream {
	m := scaler.Minute{Bytes: 4 << 20 * 60, Records: 1000, Throttled: 100}
	return scaler.Stream{Shards: 4, Active: true, Measured: noon.Add(-2 * time.Minute), Minutes: []scaler.Minute{m, m, m}}
}

// handle has streams with these names looked at, and gives the lines that were written, by stream.
func handle(t *testing.T, f *fake, dry bool, names ...string) (map[string]map[string]any, error) {
	t.Helper()
	var scaled []Stream
	logs := map[string]*bytes.Buffer{}
	for _, name := range names {
		s := scaler.Default(1, 6)
		s.DryRun = dry
		logs[name] = new(bytes.Buffer)
		scaled = append(scaled, Stream{name, s, telemetry.New(logs[name], "Lakebed", name, func() time.Time { return noon })})
	}
	f.updated = map[string]int{}
	err := New(f.Look, f.Update, scaled, func() time.Time { return noon }).Handle(t.Context(), nil)
	lines := map[string]map[string]any{}
	for name, log := range logs {
		var line map[string]any
		if err := json.Unmarshal(log.Bytes(), &line); err != nil {
			t.Fatalf("%s: %v in %s", name, err, log)
		}
		lines[name] = line
	}
	return lines, err
}

func TestScale(t *testing.T) {
	below, old := busy(), busy()
	below.Shards, old.Measured = 12, noon.Add(-time.Hour)
	f := &fake{streams: map[string]scaler.Stream{"a": busy(), "b": {Shards: 2, Active: true, OnDemand: true}, "c": below, "d": old}}
	lines, err := handle(t, f, false, "a", "b", "c", "d")
	if err != nil || len(f.updated) != 2 || f.updated["a"] != 6 || f.updated["c"] != 6 {
		t.Errorf("updated %v, %v", f.updated, err)
	}
	if l := lines["a"]; l["reason"] != "throttled" || l["from"] != 4.0 || l["to"] != 6.0 || l["ShardsDecided"] != 6.0 || l["ScalingHeldBack"] != 0.0 || l["Stream"] != "a" || l["CallsLeft"] != 10.0 {
		t.Errorf("got %v", l)
	}
	if l := lines["c"]; l["reason"] != "above_maximum" || l["Demand"].(float64) < 4 || l["peak"].(float64) < 4 {
		t.Errorf("got %v", l)
	}
	if l := lines["d"]; l["reason"] != "unmeasured" || l["Demand"] != nil || l["peak"] != nil || l["CallsLeft"] != 10.0 {
		t.Errorf("got %v", l)
	}
	if l := lines["b"]; l["reason"] != "on_demand" || l["Shards"] != 2.0 || l["Demand"] != nil || l["CallsLeft"] != nil {
		t.Errorf("got %v", l)
	}
}

func TestDryRun(t *testing.T) {
	f := &fake{streams: map[string]scaler.Stream{"a": busy()}}
	lines, err := handle(t, f, true, "a")
	if err != nil || len(f.updated) != 0 || lines["a"]["to"] != 6.0 || lines["a"]["dry_run"] != true {
		t.Errorf("updated %v, %v, %v", f.updated, lines, err)
	}
}

// A stream that fails holds up no other, and the invocation fails.
func TestOneFails(t *testing.T) {
	f := &fake{streams: map[string]scaler.Stream{"b": busy()}}
	lines, err := handle(t, f, false, "a", "b")
	if err == nil || !strings.Contains(err.Error(), "stream a: no such stream") || f.updated["b"] != 6 || lines["a"]["error"] == nil {
		t.Errorf("updated %v, %v, %v", f.updated, lines, err)
	}
}

func TestRefused(t *testing.T) {
	f := &fake{streams: map[string]scaler.Stream{"a": busy()}, refuse: errors.New("LimitExceededException")}
	lines, err := handle(t, f, false, "a")
	if err == nil || lines["a"]["reason"] != "throttled" || !strings.Contains(lines["a"]["error"].(string), "LimitExceeded") {
		t.Errorf("%v, %v", lines, err)
	}
}

// Somebody is told when a stream needs what it may not have, and only then.
func TestHeldBack(t *testing.T) {
	for want, d := range map[scaler.Decision]int{
		{Reason: scaler.AtMaximum}: 1, {Reason: scaler.HotShard}: 1, {Reason: scaler.NoCalls, Wanted: scaler.High}: 1,
		{Reason: scaler.NoCalls, Wanted: scaler.Low}: 0, {Reason: scaler.Steady}: 0, {Reason: scaler.Throttled, From: 1, To: 2}: 0,
	} {
		if got := heldBack(&want); got != d {
			t.Errorf("%+v: %d", want, got)
		}
	}
}
