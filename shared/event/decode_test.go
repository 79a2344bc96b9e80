package event

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// outcome is what one piece of a record became.
type outcome struct {
	reason Reason // empty: accepted
	data   string
	line   string
}

func newDecoder(t testing.TB, m Mapping) *Decoder {
	t.Helper()
	d, err := NewDecoder(m, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// decode gives the outcomes of a record, and checks what holds of each: positions in order, exact pieces, a valid reason, UTF-8 details.
func decode(t testing.TB, d *Decoder, record string) []outcome {
	t.Helper()
	var got []outcome
	rest := record
	piece := func(data []byte, position int) {
		t.Helper()
		if position != len(got) {
			t.Errorf("%.200q: piece %d has position %d", record, len(got), position)
		}
		i := strings.Index(rest, string(data))
		if i < 0 || strings.Trim(rest[:i], " \t\r\n") != "" {
			t.Errorf("%.200q: piece %.200q leaves something out", record, data)
			return
		}
		rest = rest[i+len(data):]
	}
	n := d.Decode([]byte(record), arrivalForTests, func(e Event) {
		piece(e.Data, e.Position)
		if bytes.ContainsAny(e.Line, "\n\r") || e.Time.Location() != time.UTC {
			t.Errorf("%.200q: line %q at %s", record, e.Line, e.Time)
		}
		got = append(got, outcome{"", string(e.Data), string(e.Line)})
	}, func(r Rejection) {
		piece(r.Data, r.Position)
		if !r.Reason.Valid() || r.Detail == "" || len(r.Detail) > 500 || strings.ToValidUTF8(r.Detail, "") != r.Detail {
			t.Errorf("%.200q: rejection %q with the detail %q", record, r.Reason, r.Detail)
		}
		got = append(got, outcome{r.Reason, string(r.Data), ""})
	})
	if n != len(got) {
		t.Errorf("%.200q: %d pieces, Decode says %d", record, len(got), n)
	}
	if strings.Trim(rest, " \t\r\n") != "" {
		t.Errorf("%.200q: %.200q is in no piece", record, rest)
	}
	return got
}

func reasonsOf(got []outcome) []Reason {
	all := []Reason{}
	for _, o := range got {
		all = append(all, o.reason)
	}
	return all
}

const good = `{"event_uuid":"a","created_at":1626847200,"x":%s}`

func withX(x string) string { return fmt.Sprintf(good, x) }

// faultCases are the faults of FAULTS.md that concern one document.
var faultCases = []struct {
	fault  int
	doc    string
	reason Reason // empty: accepted
}{
	{18, `{"created_at":1626847200}`, IDMissing},
	{18, `{"event_uuid":null,"created_at":1626847200}`, IDMissing},
	{18, `{"event_uuid":"","created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":true,"created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":{"a":1},"created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":["a"],"created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":1.0,"created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":1e3,"created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":"` + strings.Repeat("x", 256) + `","created_at":1626847200}`, ""},
	{18, `{"event_uuid":"` + strings.Repeat("x", 257) + `","created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":"` + strings.Repeat(`\u0041`, 256) + `","created_at":1626847200}`, ""},
	{18, `{"event_uuid":"` + strings.Repeat(`\u0041`, 257) + `","created_at":1626847200}`, IDInvalid},
	{18, `{"event_uuid":` + strings.Repeat("9", 257) + `,"created_at":1626847200}`, IDInvalid},
	{26, "\xef\xbb\xbf" + withX("1"), Encoding},
	{26, "\xff\xfe{\x00}\x00", Encoding},
	{27, withX("\"\xff\""), Encoding},
	{27, withX("\"\xc0\xaf\""), Encoding},         // overlong
	{27, withX("\"\xe0\x80\xaf\""), Encoding},     // overlong
	{27, withX("\"\xed\xa0\x80\""), Encoding},     // a surrogate
	{27, withX("\"\xf4\x90\x80\x80\""), Encoding}, // beyond U+10FFFF
	{27, withX("\"\xe2\x82\""), Encoding},         // cut
	{27, withX("\"€𝄞\xf4\x8f\xbf\xbf\""), ""},
	{27, "{\"\xff\":1}", Encoding},
	{28, withX(`"\ud800"`), Encoding},
	{28, withX(`"\udc00"`), Encoding},
	{28, withX(`"\ud800\ud800"`), Encoding},
	{28, withX(`"\ud800x"`), Encoding},
	{28, withX(`"\udc00\udc00"`), Encoding},
	{28, withX(`"\udc00\ud800"`), Encoding},
	{28, withX(`"\uDBFF\uDFFF\uD834\udd1e"`), ""},
	{29, withX("\"\x00\""), NotJSON},
	{29, withX("\"\n\""), NotJSON},
	{29, withX("\"\r\""), NotJSON},
	{29, withX("\"\x1f\""), NotJSON},
	{29, withX("\x00"), NotJSON},
	{30, withX(`"\u0000"`), ""},
	{31, withX("\"\u2028\u2029\""), ""},
	{32, `{"event_uuid":"a","created_at":1626847200,"event_uuid":"a"}`, DuplicateKey},
	{32, withX(`{"a":1,"b":2,"a":3}`), DuplicateKey},
	{32, withX(`{"a":1,"\u0061":3}`), DuplicateKey},
	{32, withX(`[{"a":{"b":{},"b":{}}}]`), DuplicateKey},
	{32, withX(`[{"a":{"b":{}},"b":{"a":1}}]`), ""},
	{33, withX(`{"id":1,"ID":2}`), DuplicateKey},
	{33, withX(`{"straße":1,"STRAẞE":2}`), DuplicateKey},
	{33, withX(`{"k":1,"\u212a":2}`), DuplicateKey}, // the Kelvin sign
	{33, withX(`{"s":1,"ſ":2}`), DuplicateKey},
	{33, withX(`{"i":1,"İ":2}`), DuplicateKey},
	{33, withX(`{"ı":1,"i":2}`), ""},
	{33, withX(`{"σ":1,"ς":2}`), DuplicateKey},
	{34, withX(deep(63)), ""},
	{34, withX(deep(64)), TooDeep},
	{34, withX(strings.Repeat(`{"a":`, 63) + "1" + strings.Repeat("}", 63)), ""},
	{34, withX(strings.Repeat(`{"a":`, 64) + "1" + strings.Repeat("}", 64)), TooDeep},
	{34, strings.Repeat(`[{"a":`, 100_000), TooDeep},
	{35, withX("[1e999,-0,9007199254740993,123456789012345678901234567890,-0.0E+00]"), ""},
	{36, withX("NaN"), NotJSON},
	{36, withX("Infinity"), NotJSON},
	{36, withX("-Infinity"), NotJSON},
	{37, withX("01"), NotJSON},
	{37, withX("[1,]"), NotJSON},
	{37, withX("1/*c*/"), NotJSON},
	{37, withX("'a'"), NotJSON},
	{37, withX("+1"), NotJSON},
	{37, withX("0x10"), NotJSON},
	{39, `[1,2]`, NotObject},
	{39, `null`, NotObject},
	{39, `"text"`, NotObject},
	{39, `17`, NotObject},
	{39, `[{"event_uuid":"a","created_at":1626847200}]`, NotObject},
	{40, withX("1")[:30], NotJSON},
	{40, `{`, NotJSON},
	{40, `{"a`, NotJSON},
	{40, `{"a\`, NotJSON},
	{40, `{"a\u00`, NotJSON},
	{40, `{"a":tru`, NotJSON},
	{40, `{"a":-`, NotJSON},
	{40, `{"a":1`, NotJSON},
	{40, `{"a":1,`, NotJSON},
	{41, withX(`"` + strings.Repeat("long ", 200_000) + `"`), ""},
	{41, withX(`[` + strings.Repeat("1,", 100_000) + `1]`), ""},
	{41, withX(`{"":1,"a.b":2," ":3,"` + strings.Repeat("k", 50_000) + `":4}`), ""},
	{41, withX(`{"` + strings.Repeat("k", 50_001) + `":1}`), TooLarge},
	{41, withX(`{"` + strings.Repeat(`\u006b`, 8_334) + `":1}`), TooLarge},
	{41, `{"event_uuid":"a","created_at":1626847200` + manyKeys(100_000) + "}", ""},
	{41, `{"event_uuid":"a","created_at":1626847200` + manyKeys(100_000) + `,"K99":1}`, DuplicateKey},
	{43, `{"event_uuid":"a"}`, TimeMissing},
	{43, `{"event_uuid":"a","created_at":null}`, TimeMissing},
	{43, `{"event_uuid":"a","created_at":""}`, TimeInvalid},
	{43, `{"event_uuid":"a","created_at":false}`, TimeInvalid},
	{43, `{"event_uuid":"a","created_at":{}}`, TimeInvalid},
	{43, `{"event_uuid":"a","created_at":0}`, TimeRange},
	{43, `{"event_uuid":"a","created_at":-1626847200}`, TimeRange},
	{43, `{"event_uuid":"a","created_at":"0001-01-01T00:00:00Z"}`, TimeRange},
	{43, `{"event_uuid":"a","created_at":"9999-12-31T23:59:59Z"}`, TimeRange},
	{43, `{"event_uuid":"a","created_at":"1989-12-31T23:59:59.999999999Z"}`, TimeRange},
	{43, `{"event_uuid":"a","created_at":"1990-01-01T00:00:00Z"}`, ""},
	{43, `{"event_uuid":"a","created_at":1e999999999999999999999}`, TimeRange},
	{43, `{"event_uuid":"a","created_at":1e-999999999999999999999}`, TimeRange},
	{44, `{"event_uuid":"a","created_at":"2021-07-24T00:00:00Z"}`, ""}, // a day after the arrival
	{44, `{"event_uuid":"a","created_at":"2021-07-24T00:00:00.000000001Z"}`, TimeRange},
	{44, `{"event_uuid":"a","created_at":"2031-07-24T00:00:00Z"}`, TimeRange},
	{49, `{"event_uuid":"a","created_at":"2021-07-21/../../x"}`, TimeInvalid},
}

func deep(n int) string { return strings.Repeat("[", n) + strings.Repeat("]", n) }

// TestFaults tries each fault alone and between two good lines: it costs one piece.
func TestFaults(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	for _, c := range faultCases {
		name := fmt.Sprintf("fault %d: %.100q", c.fault, c.doc)
		if got := decode(t, d, c.doc); len(got) != 1 || got[0].reason != c.reason || got[0].data != c.doc {
			t.Errorf("%s: %v, want %q", name, reasonsOf(got), c.reason)
		}
		got := decode(t, d, withX("1")+"\n"+c.doc+"\r\n"+withX("2"))
		if len(got) != 3 || got[0].reason != "" || got[1].reason != c.reason || got[2].reason != "" {
			t.Errorf("%s between two good lines: %v, want %q", name, reasonsOf(got), c.reason)
		}
		d.Reset()
	}
}

func manyKeys(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return b.String()
}

// TestRecords holds the faults that concern a record as a whole.
func TestRecords(t *testing.T) {
	a, b := withX("1"), withX("2")
	cases := []struct {
		fault  int
		record string
		want   []outcome
	}{
		{25, "", []outcome{{reason: Empty}}},
		{25, " \t\r\n", []outcome{{reason: Empty, data: " \t\r\n"}}},
		{23, "\x1f\x8b\x08" + a + "\n" + b, []outcome{{reason: Compressed, data: "\x1f\x8b\x08" + a + "\n" + b}}},
		{23, "\x28\xb5\x2f\xfd\n" + a, []outcome{{reason: Compressed, data: "\x28\xb5\x2f\xfd\n" + a}}},
		{38, a + "\n" + b + "\n", []outcome{{"", a, ""}, {"", b, ""}}},
		{38, " " + a + b + "\t", []outcome{{"", a, ""}, {"", b, ""}}},
		{38, a + "\r\n\r\n" + b, []outcome{{"", a, ""}, {"", b, ""}}},
		// What is complete ends where it ends.
		{38, `{}` + a, []outcome{{IDMissing, `{}`, ""}, {"", a, ""}}},
		{38, `[1]` + a, []outcome{{NotObject, `[1]`, ""}, {"", a, ""}}},
		{38, "[\n" + a + ",\n" + b + "]\n" + b, []outcome{{NotObject, "[\n" + a + ",\n" + b + "]", ""}, {"", b, ""}}},
		{38, `null ` + a, []outcome{{NotObject, `null`, ""}, {"", a, ""}}},
		{32, `{"a":1,"A":2}` + a, []outcome{{DuplicateKey, `{"a":1,"A":2}`, ""}, {"", a, ""}}},
		// What is broken costs its line, and what does not begin with '{' in column 0 behind it.
		{40, a[:20] + "\n" + b, []outcome{{NotJSON, a[:20], ""}, {"", b, ""}}},
		{40, "{\"a\":[\n" + a + "\n" + b, []outcome{{NotJSON, `{"a":[`, ""}, {"", a, ""}, {"", b, ""}}},
		{40, a + "x" + b, []outcome{{"", a, ""}, {NotJSON, "x" + b, ""}}},
		{40, a + ",\n" + b, []outcome{{"", a, ""}, {NotJSON, ",", ""}, {"", b, ""}}},
		{40, "12abc" + a + "\n" + b, []outcome{{NotJSON, "12abc" + a, ""}, {"", b, ""}}},
		{40, "bad\n {}\n\n" + b, []outcome{{NotJSON, "bad\n {}\n", ""}, {"", b, ""}}},
		{40, "bad " + a + "\r\n" + b, []outcome{{NotJSON, "bad " + a + "\r", ""}, {"", b, ""}}},
	}
	d := newDecoder(t, DefaultMapping)
	for _, c := range cases {
		got := decode(t, d, c.record)
		for i := range got {
			got[i].line = ""
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("fault %d: %q:\n got %q\nwant %q", c.fault, c.record, got, c.want)
		}
	}
}

// Fault 24: a record of 10 MiB is taken, longer documents are not, and the next line is not lost.
func TestLargeDocuments(t *testing.T) {
	large := func(size int) string {
		text := strings.Repeat("15 bytes and é|", size/16) // 16 bytes, so that cuts fall into runes too
		return withX(`"` + strings.ToValidUTF8(text[:size-len(withX(`""`))-64], "?") + strings.Repeat("é", 32) + `"`)
	}
	d := newDecoder(t, DefaultMapping)
	if got := decode(t, d, large(10<<20)); len(got) != 1 || got[0].reason != "" {
		t.Errorf("10 MiB: %v", reasonsOf(got))
	}
	for _, size := range []int{d.MaxLine - 10, d.MaxLine + 1, d.MaxLine + 2, d.MaxLine + 1000} { // the first grows by the fields that are added
		d.Reset()
		got := decode(t, d, large(size)+"\n"+withX("1"))
		if !slices.Equal(reasonsOf(got), []Reason{TooLarge, ""}) {
			t.Errorf("%d bytes: %v", size, reasonsOf(got))
		}
	}
	d.MaxLine = 130
	for x := range 200 {
		got := decode(t, d, withX(`[`+strings.Repeat(`{"a":"\ud834\udd1e€",	"b":-1.5e+7},`, x)+`null]`)+"\n"+withX("1"))
		want := Reason("")
		if x > 0 {
			want = TooLarge
		}
		if len(got) != 2 || got[0].reason != want {
			t.Fatalf("%d members: %v", x, reasonsOf(got))
		}
	}
}

// A broken record costs time in proportion to its size: its lines are scanned again only as parts of the at most 64 that can enclose them.
func TestBrokenRecordsAreLinear(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	size := 1 << 18
	if raceEnabled {
		size = 1 << 16
	}
	for _, line := range []string{
		"{\"a\":[\n", "{\"a\":[1,\n", "{\n", "{\"a\":\n{},", "[\n{", "x\n", "{}", "{\"a\":[0,0,0,0,0,0,0,0,0,0,0,0,0,0,0,0\n,\n", "{},\n", "{\"a\":[{},\n", "\"\n",
	} {
		for _, before := range []string{"", "{\"a\":[\n", strings.Repeat("{\"a\":[\n", 62)} {
			begin := time.Now()
			d.Decode([]byte(before+strings.Repeat(line, size/len(line))), arrivalForTests, func(Event) {}, func(Rejection) {})
			if took := time.Since(begin); took > 2*time.Second {
				t.Errorf("%d bytes and %q again and again: %s", len(before), line, took)
			}
		}
	}
}

func TestRealEvents(t *testing.T) {
	d := newDecoder(t, githubMapping)
	lines := github(t)
	got := decode(t, d, string(bytes.Join(lines, []byte("\n"))))
	accepted := 0
	for i, o := range got {
		if o.reason == "" {
			accepted++
		}
		if want := string(lines[i][:len(lines[i])-1]) + `,"created_datetime":"2021-07-21T0`; !strings.HasPrefix(o.line, want) {
			t.Errorf("line %d: %s", i, o.line)
		}
	}
	if accepted != 800 || len(got) != 800 {
		t.Errorf("%d of %d accepted, want 800", accepted, len(got))
	}
}

// Fault 17: events with one id and different bodies have different fingerprints; copies that are spelled alike but for white space do not.
func TestFingerprint(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	var prints []Fingerprint
	d.Decode([]byte(withX("1")+" "+strings.ReplaceAll(withX("1"), ":", " :\n")+withX("2")), arrivalForTests,
		func(e Event) { prints = append(prints, e.Fingerprint) }, func(r Rejection) { t.Error(r.Error()) })
	if len(prints) != 3 || prints[0] != prints[1] || prints[0].ID != prints[2].ID || prints[0] == prints[2] {
		t.Errorf("%x", prints)
	}
}

// Lines stay what they are until Reset, however much is decoded after them.
func TestLinesLive(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	for range 3 {
		var lines [][]byte
		var copies []string
		for _, record := range sample(2000) {
			d.Decode(append(record, "{}bad"...), arrivalForTests, func(e Event) {
				lines, copies = append(lines, e.Line), append(copies, string(e.Line))
			}, func(Rejection) {})
		}
		for i, line := range lines {
			if string(line) != copies[i] {
				t.Fatalf("line %d became %s", i, line)
			}
			_ = append(line, "overwritten?"...)
		}
		d.Reset()
	}
}

func TestAllocations(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	records := sample(10_000)
	events := 0
	accept := func(Event) { events++ }
	reject := func(r Rejection) { t.Error(r.Error()) }
	if n := testing.AllocsPerRun(3, func() {
		for _, r := range records {
			d.Decode(r, arrivalForTests, accept, reject)
		}
		d.Reset()
	}); n > 20 {
		t.Errorf("%v allocations for 10,000 events", n)
	}
	if n := testing.AllocsPerRun(3, func() {
		for _, r := range records {
			if _, err := d.Identify(r); err != nil {
				t.Error(err)
			}
		}
	}); n > 20 {
		t.Errorf("%v allocations to identify 10,000 events", n)
	}
	if events != 40_000 {
		t.Errorf("%d events", events)
	}
}

func TestReasons(t *testing.T) {
	for _, r := range Reasons() {
		if !r.Valid() || strings.Trim(string(r), "abcdefghijklmnopqrstuvwxyz_") != "" {
			t.Errorf("%q", r)
		}
	}
	if Reason("other").Valid() || Reason("").Valid() {
		t.Error("an unknown reason is valid")
	}
}
