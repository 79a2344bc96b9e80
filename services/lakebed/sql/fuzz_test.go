package sql

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// FuzzEngine takes any bytes as a record. Every event in it, between two others in a part and in a fragment, is read by DuckDB: as JSON it is the
// stored line, with the columns that its values came to it has its id, and neither neighbour is lost. What is no record may be a value in one.
func FuzzEngine(f *testing.F) {
	for _, seed := range []string{
		`{"event_uuid":1,"created_at":1795420800,"n":[1e9,-0.5,{"a":{},"b":[]}]}`,
		`{"event_uuid":123456789012345678901234567890,"created_at":1795420800,"a":1e999,"b":-0,"c":9007199254740993,"d":0.1234567890123456789}`,
		`{"event_uuid":"\u0000\ud834\udd1e\u2028","created_at":"1795420800.5","":{"":1},"a.b":2,"a b":3,"\"'":4,"dt":5,"Hour":6,"#id":7}`,
		`{"event_uuid":"x","created_at":1795420800,"EVENT_NAME":null,"n":{"deep":` + strings.Repeat("[", 62) + strings.Repeat("]", 62) + `}}`,
		`{"event_uuid":"x","created_at":1795420800,"n":"text","event_name":{"a":1},"filename":1,"json":2}` + "\n" + `{"event_uuid":"y","created_at":1795420800,"n":{"n":1}}`,
		`{"event_uuid":"x","created_at":1795420800,"created_datetime":"yesterday","n":true,"m":[1,"a",null,{"b":1},[]],"o":[{"a":1},{"a":"b","c":[]}]}`,
		`{"event_uuid":"é","created_at":1795420800,"\u00e9":1,"É2":[[]],"n":9223372036854775808,"date":"2026-11-23","t":"2026-11-23T08:00:00Z","u":"NaN"}`,
	} {
		f.Add([]byte(seed))
	}
	dir := f.TempDir()
	hour := layout.PartitionOf(time.Unix(1795420800, 0))
	slot := layout.Slot{Partition: hour, Generation: layout.FirstGeneration, Number: 1}.Key()
	fragment := layout.Fragment{Partition: hour, Span: layout.Span{Shard: "s", First: "1", Last: "1"}}.Key()
	for _, key := range []string{slot, fragment} {
		if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(key)), 0o750); err != nil {
			f.Fatal(err)
		}
	}
	conn := connect(f)
	s := &Session{lake: Lake{Root: dir}}
	f.Fuzz(func(t *testing.T, record []byte) {
		if len(record) > 1<<16 {
			return
		}
		lines := between(t, record)
		if len(lines) == 2 { // no event, but perhaps a value
			lines = between(t, fmt.Appendf(nil, `{"event_uuid":"x","created_at":1795420800,"event_name":1,"v":%s}`, record))
		}
		if len(lines) == 2 {
			return
		}
		text := []byte(strings.Join(lines, "\n") + "\n")
		write(t, filepath.Join(dir, fragment), text)
		write(t, filepath.Join(dir, slot), zipped(t, text))
		in := schema.NewInferrer(schema.Limits{}, nil)
		for _, line := range lines {
			if err := in.Observe([]byte(line)); err != nil {
				t.Fatalf("%q: %v", line, err)
			}
		}
		columns := schema.Declared(in.Columns())
		for _, key := range []string{slot, fragment} {
			got := first(t, conn, fmt.Sprintf("SELECT json::VARCHAR FROM read_ndjson_objects(%s, maximum_object_size=200000)", duck.Text(filepath.Join(dir, key))))
			for i, line := range lines {
				if len(got) != len(lines) || got[i] != line {
					t.Fatalf("%s as JSON is %q, want %q", key, got, lines)
				}
			}
			top := layout.Events
			if key == fragment {
				top = layout.Raw
			}
			// The views' own query; but with its buffers for lines of 32 MiB each input would take a second.
			query := strings.Replace(s.table(top, []string{key}, columns), fmt.Sprint("maximum_object_size=", part.MaxLine+1), "maximum_object_size=200000", 1)
			got = first(t, conn, "SELECT event_uuid, * FROM ("+query+") WHERE dt = '"+hour.Date()+"'")
			for i, line := range lines {
				if len(got) != len(lines) || got[i] != idIn(t, line) {
					t.Fatalf("%s holds the ids %q, want those of %q", key, got, lines)
				}
			}
		}
	})
}

func connect(f *testing.F) *duck.Conn {
	db, err := duck.Open(map[string]string{"threads": "1"})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(db.Close)
	conn, err := db.Connect()
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(conn.Close)
	return conn
}

// between gives the lines of a record's first events, with a line before them and one behind them.
func between(t *testing.T, record []byte) []string {
	t.Helper()
	d, err := event.NewDecoder(event.DefaultMapping, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	var lines []string
	accept := func(e event.Event) {
		if len(lines) < 4 {
			lines = append(lines, string(e.Line))
		}
	}
	at := time.Unix(1795424400, 0)
	good := func(id string) {
		d.Decode([]byte(`{"event_uuid":"`+id+`","created_at":1795420800,"event_name":"a:b","n":1}`), at, accept, func(r event.Rejection) { t.Fatal(r.Error()) })
	}
	good("before")
	d.Decode(record, at, accept, func(event.Rejection) {})
	lines = lines[:min(len(lines), 3)]
	good("behind")
	return lines
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

func zipped(t *testing.T, text []byte) []byte {
	t.Helper()
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	if _, err := z.Write(text); err != nil {
		t.Fatal(err)
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// first gives the values of the first column; all others are read too.
func first(t *testing.T, conn *duck.Conn, query string) []any {
	t.Helper()
	rows, err := conn.Query(t.Context(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer rows.Close()
	var all []any
	for rows.Next() {
		all = append(all, rows.Values()[0])
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}

// idIn gives the id of a line as a string, a number's digits as they are.
func idIn(t *testing.T, line string) string {
	t.Helper()
	var e struct {
		ID any `json:"event_uuid"`
	}
	in := json.NewDecoder(strings.NewReader(line))
	in.UseNumber()
	if err := in.Decode(&e); err != nil {
		t.Fatal(err)
	}
	return fmt.Sprint(e.ID)
}
