package erasure

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"
)

func TestFind(t *testing.T) {
	const id = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
	for _, c := range []struct{ field, value, hits, misses string }{
		{"user_id", "42", `{"user_id":42} {"user_id":42.0} {"user_id":4.2e1} {"user_id":"42"} {"user_id":420e-1} {"a":{},"USER_ID":42}`,
			`{"user_id":"42.0"} {"user_id":421} {"user_id":-42} {"user_id":"042"} {"userid":42} {"user_id":null} {"user_id":{"a":42}} {"x":{"user_id":42}} {}`},
		{"user_id", "42.0", `{"user_id":42} {"user_id":42.0} {"user_id":"42"} {"user_id":"42.0"}`, `{"user_id":"42.00"}`},
		{"user_id", "042", `{"user_id":"042"}`, `{"user_id":42} {"user_id":"42"}`},
		{"user_id", "-0", `{"user_id":0} {"user_id":-0.00} {"user_id":0e5} {"user_id":"-0"}`, `{"user_id":"0.0"}`},
		{"user_id", "9007199254740993", `{"user_id":9007199254740993} {"user_id":9007199254740993.0}`, `{"user_id":9007199254740992}`},
		{"user_id", "0.1", `{"user_id":0.10} {"user_id":1e-1} {"user_id":1E-01}`, `{"user_id":0.1000000000000000055511151231257827}`},
		{"user_id", "1e99", `{"user_id":1e99} {"user_id":10E+98} {"user_id":0.1e100}`, `{"user_id":1e98}`},
		{"User.Id", "a", `{"user":{"id":"a"}} {"USER":{"iD":"a"}} {"user":[{"id":"b"},{"id":"a"}]} {"user":[[{"id":["c",["a"]]}]]} {"user.id":"a"} {"User.ID":"a"} {"user":{"x":1},"y":{"id":"b"},"user.id":"a"}`,
			`{"user":{"id":"A"}} {"user":"a"} {"id":"a"} {"user":{"x":{"id":"a"}}} {"user":{"id":{"id":"a"}}} {"user":["a"]} {"user.":{"id":"a"}} {"user.id.x":"a"} {"user":{"i":"a"}}`},
		{"a.b.c", "1", `{"a":{"b":{"c":1}}} {"a.b":{"c":1}} {"a":{"b.c":1}} {"a":{"b":{"c":2},"b.c":1}} {"a":{"b.c":2,"b":{"c":1}}}`, `{"a":{"b":{"d":1}}} {"a":{"b":1}} {"a":{"c":1}}`},
		{"name", "Zoë \"Z\"\n", `{"name":"Zoë \"Z\"\n"} {"name":"Zo\u00eb \u0022Z\u0022\u000a"} {"n\u0061me":"Zoë \"Z\"\n"}`, `{"name":"Zoë"} {"name":"Zoe\u0308 \"Z\"\n"}`},
		{"größe", "1", `{"GRÖSSE":2,"GRÖßE":1} {"gr\u00D6\u00DFe":1} {"größe":1}`, `{"grosse":1}`},
		{"ok", "true", `{"ok":true} {"ok":"true"} {"ok":[false,true]}`, `{"ok":false} {"ok":"TRUE"} {"ok":1}`},
		{"k", "1", "{\"\u212a\":1}", `{"x":1}`}, // the Kelvin sign
		{"id", strings.ToLower(id), `{"id":"` + id + `"} {"id":"` + strings.ToLower(id) + `"}`, `{"id":"{` + id + `}"}`},
		{"id", id, `{"id":"` + id + `"} {"id":"` + strings.ToLower(id) + `"}`, `{"id":"` + id[1:] + `"}`},
	} {
		s := setOf(c.field, c.value)
		check := func(lines string, want bool) {
			for line := range strings.SplitSeq(strings.ReplaceAll(lines, "} {", "}\n{"), "\n") {
				if !stored([]byte(line)) {
					t.Errorf("%s: no stored line", line)
				}
				if _, got := s.Find([]byte(line)); got != want {
					t.Errorf("%s = %s in %s: %v", c.field, c.value, line, got)
				}
				if got := naive([]byte(line), c.field, c.value); got != want {
					t.Errorf("%s = %s in %s: the oracle says %v", c.field, c.value, line, got)
				}
			}
		}
		check(c.hits, true)
		check(c.misses, false)
	}
}

