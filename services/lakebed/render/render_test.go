package render_test

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"errors"
	"iter"
	"math"
	"math/big"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/lakebed/lakebed/services/lakebed/render"
)

var sample = [][]any{
	{"PushEvent", 425, 0.5, nil},
	{"a,\"b\"\n\x1b[31m", int64(-7), math.NaN(), render.Object{{Name: "z", Value: []any{1, "x"}}, {Name: "a", Value: nil}}},
	{"", new(big.Int).Lsh(big.NewInt(1), 100), float32(0.1), time.Date(2026, 11, 23, 9, 0, 0, 5e8, time.FixedZone("", 3600))},
}

func rows(r [][]any, err error) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for _, row := range r {
			if !yield(row, nil) {
				return
			}
		}
		if err != nil {
			yield(nil, err)
		}
	}
}

func TestFormats(t *testing.T) {
	for f, want := range map[render.Format]string{
		render.AsTable: ` name            |                           count | share | other
-----------------+---------------------------------+-------+------------------------
 PushEvent       |                             425 |   0.5 | NULL
 a,"b"\n\x1b[31m |                              -7 |   NaN | {"z":[1,"x"],"a":null}
                 | 1267650600228229401496703205376 |   0.1 | 2026-11-23T08:00:00.5Z
(3 rows)
`,
		render.AsJSON: `[
{"name":"PushEvent","count":425,"share":0.5,"other":null},
{"name":"a,\"b\"\n\u001b[31m","count":-7,"share":"NaN","other":{"z":[1,"x"],"a":null}},
{"name":"","count":1267650600228229401496703205376,"share":0.1,"other":"2026-11-23T08:00:00.5Z"}
]
`,
		render.AsCSV: "name,count,share,other\nPushEvent,425,0.5,\n\"a,\"\"b\"\"\n\x1b[31m\",-7,NaN,\"{\"\"z\"\":[1,\"\"x\"\"],\"\"a\"\":null}\"\n" +
			",1267650600228229401496703205376,0.1,2026-11-23T08:00:00.5Z\n",
	} {
		var out bytes.Buffer
		if err := render.Table(&out, f, []string{"name", "count", "share", "other"}, rows(sample, nil)); err != nil || out.String() != want {
			t.Errorf("%s: %v\n%s\nwant\n%s", f, err, out.String(), want)
		}
	}
}

func TestNoRows(t *testing.T) {
	for f, want := range map[render.Format]string{render.AsTable: " a | b\n---+---\n(0 rows)\n", render.AsJSON: "[]\n", render.AsCSV: "a,b\n"} {
		var out bytes.Buffer
		if err := render.Table(&out, f, []string{"a", "b"}, rows(nil, nil)); err != nil || out.String() != want {
			t.Errorf("%s: %v\n%q", f, err, out.String())
		}
		out.Reset()
		if err := render.Table(&out, f, nil, rows(nil, nil)); err != nil || out.String() != "" {
			t.Errorf("%s: %v\n%q", f, err, out.String())
		}
	}
}

func TestErrors(t *testing.T) {
	torn := errors.New("torn")
	for f := render.AsTable; f <= render.AsCSV; f++ {
		var out bytes.Buffer
		if err := render.Table(&out, f, []string{"a"}, rows([][]any{{1}}, torn)); !errors.Is(err, torn) {
			t.Errorf("%s: %v", f, err)
		}
		if json.Valid(out.Bytes()) {
			t.Errorf("%s: torn rows look whole: %q", f, out.String())
		}
		if err := render.Table(&out, f, nil, rows(nil, torn)); !errors.Is(err, torn) {
			t.Errorf("%s: %v", f, err)
		}
		if err := render.Table(&out, f, []string{"a"}, rows([][]any{{1, 2}}, nil)); err == nil {
			t.Errorf("%s: a row that is too long is no error", f)
		}
		if err := render.Table(full{}, f, []string{"a"}, rows([][]any{{strings.Repeat("x", 1<<18)}}, nil)); !errors.Is(err, errFull) {
			t.Errorf("%s: a full disk: %v", f, err)
		}
		if err := render.Record(full{}, f, []render.Field{{"a", 1}}); !errors.Is(err, errFull) {
			t.Errorf("%s: a full disk: %v", f, err)
		}
	}
}

