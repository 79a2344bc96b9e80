package ingest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// fault is data to survive.
type fault struct {
	name   string // begins with the fault's number
	doc    string
	reason event.Reason // empty: it is stored
	hour   string       // of the partition that it is stored in; empty: that of good
	want   []string     // what is stored, without what the transform adds; nil: doc
	record bool         // it is a fault of a whole record, not of a line
}

// with makes an event that holds a value.
func with(value string) string {
	return `{"event_uuid":"x","created_at":"2026-11-23T08:01:00Z","v":` + value + `}`
}

// at makes an event of a time.
func at(value string) string { return `{"event_uuid":"x","created_at":` + value + `}` }

// identified makes an event with an id.
func identified(value string) string {
	return `{"event_uuid":` + value + `,"created_at":"2026-11-23T08:01:00Z"}`
}

// enclosed makes a value so many levels deep.
func enclosed(depth int) string {
	return strings.Repeat(`{"a":`, depth) + "1" + strings.Repeat("}", depth)
}

func members(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `,"k%d":%d`, i, i)
	}
	return `{"k":0` + b.String() + "}"
}

var faults = []fault{
	{name: "18 no id", doc: `{"created_at":1600000000}`, reason: event.IDMissing},
	{name: "18 id null", doc: identified("null"), reason: event.IDMissing},
	{name: "18 empty id", doc: identified(`""`), reason: event.IDInvalid},
	{name: "18 id an object", doc: identified(`{"a":1}`), reason: event.IDInvalid},
	{name: "18 id a fraction", doc: identified("1.5"), reason: event.IDInvalid},
	{name: "18 largest id", doc: identified(`"` + strings.Repeat("i", event.MaxID) + `"`)},
	{name: "18 giant id", doc: identified(`"` + strings.Repeat("i", event.MaxID+1) + `"`), reason: event.IDInvalid},
	{name: "18 id of a megabyte", doc: identified(`"` + strings.Repeat("i", 1<<20) + `"`), reason: event.IDInvalid},
	{name: "18 id of digits", doc: identified("12345678901234567890123")},

	{name: "23 gzip", doc: "\x1f\x8b\x08\x00", reason: event.Compressed, record: true},
	{name: "23 gzip and garbage behind", doc: "\x1f\x8b\x08\x00\n" + with("1"), reason: event.Compressed, record: true},
	{name: "23 zstd", doc: "\x28\xb5\x2f\xfd", reason: event.Compressed, record: true},
	{name: "24 a mebibyte", doc: with(`"` + strings.Repeat("m", 1<<20) + `"`)},
	{name: "25 no bytes", doc: "", reason: event.Empty, record: true},
	{name: "25 white space", doc: " \t\r\n", reason: event.Empty, record: true},

	{name: "26 byte order mark", doc: "\xef\xbb\xbf" + with("1"), reason: event.Encoding},
	{name: "27 invalid UTF-8", doc: with("\"\xff\""), reason: event.Encoding},
	{name: "27 overlong UTF-8", doc: with("\"\xc0\xaf\""), reason: event.Encoding},
	{name: "27 a surrogate in UTF-8", doc: with("\"\xed\xa0\x80\""), reason: event.Encoding},
	{name: "28 high surrogate alone", doc: with(`"\ud800"`), reason: event.Encoding},
	{name: "28 low surrogate alone", doc: with(`"\udc00"`), reason: event.Encoding},
	{name: "28 surrogate pair", doc: with(`"\ud83d\ude00"`)},
	{name: "29 raw NUL", doc: with("\"\x00\""), reason: event.NotJSON},
	{name: "29 raw newline", doc: with("\"\n\""), reason: event.NotJSON},
	{name: "29 raw carriage return", doc: with("\"\r\""), reason: event.NotJSON},
	{name: "30 escaped NUL", doc: with(`"\u0000"`)},
	{name: "31 line separators", doc: with("\"\u2028\u2029\"")},
	{name: "32 a key twice", doc: with(`{"a":1,"b":2,"a":3}`), reason: event.DuplicateKey},
	{name: "32 a key twice, spelled otherwise", doc: with(`{"a":1,"\u0061":3}`), reason: event.DuplicateKey},
	{name: "33 keys equal but for case", doc: with(`{"id":1,"ID":2}`), reason: event.DuplicateKey},
	{name: "34 as deep as allowed", doc: with(enclosed(63))},
	{name: "34 too deep", doc: with(enclosed(64)), reason: event.TooDeep},
	{name: "34 ten thousand deep", doc: with(enclosed(10_000)), reason: event.TooDeep},
	{name: "35 numbers that floats cannot hold", doc: with("[1e999,-0,9007199254740993,123456789012345678901234567890,-0.0E+00,0.10]")},
	{name: "36 NaN", doc: with("NaN"), reason: event.NotJSON},
	{name: "36 Infinity", doc: with("-Infinity"), reason: event.NotJSON},
	{name: "37 leading zero", doc: with("01"), reason: event.NotJSON},
	{name: "37 trailing comma", doc: with("[1,]"), reason: event.NotJSON},
	{name: "37 comment", doc: with("1/*c*/"), reason: event.NotJSON},
	{name: "37 single quotes", doc: with("'a'"), reason: event.NotJSON},
	{name: "38 two documents", doc: good("x") + good("y"), want: []string{good("x"), good("y")}},
	{name: "38 lines", doc: good("x") + "\r\n" + good("y") + "\n", want: []string{good("x"), good("y")}},
	{name: "38 pretty-printed", doc: "{\n  \"event_uuid\": \"x\",\n  \"created_at\": \"2026-11-23T08:01:00Z\",\n  \"v\": [\n    1,\n    { }\n  ]\n}", want: []string{with("[1,{}]")}},
	{name: "39 array", doc: "[" + with("1") + "]", reason: event.NotObject},
	{name: "39 scalar", doc: "17", reason: event.NotObject},
	{name: "39 null", doc: "null", reason: event.NotObject},
	{name: "40 cut in a string", doc: with(`"text"`)[:30], reason: event.NotJSON},
	{name: "40 cut before the end", doc: strings.TrimSuffix(with("1"), "}"), reason: event.NotJSON},
	{name: "41 long string", doc: with(`"` + strings.Repeat("long ", 200_000) + `"`)},
	{name: "41 many keys", doc: with(members(100_000))},
	{name: "41 many elements", doc: with("[" + strings.Repeat("1,", 100_000) + "1]")},
	{name: "41 strange keys", doc: with(`{"":1,"a.b":2," ":3,"` + strings.Repeat("k", event.MaxKey) + `":4}`)},
	{name: "41 too long a key", doc: with(`{"` + strings.Repeat("k", event.MaxKey+1) + `":1}`), reason: event.TooLarge},
	{name: "42 a string", doc: with(`"text"`)},
	{name: "42 an object", doc: with(`{"text":1}`)},

	{name: "43 year 1970", doc: at("0"), reason: event.TimeRange},
	{name: "43 negative", doc: at("-1"), reason: event.TimeRange},
	{name: "43 year 0001", doc: at(`"0001-01-01T00:00:00Z"`), reason: event.TimeRange},
	{name: "43 year 9999", doc: at(`"9999-12-31T23:59:59Z"`), reason: event.TimeRange},
	{name: "43 years ago", doc: at(`"1990-01-01T00:00:00Z"`), hour: "dt=1990-01-01/hour=00"},
	{name: "43 seconds", doc: at("1795421100"), hour: "dt=2026-11-23/hour=08"},
	{name: "43 milliseconds", doc: at("1795421100000"), hour: "dt=2026-11-23/hour=08"},
	{name: "43 microseconds", doc: at("1795421100000000"), hour: "dt=2026-11-23/hour=08"},
	{name: "43 nanoseconds", doc: at("1795421100000000000"), hour: "dt=2026-11-23/hour=08"},
	{name: "44 a second ahead", doc: at(`"2026-11-23T08:30:01Z"`), hour: "dt=2026-11-23/hour=08"},
	{name: "44 an hour ahead", doc: at(`"2026-11-23T09:30:00Z"`), hour: "dt=2026-11-23/hour=09"},
	{name: "44 as far as allowed", doc: at(`"2026-11-24T08:30:00Z"`), hour: "dt=2026-11-24/hour=08"},
	{name: "44 too far", doc: at(`"2026-11-24T08:30:00.000000001Z"`), reason: event.TimeRange},
	{name: "44 ten years ahead", doc: at(`"2036-11-23T08:30:00Z"`), reason: event.TimeRange},
	{name: "45 offset", doc: at(`"2026-11-22T23:30:00-09:30"`), hour: "dt=2026-11-23/hour=09"},
	{name: "45 an hour that clocks skip", doc: at(`"2026-03-29T02:30:00+01:00"`), hour: "dt=2026-03-29/hour=01"},
	{name: "45 an hour that clocks repeat", doc: at(`"2026-10-25T02:30:00+02:00"`), hour: "dt=2026-10-25/hour=00"},
	{name: "45 that hour again", doc: at(`"2026-10-25T02:30:00+01:00"`), hour: "dt=2026-10-25/hour=01"},
	{name: "45 no zone", doc: at(`"2026-11-23T07:30:00"`), hour: "dt=2026-11-23/hour=07"},
	{name: "45 offset of a day", doc: at(`"2026-11-23T08:30:00+24:00"`), reason: event.TimeInvalid},
	{name: "45 leap second", doc: at(`"2016-12-31T23:59:60Z"`), hour: "dt=2016-12-31/hour=23"},
	{name: "45 hour 24", doc: at(`"2026-11-22T24:00:00Z"`), reason: event.TimeInvalid},
	{name: "46 last instant of an hour", doc: at(`"2026-11-23T07:59:59.999999999Z"`), hour: "dt=2026-11-23/hour=07"},
	{name: "46 first instant of an hour", doc: at(`"2026-11-23T08:00:00Z"`), hour: "dt=2026-11-23/hour=08"},
	{name: "49 way out of the folder", doc: at(`"2026-11-23/../../x"`), reason: event.TimeInvalid},
	{name: "49 encoded slash", doc: at(`"2026-11-23%2F08:00:00Z"`), reason: event.TimeInvalid},
	{name: "49 NUL", doc: at(`"2026-11-23T08:00:00Z\u0000"`), reason: event.TimeInvalid},
	{name: "49 digits of another script", doc: at(`"２０２６-11-23T08:00:00Z"`), reason: event.TimeInvalid},
	{name: "49 Hive's default", doc: at(`"__HIVE_DEFAULT_PARTITION__"`), reason: event.TimeInvalid},
	{name: "49 quotes", doc: at(`"2026-11-23' OR ''='"`), reason: event.TimeInvalid},
	{name: "49 empty", doc: at(`""`), reason: event.TimeInvalid},
	{name: "49 two kilobytes", doc: at(`"` + strings.Repeat("2026-", 512) + `"`), reason: event.TimeInvalid},
}

