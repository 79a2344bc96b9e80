package athena

import (
	"fmt"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
)

// steps are what one field has from one run to the next.
var steps = []struct{ name, first, second, third string }{
	{"added", ``, `1`, `2`},
	{"removed", `"x"`, ``, ``},
	{"grown", `{"a":1}`, `{"a":2,"b":"two"}`, `{"b":"three","c":{"d":[1]}}`},
	{"widened", `5000000000`, `1.5`, `"text"`},
	{"exact", `9007199254740993`, `0.5`, `1`},
	{"object_scalar", `{"a":1}`, `7`, `"s"`},
	{"scalar_object", `7`, `{"a":1}`, `[1]`},
	{"list_mixed", `[1,2]`, `["a",{"b":1}]`, `[1.5,null]`},
	{"list_scalar", `[1]`, `2`, `[3]`},
	{"bool_number", `true`, `1`, `false`},
	{"struct_conflict", `{"a":1,"b":{"c":1}}`, `{"a":"x","b":[1]}`, `{"a":true,"b":null}`},
	{"struct_widened", `{"a":1}`, `{"a":1.5}`, `{"a":"x"}`},
	{"list_struct", `[{"a":1}]`, `[{"a":"x","b":2}]`, `[]`},
	{"empty", `{}`, `{"a":1}`, `{}`},
	{"nulls", `null`, `null`, `1`},
	{"huge", `1`, `123456789012345678901234567890`, `2`},
	{"Cased", `1`, `2`, `3`},
	{"dotted.name", `1`, `"x"`, `{"a":1}`},
	{"with-hyphen", `{"in-side":1,"ok":2}`, `{"ok":3}`, `{"ok":4}`},
	{"select", `1`, `"2"`, `3`},
	{"dt", `"mine"`, `"mine"`, `"mine"`},
	{"quotes", `"a\"b"`, `{"a":"c\"d\\e\u00e9\n"}`, `"\u2028"`},
}

// A schema that changes between runs: every partition, old and new, is read in every column without an error, and both engines agree.
func evolution(t *testing.T, s *site) {
	l := newLake(t, s, "evolution")
	for run, value := range []func(int) string{
		func(i int) string { return steps[i].first }, func(i int) string { return steps[i].second }, func(i int) string { return steps[i].third },
	} {
		more := ""
		for i, step := range steps {
			if v := value(i); v != "" {
				more += fmt.Sprintf(",%q:%s", step.name, v)
			}
		}
		l.run(events(run*10, run*10+5, 8+run, more), "run", "-") // an hour of its own, and one that all share
		l.run(events(run*10+5, run*10+10, 12, more), "run", "-")
		for _, hour := range s.query(t, l.name, "SELECT DISTINCT dt, hour FROM events") {
			where := fmt.Sprintf("dt = '%s' AND hour = '%s'", hour[0], hour[1])
			if s.failure(t, l.name, "SELECT * FROM events WHERE "+where) == "" {
				continue
			}
			for _, c := range l.columns() { // which it is
				if why := s.failure(t, l.name, "SELECT "+quoted(aws.ToString(c.Name))+" FROM events WHERE "+where); why != "" {
					t.Errorf("run %d: %s %s of %s: %s", run, aws.ToString(c.Name), aws.ToString(c.Type), hour, why)
				}
			}
		}
		if n := l.same("events", "event_uuid", ""); n != 10*(run+1) {
			t.Errorf("run %d: %d rows", run, n)
		}
	}
	l.rewritten("2026-11-20 12")
	if n := l.same("events", "event_uuid", "hour = '12'"); n != 15 {
		t.Errorf("%d rows", n)
	}
}