var errFull = errors.New("disk is full")

type full struct{}

func (full) Write([]byte) (int, error) { return 0, errFull }

// JSON and CSV write rows while more are to come.
func TestStreaming(t *testing.T) {
	for _, f := range []render.Format{render.AsJSON, render.AsCSV} {
		var out bytes.Buffer
		n := 0
		_ = render.Table(&out, f, []string{"a"}, func(yield func([]any, error) bool) {
			for ; out.Len() == 0 && n < 1_000_000; n++ {
				if !yield([]any{n}, nil) {
					return
				}
			}
		})
		if n > 100_000 {
			t.Errorf("%s: nothing was written for %d rows", f, n)
		}
	}
}

func TestRepeatedColumns(t *testing.T) {
	var out bytes.Buffer
	if err := render.Table(&out, render.AsJSON, []string{"a", "a", "a_1", "a"}, render.One(1, 2, 3, 4)); err != nil {
		t.Fatal(err)
	}
	if want := "[\n{\"a\":1,\"a_2\":2,\"a_1\":3,\"a_3\":4}\n]\n"; out.String() != want {
		t.Errorf("%s", out.String())
	}
}

func TestRecord(t *testing.T) {
	fields := []render.Field{{"events", 800}, {"oldest", nil}, {"note", "a\nb"}}
	for f, want := range map[render.Format]string{
		render.AsTable: " events | 800\n oldest | NULL\n note   | a\\nb\n",
		render.AsJSON:  `{"events":800,"oldest":null,"note":"a\nb"}` + "\n",
		render.AsCSV:   "events,oldest,note\n800,,\"a\nb\"\n",
	} {
		var out bytes.Buffer
		if err := render.Record(&out, f, fields); err != nil || out.String() != want {
			t.Errorf("%s: %v\n%q", f, err, out.String())
		}
	}
}

func TestFormatFlag(t *testing.T) {
	var f render.Format
	if f.String() != "table" || f.Type() != "format" {
		t.Error(f, f.Type())
	}
	if err := f.Set("JSON"); err != nil || f != render.AsJSON {
		t.Error(f, err)
	}
	if err := f.Set("xml"); err == nil || !strings.Contains(err.Error(), "table, json or csv") || f != render.AsJSON {
		t.Error(f, err)
	}
}

// Whatever text comes, JSON and CSV give it back.
func TestTextSurvives(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := rapid.String().Draw(t, "s")
		var out bytes.Buffer
		if err := render.Table(&out, render.AsJSON, []string{s}, render.One(s)); err != nil {
			t.Fatal(err)
		}
		var read []map[string]string
		if err := json.Unmarshal(out.Bytes(), &read); err != nil || read[0][s] != s {
			t.Fatalf("%q: %v in %s", s, err, out.Bytes())
		}
		out.Reset()
		if err := render.Table(&out, render.AsCSV, []string{"a", "b"}, render.One(s, "x")); err != nil {
			t.Fatal(err)
		}
		records, err := csv.NewReader(&out).ReadAll()
		if err != nil || records[1][0] != strings.ReplaceAll(s, "\r\n", "\n") { // encoding/csv reads no CR before LF
			t.Fatalf("%q: %v, %q", s, err, records)
		}
		out.Reset()
		if err := render.Table(&out, render.AsTable, []string{"a", "b"}, render.One(s, "x")); err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(out.String(), "\n"); n != 4 {
			t.Fatalf("%q: %d lines:\n%s", s, n, out.String())
		}
	})
}
