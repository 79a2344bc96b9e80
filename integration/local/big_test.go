package local

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
)

// limit is the most memory that ingest and compaction may have, whatever the input.
const limit = 256 << 20

// bigEvents is how many events the large tests take; LAKEBED_EVENTS changes it.
func bigEvents() int {
	if n, err := strconv.Atoi(os.Getenv("LAKEBED_EVENTS")); err == nil {
		return n
	}
	return 2_000_000
}

// Two million events with duplicates, late and broken ones, into one hour and over two thousand: exact, in bounded memory. A quarter of them
// over a day are read by a reader that shares no code, and is slow.
func TestBig(t *testing.T) {
	for _, hours := range []int{1, 24, 2000} {
		t.Run(fmt.Sprintf("%d hours", hours), func(t *testing.T) {
			t.Parallel()
			n := bigEvents()
			if hours == 24 {
				n /= 4
			}
			file := generated(t, "--events", fmt.Sprint(n), "--hours", fmt.Sprint(hours),
				"--duplicates", "2%", "--late", "1%", "--broken", "0.1%", "--start", "2026-08-01T00:00:00Z")
			lake := filepath.Join(t.TempDir(), "lake")
			c := ok(t, "", "run", "--lake", lake, "-o", "json", file)
			row := c.record(t)
			t.Logf("run: %s wall, %s CPU, %d MiB at most: %v", c.took, c.cpu, c.rss>>20, row)
			if c.rss > limit {
				t.Errorf("%d MiB of memory, at most %d allowed", c.rss>>20, limit>>20)
			}
			received, stored, dup, bad := count(t, row, "received"), count(t, row, "stored"), count(t, row, "duplicates"), count(t, row, "quarantined")
			if received != stored+dup+bad || stored-count(t, row, "duplicates_dropped") != n {
				t.Errorf("%d received, %d stored, %d duplicates, %d quarantined, for %d events", received, stored, dup, bad, n)
			}
			v := ok(t, "", "verify", "--lake", lake, "-o", "json")
			t.Logf("verify: %s wall, %s CPU, %d MiB at most", v.took, v.cpu, v.rss>>20)
			if hours == 24 {
				secondReader(t, file, lake, n)
			} else {
				checkExact(t, lake, n)
			}
		})
	}
}

// secondReader has Python read the generator's lines and the lake's parts, and compare counts, ids and the bytes of each event.
func secondReader(t *testing.T, file, lake string, n int) {
	t.Helper()
	python, err := exec.LookPath("python3")
	if err != nil {
		emulator.Skip(t, "the second reader needs python3, which is not installed")
	}
	out, err := exec.CommandContext(t.Context(), python, filepath.Join("testdata", "second_reader.py"), file, lake).CombinedOutput()
	if err != nil {
		t.Fatalf("second reader: %v\n%s", err, out)
	}
	var got struct {
		Input, Lake struct {
			Rows, IDs int
			Sum       string
		}
	}
	if err := json.Unmarshal(out, &got); err != nil {
		t.Fatalf("second reader: %v\n%s", err, out)
	}
	t.Logf("second reader: %s", out)
	if got.Input.Sum != got.Lake.Sum || got.Lake.Rows != got.Input.IDs || got.Lake.IDs != got.Input.IDs || got.Input.IDs != n {
		t.Errorf("the lake is not what was fed: %s", out)
	}
}
