package event

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTransform(t *testing.T) {
	cases := []struct{ in, added string }{
		{`{"event_uuid":"a","created_at":1626847200,"event_name":"cart:add:again"}`,
			`,"created_datetime":"2021-07-21T06:00:00Z","event_type":"cart","event_subtype":"add:again"`},
		{`{"event_uuid":"a","created_at":"1626847200123","event_name":"login"}`,
			`,"created_datetime":"2021-07-21T06:00:00.123Z","event_type":"login"`},
		{`{"event_uuid":"a","created_at":1626847200.000000120,"event_name":":"}`,
			`,"created_datetime":"2021-07-21T06:00:00.00000012Z","event_type":"","event_subtype":""`},
		{`{"event_uuid":"a","created_at":"2021-07-21T08:00:00+02:00"}`, `,"created_datetime":"2021-07-21T06:00:00Z"`},
		{`{"event_uuid":"a","created_at":1626847200,"event_name":17}`, `,"created_datetime":"2021-07-21T06:00:00Z"`},
		{`{"event_uuid":"a","created_at":1626847200,"event_name":null}`, `,"created_datetime":"2021-07-21T06:00:00Z"`},
		{`{"event_uuid":"a","created_at":1626847200,"event_name":"é\"\\\/\n\u0001\u2028\ud834\udd1e:<&>"}`,
			`,"created_datetime":"2021-07-21T06:00:00Z","event_type":"é\"\\/\n\u0001` + "\u2028𝄞" + `","event_subtype":"<&>"`},
		// What is there stays.
		{`{"Created_DateTime":null,"event_uuid":"a","created_at":1626847200,"event_name":"a:b","\u0045vent_type":[]}`, `,"event_subtype":"b"`},
		{`{"event_uuid":"a","created_at":1626847200,"event_name":"a:b","x":{"event_type":1,"created_datetime":1,"event_subtype":1}}`,
			`,"created_datetime":"2021-07-21T06:00:00Z","event_type":"a","event_subtype":"b"`},
		{`{"event_uuid":"a","created_at":1626847200,"event_name":"a:b","event_ſubtype":1}`, `,"created_datetime":"2021-07-21T06:00:00Z","event_type":"a"`},
	}
	d := newDecoder(t, DefaultMapping)
	for _, c := range cases {
		want := c.in[:len(c.in)-1] + c.added + "}"
		got := decode(t, d, c.in)
		if len(got) != 1 || got[0].line != want {
			t.Errorf("%s:\n got %q\nwant %s", c.in, got, want)
			continue
		}
		if again := decode(t, d, want); len(again) != 1 || again[0].line != want {
			t.Errorf("%s: transformed again it becomes %q", want, again)
		}
	}
}

// Numbers, escapes, order and odd characters keep their bytes; white space outside of strings goes.
func TestBytesStay(t *testing.T) {
	const in = "\t{ \"event_uuid\" :\r\n\"a\" , \"created_at\":1626847200 ,\"x\": [ 1e999 , -0,0.10,12345678901234567890123 , { } ,[ ]\n] ," +
		"\"\\u0061 \\/\":\" \u2028 \\u003c<é\\ud834\\udd1e  \" , \"created_datetime\": 0 }\n"
	const want = `{"event_uuid":"a","created_at":1626847200,"x":[1e999,-0,0.10,12345678901234567890123,{},[]],` +
		`"\u0061 \/":" ` + "\u2028" + ` \u003c<é\ud834\udd1e  ","created_datetime":0}`
	if got := decode(t, newDecoder(t, DefaultMapping), in); len(got) != 1 || got[0].line != want {
		t.Errorf("got %q\nwant %s", got, want)
	}
}

const (
	draftIn   = `{"event_uuid":"a","created_at":1626847200,"event_name":"n","x":1}`
	draftBare = `"event_uuid":"a","created_at":1626847200`
)

func adds(name, value string) func(*Draft) error {
	return func(e *Draft) error { e.Add(name, value); return nil }
}

func replaces(json string) func(*Draft) error {
	return func(e *Draft) error { e.Replace([]byte(json)); return nil }
}

