package local

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
)

var github = filepath.Join("..", "..", "..", "shared", "data", "github-events-2021-07-21.ndjson.gz")

// The main job on 800 real events of 15 types, deep and uneven.
func TestGitHub(t *testing.T) {
	if _, err := os.Stat(github); err != nil {
		emulator.Skip(t, "the real events are not there: %v", err)
	}
	lake := filepath.Join(t.TempDir(), "a lake's dir")
	flags := []string{"--lake", lake, "-o", "json"}
	with := func(name string, more ...string) []string { return append(append([]string{name}, flags...), more...) }

	got := ok(t, github, with("run", "--id-field", "id", "--time-field", "created_at", "--name-field", "type", "-")...).record(t)
	want(t, got, map[string]int{"received": 800, "stored": 800, "duplicates": 0, "quarantined": 0})
	want(t, ok(t, "", with("status")...).record(t), map[string]int{"partitions": 4, "events": 800, "fragments_waiting": 0, "quarantined": 0})

	types := ok(t, "", with("query", "select event_type, count(*) as n from events group by 1 order by n desc, 1")...).rows(t)
	if len(types) != 15 || types[0]["event_type"] != "PushEvent" || count(t, types[0], "n") != 425 {
		t.Errorf("got %d types, the first %v", len(types), types[0])
	}
	if n := number(t, lake, "select count(payload.pull_request.title) as n from events"); n == 0 {
		t.Error("no pull request has a title")
	}
	if n := number(t, lake, "select count(distinct hour) as n from events where dt = '2021-07-21'"); n != 4 {
		t.Errorf("%d hours", n)
	}
	if n := number(t, lake, "select count(*) as n from events_live"); n != 800 {
		t.Errorf("events_live has %d", n)
	}
	if c := run(t, "", with("verify")...); c.code != 0 {
		t.Errorf("verify: %d\n%s%s", c.code, c.words.String(), c.out.String())
	}

	again := ok(t, github, with("run", "-")...).record(t) // the fields are recorded; the events are known
	want(t, again, map[string]int{"received": 800})
	if n := number(t, lake, "select count(*) as n from events"); n != 800 {
		t.Errorf("%d events after feeding the file again", n)
	}
	if n := number(t, lake, "select count(distinct id) as n from events"); n != 800 {
		t.Errorf("%d ids after feeding the file again", n)
	}
	ok(t, "", with("verify")...)

	ok(t, "", with("rebuild")...)
	if n := number(t, lake, "select count(*) as n from events where event_type = 'PushEvent'"); n != 425 {
		t.Errorf("%d PushEvents after rebuild", n)
	}
	ok(t, "", with("verify")...)
}
