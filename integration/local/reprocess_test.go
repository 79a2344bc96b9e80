package local

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// changed builds the program with another transform: that one file is what a user changes.
func changed(t *testing.T, transform string) string {
	t.Helper()
	dir := t.TempDir()
	top, err := filepath.Abs(filepath.Join("..", ".."))
	if err != nil {
		t.Fatal(err)
	}
	file, bin := filepath.Join(dir, "transform.go"), filepath.Join(dir, "lakebed")
	overlay, err := json.Marshal(map[string]map[string]string{"Replace": {filepath.Join(top, "shared", "event", "transform.go"): file}})
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.WriteFile(file, []byte(transform), 0o600), os.WriteFile(filepath.Join(dir, "overlay.json"), overlay, 0o600)); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "go", "build", "-overlay", filepath.Join(dir, "overlay.json"), "-o", bin, ".")
	cmd.Dir = filepath.Join(top, "services", "lakebed")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return bin
}

const another = `package event

import "strings"

func transform(e *Draft) error {
	e.AddTime("created_datetime", e.Time())
	if name, ok := e.Name(); ok {
		e.Add("event_type", strings.ToUpper(name))
		e.Add("event_words", strings.Join(strings.Split(name, ":"), " "))
	}
	return nil
}
`

// The transform is changed, and closed hours are reprocessed while events flow: killed again and again, it comes to its end, every event is
// there once, as the new transform makes it and else as it was; a copy that comes now is known as one.
func TestReprocess(t *testing.T) {
	t.Parallel()
	lake := filepath.Join(t.TempDir(), "lake")
	ok(t, generated(t, "--events", "20000", "--hours", "6"), "run", "--lake", lake, "-q", "-")
	before := ok(t, "", "query", "--lake", lake, "-o", "json", `select event_uuid, "user_id", payload from events order by event_uuid`).out.String()
	bin := changed(t, another)
	args := []string{"reprocess", "--lake", lake, "--anew", "event_type,event_subtype", "-o", "json"}
	tried := with(t, bin, append(args, "--dry-run")...).record(t)
	want(t, tried, map[string]int{"hours": 6, "hours_rewritten": 0, "events": 20000, "events_changed": 20000, "events_refused": 0})
	kills := 0
	for wait := 30 * time.Millisecond; ; wait += 25 * time.Millisecond {
		ctx, stop := context.WithTimeout(t.Context(), wait)
		out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput() // killed with -9 when the time is up
		killed := ctx.Err() != nil
		stop()
		if err != nil && !killed {
			t.Fatalf("%v\n%s", err, out)
		}
		if err == nil {
			break
		}
		kills++
	}
	t.Logf("killed %d times", kills)
	if kills == 0 {
		t.Error("it was never killed")
	}
	want(t, with(t, bin, args...).record(t), map[string]int{"hours": 6, "hours_rewritten": 0, "events": 20000, "events_changed": 0})
	for query, n := range map[string]int{
		"select count(*) from events":                                            20000,
		"select count(distinct event_uuid) from events":                          20000,
		"select count(*) from events where event_type <> upper(event_name)":      0,
		"select count(*) from events where event_words not like '% %'":           0,
		"select count(*) from events where event_subtype is not null":            0,
		"select count(*) from events where created_datetime not like '2026-01%'": 0,
	} {
		if got := number(t, lake, query); got != n {
			t.Errorf("%s gives %d, want %d", query, got, n)
		}
	}
	if after := ok(t, "", "query", "--lake", lake, "-o", "json", `select event_uuid, "user_id", payload from events order by event_uuid`).out.String(); after != before {
		t.Error("other fields have changed")
	}
	// The claims still know the events by the bytes that the old transform gave them: without, it is the parts that tell a copy.
	if err := os.Remove(filepath.Join(lake, ".lakebed", "claims.db")); err != nil {
		t.Fatal(err)
	}
	again := with(t, bin, "run", "--lake", lake, "-q", "-o", "json", generated(t, "--events", "20000", "--hours", "6")).record(t)
	if count(t, again, "duplicates")+count(t, again, "duplicates_dropped") != 20000 || count(t, again, "conflicts_quarantined")+count(t, again, "quarantined") != 0 {
		t.Errorf("copies of all: %v", again)
	}
	verified := ok(t, "", "verify", "--lake", lake, "-o", "json")
	want(t, verified.record(t), map[string]int{"breaches": 0, "events": 20000})
	later := time.Now().Add(30 * time.Hour).UTC().Format(time.RFC3339)
	ok(t, "", "compact", "--lake", lake, "--now", later)
	for _, top := range []string{"raw", "visit"} {
		left := ""
		_ = filepath.WalkDir(filepath.Join(lake, top), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				left = path
			}
			return nil
		})
		if left != "" {
			t.Errorf("%s is left", left)
		}
	}
	if words := ok(t, "", "verify", "--lake", lake).words.String(); strings.Contains(words, "breach") {
		t.Error(words)
	}
}

// with runs another binary.
func with(t *testing.T, bin string, args ...string) *command {
	t.Helper()
	c := &command{}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Stdout, cmd.Stderr = &c.out, &c.words
	if err := cmd.Run(); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(args, " "), err, c.words.String())
	}
	return c
}
