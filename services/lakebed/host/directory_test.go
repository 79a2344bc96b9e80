package host

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/layout"
)

// place is a directory with files of these names.
func place(t *testing.T, names ...string) directory {
	t.Helper()
	dir := t.TempDir()
	for _, name := range names {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return directory(dir)
}

var (
	span     = layout.Span{Shard: shard, First: "1", Last: "2"}
	leavings = []string{
		layout.Fragment{Partition: 491000, Span: span}.Key(),
		layout.Slot{Partition: 491000, Generation: layout.FirstGeneration, Number: 1}.Key(),
		layout.Entry{Arrival: 491000, Span: span}.Key(),
		layout.Rollup{Arrival: 491000}.Key(),
	}
)

// A lake whose lakebed.yaml was deleted is not begun anew, whichever of its objects are left.
func TestDirectoryOrphaned(t *testing.T) {
	for _, key := range leavings {
		_, err := place(t, key, "raw/mine.json").Open(t.Context(), config.Default(), false, true)
		if err == nil || !strings.Contains(err.Error(), "was deleted") || !strings.Contains(err.Error(), key) {
			t.Errorf("%s: %v", key, err)
		}
	}
}

// Folders of the same names that somebody has, and what an ingest leaves that was refused before its first event, are no lake's.
func TestDirectoryNotOrphaned(t *testing.T) {
	d := place(t, "raw/photo.raw", "events/dt=2026-11-20/hour=09/day.parquet", "ledger/2026.txt", "ledger/new/a.json", own+"/claims.db")
	l, err := d.Open(t.Context(), config.Default(), false, true)
	if err != nil {
		t.Fatal(err)
	}
	if l.Recorded {
		t.Error("a lake without a lakebed.yaml counts as recorded")
	}
}

// A process that looked for lakebed.yaml just before another wrote it and its first event is told nothing of a deleted one, and keeps to the
// fields that the other recorded.
func TestDirectoryBegunMeanwhile(t *testing.T) {
	d := place(t, leavings...)
	text, err := config.Default().Record()
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(string(d), layout.Config), text, 0o600); err != nil {
		t.Fatal(err)
	}
	for field, same := range map[string]bool{config.Default().Mapping.ID: true, "other": false} {
		s := config.Default()
		s.Mapping.ID = field
		l, err := d.Open(t.Context(), s, false, true)
		if err != nil {
			t.Fatal(err)
		}
		if err := l.Record(t.Context()); (err == nil) != same {
			t.Errorf("with the id in %s: %v", field, err)
		}
	}
}
