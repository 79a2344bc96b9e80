package sql_test

import (
	"bytes"
	"compress/gzip"
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/sql"
	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
)

func TestEmptyLake(t *testing.T) {
	s := newLake(t).open()
	for _, view := range []string{"events", "events_raw", "events_live"} {
		check(t, s, "SELECT count(*), min(dt), min(hour) FROM "+view, "0,,")
	}
	check(t, s, "SELECT count(*), min(reason), min(data), min(dt) FROM quarantine", "0,,,")
}

func TestColumnsWithoutParts(t *testing.T) {
	l := newLake(t)
	l.declare(`{"id":"a","n":1,"s":{"x":[1]}}`)
	check(t, l.open(), "SELECT column_name || ' ' || column_type FROM (DESCRIBE events)",
		"id VARCHAR n BIGINT s STRUCT(x BIGINT[]) dt VARCHAR hour VARCHAR")
}

func TestPartsWithoutColumns(t *testing.T) {
	l := newLake(t)
	l.part(hour, layout.FirstGeneration, 1, `{}`)
	l.publish(hour, layout.FirstGeneration)
	check(t, l.open(), "SELECT count(*), min(dt) FROM events", "0,")
}

// Only what the Locations name is read: neither a generation that is not published, nor a sealed one, nor foreign files.
func TestGenerations(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a"}`)
	next := layout.FirstGeneration.Successor("0123456789")
	l.part(hour, next, 1, `{"id":"a"}`, `{"id":"b"}`)
	s := l.open()
	check(t, s, "SELECT id FROM events", "a")
	l.empty(hour, layout.FirstGeneration, 2, part.Header{Kind: part.Seal, Next: string(next)})
	l.put(layout.Location(hour, layout.FirstGeneration)+"_notes.txt", []byte("no JSON"))
	check(t, s, "SELECT id FROM events", "a")
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT id FROM events", "a")
	l.publish(hour, next)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT id FROM events ORDER BY 1", "a b")
	l.publish(hour, layout.FirstGeneration)
	l.empty(hour, layout.FirstGeneration, 1, part.Header{Kind: part.Swept})
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT count(*), count(id) FROM events", "0,0")
}

func TestHostileNames(t *testing.T) {
	l := newLake(t)
	lines := []string{
		`{"ID":"1","select":1,"Order By":2,"a-b":3,"x.y":4,"@t$":5,"filename":"f","Größe":6,"it's":7,"quo\"te":8,"#id":9,"dt":"no","Hour":"no",` +
			`"S":{"From":{"Group":[{"Aa":1}]},"we-ird":1,"ünï":2}}`,
	}
	l.events(hour, lines...)
	s := l.open()
	check(t, s, `SELECT id, "select", "order by", "a-b", "x.y", "@t$", filename, dt, hour FROM events`, "1,1,2,3,4,5,f,2026-11-23,08")
	check(t, s, `SELECT s."from"."group"[1].aa, S.FROM.GROUP[1].AA FROM events`, "1,1")
	check(t, s, "SELECT string_agg(column_name, ' ') FROM (DESCRIBE events)", "id select order by a-b x.y @t$ filename s dt hour")
	check(t, s, "SELECT * FROM events_live", strings.TrimSpace(answer(t, s, "SELECT * FROM events")))
}

func TestHostileDirectories(t *testing.T) {
	for _, name := range []string{"with space", "q'uo\"te", "ünï 😀", "st*r", "[x]", "qu?", `back\slash`, "[!x]?", "**", "id=5", "ü=1", "dt=1999-01-01", "semi;colon", "$HOME", "~", "-- x", "{a,b}", "%20"} {
		t.Run(name, func(t *testing.T) {
			root := t.TempDir()
			l := newLakeIn(t, filepath.Join(root, name, "lake"))
			for _, match := range []string{"stXr", "x", "quX", "backslash"} { // what a pattern would match
				if match != name {
					newLakeIn(t, filepath.Join(root, match, "lake")).events(hour, `{"id":"other"}`)
				}
			}
			l.events(hour, `{"id":"a"}`)
			l.events(hour+25, `{"id":"b"}`)
			l.fragment(hour, false, `{"id":"c"}`)
			l.fragment(hour, true, `{"id":"d"}`)
			s := l.open()
			check(t, s, "SELECT id, dt, hour FROM events ORDER BY id", "a,2026-11-23,08 b,2026-11-24,09")
			check(t, s, "SELECT id FROM events WHERE dt = '2026-11-24' AND hour = '09'", "b")
			check(t, s, "SELECT id, dt, hour FROM events_live ORDER BY id", "a,2026-11-23,08 b,2026-11-24,09 c,2026-11-23,08 d,2026-11-23,08")
		})
	}
}

