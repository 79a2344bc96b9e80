package duck_test

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
)

func connect(t *testing.T) *duck.Conn {
	t.Helper()
	db, err := duck.Open(map[string]string{"threads": "2"})
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Connect()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close(); db.Close() })
	return conn
}

// Every type of DuckDB, as JSON and as text. The JSON of each is valid.
func TestValues(t *testing.T) {
	conn := connect(t)
	for _, c := range []struct{ sql, kind, json, text string }{
		{"NULL", "INTEGER", "null", ""},
		{"true", "BOOLEAN", "true", "true"},
		{"(-128)::TINYINT", "TINYINT", "-128", "-128"},
		{"(-32768)::SMALLINT", "SMALLINT", "-32768", "-32768"},
		{"(-2147483648)::INT", "INTEGER", "-2147483648", "-2147483648"},
		{"(-9223372036854775808)::BIGINT", "BIGINT", "-9223372036854775808", "-9223372036854775808"},
		{"255::UTINYINT", "UTINYINT", "255", "255"},
		{"65535::USMALLINT", "USMALLINT", "65535", "65535"},
		{"4294967295::UINTEGER", "UINTEGER", "4294967295", "4294967295"},
		{"18446744073709551615::UBIGINT", "UBIGINT", "18446744073709551615", "18446744073709551615"},
		{"'-170141183460469231731687303715884105728'::HUGEINT", "HUGEINT", "-170141183460469231731687303715884105728", ""},
		{"170141183460469231731687303715884105727::HUGEINT", "HUGEINT", "170141183460469231731687303715884105727", ""},
		{"(-1)::HUGEINT", "HUGEINT", "-1", "-1"},
		{"340282366920938463463374607431768211455::UHUGEINT", "UHUGEINT", "340282366920938463463374607431768211455", ""},
		{"sum(9223372036854775807)", "HUGEINT", "9223372036854775807", ""},
		{"0.1::FLOAT", "FLOAT", "0.1", "0.1"},
		{"0.1::DOUBLE", "DOUBLE", "0.1", "0.1"},
		{"1e300::DOUBLE", "DOUBLE", "1e+300", "1e+300"},
		{"-0.0::DOUBLE", "DOUBLE", "-0", "-0"},
		{"'nan'::DOUBLE", "DOUBLE", `"NaN"`, "NaN"},
		{"'-inf'::FLOAT", "FLOAT", `"-Infinity"`, "-Infinity"},
		{"(-0.05)::DECIMAL(4,2)", "DECIMAL(4,2)", "-0.05", "-0.05"},
		{"12345.6789::DECIMAL(9,4)", "DECIMAL(9,4)", "12345.6789", ""},
		{"1.50::DECIMAL(18,3)", "DECIMAL(18,3)", "1.500", ""},
		{"12345678901234567890123456789012345678::DECIMAL(38,0)", "DECIMAL(38,0)", "12345678901234567890123456789012345678", ""},
		{"'-0.1234567890123456789012345678901234567'::DECIMAL(38,37)", "DECIMAL(38,37)", "-0.1234567890123456789012345678901234567", ""},
		{"'twelve bytes'", "VARCHAR", `"twelve bytes"`, ""},
		{"'thirteen byte'", "VARCHAR", `"thirteen byte"`, ""},
		{"'é\"\\' || chr(10) || chr(0) || 'x'", "VARCHAR", `"é\"\\\n\u0000x"`, "é\"\\\n\x00x"},
		{`'{"a": [1.50, 1e400, 123456789012345678901234567890]}'::JSON`, "JSON", `{"a": [1.50, 1e400, 123456789012345678901234567890]}`, ""},
		{`'null'::JSON`, "JSON", `null`, "null"},
		{`['1.50'::JSON]`, "JSON[]", `[1.50]`, "[1.50]"},
		{`'\x00a\xFF'::BLOB`, "BLOB", `"\\x00a\\xFF"`, `\x00a\xFF`},
		{"'0b0c0d0e-0000-4000-8000-0000000000ff'::UUID", "UUID", `"0b0c0d0e-0000-4000-8000-0000000000ff"`, ""},
		{"'ffffffff-ffff-ffff-ffff-ffffffffffff'::UUID", "UUID", `"ffffffff-ffff-ffff-ffff-ffffffffffff"`, ""},
		{"'0101100110'::BIT", "BIT", `"0101100110"`, ""},
		{"'b'::ENUM('a', 'b')", "ENUM", `"b"`, "b"},
		{"DATE '2026-11-23'", "DATE", `"2026-11-23"`, ""},
		{"'infinity'::DATE", "DATE", `"infinity"`, ""},
		{"TIME '01:02:03.5'", "TIME", `"01:02:03.5"`, ""},
		{"'01:02:03+02'::TIMETZ", "TIME WITH TIME ZONE", `"01:02:03+02"`, ""},
		{"TIMESTAMP '2026-11-23 01:02:03.25'", "TIMESTAMP", `"2026-11-23 01:02:03.25"`, ""},
		{"'2026-11-23 01:02:03'::TIMESTAMP_S", "TIMESTAMP_S", `"2026-11-23 01:02:03"`, ""},
		{"'2026-11-23 01:02:03.123'::TIMESTAMP_MS", "TIMESTAMP_MS", `"2026-11-23 01:02:03.123"`, ""},
		{"'2026-11-23 01:02:03.123456789'::TIMESTAMP_NS", "TIMESTAMP_NS", `"2026-11-23 01:02:03.123456789"`, ""},
		{"'2026-11-23 01:02:03.5+02'::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", `"2026-11-22T23:02:03.5Z"`, ""},
		{"'infinity'::TIMESTAMPTZ", "TIMESTAMP WITH TIME ZONE", `"infinity"`, ""},
		{"INTERVAL '1 year 2 days 3 seconds'", "INTERVAL", `"1 year 2 days 00:00:03"`, ""},
		{"[1, NULL, 3]", "INTEGER[]", "[1,null,3]", "[1,null,3]"},
		{"[]::INT[]", "INTEGER[]", "[]", "[]"},
		{"[[1], [], NULL]", "INTEGER[][]", "[[1],[],null]", ""},
		{"array_value('a', 'b')", "VARCHAR[2]", `["a","b"]`, ""},
		{`{'z': 1, 'A b': {'x': NULL, 'y': [{'q': 'w'}]}}`, `STRUCT("z" INTEGER, "A b" STRUCT("x" INTEGER, "y" STRUCT("q" VARCHAR)[]))`,
			`{"z":1,"A b":{"x":null,"y":[{"q":"w"}]}}`, ""},
		{"MAP {'b': 1, 'a': 2}", "MAP(VARCHAR, INTEGER)", `{"b":1,"a":2}`, ""},
		{"MAP {1: [true]}", "MAP(INTEGER, BOOLEAN[])", `{"1":[true]}`, ""},
		{"union_value(n := 5)", `UNION("n" INTEGER)`, `{"n":5}`, ""},
	} {
		rows, err := conn.Query(t.Context(), "SELECT "+c.sql)
		if err != nil {
			t.Errorf("%s: %v", c.sql, err)
			continue
		}
		if !rows.Next() {
			t.Errorf("%s: no row: %v", c.sql, rows.Err())
			continue
		}
		v, kind := rows.Values()[0], rows.Types()[0]
		rows.Close()
		if kind != c.kind {
			t.Errorf("%s: type %s, want %s", c.sql, kind, c.kind)
		}
		got := render.AppendJSON(nil, v)
		if string(got) != c.json || !json.Valid(got) {
			t.Errorf("%s: JSON %s, want %s", c.sql, got, c.json)
		}
		if c.text != "" && render.Text(v) != c.text {
			t.Errorf("%s: text %s, want %s", c.sql, render.Text(v), c.text)
		}
	}
}

