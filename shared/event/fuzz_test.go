package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzDecode takes any bytes as a record. The oracle says which documents are events and why the others are none; an event means what came
// and has the right fields on top; and each piece is judged alike when it comes alone, as a replay brings it.
func FuzzDecode(f *testing.F) {
	for _, seed := range seeds()[15:] {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, record []byte) {
		d := newDecoder(t, DefaultMapping)
		decode(t, d, string(record))
		if _, problem := compareWithOracle(d, record); problem != "" {
			t.Errorf("%q: %s", record, problem)
		}
		Seen(record)

		alone := newDecoder(t, DefaultMapping)
		d.Decode(record, arrivalForTests, func(e Event) {
			if problem := judgeMeaning(e); problem != "" {
				t.Errorf("%q becomes %q: %s", e.Data, e.Line, problem)
			}
			if again := decode(t, alone, string(e.Data)); len(again) != 1 || again[0].reason != "" || again[0].line != string(e.Line) {
				t.Errorf("%q alone is %v, with others %q", e.Data, again, e.Line)
			}
		}, func(r Rejection) {
			n, problem := compareWithOracle(alone, r.Data)
			if n != 0 || problem != "" {
				t.Errorf("%q is rejected: %s: alone it holds %d events: %s", r.Data, r.Error(), n, problem)
			}
		})
	})
}

// FuzzTransform makes an event of a name, a time and one more field, of which each is JSON as it stands, else a string. What comes out means
// what came in, and what is added is right.
func FuzzTransform(f *testing.F) {
	for _, seed := range [][3]string{
		{"push:main", "1626847200", "n"}, {"a:b:c", "2021-07-21T06:00:60.5+01:00", "Event_Type"}, {"", "1626847200123", "event_subtype"},
		{":", "-1.5e-3", "CREATED_DATETIME"}, {"null", `"1626847200.000000001"`, "event_\u017fubtype"}, {`"\ud834\udd1e:\u0000"`, "1e9", "\u2028"},
		{`{"a":[]}`, "false", "event_name"}, {"\u212a:\\\"", "9999999999999999999", ""},
	} {
		f.Add([]byte(seed[0]), []byte(seed[1]), []byte(seed[2]), []byte("1E400"))
	}
	f.Fuzz(func(t *testing.T, name, at, key, value []byte) {
		var record []byte
		record = append(append(record, `{"event_uuid":"x","event_name":`...), jsonOf(name)...)
		record = append(append(record, `,"created_at":`...), jsonOf(at)...)
		record = append(append(append(record, ','), quoted(key)...), ':')
		record = append(append(record, jsonOf(value)...), '}')
		d := newDecoder(t, DefaultMapping)
		if _, problem := compareWithOracle(d, record); problem != "" {
			t.Errorf("%q: %s", record, problem)
		}
		d.Decode(record, arrivalForTests, func(e Event) {
			if problem := judgeMeaning(e); problem != "" {
				t.Errorf("%q becomes %q: %s", e.Data, e.Line, problem)
			}
		}, func(Rejection) {})
	})
}

// jsonOf gives text itself when it is one JSON value, else the string.
func jsonOf(text []byte) []byte {
	if jsontext.Value(text).IsValid(jsontext.AllowDuplicateNames(true)) {
		return text
	}
	return quoted(text)
}

func quoted(text []byte) []byte {
	q, _ := jsontext.AppendQuote(nil, strings.ToValidUTF8(string(text), "?")) // valid by now
	return q
}

// judgeMeaning reads what came and what is stored with jsontext, and demands the same members in the same order, strings without their
// escapes and numbers as they are spelled, and behind them what the transform is to add.
func judgeMeaning(e Event) string {
	came, err := tokens(e.Data)
	if err != nil {
		return fmt.Sprintf("the oracle fails: %v", err)
	}
	stored, err := tokens(e.Line)
	if err != nil {
		return fmt.Sprintf("the oracle fails: %v", err)
	}
	doc, err := readDocument(e.Data)
	if err != nil {
		return fmt.Sprintf("the oracle fails: %v", err)
	}
	at, ok := instant(doc.fields["created_at"].String())
	if !ok || !at.Equal(e.Time) {
		return fmt.Sprintf("the time is %s, want %s, %v", e.Time, at, ok)
	}
	want := slices.Concat(came[:len(came)-1], doc.added(at), came[len(came)-1:])
	if !slices.Equal(stored, want) {
		return fmt.Sprintf("its tokens are %q, want %q", stored, want)
	}
	return ""
}