func TestUnreadableDirectory(t *testing.T) {
	l := newLakeIn(t, filepath.Join(t.TempDir(), `b\a*d`))
	if _, err := sql.Open(t.Context(), sql.Lake{Bucket: l.bucket, Catalog: l.catalog, Root: l.dir}); err == nil || !strings.Contains(err.Error(), "backslash") {
		t.Error(err)
	}
}

// What DuckDB makes of numbers in a column of strings; the package's documentation promises no more.
func TestNumbersInStrings(t *testing.T) {
	l := newLake(t)
	values := [][2]string{
		{`"1.50"`, "1.50"}, {"123456789012345678901234567890", "123456789012345678901234567890"}, {"18446744073709551615", "18446744073709551615"},
		{"-9223372036854775808", "-9223372036854775808"}, {"1e400", "1e400"}, {"-1E+400", "-1E+400"},
		{"1.50", "1.5"}, {"1e5", "100000.0"}, {"0.1234567890123456789", "0.12345678901234568"}, {"-0.0", "-0.0"}, {"true", "true"},
		{`{"a":1.50,"b":[1,2e400,12345678901234567890123]}`, `{"a":1.5,"b":[1,2e400,12345678901234567890123]}`}, {`"\u0041\n\u2028\"é"`, "A\n\u2028\"é"},
		{`[{"x":null}]`, `[{"x":null}]`}, {`""`, ""},
	}
	var lines []string
	for i, v := range values {
		lines = append(lines, fmt.Sprintf(`{"id":%d,"v":%s}`, i, v[0]))
	}
	l.events(hour, lines...)
	rows, err := l.open().Query(t.Context(), "SELECT v FROM events ORDER BY id")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	i := 0
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		if row[0] != values[i][1] {
			t.Errorf("%s is read as %q, want %q", values[i][0], row[0], values[i][1])
		}
		i++
	}
	if i != len(values) {
		t.Errorf("%d rows", i)
	}
}

func TestRawAndLive(t *testing.T) {
	const uuid = "0A0B0C0D-0000-4000-8000-00000000000F"
	for _, path := range []string{"id", "meta.id", "meta.sub.x-id", "Größe", "Meta.id"} {
		t.Run(path, func(t *testing.T) {
			keys := strings.Split(path, ".")
			line := func(id, rest string) string {
				for i := len(keys) - 1; i >= 0; i-- {
					key, _ := json.Marshal(keys[i])
					id = fmt.Sprintf("{%s:%s}", key, id)
				}
				return id[:len(id)-1] + "," + rest + "}"
			}
			l := newLake(t)
			l.id = path
			l.events(hour, line(`"a"`, `"n":1,"from":"part"`), line(`17`, `"n":2,"from":"part"`), line(`"`+uuid+`"`, `"n":3,"from":"part"`))
			l.events(hour-5, line(`"old"`, `"n":4,"from":"part"`))
			l.fragment(hour, false, line(`"a"`, `"n":1,"from":"raw"`), line(`"b"`, `"n":5,"from":"raw1"`))
			l.fragment(hour, true, line(`"b"`, `"n":6,"from":"raw2"`), line(`"17"`, `"n":7,"from":"raw2"`))
			l.fragment(hour, false, line(`"`+strings.ToLower(uuid)+`"`, `"n":8,"from":"raw3"`), line(`"b"`, `"n":9,"from":"raw3"`))
			l.fragment(hour-5, false, line(`"late"`, `"n":10,"from":"raw4"`)) // older than live: seen after the next compaction
			l.fragment(hour+1, true, line(`"c"`, `"n":11,"from":"raw5"`))
			l.fragment(hour-1, false, line(`"d"`, `"n":12,"from":"raw6"`)) // in the hour that began 2 h 10 min before now
			l.fragment(hour-2, false, line(`"e"`, `"n":13,"from":"raw7"`))
			s := l.open()
			check(t, s, "SELECT count(*), count(DISTINCT n), min(hour) FROM Events_RAW", "10,10,03")
			check(t, s, `SELECT n, "from", hour FROM events_live ORDER BY n`, "1,part,08 2,part,08 3,part,08 4,part,03 5,raw1,08 11,raw5,09 12,raw6,07")
			check(t, s, `SELECT n FROM events_live WHERE dt = '2026-11-23' AND hour = '09'`, "11")
			check(t, s, "SELECT count(*) FROM events", "4")
			want := answer(t, s, "SELECT string_agg(column_name || column_type) FROM (DESCRIBE events)")
			check(t, s, "SELECT string_agg(column_name || column_type) FROM (DESCRIBE events_live)", strings.TrimSpace(want))
			top := strings.ToLower(keys[0])
			if path == "meta.id" {
				check(t, s, fmt.Sprintf(`SELECT (%s).id FROM events_live WHERE n IN (2, 5, 11) ORDER BY n`, top), "17 b c")
			}
		})
	}
}

