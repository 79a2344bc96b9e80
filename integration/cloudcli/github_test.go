package cloudcli

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

var github = filepath.Join("..", "..", "..", "shared", "data", "github-events-2021-07-21.ndjson.gz")

// The main job on 800 real events of 15 types, in four hours.
func TestGitHub(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(github); err != nil {
		emulator.Skip(t, "the real events are not there: %v", err)
	}
	l := newLake(t, account(t), "git-hub", "id_field: id", "time_field: created_at", "name_field: type", "parallel: 4")
	l.ok(github, "run", "-").has(map[string]int{"received": 800, "stored": 800, "duplicates": 0, "quarantined": 0, "set_aside": 0})
	l.ok("", "status").has(map[string]int{"partitions": 4, "events": 800, "fragments_waiting": 0, "quarantined": 0})
	if columns := l.ok("", "schema").rows(); len(columns) < 8 {
		t.Errorf("%d columns: %v", len(columns), columns)
	}
	l.whole()
	l.query()

	l.ok(github, "ingest", "-").has(map[string]int{"received": 800, "stored": 800}) // another run's copies are compaction's
	l.ok("", "compact").has(map[string]int{"duplicates_dropped": 800, "events_written": 0})
	l.ok("", "compact").has(map[string]int{"fragments_merged": 0, "parts_written": 0})
	l.ok("", "status").has(map[string]int{"events": 800, "received": 1600})
	l.whole()

	l.forget()
	l.ok("", "rebuild").has(map[string]int{"partitions": 4, "set_aside": 0})
	if n := l.number("select count(*) as n from events where event_type = 'PushEvent'"); n != 425 {
		t.Errorf("%d PushEvents after rebuild", n)
	}
	l.whole()
}

// query asks with and without limits, and counts what is fetched.
func (l *lake) query() {
	l.t.Helper()
	for _, c := range []struct {
		flags []string
		want  int
	}{
		{[]string{"--from", "2021-07-21T07", "--to", "2021-07-21T08"}, 1},
		{[]string{"--from", "2021-07-21", "--to", "2021-07-22"}, 4},
		{[]string{"--to", "2021-07-21"}, 0},
		{[]string{"--from", "2021-07-22"}, 0},
		{nil, 4},
	} {
		if n := l.number("select count(distinct hour) as n from events", c.flags...); n != c.want {
			l.t.Errorf("%v: %d hours, want %d", c.flags, n, c.want)
		}
	}
	r := l.ok("", "query", "--from", "2021-07-21T07", "select count(*) as n from events")
	r.says("only the hours from 2021-07-21T07")
	if n := l.number("select count(*) as n from events_live"); n != 800 {
		l.t.Errorf("events_live has %d", n)
	}
	if n := l.number("select count(payload.pull_request.title) as n from events where dt = '2021-07-21'"); n == 0 {
		l.t.Error("no pull request has a title")
	}
	if r := l.run("", "query", "--from", "2021-07-21T07", "--to", "2021-07-21T07", "select 1"); r.code != 2 {
		l.t.Errorf("no hours: exit code %d", r.code)
	}
}

// forget drops what rebuild makes anew.
func (l *lake) forget() {
	l.t.Helper()
	if _, err := glue.NewFromConfig(l.aws.Config()).DeleteTable(l.t.Context(), &glue.DeleteTableInput{
		DatabaseName: aws.String(database), Name: aws.String(l.table),
	}); err != nil {
		l.t.Fatal(err)
	}
	var indexes []bucket.Object
	for _, key := range l.keys(layout.Indexes) {
		indexes = append(indexes, bucket.Object{Key: key})
	}
	if err := l.bucket.Delete(l.t.Context(), indexes...); err != nil || len(indexes) == 0 {
		l.t.Fatalf("%d indexes: %v", len(indexes), err)
	}
}

// A query fetches what it names and nothing twice, and keeps to the size of the cache.
func TestQueryCache(t *testing.T) {
	t.Parallel()
	l := newLake(t, account(t), "cache")
	l.ok(file(t, good("a", 8)+good("b", 9)+"{broken\n"), "run", "-")
	cache := ""
	for _, v := range l.env {
		if dir, ok := strings.CutPrefix(v, "XDG_CACHE_HOME="); ok {
			cache = filepath.Join(dir, "lakebed", "objects")
		}
	}
	cached := func() int {
		t.Helper()
		entries, err := os.ReadDir(cache)
		if err != nil {
			t.Fatal(err)
		}
		return len(entries)
	}
	for _, step := range []struct {
		query string
		flags []string
		want  int
		files int // in the cache afterwards
	}{
		{"select 1", nil, 1, 0},
		{"select count(*) from events", []string{"--to", "2026-11-20T09"}, 1, 1},
		{"select count(*) from events", nil, 2, 2},
		{"select count(*) from quarantine", nil, 1, 3},
		{"select count(*) from events_raw", nil, 2, 5},
		{"select count(*) from events_live", nil, 2, 5},
	} {
		if n := l.number(step.query, step.flags...); n != step.want || cached() != step.files {
			t.Errorf("%s %v: %d, want %d; %d files, want %d", step.query, step.flags, n, step.want, cached(), step.files)
		}
	}
	if r := l.run("", "query", "--cache-size", "10B", "select count(*) from events"); r.code != 1 {
		t.Errorf("exit code %d", r.code)
	} else {
		r.says("more than the cache may hold", "--from", "cache_size")
	}
	if r := l.run("", "query", "select count(*) from query_table('ev' || 'ents')"); r.code != 1 {
		t.Errorf("a table that was not fetched: exit code %d, %s", r.code, r.out.String())
	} else {
		r.says("name it in the statement")
	}
	script := file(t, "select count(*) as n from events;\nselect count(*) as n from events_raw;\n")
	if r := l.ok(script, "query"); strings.Count(r.out.String(), "2") != 2 {
		t.Errorf("a script prints %s", r.out.String())
	}
}
