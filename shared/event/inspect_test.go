package event

import (
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"
)

func TestInspect(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	cases := map[string]Reason{
		withX("1"):               "",
		withX(`"a\n b\u2028é"`):  "",
		withX("1") + "\n":        NotJSON,
		withX("1") + withX("2"):  NotJSON,
		withX(" 1"):              NotJSON,
		" " + withX("1"):         NotJSON,
		"{\n}":                   NotJSON,
		``:                       Empty,
		`[]`:                     NotObject,
		`{}`:                     IDMissing,
		withX(`{"a":1,"A":1}`):   DuplicateKey,
		withX("\"\xff\""):        Encoding,
		withX("1")[:len(good)-4]: NotJSON,
		`{"event_uuid":"a","created_at":"2999-01-01T00:00:00Z"}`:  "",
		`{"event_uuid":"a","created_at":"1989-01-01T00:00:00Z"}`:  TimeRange,
		`{"event_uuid":"a","created_at":"2021-01-01T00:00:00ZZ"}`: TimeInvalid,
		`{"event_uuid":1.5,"created_at":"2021-01-01T00:00:00Z"}`:  IDInvalid,
	}
	for line, want := range cases {
		e, err := d.Inspect([]byte(line))
		if want != "" {
			if !isReason(err, want) {
				t.Errorf("%q: %v, want %s", line, err, want)
			}
			continue
		}
		if err != nil || string(e.Line) != line || e.Fingerprint.Body != xxhash.Sum64String(line) || e.Time.IsZero() {
			t.Errorf("%q: %+v, %v", line, e, err)
		}
	}
}

// What Decode gives, Inspect and Identify take, and see the same in it.
func TestInspectRealEvents(t *testing.T) {
	d := newDecoder(t, githubMapping)
	other := newDecoder(t, githubMapping)
	for _, line := range github(t) {
		d.Decode(line, arrivalForTests, func(e Event) {
			seen, err := other.Inspect(e.Line)
			if err != nil || seen.Fingerprint != e.Fingerprint || !seen.Time.Equal(e.Time) {
				t.Errorf("%s: %+v, %v", e.Line, seen, err)
			}
			if id, err := other.Identify(e.Line); err != nil || id != e.Fingerprint.ID {
				t.Errorf("%s: %x, %v", e.Line, id, err)
			}
		}, func(r Rejection) { t.Error(r.Error()) })
	}
}

func TestIdentify(t *testing.T) {
	const at = `"created_at":1626847200`
	want, err := ParseID("right")
	if err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		`{"event_uuid":"right",` + at + `}`,
		`{` + at + `,"event_uuid":"right"}`,
		`{"x":{"event_uuid":"wrong"},"y":[{"event_uuid":"wrong"},"event_uuid"],"event_uuid":"right",` + at + `}`,
		`{"x":"\"event_uuid\":\"wrong\"","y":"event_uuid","z":"}{][,","\\":"\\","event_uuid":"right",` + at + `}`,
		`{"x":"\\\\\"\\","event_uuid":"right",` + at + `}`,
		`{"x":{"a":"}","b":"\"}","c":["]",{"d":{}}]},"n":-1.5e+3,"t":true,"null":null,"e":[],"o":{},"event_uuid":"right",` + at + `}`,
		`{"event_uuid2":"wrong","event_uui":"wrong","Xevent_uuid":"wrong","":"wrong","event_uuid":"right",` + at + `}`,
		`{"\u0065vent_uuid":"right",` + at + `}`,
		`{"\\u0065vent_uuid":"wrong","event_uuid":"\u0072ight",` + at + `}`,
	} {
		d := newDecoder(t, DefaultMapping)
		if _, err := d.Inspect([]byte(line)); err != nil {
			t.Errorf("%s: a bad case: %v", line, err)
		}
		if id, err := d.Identify([]byte(line)); err != nil || id != want {
			t.Errorf("%s: %x, %v", line, id, err)
		}
	}
	d := newDecoder(t, Mapping{ID: "a.b.id", Time: "created_at"})
	if id, err := d.Identify([]byte(`{"id":"wrong","b":{"id":"wrong"},"a":{"id":"wrong","c":{"id":"wrong"},"b":{"a":{"b":{"id":1}},"id":"right"}},` + at + `}`)); err != nil || id != want {
		t.Errorf("a path: %x, %v", id, err)
	}
	if _, err := d.Identify([]byte(`{"a":{"c":1},"b":{"id":"wrong"}}`)); !isReason(err, IDMissing) {
		t.Errorf("a path with no end: %v", err)
	}
	// What is no line gives an error, and never a panic or a read out of bounds.
	d = newDecoder(t, DefaultMapping)
	line := `{"x":["\\",{"y":-1}],"event_uuid":"0f8fad5b-d9cb-469f-a165-70867728950e"}`
	for i := range line {
		if _, err := d.Identify([]byte(line)[:i:i]); err == nil && i < len(line)-1 {
			t.Errorf("%s: an id", line[:i])
		}
	}
	for _, value := range []string{"", "-", `"`, "1.5", "true", "null", "{}", "[]", `""`, "--", strings.Repeat("1", 300)} {
		if _, err := d.Identify([]byte(`{"event_uuid":` + value + `}`)); err == nil {
			t.Errorf("%s: an id", value)
		}
	}
}

// A skip over a long run of backslashes and quotes takes time in proportion to its length.
func TestIdentifyIsLinear(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	begin := time.Now()
	for _, text := range []string{strings.Repeat(`\\`, 1<<20), strings.Repeat(`\"`, 1<<20)} {
		if _, err := d.Identify([]byte(`{"x":"` + text + `","event_uuid":"a"}`)); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(begin); took > 2*time.Second {
		t.Errorf("%s", took)
	}
}