// A fragment may hold what the table does not admit yet: it is read exactly all the same.
func TestFragmentsWiden(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a","n":1,"s":{"x":1},"k":true}`)
	l.fragment(hour, false, `{"id":"b","n":1.5,"s":{"x":"one","Y":[2]},"k":"yes","fresh":7}`, `{"id":"c","n":null,"s":null}`)
	s := l.open()
	check(t, s, "SELECT id, n, s.x, s.y[1], k, fresh FROM EVENTS_Live ORDER BY id", "a,1,1,,true, b,1.5,one,2,yes,7 c,,,,,")
	check(t, s, "SELECT n, fresh FROM events_raw WHERE id = 'b'", "1.5,7")
	check(t, s, "SELECT n, s.x FROM events", "1,1")
}

func TestRawBeforeFirstCompaction(t *testing.T) {
	l := newLake(t)
	l.fragment(hour, false, `{"id":"a","n":1}`, `{"id":"b"}`)
	s := l.open()
	check(t, s, "SELECT id, n, dt FROM events_raw ORDER BY id", "a,1,2026-11-23 b,,2026-11-23")
	check(t, s, "SELECT id, n FROM events_live ORDER BY id", "a,1 b,")
	check(t, s, "SELECT count(*) FROM events", "0")
}

func TestBrokenFragments(t *testing.T) {
	l := newLake(t)
	good := l.fragment(hour, false, `{"id":"a"}`)
	torn := l.fragment(hour, false, `{"id":"b"}`, `{"id":`)
	cut := l.fragment(hour, false, "")
	l.put(cut, []byte(`{"id":"b"}`)) // without its newline
	zip := l.fragment(hour, true, `{"id":"c"}`)
	l.put(zip, []byte("no gzip"))
	s := l.open()
	check(t, s, "SELECT id FROM events_live", "a")
	if got := strings.Join(s.Broken(), " "); got != torn+" "+cut+" "+zip {
		t.Errorf("broken: %s", got)
	}
	if err := l.bucket.Delete(t.Context(), bucket.Object{Key: torn}, bucket.Object{Key: cut}, bucket.Object{Key: zip}, bucket.Object{Key: good}); err != nil {
		t.Fatal(err)
	}
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT id FROM events_live", "")
	if s.Broken() != nil {
		t.Errorf("broken: %v", s.Broken())
	}
}

// A store that fails is no broken fragment: nothing may be left out for it.
func TestStoreFails(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a"}`)
	l.fragment(hour, true, `{"id":"b"}`)
	failing := &failing{Bucket: l.bucket}
	l.bucket = failing
	s := l.open()
	failing.err = errors.New("no answer")
	if _, err := s.Query(t.Context(), "SELECT * FROM events_live"); !errors.Is(err, failing.err) {
		t.Error(err)
	}
	check(t, s, "SELECT id FROM events", "a")
	failing.err = nil
	check(t, s, "SELECT id FROM events_live ORDER BY id", "a b")
}

type failing struct {
	bucket.Bucket
	err error
}

func (f *failing) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if f.err != nil {
		return nil, bucket.Object{}, f.err
	}
	return f.Bucket.Get(ctx, key, r)
}

