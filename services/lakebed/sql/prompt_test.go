package sql_test

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/services/lakebed/sql"
)

func script(t *testing.T, s *sql.Session, f render.Format, text string) (out, words string, err error) {
	t.Helper()
	var data, info bytes.Buffer
	err = sql.Prompt(t.Context(), s, sql.Terminal{In: strings.NewReader(text), Out: &data, Err: &info, Format: f})
	return data.String(), info.String(), err
}

func TestScript(t *testing.T) {
	l := newLake(t)
	l.events(hour, `{"id":"a","n":1}`)
	s := l.open()
	out, _, err := script(t, s, render.AsCSV, "select id,\n n\nfrom events; select 2 as x;\n-- done\nselect 'no; semicolon' as y")
	if want := "id,n\na,1\nx\n2\ny\nno; semicolon\n"; err != nil || out != want {
		t.Errorf("%q, %v", out, err)
	}
	out, words, err := script(t, s, render.AsCSV, ".tables\n.help\ncreate table mine(a int);\n.schema EVENTS\n.quit\nselect 1;")
	if want := "table\nevents\nevents_live\nevents_raw\nquarantine\ntable,column,type\nevents,id,VARCHAR\nevents,n,BIGINT\nevents,dt,VARCHAR\nevents,hour,VARCHAR\n"; err != nil || out != want {
		t.Errorf("%q, %v", out, err)
	}
	if !strings.Contains(words, ".schema") {
		t.Errorf("help: %q", words)
	}
}

func TestScriptStopsAtErrors(t *testing.T) {
	s := newLake(t).open()
	out, _, err := script(t, s, render.AsJSON, "select 1 as a;\n\nselect\n nope;\nselect 3;")
	if want := "[\n{\"a\":1}\n]\n"; out != want || err == nil || !strings.Contains(err.Error(), "line 3") || !strings.Contains(err.Error(), "nope") {
		t.Errorf("%q, %v", out, err)
	}
	if _, _, err := script(t, s, render.AsJSON, ".nonsense\n"); err == nil || !strings.Contains(err.Error(), ".nonsense") {
		t.Error(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	in := strings.NewReader("select count(*) from range(100000000000) a, range(1000) b where a.range % 7 = b.range % 3;")
	if err := sql.Prompt(ctx, s, sql.Terminal{In: in, Out: new(bytes.Buffer), Err: new(bytes.Buffer)}); err == nil {
		t.Error("the end of the context is no error")
	}
}

// Each statement sees the lake as it is when it starts.
func TestScriptRefreshes(t *testing.T) {
	l := newLake(t)
	s := l.open()
	l.events(hour, `{"id":"a"}`)
	if out, _, err := script(t, s, render.AsCSV, "select id from events"); err != nil || out != "id\na\n" {
		t.Errorf("%q, %v", out, err)
	}
}
