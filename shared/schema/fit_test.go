package schema

import (
	"errors"
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	const columns = `{"b":"bool","i":"int","l":"long","d":"double","s":"string","a":["int"],"o":{"Id":"long","in":[{"x":["double"]}]},"n":"null","e":{},"z":["null"]}`
	long := strings.Repeat("ä", 100)
	for _, tt := range []struct{ line, want string }{
		{`{}`, ""},
		{`{"b":true,"i":1,"l":1,"d":1.5,"s":"x","a":[1,null],"o":{"id":1,"in":[{"x":[1,2.5]},null]}}`, ""},
		{`{"b":null,"i":null,"l":null,"d":null,"s":null,"a":null,"o":null}`, ""},
		{`{"a":[],"o":{},"b":false}`, ""},
		{`{"s":{"a":1}}`, ""}, {`{"s":[1]}`, ""}, {`{"s":1e999}`, ""}, {`{"s":true}`, ""},
		{`{"i":9223372036854775807,"l":-9223372036854775808}`, ""},
		{`{"d":9007199254740992,"D2":1}`, ""},
		{`{"other":{"b":1},"b":true}`, ""},
		{`{"n":1,"e":"x","z":{"y":1}}`, ""}, // not declared
		{`{"O":{"ID":7,"other":"x"}}`, ""},
		{`{"b":1}`, `b is boolean and holds 1`},
		{`{"b":"true"}`, `b is boolean and holds "true"`},
		{`{"i":"1"}`, `i is bigint and holds "1"`},
		{`{"i":1.0}`, `i is bigint and holds 1.0`},
		{`{"i":true}`, `i is bigint and holds true`},
		{`{"i":{}}`, `i is bigint and holds {}`},
		{`{"i":[]}`, `i is bigint and holds []`},
		{`{"l":9223372036854775808}`, `l is bigint and holds 9223372036854775808`},
		{`{"d":9007199254740993}`, `d is double and holds 9007199254740993`},
		{`{"d":-1e999,"b":1}`, `d is double and holds -1e999`},
		{`{"a":1}`, `a is array<bigint> and holds 1`},
		{`{"a":{"x":1}}`, `a is array<bigint> and holds {"x":1}`},
		{`{"a":[1,null,"x"]}`, `a[] is bigint and holds "x"`},
		{`{"o":"x"}`, `o is struct<id:bigint,in:array<struct<x:array<double>>>> and holds "x"`},
		{`{"o":[1]}`, `o is struct<id:bigint,in:array<struct<x:array<double>>>> and holds [1]`},
		{`{"o":{"in":[{"x":[1]},{"X":[[1]]}]}}`, `o.in[].x[] is double and holds [1]`},
		{`{"i":"` + long + `"}`, `i is bigint and holds "` + long[:58] + `…`},
		{`{"\u0069":false}`, `i is bigint and holds false`},
	} {
		err := Fits(table(t, columns), []byte(tt.line))
		switch breach := (*Breach)(nil); {
		case tt.want == "":
			if err != nil {
				t.Errorf("%s: %v", tt.line, err)
			}
		case !errors.As(err, &breach) || err.Error() != tt.want:
			t.Errorf("%s\ngot  %v\nwant %s", tt.line, err, tt.want)
		}
	}
}

func TestCheckerStartsAnew(t *testing.T) {
	c := NewChecker(table(t, `{"a":{"b":"int"},"c":"int"}`))
	for range 2 {
		if err := c.Fits([]byte(`{"a":{"b":"x"},"c":1}`)); err == nil || err.Error() != `a.b is bigint and holds "x"` {
			t.Fatal(err)
		}
		if err := c.Fits([]byte(`{"c":1,"a":{"b":2}}`)); err != nil {
			t.Fatal(err)
		}
	}
}
