package local

import (
	"bytes"
	"compress/gzip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/program"
)

const good = `{"event_uuid":"11111111-1111-4111-8111-111111111111","created_at":"2026-11-20T08:00:00Z","event_name":"lesson:started"}` + "\n"

func write(t *testing.T, name string, body []byte) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, body, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func gz(t *testing.T, text string) []byte {
	t.Helper()
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// What cannot be used is said, with its name and the way out; nothing is made or half made.
func TestBadInput(t *testing.T) {
	lines := strings.Repeat(good, 1)
	for i := range 5000 {
		lines += strings.Replace(good, "11111111-1111", strings.Repeat(string(rune('a'+i%6)), 8)+"-"+strings.Repeat(string("0123456789"[i/600%10]), 4), 1)
	}
	whole := gz(t, lines)
	for name, c := range map[string]struct {
		args []string
		code int
		says []string
		made bool // a lake is there afterwards
	}{
		"no such file":  {[]string{"ingest", "/no/such/file"}, 4, []string{"/no/such/file", "no such file"}, false},
		"a directory":   {[]string{"run", os.TempDir()}, 4, []string{"directory"}, false},
		"not JSON":      {[]string{"ingest", write(t, "a.csv", []byte("id,time\n1,2\n"))}, 4, []string{"a.csv", "not NDJSON", "id,time"}, false},
		"wrong mapping": {[]string{"ingest", "--id-field", "uid", write(t, "b.json", []byte(good))}, 4, []string{`"uid"`, "event_uuid", "--id-field"}, false},
		"wrong time":    {[]string{"run", "--time-field", "when", write(t, "c.json", []byte(good))}, 4, []string{`"when"`, "created_at", "--time-field"}, false},
		"cut gzip":      {[]string{"ingest", write(t, "d.json.gz", whole[:len(whole)-20])}, 4, []string{"d.json.gz", "damaged", "nothing of it was stored", "give it again"}, false},
		"no lake":       {[]string{"compact"}, 1, []string{"no lake", "lakebed ingest"}, false},
		"unknown flag":  {[]string{"compact", "--frobnicate"}, 2, []string{"--frobnicate", "--help"}, false},
		"bad flag":      {[]string{"ingest", "--target-size", "huge", "-"}, 2, []string{"target-size", "128MiB"}, false},
		"bad path":      {[]string{"ingest", "--id-field", "a..b", write(t, "e.json", []byte(good))}, 2, []string{"a..b"}, false},
		"bad command":   {[]string{"frobnicate"}, 2, []string{"frobnicate"}, false},
		"bad output":    {[]string{"status", "-o", "xml"}, 2, []string{"xml", "json"}, false},
		"mostly no id":  {[]string{"ingest", write(t, "f.json", []byte(strings.Repeat(`{"id":1}`+"\n", 9)+"{broken\n"))}, 4, []string{`"event_uuid"`, "id"}, false},
		"small grace":   {[]string{"ingest", "--grace", "1s", write(t, "g.json", []byte(good))}, 2, []string{"grace", "longest-query"}, false},
		"a file":        {[]string{"status", "--lake", write(t, "h.json", []byte(good))}, 1, []string{"h.json", "not a directory"}, false},
		"bad SQL":       {[]string{"query", "selekt 1"}, 1, []string{"no lake"}, false},
	} {
		t.Run(name, func(t *testing.T) {
			lake := filepath.Join(t.TempDir(), "lake")
			got := run(t, "", append([]string{c.args[0], "--lake", lake}, c.args[1:]...)...)
			if got.code != c.code {
				t.Errorf("exit code %d, want %d", got.code, c.code)
			}
			for _, s := range c.says {
				if !strings.Contains(got.words.String(), s) {
					t.Errorf("it does not say %q: %s", s, got.words.String())
				}
			}
			if strings.Contains(got.words.String(), "goroutine") {
				t.Error("a stack trace reaches the user")
			}
			if noLake(lake) == c.made {
				t.Errorf("a lake was made: %v", !noLake(lake))
			}
		})
	}
}

// After a damaged file, the whole one is fed again: nothing is stored twice.
func TestCutGzipThenWhole(t *testing.T) {
	var text strings.Builder
	for i := range 3000 {
		text.WriteString(strings.Replace(good, "11111111-1111", "aaaaaaaa-"+strings.Repeat("0", 0)+pad(i), 1))
	}
	whole := gz(t, text.String())
	lake := filepath.Join(t.TempDir(), "lake")
	if c := run(t, "", "run", "--lake", lake, write(t, "x.gz", whole[:len(whole)*2/3])); c.code != 4 {
		t.Fatalf("exit code %d: %s", c.code, c.words.String())
	}
	ok(t, "", "run", "--lake", lake, write(t, "x.gz", whole))
	checkExact(t, lake, 3000)
}

func pad(i int) string {
	const hex = "0123456789abcdef"
	return string([]byte{hex[i>>12&15], hex[i>>8&15], hex[i>>4&15], hex[i&15]})
}

func TestSettings(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	ok(t, "", "ingest", "--lake", lake, write(t, "a.json", []byte(good)))
	yaml := filepath.Join(lake, "lakebed.yaml")
	recorded, err := os.ReadFile(yaml)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		text, says string
		code       int
	}{
		{"colour: blue\n", `unknown key "colour"`, 2},
		{"grace: soon\n", "grace", 2},
		{"format: 2\nnewkey: [1]\n", "newer", 6},
		{"id_field: other\n", "event_uuid", 0},
	} {
		text := string(recorded) + c.text
		if strings.HasPrefix(c.text, "format") {
			text = strings.Replace(string(recorded), "format: 1\n", c.text, 1)
		}
		if strings.HasPrefix(c.text, "id_field") {
			continue
		}
		if err := os.WriteFile(yaml, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := run(t, "", "status", "--lake", lake); got.code != c.code || !strings.Contains(got.words.String(), c.says) {
			t.Errorf("%q: exit code %d, want %d: %s", c.text, got.code, c.code, got.words.String())
		}
	}
	if err := os.WriteFile(yaml, recorded, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "", "ingest", "--lake", lake, "--id-field", "other", write(t, "b.json", []byte(good))); got.code != 2 || !strings.Contains(got.words.String(), "do not change") {
		t.Errorf("another mapping: exit code %d: %s", got.code, got.words.String())
	}
}

// A lake that another process ingests into is not touched.
func TestInUse(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	holder := exec.CommandContext(t.Context(), bin, "ingest", "--lake", lake, "-")
	pipe, err := holder.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := holder.Start(); err != nil {
		t.Fatal(err)
	}
	if _, err := pipe.Write([]byte(good)); err != nil {
		t.Fatal(err)
	}
	for n := 0; noLake(lake) && n < 100; n++ {
		time.Sleep(50 * time.Millisecond)
	}
	if c := run(t, "", "ingest", "--lake", lake, write(t, "a.json", []byte(good))); c.code != 5 || !strings.Contains(c.words.String(), "in use") {
		t.Errorf("exit code %d: %s", c.code, c.words.String())
	}
	ok(t, "", "compact", "--lake", lake) // may run beside it
	if err := holder.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	_ = holder.Wait() // its exit code is looked at next
	if code := holder.ProcessState.ExitCode(); code != 130 {
		t.Errorf("an interrupted ingest has exit code %d", code)
	}
	checkExact(t, lake, 1)
}

// A full disk: nothing half written, a clear error, and all is well once there is room.
func TestDiskFull(t *testing.T) {
	dir := t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size=3m", "tmpfs", dir).CombinedOutput(); err != nil {
		emulator.Skip(t, "no small disk can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	file := generated(t, "--events", "20000", "--start", "2026-11-20T00:00:00Z")
	lake := filepath.Join(dir, "lake")
	c := run(t, "", "run", "--lake", lake, file)
	if c.code != 7 || !strings.Contains(c.words.String(), "disk is full") {
		t.Fatalf("exit code %d: %s", c.code, c.words.String())
	}
	if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,size=200m", dir).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ok(t, "", "run", "--lake", lake, file)
	checkExact(t, lake, 20000)
}

// In a lake that has proved its mapping a bad record stops nothing, and the conflicts that compaction finds are counted.
func TestBadRecordsLater(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	ok(t, "", "run", "--lake", lake, write(t, "a.json", []byte(good)))
	row := ok(t, "", "run", "--lake", lake, "-o", "json", write(t, "b.json", []byte(`{"no":"id"}`+"\n"))).record(t)
	want(t, row, map[string]int{"received": 1, "quarantined_id_missing": 1})
	if err := os.Remove(filepath.Join(lake, ".lakebed", "claims.db")); err != nil { // ingest forgets, compaction does not
		t.Fatal(err)
	}
	other := strings.Replace(good, "started", "completed", 1)
	want(t, ok(t, "", "run", "--lake", lake, "-o", "json", write(t, "c.json", []byte(good+other))).record(t), map[string]int{"stored": 1, "duplicates_dropped": 1, "quarantined_id_conflict": 1})
	want(t, ok(t, "", "status", "--lake", lake, "-o", "json").record(t), map[string]int{"events": 1, "quarantined_id_conflict": 1, "quarantined_id_missing": 1})
	checkExact(t, lake, 1)
}

func TestReplay(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	future := strings.Replace(strings.Replace(good, "11111111-1111", "22222222-2222", 1), "2026-11-20T08:00:00Z", time.Now().Add(72*time.Hour).UTC().Format(time.RFC3339), 1)
	file := write(t, "a.json", []byte(good+future+"{broken\n"))
	row := ok(t, "", "run", "--lake", lake, "-o", "json", file).record(t)
	want(t, row, map[string]int{"received": 3, "stored": 1, "quarantined": 2, "quarantined_time_range": 1, "quarantined_not_json": 1})
	want(t, ok(t, "", "replay", "--lake", lake, "-o", "json").record(t), map[string]int{"stored": 0, "quarantined": 2})
	mended := []string{"--lake", lake, "--max-future", "100h", "-o", "json"}
	want(t, ok(t, "", append([]string{"replay", "--dry-run"}, mended...)...).record(t), map[string]int{"stored": 1})
	want(t, ok(t, "", append([]string{"replay"}, mended...)...).record(t), map[string]int{"stored": 1, "quarantined": 1})
	want(t, ok(t, "", append([]string{"replay"}, mended...)...).record(t), map[string]int{"stored": 0, "quarantined": 1})
	ok(t, "", "compact", "--lake", lake)
	want(t, ok(t, "", "status", "--lake", lake, "-o", "json").record(t), map[string]int{"events": 2, "quarantined": 1})
	checkExact(t, lake, 2)
}
