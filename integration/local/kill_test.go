package local

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// kills is how often a run is killed; LAKEBED_KILLS changes it.
func kills() int {
	if n, err := strconv.Atoi(os.Getenv("LAKEBED_KILLS")); err == nil {
		return n
	}
	return 100
}

// Killed with -9 at random moments of ingest and compaction, and started again each time: nothing is lost and nothing doubled.
func TestKill(t *testing.T) {
	const events = 60_000
	file := generated(t, "--events", fmt.Sprint(events), "--hours", "6", "--duplicates", "2%", "--late", "1%", "--broken", "0.1%", "--start", "2026-11-20T00:00:00Z")
	lake := filepath.Join(t.TempDir(), "lake")
	seed := uint64(time.Now().UnixNano())
	r := rand.New(rand.NewPCG(seed, 0))
	t.Logf("seed %d", seed)
	args := []string{"run", "--lake", lake, "--interval", "30ms", "--target-size", "64KiB", "--close-after", "1s", file}
	killed, done := 0, 0
	for killed < kills() {
		ctx, stop := context.WithTimeout(t.Context(), time.Duration(20+r.IntN(600))*time.Millisecond)
		c, err := try(ctx, "", args...)
		stop()
		if err != nil {
			t.Fatal(err)
		}
		if c.code == 0 {
			done++
		} else if killed++; c.code != -1 {
			t.Fatalf("seed %d: exit code %d: %s", seed, c.code, c.words.String())
		}
	}
	t.Logf("killed %d times, came to its end %d times", killed, done)
	ok(t, "", args...)
	checkExact(t, lake, events)
}

// checkExact wants a whole lake with n events, each once.
func checkExact(t *testing.T, lake string, n int) {
	t.Helper()
	rows := ok(t, "", "query", "--lake", lake, "-o", "json", "select count(*) as n, count(distinct event_uuid) as ids from events").rows(t)
	want(t, rows[0], map[string]int{"n": n, "ids": n})
	if c := run(t, "", "verify", "--lake", lake); c.code != 0 {
		t.Errorf("verify: exit code %d\n%s%s", c.code, c.words.String(), c.out.String())
	}
}

// Two compactors work at once, killed now and then, while a reader's counts never go wrong: an event, once seen, is seen once for ever.
func TestTwoCompactorsAndAReader(t *testing.T) {
	const events, files = 200_000, 4
	var input []string
	for n := range files {
		input = append(input, generated(t, "--events", fmt.Sprint(events/files), "--seed", fmt.Sprint(n), "--hours", "8", "--duplicates", "2%", "--late", "1%", "--start", "2026-11-20T00:00:00Z"))
	}
	lake := filepath.Join(t.TempDir(), "lake")
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var wg sync.WaitGroup
	for n := range 2 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(n), 1))
			awaitLake(ctx, lake)
			for ctx.Err() == nil {
				limit := 10 * time.Second
				if r.IntN(3) == 0 {
					limit = time.Duration(r.IntN(300)) * time.Millisecond
				}
				one, stop := context.WithTimeout(ctx, limit)
				c, err := try(one, "", "compact", "--lake", lake, "--target-size", "64KiB", "--close-after", "1s")
				stop()
				if err == nil && c.code > 0 && c.code != 130 {
					t.Errorf("compact: exit code %d: %s", c.code, c.words.String())
					return
				}
			}
		})
	}
	looks := 0
	wg.Go(func() {
		last := 0
		awaitLake(ctx, lake)
		for ctx.Err() == nil {
			c, err := try(ctx, "", "query", "--lake", lake, "-o", "json", "select count(*) as n, count(distinct event_uuid) as ids from events")
			if ctx.Err() != nil {
				return
			}
			if last == 0 && strings.Contains(c.words.String(), `"event_uuid" not found`) {
				continue // nothing is merged yet, so the table has no columns
			}
			if err != nil || c.code != 0 {
				t.Errorf("query: %v, exit code %d: %s", err, c.code, c.words.String())
				return
			}
			row := c.rows(t)[0]
			n, ids := count(t, row, "n"), count(t, row, "ids")
			if n != ids || n < last || n > events {
				t.Errorf("a reader saw %d rows with %d ids, after %d rows", n, ids, last)
				return
			}
			last = n
			looks++
		}
	})
	for _, file := range input {
		ok(t, "", "ingest", "--lake", lake, file)
		time.Sleep(4 * time.Second)
	}
	stop()
	wg.Wait()
	t.Logf("the reader looked %d times", looks)
	if looks < 5 {
		t.Errorf("the reader looked only %d times", looks)
	}
	ok(t, "", "compact", "--lake", lake, "--target-size", "64KiB", "--close-after", "1s")
	checkExact(t, lake, events)
}

func awaitLake(ctx context.Context, dir string) {
	for ctx.Err() == nil && noLake(dir) {
		time.Sleep(10 * time.Millisecond)
	}
}

func noLake(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "lakebed.yaml"))
	return err != nil
}
