package schema

import (
	"errors"
	"fmt"
	"strings"
	"testing"
)

// Faults 35 (numbers at the edge), 41 (hostile keys) and 42 (type drift), each as lines and the columns they come to.
var inferred = []struct {
	name  string
	lines []string
	want  string
}{
	{"nothing", nil, `{}`},
	{"empty object", []string{`{}`}, `{}`},
	{"scalars", []string{`{"s":"x","i":1,"b":true,"d":1.5,"n":null}`}, `{"s":"string","i":"int","b":"bool","d":"double","n":"null"}`},
	{"nested", []string{`{"a":{"b":[{"c":1},{"d":"x"}]}}`}, `{"a":{"b":[{"c":"int","d":"string"}]}}`},
	{"null gives way", []string{`{"a":null,"b":1}`, `{"a":2,"b":null}`}, `{"a":"int","b":"int"}`},
	{"empty containers are kinds", []string{`{"a":{},"b":[],"c":[null],"d":[[]]}`}, `{"a":{},"b":["null"],"c":["null"],"d":[["null"]]}`},
	{"all letters fold", []string{`{"ABCDEFGHIJKLMNOPQRSTUVWXYZ":1}`, `{"abcdefghijklmnopqrstuvwxyz":0.5}`}, `{"ABCDEFGHIJKLMNOPQRSTUVWXYZ":"double"}`},
	{"first spelling stays", []string{`{"UserId":1}`, `{"userid":2}`, `{"USERID":2.5}`}, `{"UserId":"double"}`},
	{"spelling in a member", []string{`{"a":{"UserId":1}}`, `{"A":{"userid":2.5}}`}, `{"a":{"UserId":"double"}}`},
	{"order is that of the first", []string{`{"b":1,"a":1}`, `{"a":1,"c":1,"b":1}`}, `{"b":"int","a":"int","c":"int"}`},

	{"35: zero", []string{`{"a":0,"b":-0,"c":-0.0,"d":0e5}`}, `{"a":"int","b":"int","c":"double","d":"double"}`},
	{"35: 2^53", []string{`{"a":9007199254740992,"b":9007199254740993,"c":-9007199254740992,"d":-9007199254740993}`},
		`{"a":"int","b":"long","c":"int","d":"long"}`},
	{"35: int64", []string{`{"a":9223372036854775807,"b":9223372036854775808,"c":-9223372036854775808,"d":-9223372036854775809}`},
		`{"a":"long","b":"string","c":"long","d":"string"}`},
	{"35: 20 and 30 digits", []string{`{"a":18446744073709551616,"b":123456789012345678901234567890}`}, `{"a":"string","b":"string"}`},
	{"35: float64", []string{`{"a":1e999,"b":-1e309,"c":1e308,"d":1e-999,"e":1E+07,"f":1.7976931348623159e308,"g":1e0000001}`},
		`{"a":"string","b":"string","c":"double","d":"double","e":"double","f":"string","g":"double"}`},
	{"35: long mantissa", []string{`{"a":1` + strings.Repeat("0", 400) + `.5,"b":0.` + strings.Repeat("1", 400) + `}`}, `{"a":"string","b":"double"}`},
	{"35: exact integers widen", []string{`{"a":9007199254740992}`, `{"a":0.5}`}, `{"a":"double"}`},
	{"35: others cannot", []string{`{"a":9007199254740993}`, `{"a":0.5}`}, `{"a":"string"}`},
	{"35: nor later", []string{`{"a":1}`, `{"a":0.5}`, `{"a":9007199254740993}`}, `{"a":"string"}`},
	{"35: int and long", []string{`{"a":9007199254740993}`, `{"a":1}`}, `{"a":"long"}`},

	{"41: names of columns", []string{`{"a.b":1,"a-b":1,"a b":1,"@t":1,"a$":1,"":1," a":1,"a ":1,"$path":1,"a,b":1,"a\"":1,"a\n":1,"é":1,"dt":1,"HOUR":1,"a#b":1}`},
		`{"a.b":"int","a-b":"int","a b":"int","@t":"int","a$":"int"}`},
	{"41: names of members", []string{`{"s":{"a.b":1,"a-b":1,"a b":1,"a$":1,"":1,"a,b":1,"a:b":1,"a<b":1,"a>":1,"` + "`" + `":1,"é":1,"dt":1}}`},
		`{"s":{"a.b":"int","dt":"int"}}`},
	{"41: longest name", []string{`{"` + strings.Repeat("x", 255) + `":1,"` + strings.Repeat("y", 256) + `":1,"` + strings.Repeat("z", 1<<16) + `":{"a":1}}`},
		`{"` + strings.Repeat("x", 255) + `":"int"}`},
	{"41: escaped keys", []string{`{"\u0061":1}`, `{"a":0.5}`, `{"\u0041":2}`, `{"\u0061":2}`}, `{"a":"double"}`},
	{"41: escapes that are not", []string{`{"s":"\\","t":"\\\"","u":"\"}","v":"\\\\"}`}, `{"s":"string","t":"string","u":"string","v":"string"}`},
	{"41: longest name, escaped", []string{`{"` + strings.Repeat(`\u0061`, 255) + `":1,"` + strings.Repeat(`\u0062`, 256) + `":1}`},
		`{"` + strings.Repeat("a", 255) + `":"int"}`},
	{"41: folds to ASCII", []string{`{"K":1}`, `{"k":0.5}`}, `{"K":"double"}`},
	{"41: folds to ASCII in Go only", []string{`{"\u0130":1,"İd":1,"s":{"İ":1,"a":1}}`}, `{"s":{"a":"int"}}`},
	{"41: long string", []string{`{"a":"` + strings.Repeat("x", 1<<20) + `","b":1}`}, `{"a":"string","b":"int"}`},
	{"41: long array", []string{`{"a":[` + strings.Repeat("1,", 100_000) + `0.5],"b":1}`}, `{"a":["double"],"b":"int"}`},
	{"41: 1,000 members", []string{manyKeys(1000)}, ""},
	{"41: 1,001 members", []string{manyKeys(1001)}, `{"m":"string","z":"int"}`},
	{"41: 100,000 members", []string{manyKeys(100_000)}, `{"m":"string","z":"int"}`},
	{"41: deep", []string{`{"a":` + strings.Repeat("[", 63) + strings.Repeat("]", 63) + `}`},
		`{"a":` + strings.Repeat("[", 63) + `"null"` + strings.Repeat("]", 63) + `}`},
	{"41: deep objects", []string{strings.Repeat(`{"a":`, 63) + `{}` + strings.Repeat("}", 63)}, strings.Repeat(`{"a":`, 63) + `{}` + strings.Repeat("}", 63)},

	{"42: string then object", []string{`{"a":"x"}`, `{"a":{"b":1}}`}, `{"a":"string"}`},
	{"42: object then string", []string{`{"a":{"b":[1]}}`, `{"a":"x"}`, `{"a":{"c":1}}`}, `{"a":"string"}`},
	{"42: bool and number", []string{`{"a":true}`, `{"a":1}`}, `{"a":"string"}`},
	{"42: number and string", []string{`{"a":1}`, `{"a":"1"}`}, `{"a":"string"}`},
	{"42: array and struct", []string{`{"a":[1]}`, `{"a":{"b":1}}`}, `{"a":"string"}`},
	{"42: array and scalar", []string{`{"a":[1]}`, `{"a":1}`}, `{"a":"string"}`},
	{"42: {} and a number", []string{`{"a":1}`, `{"a":{}}`}, `{"a":"string"}`},
	{"42: {} and []", []string{`{"a":[]}`, `{"a":{}}`}, `{"a":"string"}`},
	{"42: [] and [1]", []string{`{"a":[]}`, `{"a":[1]}`}, `{"a":["int"]}`},
	{"42: within an array", []string{`{"a":[1,"x",{"b":2}]}`}, `{"a":["string"]}`},
	{"42: a string stays", []string{`{"a":{"b":1}}`, `{"a":1}`, `{"a":null}`, `{"a":{"b":1}}`}, `{"a":"string"}`},
}

