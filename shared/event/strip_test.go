package event

import "testing"

func TestStrip(t *testing.T) {
	for _, c := range []struct{ line, want string }{
		{`{"a":1,"b":2,"c":3}`, `{"a":1}`},
		{`{"a":1,"c":{"x":"}\","},"b":[1,{"c":2}]}`, `{"a":1}`},
		{`{"b":1,"a":2,"c":3}`, `{"b":1,"a":2}`},
		{`{"b":1,"a":2}`, `{"b":1,"a":2}`},
		{`{"b":1,"c":2}`, `{"b":1}`},
		{`{"c":1}`, `{"c":1}`},
		{`{"a":"\"b\":1","C":2}`, `{"a":"\"b\":1","C":2}`},
		{`{}`, `{}`},
		{``, ``},
		{`{"a":1,"b"`, `{"a":1,"b"`},
		{`[1]`, `[1]`},
	} {
		if got := string(Strip([]byte(c.line), []string{"b", "c"})); got != c.want {
			t.Errorf("%s gives %s, want %s", c.line, got, c.want)
		}
		if got := string(Strip([]byte(c.line), nil)); got != c.line {
			t.Errorf("%s without names gives %s", c.line, got)
		}
	}
}
