package athena

import (
	"encoding/json"
	"fmt"
	"math/big"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/schema"
)

// steps are what one field has from one run to the next, and as which type it ends; "" if no column shows it.
var steps = []struct {
	name   string
	values [4]string
	ends   string
}{
	{"added", [4]string{``, `1`, `2`, `3`}, "bigint"},
	{"removed", [4]string{`"x"`, ``, ``, ``}, "string"},
	{"late", [4]string{``, ``, ``, `{"a":[{"b":1}]}`}, "struct<a:array<struct<b:bigint>>>"},
	{"grown", [4]string{`{"a":1}`, `{"a":2,"b":"two"}`, `{"b":"three","c":{"d":[1]}}`, `{"c":{"e":true}}`}, "struct<a:bigint,b:string,c:struct<d:array<bigint>,e:boolean>>"},
	{"widened", [4]string{`5`, `5000000000`, `1.5`, `"text"`}, "string"},
	{"floating", [4]string{`5`, `9007199254740992`, `-1.5e300`, `7`}, "double"},
	{"exact", [4]string{`9007199254740993`, `0.5`, `1`, `-9007199254740993`}, "string"},
	{"huge", [4]string{`1`, `123456789012345678901234567890`, `2`, `9223372036854775807`}, "string"},
	{"whole", [4]string{`1`, `9223372036854775807`, `-9223372036854775808`, `0`}, "bigint"},
	{"object_scalar", [4]string{`{"a":1}`, `7`, `"s"`, `{"a":{"b":[]}}`}, "string"},
	{"scalar_object", [4]string{`7`, `{"a":1}`, `[1]`, `null`}, "string"},
	{"list_mixed", [4]string{`[1,2]`, `["a",{"b":1}]`, `[1.5,null]`, `[[1]]`}, "array<string>"},
	{"list_scalar", [4]string{`[1]`, `2`, `[3]`, `"four"`}, "string"},
	{"list_list", [4]string{`[[1],[]]`, `[[2.5],null]`, `[[["x"]]]`, `[]`}, "array<array<string>>"},
	{"list_struct", [4]string{`[{"a":1}]`, `[{"a":"x","b":2}]`, `[]`, `[{"c":{"d":null}},{"c":{"d":1}}]`}, "array<struct<a:string,b:bigint,c:struct<d:bigint>>>"},
	{"bool_number", [4]string{`true`, `1`, `false`, `"true"`}, "string"},
	{"struct_conflict", [4]string{`{"a":1,"b":{"c":1}}`, `{"a":"x","b":[1]}`, `{"a":true,"b":null}`, `{"b":"y"}`}, "struct<a:string,b:string>"},
	{"struct_widened", [4]string{`{"a":1}`, `{"a":1.5}`, `{"a":"x"}`, `{"a":2}`}, "struct<a:string>"},
	{"empty", [4]string{`{}`, `{"a":1}`, `{}`, `{"a":2}`}, "struct<a:bigint>"},
	{"always_empty", [4]string{`{}`, `{}`, `{}`, `{}`}, ""},
	{"empty_list", [4]string{`[]`, `[]`, `[1]`, `[]`}, "array<bigint>"},
	{"empty_both", [4]string{`{}`, `[]`, `null`, `1`}, "string"},
	{"nulls", [4]string{`null`, `null`, `1`, `null`}, "bigint"},
	{"always_null", [4]string{`null`, `null`, `null`, `null`}, ""},
	{"time", [4]string{`"2026-11-20T10:00:00.123456789+01:00"`, `1795168800`, `"2026-11-20"`, `1795168800.5`}, "string"},
	{"Cased", [4]string{`1`, `2`, `3`, `4`}, "bigint"},
	{"dotted.name", [4]string{`1`, `"x"`, `{"a":1}`, `[]`}, "string"},
	{"with-hyphen", [4]string{`{"in-side":1,"ok":2}`, `{"ok":3}`, `{"ok":4,"do.t":5}`, `{"ok":null}`}, "struct<ok:bigint,do.t:bigint>"},
	{"select", [4]string{`1`, `"2"`, `3`, `{"from":"where"}`}, "string"},
	{"table", [4]string{`{"order":1,"group":"by"}`, `{"order":2}`, `null`, `{"struct":true,"array":[1]}`}, "struct<order:bigint,group:string,struct:boolean,array:array<bigint>>"},
	{"dt", [4]string{`"mine"`, `{"a":1}`, `7`, `null`}, ""},
	{"hour", [4]string{`1`, `"x"`, `[1]`, `{}`}, ""},
	{"quotes", [4]string{`"a\"b"`, `{"a":"c\"d\\e\u00e9\n"}`, `"\u2028"`, `["\t","\u0041"]`}, "string"},
	{"long", [4]string{`"` + strings.Repeat("é", 100_000) + `"`, `[1]`, `"x"`, `null`}, "string"},
	{"deep", [4]string{deeply(`{"a":`, `1`, `}`, 63), deeply(`{"a":`, `2.5`, `}`, 63), deeply(`{"a":`, `"x"`, `}`, 62), `{}`}, deeply("struct<a:", "string", ">", 62)},
	{"deep_list", [4]string{deeply(`[`, `1`, `]`, 63), `[]`, deeply(`[`, `0.5`, `]`, 63), `[[]]`}, deeply("array<", "double", ">", 63)},
	{"with blank", [4]string{`1`, `2`, `3`, `4`}, "bigint"},
	{`with"quote`, [4]string{`1`, `2`, `3`, `4`}, ""},
	{"with'quote", [4]string{`1`, `2`, `3`, `4`}, ""},
	{"schlüssel", [4]string{`1`, `2`, `3`, `4`}, ""},
	{"co:lon", [4]string{`1`, `2`, `3`, `4`}, ""},
	{"com,ma", [4]string{`1`, `2`, `3`, `4`}, ""},
	{"<angle>", [4]string{`1`, `{}`, `3`, `4`}, ""},
	{"", [4]string{`1`, `2`, `3`, `4`}, ""},
	{strings.Repeat("k", 255), [4]string{`1`, `2`, `3`, `4`}, "bigint"},
	{strings.Repeat("k", 256), [4]string{`1`, `2`, `3`, `4`}, ""},
	{strings.Repeat("k", 300), [4]string{`1`, `{"a":1}`, `3`, `4`}, ""},
}