func manyKeys(n int) string {
	var b strings.Builder
	b.WriteString(`{"m":{`)
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, `"k%d":{"x":1}`, i)
	}
	b.WriteString(`},"z":1}`)
	return b.String()
}

func TestObserve(t *testing.T) {
	for _, tt := range inferred {
		t.Run(tt.name, func(t *testing.T) {
			got := infer(t, tt.lines...)
			if tt.want != "" && show(got) != tt.want {
				t.Errorf("got  %s\nwant %s", show(got), tt.want)
			}
			if tt.want == "" && got[0].Type.Kind != Struct {
				t.Errorf("got a %s", got[0].Type.Kind)
			}
			for _, line := range tt.lines {
				if err := Fits(got, []byte(line)); err != nil {
					t.Errorf("does not fit: %v", err)
				}
			}
		})
	}
}

// The guesses at the next key must not change what is found, whatever comes and goes.
func TestObserveInAnyOrder(t *testing.T) {
	keys := []string{"a", "b", "c", "d", "e", "f", "g", "h", "i", "j"}
	in := NewInferrer(Limits{}, nil)
	for mask := range 1 << len(keys) {
		var b strings.Builder
		for i := range keys {
			k := keys[(i*(mask%9+1)+mask)%len(keys)]
			if mask>>i&1 == 1 && !strings.Contains(b.String(), `"`+k+`"`) {
				fmt.Fprintf(&b, `,"%s":{"%s":%d}`, k, k, mask)
			}
		}
		if err := in.Observe([]byte("{" + strings.TrimPrefix(b.String(), ",") + "}")); err != nil {
			t.Fatal(err)
		}
	}
	if got := in.Columns(); len(got) != len(keys) {
		t.Fatal(show(got))
	}
	for _, f := range in.Columns() {
		if want := `{"` + f.Name + `":"int"}`; show(f.Type.Fields) != want {
			t.Errorf("%s is %s", f.Name, show(f.Type.Fields))
		}
	}
}

