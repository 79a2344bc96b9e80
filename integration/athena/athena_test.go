package athena

import (
	"compress/gzip"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"testing"

	"github.com/lakebed/lakebed/integration/emulator"
)

func text(names ...string) []column {
	var columns []column
	for _, n := range names {
		columns = append(columns, column{Name: n, Type: "string", Live: true})
	}
	return columns
}

// One engine for all, each on a lake of its own.
func TestAthena(t *testing.T) {
	usual := tables{IDField: "event_uuid", Columns: text("event_uuid", "created_at", "event_name", "created_datetime", "event_type", "event_subtype")}
	s := open(t, map[string]tables{
		"github":     {IDField: "id", Columns: text("id", "created_at", "type", "created_datetime", "event_type")},
		"swap":       usual,
		"evolution":  usual,
		"live_plain": usual, "live_gzip": usual, "queries": usual, "empty": usual,
		"live_nested": {IDField: "meta.Id", Columns: append(text("created_at", "event_name", "created_datetime", "event_type"), column{Name: "meta", Type: "string"})},
		"generated":   usual, "wide": usual, "many": usual,
		"reader": usual, "differential": usual, "minefield": usual, "readme": usual,
	})
	for name, test := range map[string]func(*testing.T, *site){
		"GitHub": gitHub, "Swap": swap, "Evolution": evolution, "Live": live, "Queries": queries,
		"Generated": generated, "Wide": wide, "Many": many, "Reader": duringAll, "Differential": differential, "Minefield": minefield,
		"README": readme,
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			test(t, s)
		})
	}
}

// 800 real events of 15 types: every value of every column, down to the last member, is the same through
// both engines and both SerDes.
func gitHub(t *testing.T, s *site) {
	f, err := os.Open(filepath.Join(top, "..", "shared", "data", "github-events-2021-07-21.ndjson.gz"))
	if err != nil {
		emulator.Skip(t, "the real events are not there: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	l := newLake(t, s, "github", "id_field: id", "time_field: created_at", "name_field: type")
	if n := l.count("stored", reader(text), "run", "-"); n != 800 {
		t.Fatalf("%d stored", n)
	}
	if n := l.same("events", "id", ""); n != 800 {
		t.Errorf("%d rows", n)
	}
	if n := l.sameThroughHive("id", ""); n != 800 {
		t.Errorf("%d rows through Hive's SerDe", n)
	}
	byType := "SELECT event_type, count(id) AS n FROM events GROUP BY event_type"
	theirs := map[string]string{}
	for _, row := range s.query(t, l.name, byType) {
		theirs[fmt.Sprint(row[0])] = fmt.Sprint(row[1])
	}
	ours := l.run(nil, "query", byType)
	for _, row := range ours {
		if got := theirs[fmt.Sprint(row["event_type"])]; got != string(row["n"].(json.Number)) {
			t.Errorf("%v: %v through DuckDB, %s through Trino", row["event_type"], row["n"], got)
		}
	}
	if len(ours) != 15 || len(theirs) != 15 {
		t.Errorf("%d and %d types", len(ours), len(theirs))
	}
	for _, hour := range s.query(t, l.name, "SELECT dt, hour, count(id) FROM events GROUP BY dt, hour") {
		l.same("events", "id", fmt.Sprintf("dt = '%s' AND hour = '%s'", hour[0], hour[1]))
	}
}