// Each fault alone, as a record and as a line between two good ones, as a record of an aggregate: what was received is stored, a duplicate
// or in quarantine (I4), byte for byte (I8), on lines that readers can read (I7); its neighbours are stored (I12); the same input makes the
// same objects (I6); and to replay what was not mended changes nothing (I5).
func TestFaults(t *testing.T) {
	for _, f := range faults {
		t.Run(f.name, func(t *testing.T) {
			between := [][]string{
				{f.doc},
				{good("first"), f.doc, good("last")},
				{string(kpltest.Events(good("first"), f.doc, good("last")))},
			}
			if !f.record {
				between = append(between, []string{good("first") + "\n" + f.doc + "\n" + good("last")})
			}
			for n, data := range between {
				l := newLake(t)
				r := l.ok(delivery("s", 1, data...))
				f.check(l, r, n > 0)
				before := l.objects("")
				twin := newLake(t)
				twin.ok(delivery("s", 1, data...))
				if !maps.Equal(before, twin.objects("")) {
					t.Errorf("the same delivery makes other objects")
				}
				l.replay()
				for _, prefix := range []string{layout.Raw, layout.Quarantine} {
					if !maps.Equal(l.objects(prefix), only(before, prefix)) {
						t.Errorf("a replay with nothing mended changes what lies below %s", prefix)
					}
				}
			}
		})
	}
}

