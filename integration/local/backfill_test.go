package local

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/program"
)

// history makes generated events into several inputs: files, plain and gzip, in folders.
func history(t *testing.T, events int) string {
	t.Helper()
	dir := t.TempDir()
	for n, name := range []string{"2026/a.ndjson", "2026/b.json.gz", "c.jsonl"} {
		text, err := os.ReadFile(generated(t, "--events", fmt.Sprint(events/3), "--seed", fmt.Sprint(n), "--hours", "6", "--duplicates", "2%", "--late", "1%",
			"--broken", "0.1%", "--start", "2026-11-20T00:00:00Z"))
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(name, ".gz") {
			text = gz(t, string(text))
		}
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// objects are the names of a lake's objects below its top folders.
func objects(t *testing.T, lake string, tops ...string) []string {
	t.Helper()
	var all []string
	for _, top := range tops {
		err := filepath.WalkDir(filepath.Join(lake, top), func(path string, d os.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				all = append(all, path)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// Killed with -9 again and again and run again, a backfill ends exact, and has written each of its objects once.
func TestBackfillKilled(t *testing.T) {
	t.Parallel()
	const events = 300_000
	dir := history(t, events)
	lake := filepath.Join(t.TempDir(), "lake")
	args := []string{"backfill", "--lake", lake, "-o", "json", dir}
	killed, resumed := 0, 0
	var last *command
	for wait := 100 * time.Millisecond; ; wait += 60 * time.Millisecond {
		ctx, stop := context.WithTimeout(t.Context(), wait)
		c, err := try(ctx, "", args...)
		stop()
		if err != nil {
			t.Fatal(err)
		}
		if strings.Contains(c.words.String(), "goes on behind line") {
			resumed++
		}
		if c.code == 0 {
			last = c
			break
		}
		if killed++; c.code != -1 {
			t.Fatalf("exit code %d: %s", c.code, c.words.String())
		}
	}
	t.Logf("killed %d times, resumed %d times", killed, resumed)
	if killed == 0 {
		t.Error("it was never killed")
	}
	sums := last.record(t)
	want(t, sums, map[string]int{"inputs": 3, "unusable": 0})
	tried := ok(t, "", append(args, "--dry-run", "--again")...).record(t)
	want(t, tried, map[string]int{
		"received": count(t, sums, "received"), "stored": count(t, sums, "stored"), "fragments": len(objects(t, lake, "raw")),
		"fragment_bytes": count(t, sums, "fragment_bytes"), "batches": len(objects(t, lake, "ledger")), "quarantined": count(t, sums, "quarantined"),
	})
	ok(t, "", "compact", "--lake", lake)
	checkExact(t, lake, events)

	c := ok(t, "", args...)
	want(t, c.record(t), map[string]int{"passed_over": 3, "received": count(t, sums, "received"), "hours": 0})
	if !strings.Contains(c.words.String(), "--again") {
		t.Errorf("it does not say how to read it anew: %s", c.words.String())
	}
	want(t, ok(t, "", append(args, "--again", "--compact")...).record(t), map[string]int{"passed_over": 0, "fragments_merged": 0, "events_written": 0})
	checkExact(t, lake, events)
}

// A run without an end ingests half of the events, in another order and cut otherwise, while a backfill reads all of them: each is there once.
func TestBackfillBesideRun(t *testing.T) {
	t.Parallel()
	const events = 120_000
	file := generated(t, "--events", fmt.Sprint(events), "--hours", "6", "--duplicates", "2%", "--start", "2026-11-20T00:00:00Z")
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	lake := filepath.Join(t.TempDir(), "lake")
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	live := exec.CommandContext(t.Context(), bin, "run", "--lake", lake, "--interval", "50ms", "--target-size", "256KiB", "--close-after", "1s", "-")
	var words bytes.Buffer
	live.Stderr = &words
	pipe, err := live.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := live.Start(); err != nil {
		t.Fatal(err)
	}
	fed := make(chan error, 1)
	go func() {
		lines := bytes.SplitAfter(text, []byte("\n"))
		for i := len(lines) / 2; i >= 0; i-- {
			if _, err := pipe.Write(lines[i]); err != nil {
				fed <- err
				return
			}
		}
		fed <- nil
	}()
	awaitLake(t.Context(), lake)
	got := ok(t, "", "backfill", "--lake", lake, "-o", "json", file).record(t)
	if err := <-fed; err != nil {
		t.Fatal(err)
	}
	twin := ok(t, "", "backfill", "--lake", lake, "-o", "json", "--again", file).record(t)
	want(t, twin, map[string]int{"received": count(t, got, "received"), "stored": count(t, got, "stored")})
	if err := pipe.Close(); err != nil {
		t.Fatal(err)
	}
	if err := live.Wait(); err != nil {
		t.Fatalf("%v: %s", err, words.String())
	}
	ok(t, "", "compact", "--lake", lake, "--target-size", "256KiB", "--close-after", "1s")
	checkExact(t, lake, events)
}

// The 800 real events, as they come, and as Firehose would have left them: documents with nothing between them, in objects without an ending.
func TestBackfillGitHub(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(github); err != nil {
		emulator.Skip(t, "the real events are not there: %v", err)
	}
	dir, lake := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	flags := []string{"--lake", lake, "-o", "json", "--id-field", "id", "--time-field", "created_at", "--name-field", "type"}
	if c := ok(t, "", append([]string{"backfill", github, "--dry-run"}, flags...)...); !noLake(lake) {
		t.Error("a dry run made a lake")
	} else {
		want(t, c.record(t), map[string]int{"stored": 800, "hours": 4, "quarantined": 0})
	}
	if _, err := os.Stat(lake); err == nil {
		t.Error("a dry run made a directory")
	}
	want(t, ok(t, "", append([]string{"backfill", github, "--compact"}, flags...)...).record(t), map[string]int{"stored": 800, "events_written": 800})
	want(t, ok(t, "", "status", "--lake", lake, "-o", "json").record(t), map[string]int{"partitions": 4, "events": 800, "fragments_waiting": 0})

	zipped, err := os.Open(github)
	if err != nil {
		t.Fatal(err)
	}
	defer zipped.Close()
	unzip := exec.CommandContext(t.Context(), "gzip", "-dc")
	unzip.Stdin = zipped
	text, err := unzip.Output()
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.Join(dir, "lake-1-2021-07-21-07-00-00-abc")
	if err := os.WriteFile(name, bytes.ReplaceAll(text, []byte("\n"), nil), 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, ok(t, "", "backfill", "--lake", lake, "-o", "json", "--compact", dir).record(t), map[string]int{
		"received": 800, "stored": 800, "quarantined": 0, "events_written": 0, "duplicates_dropped": 800,
	})
	if n := number(t, lake, "select count(distinct id) as n from events"); n != 800 {
		t.Errorf("%d ids", n)
	}
	ok(t, "", "verify", "--lake", lake)
}

// What cannot be used is named, nothing of it is stored, and the rest goes on.
func TestBackfillBadInput(t *testing.T) {
	t.Parallel()
	dir, lake := t.TempDir(), filepath.Join(t.TempDir(), "lake")
	whole := gz(t, strings.Repeat(good, 3000))
	for name, body := range map[string][]byte{
		"a.ndjson": []byte(good), "b.json.gz": whole[:len(whole)-9], "c.json": []byte("[1,\n2]\n"), "d.jsonl": []byte(`{"id":1}`), "e.txt": nil, "f.json": nil,
		"g.json": []byte("not this line\n" + good),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), body, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	c := run(t, "", "backfill", "--lake", lake, "-o", "json", dir)
	if c.code != 4 {
		t.Errorf("exit code %d", c.code)
	}
	for _, says := range []string{
		"b.json.gz: the gzip stream is damaged", "nothing of it was stored", "c.json: it is not NDJSON", `d.jsonl: no event has the field "event_uuid"`,
		"3 of 6 inputs", "1 files were left alone", "lakebed compact",
	} {
		if !strings.Contains(c.words.String(), says) {
			t.Errorf("it does not say %q: %s", says, c.words.String())
		}
	}
	want(t, c.record(t), map[string]int{"inputs": 6, "unusable": 3, "received": 3, "stored": 2, "quarantined": 1})
	for _, x := range []struct {
		args []string
		code int
		says string
	}{
		{nil, 2, "name what is to be read"},
		{[]string{"--rate", "-1", dir}, 2, "events a second"},
		{[]string{"--dry-run", "--compact", dir}, 2, "leave one of them out"},
		{[]string{"-"}, 4, "lakebed ingest"},
		{[]string{lake}, 4, "in the lake itself"},
		{[]string{filepath.Join(dir, "no")}, 4, "no such file"},
		{[]string{filepath.Join(dir, "b.json.gz")}, 4, "damaged"},
	} {
		c := run(t, "", append([]string{"backfill", "--lake", lake}, x.args...)...)
		if c.code != x.code || strings.Count(c.words.String(), x.says) != 1 {
			t.Errorf("%v: exit code %d: %s", x.args, c.code, c.words.String())
		}
	}
	made := filepath.Join(t.TempDir(), "lake")
	if c := run(t, "", "backfill", "--lake", made, filepath.Join(dir, "no")); c.code != 4 || !noLake(made) {
		t.Errorf("without an input: exit code %d", c.code)
	}
	ok(t, "", "compact", "--lake", lake)
	checkExact(t, lake, 1)
}

// The rate is kept on average, and an interrupt ends the waiting; what was told as done is passed by the next time.
func TestBackfillRate(t *testing.T) {
	t.Parallel()
	lake := filepath.Join(t.TempDir(), "lake")
	dir := t.TempDir()
	for n := range 4 {
		text, err := os.ReadFile(generated(t, "--events", "1000", "--seed", fmt.Sprint(n)))
		if err == nil {
			err = os.WriteFile(filepath.Join(dir, fmt.Sprint(n, ".json")), text, 0o600)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if c := ok(t, "", "backfill", "--lake", lake, "--rate", "2000", dir); c.took < 1500*time.Millisecond {
		t.Errorf("4000 events in batches of 1000 took %s", c.took)
	}
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.CommandContext(t.Context(), bin, "backfill", "--lake", lake, "--rate", "1", "--again", "-o", "json", dir)
	var out, words bytes.Buffer
	c.Stdout, c.Stderr = &out, &words
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	time.Sleep(time.Second)
	if err := c.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = c.Wait() // its exit code is looked at next
	if code := c.ProcessState.ExitCode(); code != 130 || !strings.Contains(out.String(), `"received":1000`) || !strings.Contains(words.String(), "interrupted") {
		t.Errorf("exit code %d: %s %s", code, out.String(), words.String())
	}
	ok(t, "", "backfill", "--lake", lake, "--compact", dir)
	checkExact(t, lake, 4000)
}
