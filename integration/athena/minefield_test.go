package athena

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// Whatever ingest takes, all readers read: each value in a column of its own, in one that all share, and deep in a struct, and names likewise. What it
// does not take lies in quarantine, byte by byte.
func minefield(t *testing.T, s *site) {
	l := newLake(t, s, "minefield")
	var in bytes.Buffer
	taken, refused := map[string]string{}, map[reject]int{} // lines by id, and how often each piece
	line := func(id, more string) string {
		return fmt.Sprintf(`{"event_uuid":%q,"created_at":"2026-11-20T08:00:00Z",%s}`, id, more)
	}
	for _, kind := range slices.Sorted(maps.Keys(mines)) {
		for i, v := range mines[kind] {
			if event.Reason(kind).Valid() {
				in.WriteString(v + "\n")
				pieces := apart[v]
				if pieces == nil {
					pieces = []reject{{v, kind}}
				}
				for _, p := range pieces {
					refused[p]++
				}
			}
			for where, more := range map[string]string{
				"own": fmt.Sprintf(`"%s%03d":%s`, kind, i, v), "any": `"any":` + v, "in": fmt.Sprintf(`"in":{"%s%03d":[%s]}`, kind, i, v),
			} {
				id := fmt.Sprintf("%s-%s-%03d", kind, where, i)
				if one := line(id, more); event.Reason(kind).Valid() {
					refused[reject{one, kind}]++
					in.WriteString(one + "\n")
				} else {
					taken[id] = one
				}
			}
		}
	}
	for i, member := range keyed {
		id := fmt.Sprintf("key-%03d", i)
		taken[id] = line(id, member)
	}
	for i, member := range positional {
		id := fmt.Sprintf("position-%d", i)
		taken[id] = strings.Replace(line(id, member), "T08:", "T09:", 1)
	}
	for _, one := range whole {
		refused[one]++
		in.WriteString(one.data + "\n")
	}
	for _, id := range slices.Sorted(maps.Keys(taken)) {
		in.WriteString(taken[id] + "\n")
	}
	if n := l.count("stored", &in, "run", "-"); n != len(taken) {
		t.Errorf("%d stored, want %d", n, len(taken))
	}
	l.quarantined(refused)
	l.run(nil, "verify")
	for _, v := range l.views("hour = '08'") {
		n := 0
		for id, one := range taken {
			if v.name == "Hive" && strings.HasPrefix(id, "position") {
				continue
			}
			n++
			v.check(t, id, decoded(t, one))
		}
		if len(v.rows) != n {
			t.Errorf("%d rows through %s, want %d", len(v.rows), v.name, n)
		}
	}
	if why := s.failure(t, l.name, "SELECT event_uuid FROM "+hiveTable+" WHERE hour = '09'"); !strings.Contains(why, "HIVE_") {
		t.Errorf("Hive's SerDe and names of positions: %q", why)
	}
}

// quarantined wants exactly these pieces in quarantine.
func (l *lake) quarantined(refused map[reject]int) {
	l.t.Helper()
	b := s3bucket.New(cloud.S3(l.site.Config()), l.at())
	found := map[reject]int{}
	for o, err := range b.List(l.t.Context(), layout.Quarantine, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		rejects, err := quarantine.Read(l.t.Context(), b, o.Key)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, r := range rejects {
			one := reject{string(r.Data), string(r.Reason)}
			if found[one]++; refused[one] == 0 {
				l.t.Errorf("in quarantine for %s (%s): %.200q", r.Reason, r.Detail, r.Data)
			}
		}
	}
	for one, n := range refused {
		if found[one] != n {
			l.t.Errorf("%d times in quarantine for %s, want %d: %.200q", found[one], one.reason, n, one.data)
		}
	}
}