func deeply(open, inner, shut string, n int) string {
	return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
}

// A schema that changes between runs: after each, every partition, old and new, of one part and of several, rewritten or not, is read in every
// column, and holds what was sent.
func evolution(t *testing.T, s *site) {
	l := newLake(t, s, "evolution")
	sent := map[string]string{}
	send := func(run int, spelling func(string) string, id string, hours ...int) string {
		var b strings.Builder
		for n, hour := range hours {
			line := fmt.Sprintf(`{"event_uuid":"%s%d-%d","created_at":"2026-11-20T%02d:00:00Z","event_name":"lesson:started"`, id, run, n, hour)
			for _, step := range steps {
				if v := step.values[run]; v != "" {
					key, _ := json.Marshal(spelling(step.name)) // of a string: no error
					line += "," + string(key) + ":" + v
				}
			}
			line += "}"
			b.WriteString(line + "\n")
			sent[fmt.Sprintf("%s%d-%d", id, run, n)] = line
		}
		return b.String()
	}
	same := func(name string) string { return name }
	for run := range steps[0].values {
		text := send(run, same, "e", 8+run, 12, 8+run, 12, 12) // an hour of its own, and one that all share
		if run > 0 {
			text += send(run, strings.ToUpper, "other", 12) + fmt.Sprintf(`{"event_uuid":"twice%d","created_at":"2026-11-20T12:00:00Z","event_name":"x","Cased":1,"cased":2}`+"\n", run)
		}
		if got := l.count("quarantined", strings.NewReader(text), "run", "-"); got != min(run, 1) {
			t.Errorf("run %d: %d quarantined", run, got)
		}
		l.told(sent)
		if run == 2 {
			l.rewritten("2026-11-20 12") // and evolves once more
			l.told(sent)
		}
	}
	ends := map[string]string{}
	for _, c := range l.columns() {
		ends[aws.ToString(c.Name)] = aws.ToString(c.Type)
	}
	for _, step := range steps {
		if got := ends[strings.ToLower(step.name)]; got != step.ends && step.name != "dt" && step.name != "hour" {
			t.Errorf("%.40s ends as %q, want %q", step.name, got, step.ends)
		}
	}
	hive := l.hiveOf(l.fields()) // with the rescued conflicts
	for _, name := range []string{"object_scalar", "list_scalar"} {
		if why := s.failure(t, l.name, "SELECT count("+name+") FROM "+hive); !strings.Contains(why, "HIVE_") {
			t.Errorf("%s through Hive's SerDe: %q", name, why)
		}
	}
	// DuckDB matches members by their first spelling.
	if n := l.same("events", "event_uuid", "event_uuid NOT LIKE 'other%'"); n != 20 {
		t.Errorf("%d rows", n)
	}
}

