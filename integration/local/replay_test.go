package local

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A quarantine object that was damaged is named, and fails the replay when the others are delivered; put back, it is replayed.
func TestReplayDamaged(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	future := strings.Replace(strings.Replace(good, "11111111-1111", "22222222-2222", 1), "2026-11-20T08:00:00Z", time.Now().Add(72*time.Hour).UTC().Format(time.RFC3339), 1)
	ok(t, "", "run", "--lake", lake, write(t, "a.json", []byte(good+future+"{broken\n")))
	keys, err := filepath.Glob(filepath.Join(lake, "quarantine", "*", "*", "not_json", "*"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	was, err := os.ReadFile(keys[0])
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(keys[0], bytes.Replace(was, []byte(`"position":`), []byte(`"position":1`), 1), 0o600); err != nil {
		t.Fatal(err)
	}
	replay := []string{"replay", "--lake", lake, "--max-future", "100h", "-o", "json"}
	c := run(t, "", replay...)
	want(t, c.record(t), map[string]int{"objects": 1, "unreadable": 1, "stored": 1})
	if name := filepath.Base(keys[0]); c.code != 1 || !strings.Contains(c.words.String(), "cannot be read: ") || !strings.Contains(c.words.String(), name) {
		t.Errorf("exit code %d: %s", c.code, c.words.String())
	}
	ok(t, "", "status", "--lake", lake)
	if err := os.WriteFile(keys[0], was, 0o600); err != nil {
		t.Fatal(err)
	}
	want(t, ok(t, "", replay...).record(t), map[string]int{"objects": 1, "unreadable": 0, "quarantined": 1})
}

// Status names a conflict that cannot be read any more, which no ledger entry counts, and goes on.
func TestStatusDamaged(t *testing.T) {
	lake := filepath.Join(t.TempDir(), "lake")
	ok(t, "", "run", "--lake", lake, write(t, "a.json", []byte(good)))
	if err := os.Remove(filepath.Join(lake, ".lakebed", "claims.db")); err != nil { // ingest forgets, compaction does not
		t.Fatal(err)
	}
	ok(t, "", "run", "--lake", lake, write(t, "b.json", []byte(strings.Replace(good, "started", "completed", 1))))
	keys, err := filepath.Glob(filepath.Join(lake, "quarantine", "*", "*", "id_conflict", "*"))
	if err != nil || len(keys) != 1 {
		t.Fatalf("%v, %v", keys, err)
	}
	if err := os.Truncate(keys[0], 0); err != nil {
		t.Fatal(err)
	}
	c := ok(t, "", "status", "--lake", lake, "-o", "json")
	want(t, c.record(t), map[string]int{"events": 1, "quarantined": 0})
	if !strings.Contains(c.words.String(), filepath.Base(keys[0])) {
		t.Errorf("it is not named: %s", c.words.String())
	}
}
