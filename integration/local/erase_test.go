package local

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/integration/program"
)

const gone = "ada.lovelace@example.com"

// crowd are n events of five hours, the tenth part of them of the one who goes, and some records that are no events.
func crowd(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		mail := fmt.Sprintf("user%d@example.com", i)
		switch i % 20 {
		case 0:
			mail = gone
		case 1:
			mail = `ada.lovelace\u0040example.com` // spelled otherwise
		}
		fmt.Fprintf(&b, `{"event_uuid":"e%06d","created_at":"2026-11-20T%02d:%02d:00Z","event_name":"a:b","users":[{"email":"x"},{"email":"%s"}],"n":%d}`+"\n", i, i%5, i%60, mail, i)
	}
	fmt.Fprintf(&b, `{"event_uuid":"","users":{"email":%q}}`+"\n", gone)      // rejected, JSON
	fmt.Fprintf(&b, `{"event_uuid":"broken","users":{"email":%q}`+"\n", gone) // rejected, no JSON
	fmt.Fprintf(&b, `{"event_uuid":"","users":{"email":"other@example.com"}}`+"\n")
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// holding lists the files of a lake in which a value stands, whatever they are written in.
func holding(t *testing.T, lake string, values ...string) []string {
	t.Helper()
	var found []string
	err := filepath.WalkDir(lake, func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if z, err := gzip.NewReader(bytes.NewReader(text)); err == nil {
			if text, err = io.ReadAll(z); err != nil {
				return fmt.Errorf("%s: %w", path, err)
			}
		}
		for _, line := range bytes.Split(text, []byte("\n")) {
			var reject struct{ Data string }
			if json.Unmarshal(line, &reject) == nil && reject.Data != "" {
				if data, err := base64.StdEncoding.DecodeString(reject.Data); err == nil {
					line = data
				}
			}
			for _, v := range values {
				if bytes.Contains(line, []byte(v)) {
					found = append(found, path)
					return nil
				}
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// A person is erased while others' events flow, killed again and again: at the end no file of the lake holds the value, however it was spelled,
// in fragments, parts, old generations and quarantine; late copies are dropped; all other events are as they were, and the lake proves whole.
func TestErase(t *testing.T) {
	t.Parallel()
	const n = 20_000
	lake, file := filepath.Join(t.TempDir(), "lake"), crowd(t, n)
	ok(t, file, "run", "--lake", lake, "-q", "-")
	others := fmt.Sprintf("select * from events where event_uuid not in (select 'e' || lpad(i::varchar, 6, '0') from range(%d) r(i) where i %% 20 < 2) order by event_uuid", n)
	before := ok(t, "", "query", "--lake", lake, "-o", "json", others).out.String()
	args := []string{"erase", "--lake", lake, "--field", "users.email", "--value", gone, "-o", "json"}
	dry := ok(t, "", append(args, "--dry-run")...).record(t)
	want(t, dry, map[string]int{"events": n, "events_erased": n / 10, "hours": 5, "hours_rewritten": 0, "records_erased": 2})
	if _, err := os.Stat(filepath.Join(lake, "erasures")); err == nil {
		t.Error("a dry run leaves tombstones")
	}
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	kills := 0
	for wait := 20 * time.Millisecond; ; wait += 20 * time.Millisecond {
		ctx, stop := context.WithTimeout(t.Context(), wait)
		out, err := exec.CommandContext(ctx, bin, args...).CombinedOutput() // killed with -9 when the time is up
		killed := ctx.Err() != nil
		stop()
		if err == nil {
			break
		}
		if !killed {
			t.Fatalf("%v\n%s", err, out)
		}
		kills++
	}
	t.Logf("killed %d times", kills)
	if kills == 0 {
		t.Error("it was never killed")
	}
	if after := ok(t, "", "query", "--lake", lake, "-o", "json", "select * from events order by event_uuid").out.String(); after != before {
		t.Error("others' events have changed")
	}
	if v := run(t, "", "verify", "--lake", lake, "-o", "json"); v.code != 0 {
		t.Errorf("verify: exit code %d\n%s", v.code, v.words.String())
	}
	report := ok(t, "", args...)
	until, _ := report.record(t)["gone_after"].(string)
	at, err := time.Parse(time.RFC3339, until)
	if err != nil || count(t, report.record(t), "objects_waiting") == 0 {
		t.Fatalf("%v: %v", err, report.record(t))
	}
	ok(t, "", "compact", "--lake", lake, "--now", at.Add(time.Minute).Format(time.RFC3339))
	if left := holding(t, lake, gone, `ada.lovelace\u0040example.com`); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	want(t, ok(t, "", args...).record(t), map[string]int{"objects_waiting": 0, "events_erased": 0, "records_erased": 0})

	if err := os.Remove(filepath.Join(lake, ".lakebed", "claims.db")); err != nil { // which know the copies
		t.Fatal(err)
	}
	ok(t, file, "run", "--lake", lake, "-q", "-")
	if after := ok(t, "", "query", "--lake", lake, "-o", "json", "select * from events order by event_uuid").out.String(); after != before {
		t.Error("a late copy is back, or another event is gone")
	}
	if v := run(t, "", "verify", "--lake", lake, "-o", "json"); v.code != 0 {
		t.Errorf("verify after late copies: exit code %d\n%s", v.code, v.words.String())
	}
}

// Without a wait, at once; values out of a file; wrong flags.
func TestEraseAtOnce(t *testing.T) {
	t.Parallel()
	lake, file, values := filepath.Join(t.TempDir(), "lake"), crowd(t, 1000), filepath.Join(t.TempDir(), "values")
	ok(t, file, "run", "--lake", lake, "-q", "-")
	if err := os.WriteFile(values, []byte("\ufeff"+gone+"\r\n\nuser7@example.com\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"erase", "--lake", lake, "--field", "users.email", "--values", values, "--grace", "0s", "--longest-query", "0s", "--live", "0s", "-o", "json"}
	c := ok(t, "", args...)
	want(t, c.record(t), map[string]int{"events_erased": 101, "records_erased": 2, "objects_waiting": 0})
	if left := holding(t, lake, gone, `ada.lovelace\u0040example.com`, "user7@example.com"); len(left) > 0 {
		t.Errorf("left in %v", left)
	}
	if n := number(t, lake, "select count(*) from events"); n != 899 {
		t.Errorf("%d events are left", n)
	}
	late := fmt.Sprintf(`{"created_at":%q,"users":[{"email":%q}],"event_name":"a:b"}`, time.Now().Add(time.Hour).UTC().Format(time.RFC3339), gone)
	late += "\n" + strings.Replace(late, "{", `{"event_uuid":"ahead",`, 1) // one is rejected, the other's clock is fast
	copies := filepath.Join(t.TempDir(), "late.ndjson")
	if err := os.WriteFile(copies, []byte(late), 0o600); err != nil {
		t.Fatal(err)
	}
	ok(t, "", "run", "--lake", lake, copies)
	if v := run(t, "", "verify", "--lake", lake); v.code != 0 || !strings.Contains(v.words.String(), "warning: unerased") {
		t.Errorf("verify: exit code %d: %s", v.code, v.words.String())
	}
	want(t, ok(t, "", args...).record(t), map[string]int{"events_erased": 0, "records_erased": 1})
	if v := run(t, "", "verify", "--lake", lake); v.code != 0 || strings.Contains(v.words.String(), "unerased") || number(t, lake, "select count(*) from events") != 899 {
		t.Errorf("verify: exit code %d: %s", v.code, v.words.String())
	}
	for _, flags := range [][]string{{}, {"--field", "a"}, {"--value", "a"}, {"--field", "a..b", "--value", "x"}, {"--field", "a", "--values", "none"}, {"--field", "a", "--value", "x", "--until", "soon"}} {
		if c := run(t, "", append([]string{"erase", "--lake", lake}, flags...)...); c.code != 2 {
			t.Errorf("%v: exit code %d: %s", flags, c.code, c.words.String())
		}
	}
}