// Values across many chunks, with NULLs at every place in the mask.
func TestChunks(t *testing.T) {
	rows, err := connect(t).Query(t.Context(), `SELECT i, CASE WHEN i % 3 = 0 THEN NULL ELSE i::VARCHAR END,
		CASE WHEN i % 5 = 0 THEN NULL ELSE [i, NULL, i + 1] END, CASE WHEN i % 7 = 0 THEN NULL ELSE {'a': CASE WHEN i % 2 = 0 THEN i END} END
		FROM range(10000) t(i)`)
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	n := int64(0)
	for rows.Next() {
		v := rows.Values()
		want := []any{n, render.Text(n), []any{n, nil, n + 1}, render.Object{{Name: "a", Value: n}}}
		if n%3 == 0 {
			want[1] = nil
		}
		if n%5 == 0 {
			want[2] = nil
		}
		if n%2 != 0 {
			want[3] = render.Object{{Name: "a"}}
		}
		if n%7 == 0 {
			want[3] = nil
		}
		if got, want := string(render.AppendJSON(nil, v)), string(render.AppendJSON(nil, want)); got != want {
			t.Fatalf("row %d is %s, want %s", n, got, want)
		}
		n++
	}
	if rows.Err() != nil || n != 10000 {
		t.Errorf("%d rows, %v", n, rows.Err())
	}
}

// An error that comes after the first rows ends them.
func TestLateError(t *testing.T) {
	conn := connect(t)
	rows, err := conn.Query(t.Context(), "SELECT CASE WHEN i = 5000000 THEN error('late') ELSE i::VARCHAR END FROM range(10000000) t(i)")
	for err == nil && rows.Next() {
		_ = rows.Values()
	}
	if err == nil {
		err = rows.Err()
		rows.Close()
		rows.Close()
	}
	var e *duck.Error
	if !errors.As(err, &e) || !strings.Contains(e.Message, "late") {
		t.Error(err)
	}
	if err := conn.Exec(t.Context(), "SELECT 1"); err != nil {
		t.Error(err)
	}
}

func TestStatements(t *testing.T) {
	conn := connect(t)
	rows, err := conn.Query(t.Context(), "CREATE TABLE t(a INT); INSERT INTO t VALUES (1), (2); SELECT a FROM t")
	if err != nil {
		t.Fatal(err)
	}
	if !rows.Next() || rows.Values()[0] != int64(1) || rows.Columns()[0] != "a" {
		t.Error("no row of the last statement")
	}
	rows.Close()
	for _, text := range []string{"", " ; ", "-- comment", "CREATE TABLE u(a INT)", "INSERT INTO t VALUES (3)"} {
		rows, err := conn.Query(t.Context(), text)
		if err != nil || len(rows.Columns()) != 0 || rows.Next() {
			t.Errorf("%q: %v, %v", text, rows, err)
			continue
		}
		rows.Close()
	}
}

func TestOpenRefusesUnknownSettings(t *testing.T) {
	if _, err := duck.Open(map[string]string{"no_such_setting": "1"}); err == nil || !strings.Contains(err.Error(), "no_such_setting") {
		t.Error(err)
	}
}