// A broken part makes the statements fail that read it, naming it, and no others.
func TestBrokenPart(t *testing.T) {
	var torn bytes.Buffer
	z := gzip.NewWriter(&torn)
	for i := range 10_000 {
		fmt.Fprintf(z, "{\"id\":\"%x\"}\n", sha256.Sum256([]byte{byte(i), byte(i >> 8)}))
	}
	torn.Truncate(torn.Len() / 2)
	for name, body := range map[string]string{"no gzip": "{\"id\":\"a\"}\n", "torn": torn.String(), "nothing": ""} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			key := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 1}.Key()
			l.put(key, []byte(body))
			l.publish(hour, layout.FirstGeneration, `{"id":"a"}`)
			l.events(hour+1, `{"id":"b"}`)
			s := l.open()
			check(t, s, "SELECT count(*) FROM quarantine", "0")
			check(t, s, "SELECT id FROM events WHERE hour = '09'", "b")
			if _, err := ask(t.Context(), s, "SELECT id FROM events"); err == nil || !strings.Contains(err.Error(), key) {
				t.Errorf("the error does not name %s: %v", key, err)
			}
		})
	}
}

// A statement after another sees what came between, once the views are refreshed; what it made itself stays.
func TestRefresh(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a"}`)
	s := l.open()
	answer(t, s, "CREATE TEMP TABLE mine AS SELECT * FROM events; CREATE VIEW over AS SELECT id FROM events_live; BEGIN")
	l.fragment(hour, false, `{"id":"b"}`)
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "COMMIT; SELECT id FROM over ORDER BY 1", "a b")
	check(t, s, "SELECT id FROM mine", "a")
}

func TestVanishedObject(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a"}`)
	key := l.fragment(hour, false, `{"id":"b"}`)
	s := l.open()
	check(t, s, "SELECT id FROM events_live ORDER BY 1", "a b")
	if err := l.bucket.Delete(t.Context(), bucket.Object{Key: key}); err != nil {
		t.Fatal(err)
	}
	check(t, s, "CREATE TABLE made AS SELECT 1 AS x; SELECT id FROM events_live ORDER BY 1", "a")
	if _, err := ask(t.Context(), s, "SELECT * FROM read_csv('/no/such/file.csv')"); err == nil || !strings.Contains(err.Error(), "/no/such/file.csv") {
		t.Errorf("a file of the user's own: %v", err)
	}
}

// hooked runs a function once, after the first listing.
type hooked struct {
	bucket.Bucket
	after func()
}

func (h *hooked) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	return func(yield func(bucket.Object, error) bool) {
		for o, err := range h.Bucket.List(ctx, prefix, after) {
			if !yield(o, err) {
				return
			}
		}
		if f := h.after; f != nil {
			h.after = nil
			f()
		}
	}
}

// However the compactor runs meanwhile, no event is missed and no new column is.
func TestLookAmidCompaction(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a","n":1}`)
	key := l.fragment(hour, false, `{"id":"b","fresh":"x"}`)
	inner := l.bucket
	hook := &hooked{Bucket: inner}
	l.bucket = hook
	s := l.open()
	check(t, s, "SELECT id, fresh FROM events_live ORDER BY id", "a, b,x")
	gone := l.fragment(hour, false, `{"id":"c"}`) // not read before
	hook.after = func() {
		l.part(hour, layout.FirstGeneration, 3, `{"id":"c"}`)
		if err := inner.Delete(t.Context(), bucket.Object{Key: gone}); err != nil {
			t.Error(err)
		}
		l.declare(`{"id":"b","fresh":"x","newer":1}`)
		l.part(hour, layout.FirstGeneration, 2, `{"id":"b","fresh":"x","newer":1}`)
		if err := inner.Delete(t.Context(), bucket.Object{Key: key}); err != nil {
			t.Error(err)
		}
	}
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	check(t, s, "SELECT id, fresh, newer FROM events_live ORDER BY id", "a,, b,x,1 c,,")
	check(t, s, "SELECT id, fresh, newer FROM events ORDER BY id", "a,, b,x,1 c,,")
}