// tokens gives the tokens of a document in order, each with its kind before it.
func tokens(text []byte) ([]string, error) {
	in := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	var all []string
	for {
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) {
			return all, nil
		}
		if err != nil {
			return nil, err
		}
		all = append(all, string(token.Kind())+token.String())
	}
}

// instant is the time that an event says, by rational arithmetic or the standard library.
func instant(text string) (time.Time, bool) {
	if numberText.MatchString(text) {
		return exactTime(text)
	}
	for _, form := range []string{time.RFC3339Nano, "2006-01-02T15:04:05.999999999"} {
		upper := strings.ToUpper(strings.Replace(text, " ", "T", 1))
		if len(upper) > 19 && upper[17:19] == "60" || len(upper) == 19 && upper[17:] == "60" { // a leap second is the one before it
			upper = upper[:17] + "59" + upper[19:]
		}
		if at, err := time.Parse(form, upper); err == nil {
			return at.UTC(), true
		}
	}
	return time.Time{}, false
}

// added gives the tokens of the fields that an event is to get: those of which it has none, whatever their case.
func (doc document) added(at time.Time) []string {
	var all []string
	add := func(key, value string) {
		for has := range doc.kinds {
			if strings.Map(foldRune, has) == key {
				return
			}
		}
		all = append(all, `"`+key, `"`+value)
	}
	add("created_datetime", at.Format(time.RFC3339Nano))
	if doc.kinds["event_name"] == '"' {
		kind, subkind, split := strings.Cut(doc.fields["event_name"].String(), ":")
		add("event_type", kind)
		if split {
			add("event_subtype", subkind)
		}
	}
	return all
}

func FuzzParseTime(f *testing.F) {
	for _, seed := range []string{"1626847200", "-1.5e-3", "2021-07-21T06:00:60.5+01:00", "2021-07-21 06:00:00"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		got, err := ParseTime(text)
		if err != nil {
			if !isReason(err, TimeInvalid) && !isReason(err, TimeRange) {
				t.Errorf("%q: %v", text, err)
			}
			return
		}
		if got.Year() < 0 || got.Year() > 9999 {
			return // an offset can do that to RFC 3339
		}
		stamp := got.Format(time.RFC3339Nano)
		if again, err := ParseTime(stamp); err != nil || !again.Equal(got) {
			t.Errorf("%q is %s, which is %s, %v", text, stamp, again, err)
		}
		if numberText.MatchString(text) && len(text) < 100 && (text[0] != '-' && len(text) < 3 || !isLong(text)) {
			if want, ok := exactTime(text); !ok || !want.Equal(got) {
				t.Errorf("%q: %s, want %s, %v", text, got, want, ok)
			}
		}
	})
}

// isLong reports whether a number's exponent is too long for the oracle.
func isLong(number string) bool {
	for i := range number {
		if number[i]|0x20 == 'e' {
			return len(number)-i > 5
		}
	}
	return false
}

// FuzzIdentify: of a line that Inspect takes Identify gives the same id, and Glance the same time; of others anything but a panic.
func FuzzIdentify(f *testing.F) {
	for _, seed := range seeds()[18:] {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		d := newDecoder(t, DefaultMapping)
		id, err := d.Identify(line)
		e, wrong := d.Inspect(line)
		if wrong == nil && (err != nil || id != e.Fingerprint.ID) {
			t.Errorf("%q: %x, %v, want %x", line, id, err, e.Fingerprint.ID)
		}
		if g, err := d.Glance(line); wrong == nil && (err != nil || g.ID != e.Fingerprint.ID || g.Time != e.Time.UnixNano()) {
			t.Errorf("%q at a glance: %x at %d, %v; want %x at %d", line, g.ID, g.Time, err, e.Fingerprint.ID, e.Time.UnixNano())
		}
	})
}
