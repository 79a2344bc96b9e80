package event

import (
	"slices"
	"strings"
	"testing"
)

func TestMapping(t *testing.T) {
	cases := map[Mapping]string{ // part of the error; empty: none
		DefaultMapping: "",
		githubMapping:  "",
		{ID: "a.b.c", Time: "a.b.d", Name: "a.e"}:       "",
		{ID: "id", Time: "id", Name: "id"}:              "",
		{ID: "é ß", Time: "$t"}:                         "",
		{ID: "a", Time: "ab.c"}:                         "",
		{Time: "t"}:                                     `event's id, ""`,
		{ID: "i"}:                                       `event's time, ""`,
		{ID: "i", Time: "t..u"}:                         `event's time, "t..u"`,
		{ID: ".i", Time: "t"}:                           `event's id, ".i"`,
		{ID: "i", Time: "t", Name: "n."}:                `event's name, "n."`,
		{ID: "i\xff", Time: "t"}:                        `event's id, "i\xff"`,
		{ID: "i", Time: "i.t"}:                          `event's time, "i.t": lies inside the id, "i"`,
		{ID: "n.i.d", Time: "t", Name: "n.i"}:           `event's id, "n.i.d": lies inside the name, "n.i"`,
		{ID: strings.Repeat("a.", 63) + "a", Time: "t"}: "",
		{ID: strings.Repeat("a.", 64) + "a", Time: "t"}: `event's id, "a.a.`,
	}
	for m, want := range cases {
		_, err := NewDecoder(m, 0)
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", m, err, want)
		}
	}
}

func TestPaths(t *testing.T) {
	d := newDecoder(t, Mapping{ID: "meta.id", Time: "meta.at.time", Name: "name"})
	cases := map[string]Reason{
		`{"meta":{"id":1,"at":{"time":1626847200}},"name":"n"}`:                                       "",
		`{"\u006deta":{"i\u0064":1,"at":{"\u0074ime":1626847200}}}`:                                   "",
		`{"at":{"time":0},"id":[],"time":0,"meta":{"at":{"time":1626847200},"x":{"id":{}},"id":"1"}}`: "",
		`{"x":{"meta":{"id":1,"at":{"time":1626847200}}}}`:                                            IDMissing,
		`{"meta":[{"id":1,"at":{"time":1626847200}}]}`:                                                IDMissing,
		`{"meta":"id"}`: IDMissing,
		`{"Meta":{"id":1,"at":{"time":1626847200}}}`:              IDMissing,
		`{"meta.id":1,"meta.at.time":1626847200}`:                 IDMissing,
		`{"meta":{"id":1,"at":1626847200}}`:                       TimeMissing,
		`{"meta":{"id":1,"at":{"at":{"time":1626847200}}}}`:       TimeMissing,
		`{"meta":{"id":{"id":1},"at":{"time":1626847200}}}`:       IDInvalid,
		`{"meta":{"id":1,"at":{"time":{"time":1626847200}}}}`:     TimeInvalid,
		`{"id":1,"meta":{"at":{"time":1626847200,"id":1}}}`:       IDMissing,
		`{"meta":{"id":"","at":{"time":"2021-07-21T06:00:00Z"}}}`: IDInvalid,
	}
	for doc, want := range cases {
		if got := decode(t, d, doc); len(got) != 1 || got[0].reason != want {
			t.Errorf("%s: %v, want %q", doc, reasonsOf(got), want)
		}
	}
}

func TestSeen(t *testing.T) {
	cases := map[string][]string{
		``: nil, `[]`: nil, `{}`: nil, "{\x00": nil, "\ufeff{\"a\":1}": nil,
		`{"a" : {"b":1}, "\u0063": [{"d":2}] ,"é":""} {"z":1}`: {"a", "c", "é"},
		`{"a":1,"a":2,"b":{"c":`:                               {"a", "a", "b"},
		`{"a":1,"b`:                                            {"a"},
		`{"a":1,"b"`:                                           {"a", "b"},
		`{"a":01,"b":2}`:                                       {"a"},
		`{"` + strings.Repeat("k", 300) + `":1}`:               {strings.Repeat("k", 200) + "…"},
	}
	for doc, want := range cases {
		if got := Seen([]byte(doc)); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", doc, got, want)
		}
	}
	if got := Seen([]byte(" \t{\"a\":1}")); !slices.Equal(got, []string{"a"}) {
		t.Errorf("behind white space: %q", got)
	}
	if got := Seen([]byte("{" + manyKeys(1000)[1:] + "}")); len(got) != 64 || got[63] != "k63" {
		t.Errorf("%d of 1,000 keys: %q", len(got), got)
	}
}