func TestQuarantine(t *testing.T) {
	l := newLake(t)
	span := layout.Span{Shard: "shardId-000000000000", First: "1", Last: "2"}
	_, err := quarantine.Put(t.Context(), l.bucket, span, []quarantine.Reject{
		{Reason: event.NotJSON, Detail: `it's "odd"`, Shard: span.Shard, Sequence: "12345678901234567890123456789", Position: 3, Arrival: now, Data: []byte("{\x00bad")},
	})
	if err != nil {
		t.Fatal(err)
	}
	check(t, l.open(), "SELECT reason, detail, sequence, position, arrival, decode(from_base64(data)[3:]), dt, hour FROM quarantine",
		`not_json,"it's ""odd""",12345678901234567890123456789,3,2026-11-23T09:10:00Z,bad,2026-11-23,09`)
}

func TestGitHubEvents(t *testing.T) {
	lines := github(t)
	hours := map[layout.Partition][]string{}
	for _, line := range lines {
		var e struct {
			Created time.Time `json:"created_at"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		p := layout.PartitionOf(e.Created)
		hours[p] = append(hours[p], line)
	}
	l := newLake(t)
	for p, lines := range hours {
		l.events(p, lines...)
	}
	s := l.open()
	check(t, s, "SELECT count(*), count(DISTINCT id), count(DISTINCT dt || hour) FROM events", "800,800,4")
	check(t, s, "SELECT type, count(*) FROM events GROUP BY 1 ORDER BY 2 DESC LIMIT 1", "PushEvent,425")
	check(t, s, "SELECT count(DISTINCT type) FROM events", "15")
	check(t, s, "SELECT count(*) > 0 FROM events WHERE payload.pull_request.title IS NOT NULL", "true")
	want := 0
	for _, line := range lines {
		var e struct {
			Payload struct {
				PullRequest struct{ Title string } `json:"pull_request"`
			} `json:"payload"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		want += len([]rune(e.Payload.PullRequest.Title))
	}
	check(t, s, "SELECT sum(length(payload.pull_request.title)) FROM events", fmt.Sprint(want))
	check(t, s, "SELECT count(*) FROM events_live", "800")
}

// Thousands of hours are no hindrance, and a condition on dt and hour reads only what it must.
func TestManyFiles(t *testing.T) {
	l := newLake(t)
	l.direct = true
	const hours = 2000
	for i := range hours {
		p := hour + layout.Partition(i)
		l.events(p, fmt.Sprintf(`{"id":"%d","n":%d}`, i, i))
	}
	start := time.Now()
	s := l.open()
	t.Logf("open: %v", time.Since(start))
	for _, q := range [][2]string{
		{"SELECT count(*), sum(n), count(DISTINCT dt || hour) FROM events", fmt.Sprintf("%d,%d,%d", hours, hours*(hours-1)/2, hours)},
		{"SELECT n FROM events WHERE dt = '2026-11-24' AND hour = '09'", "25"},
		{"SELECT count(*) FROM events_live", fmt.Sprint(hours)},
	} {
		start = time.Now()
		check(t, s, q[0], q[1])
		t.Logf("%s: %v", q[0], time.Since(start))
	}
	for _, view := range []string{"events", "events_live"} {
		plan := answer(t, s, "EXPLAIN SELECT n FROM "+view+" WHERE dt = '2026-11-24' AND hour = '09'")
		if !strings.Contains(plan, "1/2000") {
			t.Errorf("%s is not pruned:\n%s", view, plan)
		}
	}
	start = time.Now()
	if err := s.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Logf("refresh: %v", time.Since(start))
}

func TestErrors(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a","event_type":"x","n":1}`)
	s := l.open()
	for query, want := range map[string][]string{
		"SELECT event_tpye FROM events":              {`"event_tpye" not found`, `"event_type"`, "LINE 1: SELECT event_tpye", "^"},
		"SELECT\n  1 + FROM\nevents":                 {"Parser Error", "LINE 2:"},
		"SELECT * FROM event":                        {"event does not exist", "Did you mean", "LINE 1"},
		"SELECT CAST(id AS INT) FROM events":         {"Could not convert string 'a'"},
		"SELECT 'open":                               {"unterminated quoted string"},
		"SELECT ?":                                   {"parameter"},
		"SELECT * FROM 's3://b/k.json'":              {"httpfs"},
		"SELECT 1; SELECT nope; SELECT 2":            {"nope"},
		"COPY (SELECT 1) TO '/no/such/folder/x.csv'": {"/no/such/folder/x.csv"},
	} {
		_, err := ask(t.Context(), s, query)
		var e *duck.Error
		if !errors.As(err, &e) {
			t.Errorf("%s: %v", query, err)
			continue
		}
		for _, w := range want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%s: the error does not say %q: %v", query, w, err)
			}
		}
		if strings.Contains(err.Error(), "Stack Trace") || strings.Contains(err.Error(), "read_json") {
			t.Errorf("%s: %v", query, err)
		}
	}
	check(t, s, "SELECT 1", "1") // the session lives on
	check(t, s, "SELECT string_agg(value) FROM duckdb_settings() WHERE name IN ('autoload_known_extensions', 'autoinstall_known_extensions')", `"false,false"`)
	check(t, s, "", "")
	check(t, s, "-- nothing", "")
}