var nobody *Draft

// draftCases are what other transforms may do with draftIn.
var draftCases = []struct {
	name      string
	transform func(*Draft) error
	line      string
	reason    Reason
	detail    string
}{
	{"nothing", func(*Draft) error { return nil }, draftIn, "", ""},
	{"add", adds("y", "\"\x00\u00e9"), draftIn[:len(draftIn)-1] + `,"y":"\"\u0000é"}`, "", ""},
	{"add twice", func(e *Draft) error {
		e.Add("Ünï", "1")
		e.Add("üNÏ", "2")
		if !e.Has("ÜNÏ") || !e.Has("X") || e.Has("y") {
			return errors.New("Has is wrong")
		}
		return nil
	}, draftIn[:len(draftIn)-1] + `,"Ünï":"1"}`, "", ""},
	{"add one that is there", adds("X", "2"), draftIn, "", ""},
	{"add no name", adds("", "2"), "", Transform, `add "": no name for a field`},
	{"add bad UTF-8", adds("y", "\xff"), "", Transform, "add y: the value is not UTF-8"},
	{"add bad UTF-8 name", adds("\xff", "y"), "", Transform, `add "\xff": no name for a field`},
	{"error", func(*Draft) error { return errors.New(strings.Repeat("é", 300)) }, "", Transform, strings.Repeat("é", 100) + "…"},
	{"panic", func(*Draft) error { panic("help") }, "", Panic, "help"},
	{"runtime panic", func(*Draft) error { nobody.err = nil; return nil }, "", Panic, "runtime error: invalid memory address or nil pointer dereference"},
	{"panic behind a change", func(e *Draft) error { e.Add("y", "2"); panic(fmt.Errorf("x")) }, "", Panic, "x"},
	{"json", func(e *Draft) error {
		e.Add("y", "2")
		if string(e.JSON()) != draftIn[:len(draftIn)-1]+`,"y":"2"}` {
			return errors.New(string(e.JSON()))
		}
		return nil
	}, draftIn[:len(draftIn)-1] + `,"y":"2"}`, "", ""},
	{"replace", func(e *Draft) error {
		e.Replace([]byte(" {" + draftBare + ", \"z\" : [ ] }\n"))
		e.Add("x", "new")
		e.Add("Z", "old")
		name, _ := e.Name()
		e.Add("name", name)
		return nil
	}, "{" + draftBare + `,"z":[],"x":"new","name":"n"}`, "", ""},
	{"replace with itself", func(e *Draft) error { e.Add("y", "1"); e.Replace(e.JSON()); return nil }, draftIn[:len(draftIn)-1] + `,"y":"1"}`, "", ""},
	{"replace and reuse the bytes", func(e *Draft) error {
		mine := []byte("{" + draftBare + `,"ÉTÉ":[],"new":1}`)
		e.Replace(mine)
		clear(mine)
		e.Add("été", "2")
		e.Add("NEW", "2")
		return nil
	}, "{" + draftBare + `,"ÉTÉ":[],"new":1}`, "", ""},
	{"replace twice", func(e *Draft) error {
		e.Replace([]byte("{" + draftBare + `,"one":1}`))
		e.Replace(append(e.JSON(), ' '))
		e.Replace([]byte("{" + draftBare + `,"two":2}`))
		return nil
	}, "{" + draftBare + `,"two":2}`, "", ""},
	{"replace spelled otherwise", replaces(`{"event_uuid":"\u0061","created_at":"2021-07-21T06:00:00Z"}`),
		`{"event_uuid":"\u0061","created_at":"2021-07-21T06:00:00Z"}`, "", ""},
	{"replace with nothing", replaces(""), "", Transform, "replace event: not_json: unexpected end, want a value at offset 0"},
	{"replace with bad JSON", replaces("{" + draftBare + ",}"), "", Transform, "replace event: not_json: unexpected '}', want a key at offset 42"},
	{"replace with two", replaces("{" + draftBare + "}{}"), "", Transform, "replace event: not_json: something behind the object at offset 42"},
	{"replace with duplicates", replaces("{" + draftBare + `,"a":1,"A":1}`), "", Transform, ""},
	{"replace with no object", replaces("[]"), "", Transform, "replace event: not_object: a JSON value, but no object at offset 0"},
	{"replace the id", replaces(`{"event_uuid":"b","created_at":1626847200}`), "", Transform, "replace event: the id is another"},
	{"replace the time", replaces(`{"event_uuid":"a","created_at":1626847201}`), "", Transform, "replace event: the time is another"},
	{"drop the id", replaces(`{"created_at":1626847200}`), "", Transform, "replace event: id_missing: the event has no event_uuid"},
	{"replace by a large one", replaces("{" + draftBare + `,"x":"` + strings.Repeat("x", 1<<20) + `"}`), "", Transform, ""},
	{"add a large one", adds("y", strings.Repeat("y", 1<<20)), "", TooLarge, ""},
}