func only(objects map[string]string, prefix string) map[string]string {
	some := map[string]string{}
	for key, text := range objects {
		if strings.HasPrefix(key, prefix) {
			some[key] = text
		}
	}
	return some
}

// check wants a fault, with or without its neighbours, where it belongs.
func (f fault) check(l *lake, r Result, neighbours bool) {
	l.t.Helper()
	want := map[string]string{} // stored lines to their hours
	if neighbours {
		want[good("first")], want[good("last")] = "dt=2026-11-23/hour=08", "dt=2026-11-23/hour=08"
	}
	quarantined := 0
	if f.reason == "" {
		hour := f.hour
		if hour == "" {
			hour = "dt=2026-11-23/hour=08"
		}
		docs := f.want
		if docs == nil {
			docs = []string{f.doc}
		}
		for _, doc := range docs {
			want[doc] = hour
		}
	} else {
		quarantined = 1
	}
	if r.Stored != int64(len(want)) || r.Received != r.Stored+int64(quarantined) || r.Duplicates != 0 || r.Quarantined[f.reason] != int64(quarantined) {
		l.t.Fatalf("received %d, stored %d, %d duplicates, quarantined %v; want %d stored, %d quarantined as %q",
			r.Received, r.Stored, r.Duplicates, r.Quarantined, len(want), quarantined, f.reason)
	}
	got := map[string]string{}
	for key := range l.objects(layout.Raw) {
		at, err := layout.ParseFragment(key)
		if err != nil {
			l.t.Fatal(err)
		}
		for _, line := range l.lines(key) {
			got[l.stripped(line)] = at.Partition.String()
		}
	}
	if !maps.Equal(got, want) {
		l.t.Errorf("stored %.300v, want %.300v", got, want)
	}
	rejects := l.rejects()
	if len(rejects) != quarantined {
		l.t.Fatalf("quarantine holds %d objects", len(rejects))
	}
	for key, all := range rejects {
		if len(all) != 1 || string(all[0].Data) != f.doc || all[0].Reason != f.reason || all[0].Detail == "" || all[0].Shard != "s" || !strings.Contains(key, "/"+string(f.reason)+"/") {
			l.t.Errorf("kept as %s: %.300v", key, all)
		}
	}
}

