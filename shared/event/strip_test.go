package event

import (
	"slices"
	"strings"
	"testing"
	"time"
)

func TestStrip(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"a":1,"b":2,"c":3}`, `{"a":1}`},
		{`{"a":1,"b":[1,{"c":2}],"c":{"x":"}\","}}`, `{"a":1}`},
		{`{"a":1,"c":2,"b":3}`, `{"a":1,"c":2}`},
		{`{"a":1,"b":2,"b":3}`, `{"a":1,"b":2}`},
		{`{"b":1,"a":2,"c":3}`, `{"b":1,"a":2}`},
		{`{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{`{"b":1,"c":2}`, `{"b":1}`},
		{`{"c":1}`, `{"c":1}`},
		{`{"a":"\"b\":1","C":2}`, `{"a":"\"b\":1","C":2}`},
		{`{}`, `{}`},
		{``, ``},
		{`{"a":1,"b"`, `{"a":1,"b"`},
		{`[1]`, `[1]`},
	} {
		if got := string(Strip([]byte(c.line), []string{"b", "c"})); got != c.want {
			t.Errorf("%s gives %s, want %s", c.line, got, c.want)
		}
		if got := string(Strip([]byte(c.line), nil)); got != c.line {
			t.Errorf("%s without names gives %s", c.line, got)
		}
	}
}

// A member that stands where transform would not have put it is the producer's, and so is all before it.
func TestStripKeepsTheProducers(t *testing.T) {
	for _, c := range []struct{ line, names, want string }{
		{`{"a":1,"created_datetime":2,"event_type":3,"event_subtype":4}`, "event_type,event_subtype,created_datetime", `{"a":1}`},
		{`{"a":1,"created_datetime":2,"event_type":3,"event_subtype":4}`, "event_type,event_subtype", `{"a":1,"created_datetime":2}`},
		{`{"a":1,"created_datetime":2,"event_type":3,"event_subtype":4}`, "created_datetime", `{"a":1,"created_datetime":2,"event_type":3,"event_subtype":4}`},
		{`{"a":1,"event_type":"MINE","created_datetime":2}`, "event_type,event_subtype,created_datetime", `{"a":1,"event_type":"MINE"}`},
		{`{"a":1,"event_type":"MINE","created_datetime":2,"event_subtype":3}`, "event_subtype,event_type,created_datetime", `{"a":1,"event_type":"MINE"}`},
		{`{"a":1,"event_subtype":"MINE","event_type":2}`, "event_subtype,event_type", `{"a":1,"event_subtype":"MINE"}`},
		{`{"a":1,"own":2,"event_type":3}`, "own,event_type", `{"a":1,"own":2}`},
		{`{"a":1,"event_type":2,"own":3,"other":4}`, "own,other,event_type", `{"a":1}`},
	} {
		if got := string(Strip([]byte(c.line), strings.Split(c.names, ","))); got != c.want {
			t.Errorf("%s without %s gives %s, want %s", c.line, c.names, got, c.want)
		}
	}
}

// What transform adds to an event is what Strip takes off.
func TestStripUndoesTransform(t *testing.T) {
	const line = `{"event_uuid":"e","created_at":"2026-11-23T08:00:00Z","event_name":"a:b"}`
	d, err := NewDecoder(DefaultMapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	names := slices.Sorted(slices.Values(added))
	var stored string
	d.Decode([]byte(line), time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC), func(e Event) { stored = string(e.Line) }, func(r Rejection) { t.Errorf("%+v", r) })
	if got := string(Strip([]byte(stored), names)); got != line || stored == line {
		t.Errorf("%s gives %s", stored, got)
	}
}