func TestDraft(t *testing.T) {
	for _, c := range draftCases {
		d := newDecoder(t, DefaultMapping)
		d.MaxLine = 1 << 20
		d.transform = func(e *Draft) error {
			if name, _ := e.Name(); name != "n" {
				return transform(e)
			}
			return c.transform(e)
		}
		// The events around it are not touched, and their lines neither.
		var lines []string
		var rejected []Rejection
		n := d.Decode([]byte(withX("1")+draftIn+withX("2")), arrivalForTests,
			func(e Event) { lines = append(lines, string(e.Line)) },
			func(r Rejection) { rejected = append(rejected, r) })
		around := func(x string) string {
			return strings.TrimSuffix(withX(x), "}") + `,"created_datetime":"2021-07-21T06:00:00Z"}`
		}
		want := []string{around("1"), c.line, around("2")}
		if c.reason != "" {
			want = slices.Delete(want, 1, 2)
			if len(rejected) != 1 || rejected[0].Reason != c.reason || c.detail != "" && rejected[0].Detail != c.detail || string(rejected[0].Data) != draftIn {
				t.Errorf("%s: rejected %v", c.name, rejected)
			}
		}
		if n != 3 || !slices.Equal(lines, want) {
			t.Errorf("%s:\n got %q\nwant %q", c.name, lines, want)
		}
	}
}

// A field that is added must not become the id, time or name when the line is read again.
func TestTransformKeepsItsInput(t *testing.T) {
	d := newDecoder(t, Mapping{ID: "event_uuid", Time: "created_at", Name: "Created_Datetime.x"})
	d.Decode([]byte(withX("1")), arrivalForTests, func(e Event) { t.Errorf("accepted %s", e.Line) }, func(r Rejection) {
		if r.Reason != "transform" || r.Detail != "" && !strings.Contains(r.Detail, "the mapping reads the event's name there") {
			t.Error(r.Error())
		}
	})
}

// A panic of the scanner itself is a rejection too, and one of the caller's is not ours.
func TestPanics(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	d.scanner.paths = nil
	got := decode(t, d, withX("1")+"\n"+withX("2"))
	if !slices.Equal(reasonsOf(got), []Reason{Panic, Panic}) {
		t.Errorf("%v", reasonsOf(got))
	}
	defer func() {
		if recover() != "mine" {
			t.Error("the caller's panic was swallowed")
		}
	}()
	newDecoder(t, DefaultMapping).Decode([]byte(withX("1")), arrivalForTests, func(Event) { panic("mine") }, func(Rejection) {})
}

// The arrival decides, not the clock.
func TestArrival(t *testing.T) {
	d, err := NewDecoder(DefaultMapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2021, 7, 21, 6, 0, 0, 0, time.UTC) // that of withX
	for arrival, want := range map[time.Time]bool{at: true, at.Add(-1): false, at.Add(1): true, at.AddDate(100, 0, 0): true} {
		got := false
		d.Decode([]byte(withX("1")), arrival, func(Event) { got = true }, func(Rejection) {})
		if got != want {
			t.Errorf("arrival %s: accepted %v", arrival, got)
		}
	}
	if _, err := NewDecoder(DefaultMapping, -1); err == nil {
		t.Error("a negative max future is taken")
	}
}
