package catalog_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

var compares = catalogtest.Options{Compares: true}

func TestMemory(t *testing.T) {
	catalogtest.Run(t, compares, func(*testing.T) catalog.Catalog { return catalog.NewMemory() })
}

func TestMemoryLastWriter(t *testing.T) {
	catalogtest.Run(t, catalogtest.Options{}, func(*testing.T) catalog.Catalog { return catalog.NewMemoryLastWriter() })
}

func TestFaultyUnderNone(t *testing.T) {
	catalogtest.Run(t, compares, func(*testing.T) catalog.Catalog { return catalogtest.NewFaulty(catalog.NewMemory(), faulty.New(nil)) })
}

func TestFile(t *testing.T) {
	catalogtest.Run(t, compares, func(t *testing.T) catalog.Catalog { return openFile(t, t.TempDir()) })
}

func openFile(t testing.TB, path string) *catalog.File {
	t.Helper()
	f, err := catalog.OpenFile(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

const hour layout.Partition = 498_728

func entry(h layout.Partition) catalog.Partition {
	return catalog.Partition{Hour: h, Location: "events/" + h.String() + "/gen-0001/", PublishedAt: time.Unix(int64(h), 0)}
}

// TestFileTwice: two that have the directory open, as two processes have, see and refuse each other's writes.
func TestFileTwice(t *testing.T) {
	path := t.TempDir()
	one, other := openFile(t, path), openFile(t, path)
	first, err := one.SetTable(t.Context(), catalog.Table{Followed: true})
	if err != nil {
		t.Fatal(err)
	}
	seen, err := other.Table(t.Context())
	if err != nil || seen.Version != first.Version || !seen.Followed {
		t.Errorf("the other sees %+v, %v", seen, err)
	}
	if _, err := other.SetTable(t.Context(), seen); err != nil {
		t.Error(err)
	}
	if _, err := one.SetTable(t.Context(), first); !errors.Is(err, catalog.ErrStale) {
		t.Errorf("set table: %v, want ErrStale", err)
	}
}

// TestFileCorrupt: the error names the file and the way out, which works.
func TestFileCorrupt(t *testing.T) {
	for _, text := range []string{"", "{", "[]", `{"columns":7,"partition":7}`, "\x00\x00"} {
		path := t.TempDir()
		c := openFile(t, path)
		if _, err := c.SetTable(t.Context(), catalog.Table{}); err != nil {
			t.Fatal(err)
		}
		if err := c.SetPartitions(t.Context(), []catalog.Partition{entry(hour)}); err != nil {
			t.Fatal(err)
		}
		check := func(name string, read func() error) {
			file := filepath.Join(path, name)
			if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			err := read()
			if !errors.Is(err, catalog.ErrCorrupt) || !strings.Contains(err.Error(), file) || !strings.Contains(err.Error(), "lakebed rebuild") {
				t.Errorf("%q in %s: %v", text, name, err)
			}
		}
		check("table.json", func() error { _, err := c.Table(t.Context()); return err })
		check(hour.String()+".json", func() error { _, err := c.Partitions(t.Context()); return err })
		if err := c.Clear(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := c.SetTable(t.Context(), catalog.Table{}); err != nil {
			t.Error(err)
		}
		if err := c.SetPartitions(t.Context(), []catalog.Partition{entry(hour)}); err != nil {
			t.Error(err)
		}
	}
}

// TestFileMisplaced: a partition's file that was copied to another hour is noticed.
func TestFileMisplaced(t *testing.T) {
	path := t.TempDir()
	c := openFile(t, path)
	if err := c.SetPartitions(t.Context(), []catalog.Partition{entry(hour)}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(path, hour.String()+".json"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(path, (hour+1).String()+".json"), text, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Partitions(t.Context()); !errors.Is(err, catalog.ErrCorrupt) {
		t.Errorf("read: %v, want ErrCorrupt", err)
	}
}

func TestFileMany(t *testing.T) { readMany(t, 1000) }

// BenchmarkPartitions reads over a year of hours.
func BenchmarkPartitions(b *testing.B) { readMany(b, 10_000) }

// readMany reads partitions whose files are copied from one, for the sake of the test's time.
func readMany(t testing.TB, n layout.Partition) {
	path := t.TempDir()
	c := openFile(t, path)
	first := entry(hour)
	for range 20 {
		first.Columns = append(first.Columns, schema.Field{Name: "column", Spelling: "Column", Type: schema.Type{Kind: schema.String}})
	}
	if err := c.SetPartitions(t.Context(), []catalog.Partition{first}); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(path, hour.String()+".json"))
	if err != nil {
		t.Fatal(err)
	}
	for h := hour + 1; h < hour+n; h++ {
		file := filepath.Join(path, h.String()+".json")
		if h.Hour() == "00" {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.WriteFile(file, []byte(strings.ReplaceAll(string(text), hour.String(), h.String())), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start := time.Now()
	found, err := c.Partitions(t.Context())
	if err != nil || len(found) != int(n) || found[n-1].Hour != hour+n-1 {
		t.Fatalf("found %d, %v", len(found), err)
	}
	t.Logf("%d partitions read in %s", n, time.Since(start))
}

func BenchmarkSetPartitions(b *testing.B) {
	c := openFile(b, b.TempDir())
	many := make([]catalog.Partition, b.N)
	for i := range many {
		many[i] = entry(layout.Partition(i))
	}
	b.ResetTimer()
	if err := c.SetPartitions(b.Context(), many); err != nil {
		b.Fatal(err)
	}
}

func TestFaulty(t *testing.T) {
	f := faulty.New(nil)
	c := catalogtest.NewFaulty(catalog.NewMemory(), f)
	f.Set(func(op faulty.Op, key string) (faulty.When, error) {
		switch {
		case op == faulty.SetPartition && key == hour.String():
			return faulty.Before, nil
		case op == faulty.SetTable:
			return faulty.Late, nil
		}
		return faulty.Never, nil
	})
	err := c.SetPartitions(t.Context(), []catalog.Partition{entry(hour), entry(hour + 1)})
	if !errors.Is(err, faulty.ErrInjected) || !strings.Contains(err.Error(), hour.String()) {
		t.Errorf("set partitions: %v", err)
	}
	if found, err := c.Partitions(t.Context()); err != nil || len(found) != 1 || found[0].Hour != hour+1 {
		t.Errorf("found %v, %v", found, err)
	}
	if _, err := c.SetTable(t.Context(), catalog.Table{Followed: true}); !errors.Is(err, faulty.ErrInjected) {
		t.Errorf("set table: %v", err)
	}
	if table, err := c.Table(t.Context()); err != nil || table.Version != "" {
		t.Errorf("table %+v, %v", table, err)
	}
	f.Land()
	if table, err := c.Table(t.Context()); err != nil || !table.Followed {
		t.Errorf("table %+v, %v", table, err)
	}
	want := []faulty.Op{faulty.SetPartition, faulty.SetPartition, faulty.Partitions, faulty.SetTable, faulty.Table, faulty.Table}
	for i, step := range f.Trace() {
		if step.Op != want[i] {
			t.Errorf("step %d is %s, want %s", i, step.Op, want[i])
		}
	}
}