func TestExport(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a","n":1}`)
	file := filepath.Join(t.TempDir(), "out.csv")
	answer(t, l.open(), "COPY (SELECT id, n FROM events) TO "+duck.Text(file)+" (HEADER false)")
	if text, err := os.ReadFile(file); err != nil || string(text) != "a,1\n" {
		t.Errorf("%q, %v", text, err)
	}
}

func TestCancel(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a"}`)
	s := l.open()
	cause := errors.New("enough")
	for _, query := range []string{
		"SELECT count(*) FROM range(100000000000) a, range(1000) b WHERE a.range % 7 = b.range % 3",
		"SELECT range FROM range(100000000000)", // streams: cancelled between rows
	} {
		ctx, cancel := context.WithCancelCause(t.Context())
		time.AfterFunc(100*time.Millisecond, func() { cancel(cause) })
		start := time.Now()
		rows, err := s.Query(ctx, query)
		if err == nil {
			for _, err = range rows.All() {
				if err != nil {
					break
				}
			}
			rows.Close()
		}
		if !errors.Is(err, cause) || time.Since(start) > 5*time.Second {
			t.Errorf("%s: %v after %v", query, err, time.Since(start))
		}
		check(t, s, "SELECT id FROM events", "a")
		cancel(nil)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Query(ctx, "SELECT 1"); !errors.Is(err, context.Canceled) {
		t.Errorf("after the end: %v", err)
	}
}

// Rows stream: the first come although the last would take for ever and not fit.
func TestStreaming(t *testing.T) {
	l := newLake(t)
	s, err := sql.Open(t.Context(), sql.Lake{Bucket: l.bucket, Catalog: l.catalog, Root: l.dir, Memory: sql.MinMemory})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	check(t, s, "SELECT value FROM duckdb_settings() WHERE name = 'threads'", "1")
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	rows, err := s.Query(ctx, "SELECT range, repeat('x', 1000) FROM range(1000000000000)")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := 0
	for row, err := range rows.All() {
		if err != nil {
			t.Fatal(err)
		}
		if row[0] != int64(n) {
			t.Fatalf("row %d is %v", n, row[0])
		}
		if n++; n == 100_000 {
			break
		}
	}
	if n != 100_000 {
		t.Errorf("%d rows", n)
	}
}

func TestLeastMemory(t *testing.T) {
	l := newLake(t)
	for i := range 50 {
		l.events(hour+layout.Partition(i), fmt.Sprintf(`{"id":"%d","v":%q}`, i, strings.Repeat("x", 1<<16)))
	}
	const longest = part.MaxLine - 100
	l.fragment(hour, false, `{"id":"x","v":"`+strings.Repeat("y", longest)+`"}`)
	open := func(memory int64) (*sql.Session, error) {
		return sql.Open(t.Context(), sql.Lake{Bucket: l.bucket, Catalog: l.catalog, Root: l.dir, IDField: "id", Memory: memory, Now: func() time.Time { return now }})
	}
	if _, err := open(sql.MinMemory - 1); err == nil {
		t.Error("too little memory is no error")
	}
	s, err := open(sql.MinMemory)
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	check(t, s, "SELECT count(*), sum(length(v)) FROM events", fmt.Sprintf("50,%d", 50<<16))
	check(t, s, "SELECT count(DISTINCT id), max(length(v)) FROM events_live", fmt.Sprintf("51,%d", longest))
}
