package damage

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/program"
)

// bulky are events that need some megabytes.
func bulky() events {
	var all events
	for hour := range 3 {
		all = append(all, some(fmt.Sprint("full", hour), hour, 12_000)...)
	}
	return all
}

// disk mounts a small disk of its own, or skips the test.
func disk(t *testing.T, size string) (dir string, grow func(size string)) {
	t.Helper()
	dir = t.TempDir()
	if out, err := exec.CommandContext(t.Context(), "mount", "-t", "tmpfs", "-o", "size="+size, "tmpfs", dir).CombinedOutput(); err != nil {
		emulator.Skip(t, "no small disk can be mounted here: %v: %s", err, out)
	}
	t.Cleanup(func() { _ = exec.Command("umount", dir).Run() })
	return dir, func(size string) {
		t.Helper()
		if out, err := exec.CommandContext(t.Context(), "mount", "-o", "remount,size="+size, dir).CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
}

// full wants a failure for want of room: the documented code, and one line that names a path below dir and what to do.
func full(t *testing.T, r ran, dir string) {
	t.Helper()
	r.plain(t)
	last := r.words[strings.LastIndexByte(strings.TrimSuffix(r.words, "\n"), '\n')+1:]
	if r.code != 7 || !strings.HasPrefix(last, "lakebed: ") || !strings.Contains(last, "disk is full") || !strings.Contains(r.words, dir) {
		t.Errorf("it does not say that the disk is full, and where: %s", r)
	}
}

// The disk of the lake fills up at each command, at several sizes. Nothing is lost, and the same commands end right once there is room.
func TestLakeOnAFullDisk(t *testing.T) {
	t.Parallel()
	all := bulky()
	input := file(t, all.text())
	for _, size := range []string{"300k", "1500k", "4m", "7500k"} {
		for _, command := range []string{"run", "ingest"} {
			t.Run(command+" "+size, func(t *testing.T) {
				t.Parallel()
				dir, grow := disk(t, size)
				l := lake(filepath.Join(dir, "lake"))
				args := slices.Concat([]string{command}, fields, []string{input})
				full(t, l.run(t, args...), dir)
				grow("200m")
				l.ok(t, args...)
				l.ok(t, "compact")
				l.exact(t, all)
			})
		}
	}
	t.Run("compact", func(t *testing.T) {
		t.Parallel()
		dir, grow := disk(t, "200m")
		l := lake(filepath.Join(dir, "lake"))
		l.ok(t, slices.Concat([]string{"ingest"}, fields, []string{input})...)
		filler, err := os.Create(filepath.Join(dir, "filler"))
		if err != nil {
			t.Fatal(err)
		}
		block := make([]byte, 1<<16)
		for err == nil {
			_, err = filler.Write(block)
		}
		_ = filler.Close() // the disk is full
		full(t, l.run(t, "compact"), dir)
		if r := l.run(t, "verify", "-o", "json"); r.code != 0 || !strings.Contains(r.out, fmt.Sprintf(`"events_live":%d`, len(all))) {
			t.Errorf("on a full disk: %s", r)
		}
		grow("400m")
		l.ok(t, "compact")
		l.exact(t, all)
	})
}

// The folder for what is under way fills up, and the lake has room.
func TestScratchOnAFullDisk(t *testing.T) {
	t.Parallel()
	all := bulky()
	dir, grow := disk(t, "16k")
	l := lake(filepath.Join(t.TempDir(), "lake"))
	l.ok(t, slices.Concat([]string{"ingest"}, fields, []string{file(t, all.text())})...)
	r, err := l.try(t.Context(), []string{"TMPDIR=" + dir}, "compact")
	if err != nil {
		t.Fatal(err)
	}
	full(t, r, dir)
	l.exact(t, nil)
	grow("200m")
	if r, err = l.try(t.Context(), []string{"TMPDIR=" + dir}, "compact"); err != nil || r.code != 0 {
		t.Fatal(err, r)
	}
	l.exact(t, all)
}

// Where nothing can be mounted, the size of a file is limited: it is as if the disk were full for whatever is larger.
func TestFilesLimited(t *testing.T) {
	t.Parallel()
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	all := bulky()
	input := file(t, all.text())
	for _, blocks := range []int{1, 40, 200, 1000} { // of 512 or 1024 bytes
		t.Run(fmt.Sprint(blocks), func(t *testing.T) {
			t.Parallel()
			l := lake(filepath.Join(t.TempDir(), "lake"))
			limited := func(args ...string) ran {
				c := exec.CommandContext(t.Context(), "sh", append([]string{"-c", fmt.Sprintf(`ulimit -f %d; exec "$@"`, blocks), "sh", bin}, args...)...)
				c.Env = append(os.Environ(), "LAKEBED_LAKE="+string(l))
				var words strings.Builder
				c.Stderr = &words
				_ = c.Run() // its exit code tells
				return ran{args, "", words.String(), c.ProcessState.ExitCode()}
			}
			args := slices.Concat([]string{"run"}, fields, []string{input})
			r := limited(args...)
			r.plain(t)
			if r.code != 1 || !r.says("file too large") || !r.says(string(l)) {
				t.Errorf("it does not say that a file may not grow, and which: %s", r)
			}
			l.ok(t, args...)
			l.ok(t, "compact")
			l.exact(t, all)
		})
	}
}