func TestObserveMalformed(t *testing.T) {
	deep := `{"a":` + strings.Repeat(`{"a":`, 63) + `{}` + strings.Repeat(`}`, 64)
	for _, line := range []string{"", "{", `{"`, `{"a`, `{"a"`, `{"a":`, `{"a":1`, `{"a":1,`, `{"a":1,}`, `{"a":}`, `{"a":-}`, `{"a":tru`, `{"a":[1`,
		`{"a":[1,]}`, `{"a":[}`, `{"a":"\"}`, `{"a" :1}`, `{ "a":1}`, `{"a":1}x`, "{\"a\":1}\n", `[]`, `1`, `null`, `{"a":1]`, `{"a":[1}`, `{"\x":1}`, deep} {
		if err := NewInferrer(Limits{}, nil).Observe([]byte(line)); !errors.Is(err, ErrLine) {
			t.Errorf("Observe(%s) = %v", line, err)
		}
		if err := Fits(table(t, `{"a":"string"}`), []byte(line)); err != nil && !errors.Is(err, ErrLine) { // it proves less of a string
			t.Errorf("Fits(%s) = %v", line, err)
		}
	}
}

func TestLimitsBoundTheInferrer(t *testing.T) {
	in := NewInferrer(Limits{Columns: 3, Members: 2, TypeBytes: 60, TableBytes: 100}, nil)
	for _, line := range []string{
		`{"a":{"x":1,"y":2},"b":1}`,
		`{"c":{"x":1},"d":1,"b":2}`, // d is the fourth
		`{"a":{"z":1,"y":2},"d":1}`, // a's third member
	} {
		if err := in.Observe([]byte(line)); err != nil {
			t.Fatal(err)
		}
		checkWeight(t, in)
	}
	if got, want := show(in.Columns()), `{"a":"string","b":"int","c":{"x":"int"}}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
	if err := in.Observe([]byte(`{"b":2,"c":{"y":[[[[[[[[1]]]]]]]]},"a":1}`)); err != nil {
		t.Fatal(err)
	}
	checkWeight(t, in)
	if got, want := show(in.Columns()), `{"a":"string","b":"int","c":"string"}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

func TestTableBytesBoundTheInferrer(t *testing.T) {
	in := NewInferrer(Limits{TableBytes: 60}, nil)
	if err := in.Observe([]byte(`{"a":{"x":1},"b":{"x":1},"c":{"x":1},"d":true}`)); err != nil {
		t.Fatal(err)
	}
	checkWeight(t, in)
	if got, want := show(in.Columns()), `{"a":{"x":"int"},"b":{"x":"int"},"c":"string","d":"bool"}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}

// Hostile lines whose every key is new, at every level, for as long as it takes.
func TestInferrerStaysSmall(t *testing.T) {
	in := NewInferrer(Limits{}, nil)
	for i := range 3000 {
		var b strings.Builder
		fmt.Fprintf(&b, `{"c%d":{`, i)
		for j := range 60 {
			fmt.Fprintf(&b, `"k%d":{"x%d":[{"y%d":1}]},`, j*31+i%7, i, j)
		}
		b.WriteString(`"e":1},"shared":{"` + fmt.Sprint("id", i) + `":{"a":1,"b":[1]}}}`)
		if err := in.Observe([]byte(b.String())); err != nil {
			t.Fatal(err)
		}
	}
	checkWeight(t, in)
	if n := len(in.root.members); n > DefaultColumns {
		t.Errorf("%d columns", n)
	}
	if most := DefaultTableBytes + DefaultColumns*(memberWeight("c0000")+leafWeight); in.total > most {
		t.Errorf("weighs %d of %d", in.total, most)
	}
	if in.root.lookup([]byte("shared")).kind != String {
		t.Error("a map of ids did not become a string")
	}
	for _, f := range Declared(in.Columns()) {
		if h := f.Type.Hive(); len(h) > DefaultTypeBytes || parseHive(h) != nil {
			t.Errorf("%s: %d bytes, %v", f.Name, len(h), parseHive(h))
		}
	}
}

func TestObserveAllocatesNothing(t *testing.T) {
	in, lines := NewInferrer(Limits{}, nil), generatedEvents(200)
	check := NewChecker(nil)
	observe := func() {
		for _, line := range lines {
			if err := errors.Join(in.Observe(line), check.Fits(line)); err != nil {
				t.Fatal(err)
			}
		}
	}
	observe()
	check = NewChecker(in.Columns())
	observe()
	if n := testing.AllocsPerRun(3, observe); n > 0 {
		t.Errorf("%g allocations", n)
	}
}

// A line may hold more keys than there can be columns, and the table's own behind them.
func TestInferrerKnowsTheTable(t *testing.T) {
	limits := Limits{Columns: 3}
	old := table(t, `{"x":"null","Last":{"A\"":"int","b":"int"}}`)
	in := NewInferrer(limits, old)
	if !Equal(in.Columns(), old) || in.Dropped() {
		t.Fatalf("starts with %s", show(in.Columns()))
	}
	checkWeight(t, in)
	if err := in.Observe([]byte(`{"a,b":1,"j1":1,"last":{"B":"x"}}`)); err != nil || in.Dropped() {
		t.Fatal(err, in.Dropped())
	}
	if err := in.Observe([]byte(`{"j1":1,"j2":1,"j3":1,"Last":{"b":2,"c":[]},"x":true}`)); err != nil || !in.Dropped() {
		t.Fatal(err, in.Dropped())
	}
	checkWeight(t, in)
	merged, _ := limits.Merge(old, in.Columns())
	if got, want := show(Declared(merged)), `{"Last":{"b":"string"},"x":"bool","j1":"int"}`; got != want {
		t.Fatalf("got %s, want %s", got, want)
	}
}