// told wants Trino to show what was sent, by id: all events, in every declared column; and the partitions' own columns in Glue to be the table's.
func (l *lake) told(sent map[string]string) {
	l.t.Helper()
	l.followed()
	fields := l.fields()
	var names []string
	for _, f := range fields {
		names = append(names, quoted(f.Name))
	}
	if why := l.site.failure(l.t, l.name, "SELECT "+strings.Join(names, ", ")+" FROM events"); why != "" {
		for i, name := range names { // which it is
			if why := l.site.failure(l.t, l.name, "SELECT "+name+" FROM events"); why != "" {
				l.t.Errorf("%s %s: %s", name, fields[i].Type.Hive(), why)
			}
		}
		l.t.Fatalf("not every column can be read: %.500s", why)
	}
	rows := l.rows("events", "event_uuid", "", fields)
	if len(rows) != len(sent) {
		l.t.Errorf("%d rows, %d events sent", len(rows), len(sent))
	}
	wrong := map[string]int{}
	for id, line := range sent {
		row := rows[id]
		if row == nil {
			l.t.Errorf("%s is not there", id)
			continue
		}
		event, _ := decoded(l.t, line).(map[string]any)
		for i, f := range fields {
			if want := memberOf(event, f.Name); !agrees(f.Type, want, row[i]) && !strings.HasPrefix(f.Name, "event_") && !strings.HasPrefix(f.Name, "created_") {
				if wrong[f.Name]++; wrong[f.Name] == 1 {
					l.t.Errorf("%.40s of %s: sent %s, as %.80s it is %s", f.Name, id, encoded(want), f.Type.Hive(), encoded(row[i]))
				}
			}
		}
	}
	if len(wrong) > 0 {
		l.t.Errorf("events that differ, by column: %v", wrong)
	}
}

// memberOf finds a member by its folded name.
func memberOf(object map[string]any, name string) any {
	for key, v := range object {
		if schema.Fold(key) == name {
			return v
		}
	}
	return nil
}

// agrees tells whether a type shows a value as it was sent: a scalar exactly, a number as a double holds it where that is the type, and in a
// string whatever is no string as JSON text: numbers as they were spelt, containers by value.
func agrees(t schema.Type, sent, got any) bool {
	if sent == nil || got == nil {
		return sent == nil && got == nil
	}
	switch t.Kind {
	case schema.String:
		text, is := got.(string)
		switch sent := sent.(type) {
		case string:
			return is && text == sent
		case json.Number:
			return is && text == sent.String()
		case bool:
			return is && text == strconv.FormatBool(sent)
		}
		var value any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		return is && d.Decode(&value) == nil && reflect.DeepEqual(value, sent)
	case schema.Int, schema.Long, schema.Double:
		a, is := sent.(json.Number)
		b, also := got.(json.Number)
		return is && also && sameNumber(a.String(), b.String(), t.Kind == schema.Double)
	case schema.Array:
		a, is := sent.([]any)
		b, also := got.([]any)
		return is && also && slices.EqualFunc(a, b, func(x, y any) bool { return agrees(*t.Elem, x, y) })
	case schema.Struct:
		a, is := sent.(map[string]any)
		b, also := got.(map[string]any)
		for _, f := range t.Fields {
			also = also && agrees(f.Type, memberOf(a, f.Name), b[f.Name])
		}
		return is && also
	}
	return reflect.DeepEqual(sent, got)
}

func sameNumber(a, b string, double bool) bool {
	if double {
		x, err1 := strconv.ParseFloat(a, 64)
		y, err2 := strconv.ParseFloat(b, 64)
		return err1 == nil && err2 == nil && x == y
	}
	x, ok1 := new(big.Rat).SetString(a)
	y, ok2 := new(big.Rat).SetString(b)
	return ok1 && ok2 && x.Cmp(y) == 0
}

func columnsText(columns []types.Column) (all []string) {
	for _, c := range columns {
		all = append(all, aws.ToString(c.Name)+" "+aws.ToString(c.Type))
	}
	return all
}

// followed wants every partition in Glue to have the table's columns.
func (l *lake) followed() {
	l.t.Helper()
	want := fmt.Sprint(columnsText(l.columns()))
	pages := glue.NewGetPartitionsPaginator(glue.NewFromConfig(l.site.Config()), &glue.GetPartitionsInput{DatabaseName: aws.String(l.name), TableName: aws.String("events")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(l.t.Context())
		if err != nil {
			l.t.Fatal(err)
		}
		for _, p := range page.Partitions {
			if got := fmt.Sprint(columnsText(p.StorageDescriptor.Columns)); got != want {
				l.t.Fatalf("%v has other columns than the table:\n%.2000s\n%.2000s", p.Values, got, want)
			}
		}
	}
}