// stripped checks a stored line and takes off what the transform added: what is left came from the producer.
func (l *lake) stripped(line string) string {
	l.t.Helper()
	d, err := event.NewDecoder(l.config.Mapping, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	if _, err := d.Inspect([]byte(line)); err != nil || !json.Valid([]byte(line)) {
		l.t.Errorf("stored a line that cannot be read: %v: %.200s", err, line)
	}
	producers, _, added := strings.Cut(line, `,"created_datetime":"`)
	if !added {
		l.t.Errorf("not transformed: %.200s", line)
	}
	return producers + "}"
}

// 46: a delivery over midnight, that arrives in a third hour, and is cut otherwise when it comes again: each event lies in its own hour.
func TestOverMidnight(t *testing.T) {
	l := newLake(t)
	var data []string
	want := map[string]string{}
	for i, s := range []string{"2026-11-22T23:59:59.999Z", "2026-11-23T00:00:00Z", "2026-11-22T23:58:00Z", "2026-11-23T00:00:00.001Z"} {
		id := fmt.Sprint("e", i)
		data = append(data, fmt.Sprintf(`{"event_uuid":%q,"created_at":%q}`, id, s))
		want[id] = "dt=" + s[:10] + "/hour=" + s[11:13]
	}
	whole := delivery("s", 1, data...)
	l.ok(whole)
	before := l.objects(layout.Raw)
	l.ok(whole)
	if after := l.objects(layout.Raw); len(before) != 2 || !maps.Equal(before, after) {
		t.Errorf("fragments were %v, are %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	for _, cut := range []int{1, 2, 3} {
		l.ok(Delivery{Shard: "s", Records: whole.Records[:cut]})
		l.ok(Delivery{Shard: "s", Records: whole.Records[cut:]})
	}
	seen := map[string]string{}
	for key := range l.objects(layout.Raw) {
		f, err := layout.ParseFragment(key)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range l.lines(key) {
			id := strings.Split(line, `"`)[3]
			if p := f.Partition.String(); seen[id] != "" && seen[id] != p {
				t.Errorf("%s lies in %s and in %s", id, seen[id], p)
			}
			seen[id] = f.Partition.String()
		}
	}
	if !maps.Equal(seen, want) {
		t.Errorf("stored %v, want %v", seen, want)
	}
}

// 48: the writer's clock decides nothing: whatever it says, and whenever the record arrived, an event that is accepted lies in the hour in
// which it happened.
func TestWritersClock(t *testing.T) {
	for _, skew := range []time.Duration{-10 * time.Minute, 0, 10 * time.Minute} {
		l := newLake(t)
		d := delivery("s", 1, good("a"))
		d.Records[0].Arrival = arrival.Add(skew)
		if r := l.ok(d); r.Stored != 1 {
			t.Errorf("%s: got %+v", skew, r)
		}
		for key, text := range l.objects(layout.Raw) {
			if f, err := layout.ParseFragment(key); err != nil || f.Partition.String() != "dt=2026-11-23/hour=08" || bytes.Count([]byte(text), []byte("\n")) != 1 {
				t.Errorf("%s: %s holds %q, %v", skew, key, text, err)
			}
		}
	}
}

// 60: an empty fragment cannot come from ingest: a delivery of nothing but copies and rejects writes none.
func TestNoEmptyFragments(t *testing.T) {
	l := newLake(t)
	l.ok(delivery("s", 1, good("a")))
	before := l.objects(layout.Raw)
	if r := l.ok(delivery("t", 1, good("a"), "bad", "", good("a"))); r.Stored != 0 || r.Duplicates != 2 || r.Received != 4 {
		t.Errorf("got %+v", r)
	}
	if after := l.objects(layout.Raw); !maps.Equal(before, after) || len(after) != 1 {
		t.Errorf("fragments are %v", slices.Sorted(maps.Keys(after)))
	}
}
