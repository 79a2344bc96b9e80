package cloudcli

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/integration/program"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

// A prefix of another bucket's objects goes into a lake in S3: killed with -9 and run again it is exact, and a run of half of them beside it adds
// nothing.
func TestBackfill(t *testing.T) {
	t.Parallel()
	const objects, each = 4, 30_000
	l := newLake(t, account(t), "backfill")
	source := s3bucket.New(cloud.S3(l.aws.Config()), cloud.Lake{Bucket: bucketName, Prefix: "firehose/"})
	var half string
	for n := range objects {
		var text bytes.Buffer
		for i := range each {
			fmt.Fprintf(&text, `{"event_uuid":"e%d","created_at":"2026-11-20T%02d:00:00Z","n":%d}`, n*each+i, i%5, i) // as Firehose writes them
		}
		if n == 0 {
			half = file(t, strings.ReplaceAll(text.String(), "}{", "}\n{"))
		}
		if _, err := source.Put(t.Context(), fmt.Sprintf("2026/11/20/lake-1-2026-11-20-00-0%d", n), &text, bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	place := cloud.Scheme + bucketName + "/firehose"
	l.ok("", "backfill", "--dry-run", place).has(map[string]int{"inputs": objects, "stored": objects * each, "hours": 5})
	if keys := l.keys(""); len(keys) != 1 {
		t.Errorf("a dry run wrote %v", keys)
	}
	killed := 0
	for wait := 200 * time.Millisecond; ; wait += 150 * time.Millisecond {
		ctx, stop := context.WithTimeout(t.Context(), wait)
		c := exec.CommandContext(ctx, bin, "backfill", place)
		c.Env = append(os.Environ(), l.env...)
		out, err := c.CombinedOutput()
		over := ctx.Err() != nil
		stop()
		if err == nil {
			break
		}
		if killed++; !over {
			t.Fatalf("%v: %s", err, out)
		}
	}
	if killed == 0 {
		t.Error("it was never killed")
	}
	l.ok(half, "ingest", "-").has(map[string]int{"stored": each})
	l.ok("", "backfill", "--compact", place).has(map[string]int{"inputs": objects, "passed_over": objects, "stored": objects * each})
	l.ok("", "compact")
	if n := l.number("select count(distinct event_uuid) as n from events"); n != objects*each {
		t.Errorf("%d ids", n)
	}
	l.ok("", "status").has(map[string]int{"events": objects * each, "fragments_waiting": 0})
	if n := len(l.keys(layout.Backfills)); n != objects {
		t.Errorf("%d marks", n)
	}
	l.whole()
	if r := l.run("", "backfill", l.url+"/raw"); r.code != 4 {
		t.Errorf("of the lake itself: exit code %d", r.code)
	}
	if r := l.run("", "backfill", cloud.Scheme+bucketName+"/nothing"); r.code != 4 {
		t.Errorf("of nothing: exit code %d", r.code)
	} else {
		r.says("no such object")
	}
	l.ok("", "backfill", "--again", place+"/2026/11/20/lake-1-2026-11-20-00-01").has(map[string]int{"inputs": 1, "stored": each})
}

// A run over hours that are sealed at once ends with all that it ingested in the table, though it has to wait for the catalog.
func TestRunWaitsForTheCatalog(t *testing.T) {
	t.Parallel()
	l := newLake(t, account(t), "waits", "major_parts: 1", "major_share: 0", "close_after: 0s")
	for n := range 4 {
		text := ""
		for i := range 5 {
			text += good(fmt.Sprint(n, "-", i), 8)
		}
		r := l.ok(file(t, text), "run", "--interval", "500ms", "-")
		r.has(map[string]int{"stored": 5, "set_aside": 0})
		l.ok("", "status").has(map[string]int{"events": 5 * (n + 1), "fragments_waiting": 0})
	}
	l.whole()
}