// TestFindLatest: of several tombstones that match the latest counts, also of one value.
func TestFindLatest(t *testing.T) {
	s := newSet(nil)
	add := func(field, value string, until int64) {
		for _, d := range digests(nil, field, []string{value}) {
			s.add(field, d, time.Unix(until, 0))
		}
	}
	add("a", "1", 10)
	add("a", "1", 5)
	add("b.c", "1", 20)
	add("b", "1", 30)
	for line, want := range map[string]int64{
		`{"a":1}`: 10, `{"b":{"c":1}}`: 20, `{"b":{"c":1},"a":1}`: 20, `{"a":1,"b":[1,{"c":1}]}`: 30, `{"b":[{"c":1},1]}`: 30, `{"a":2}`: 0,
	} {
		if got, found := s.Find([]byte(line)); found != (want > 0) || found && got.Unix() != want {
			t.Errorf("%s: %s, %v, want %d", line, got, found, want)
		}
	}
	if s.Latest().Unix() != 30 || s.Empty() {
		t.Errorf("latest %s", s.Latest())
	}
	if e := new(Set); !e.Empty() || !e.Latest().IsZero() {
		t.Error("the zero set is not empty")
	} else if _, found := e.Find([]byte(`{"a":1}`)); found {
		t.Error("the zero set finds")
	}
}

func TestFindProperty(t *testing.T) {
	names := rapid.SampledFrom([]string{"a", "A", "b", "a.b", "ä", "Ä", "user_id", "User_ID", "\u212a", "k", `"`, ""})
	texts := rapid.SampledFrom([]string{"1", "1.0", "10e-1", "x", "X", "true", "", "é", "\"\n", "null"})
	var value func(depth int) *rapid.Generator[string]
	value = func(depth int) *rapid.Generator[string] {
		return rapid.Custom(func(t *rapid.T) string {
			kind := rapid.IntRange(0, 7).Draw(t, "kind")
			switch {
			case kind < 2:
				return fmt.Sprintf("%q", texts.Draw(t, "text"))
			case kind < 4:
				return rapid.SampledFrom([]string{"1", "1.0", "-1", "10e-1", "true", "false", "null"}).Draw(t, "scalar")
			case depth > 3:
				return "1"
			case kind < 5:
				return "[" + strings.Join(rapid.SliceOfN(value(depth+1), 0, 3).Draw(t, "elements"), ",") + "]"
			}
			var members []string
			for _, name := range rapid.SliceOfNDistinct(names, 0, 4, fold).Draw(t, "names") {
				members = append(members, fmt.Sprintf("%q:%s", name, value(depth+1).Draw(t, "member")))
			}
			return "{" + strings.Join(members, ",") + "}"
		})
	}
	hits := 0
	property := func(t *rapid.T) {
		line := `{"a":` + value(0).Draw(t, "value") + `,"user_id":` + value(0).Draw(t, "value") + "}"
		field := strings.Join(rapid.SliceOfN(rapid.SampledFrom([]string{"a", "b", "ä", "user_id", "k"}), 1, 3).Draw(t, "field"), ".")
		want := texts.Filter(func(s string) bool { return s != "" }).Draw(t, "want")
		if !stored([]byte(line)) {
			t.Fatalf("%s is no stored line", line)
		}
		_, got := setOf(field, want).Find([]byte(line))
		if got != naive([]byte(line), field, want) {
			t.Fatalf("%s = %q in %s: %v", field, want, line, got)
		}
		if got {
			hits++
		}
	}
	for n := 0; n < 20 && hits == 0; n++ { // a hundred lines may well have none of it
		rapid.Check(t, property)
	}
	if hits == 0 {
		t.Error("never found: proves nothing")
	}
}

func FuzzFind(f *testing.F) {
	f.Add([]byte(`{"user_id":42,"a":[{"b":"x\u0041"}]}`), "user_id", "42")
	f.Add([]byte(`{"a":[{"b":"x\u0041"},"\\"]}`), "A.b", "xA")
	f.Add([]byte(`{"a.b":{"c":1e2}}`), "a.b.c", "100")
	f.Add([]byte(`{"a":"\"`), "a", "x")
	f.Fuzz(func(t *testing.T, line []byte, field, value string) {
		if Check(field, []string{value}) != nil {
			return
		}
		_, got := setOf(field, value).Find(line) // never panics
		if absurd(string(line)) || absurd(value) || !stored(line) {
			return
		}
		if want := naive(line, field, value); got != want {
			t.Errorf("%q = %q in %q: %v, want %v", field, value, line, got, want)
		}
	})
}
