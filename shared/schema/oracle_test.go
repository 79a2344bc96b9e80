package schema

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"math/big"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// stored tells whether a line is as the contract of stored lines has it: strict, one object, compact, not too deep, no two keys of one fold.
func stored(line []byte) bool {
	value := jsontext.Value(line)
	if !value.IsValid() || len(line) == 0 || line[0] != '{' {
		return false
	}
	var compact bytes.Buffer
	quoted, escaped := false, false
	for _, c := range line {
		if quoted || !strings.ContainsRune(" \t\r\n", rune(c)) {
			compact.WriteByte(c)
		}
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		}
	}
	if compact.Len() != len(line) {
		return false
	}
	_, err := oracle(line)
	return err == nil
}

var errNotStored = errors.New("not as stored")

// oracle infers one line's columns with a strict decoder and the plain rules, sharing no code with the Inferrer but the names' rules.
func oracle(line []byte) ([]Field, error) {
	d := jsontext.NewDecoder(bytes.NewReader(line))
	t, err := oracleValue(d, true, 0)
	return t.Fields, err
}

func oracleValue(d *jsontext.Decoder, top bool, depth int) (Type, error) {
	token, err := d.ReadToken()
	if err != nil {
		return Type{}, err
	}
	if depth == 64 && (token.Kind() == '{' || token.Kind() == '[') {
		return Type{}, errNotStored
	}
	switch token.Kind() {
	case 't', 'f':
		return Type{Kind: Bool}, nil
	case '"':
		return Type{Kind: String}, nil
	case '0':
		return Type{Kind: oracleNumber(token.String())}, nil
	case '[':
		elem := Type{}
		for d.PeekKind() != ']' {
			t, err := oracleValue(d, false, depth+1)
			if err != nil {
				return Type{}, err
			}
			elem = Limits{}.orDefault().join(elem, t)
		}
		_, err = d.ReadToken()
		return Type{Kind: Array, Elem: &elem}, err
	case '{':
		return oracleObject(d, top, depth)
	}
	return Type{}, nil
}

func oracleObject(d *jsontext.Decoder, top bool, depth int) (Type, error) {
	out := Type{Kind: Struct}
	names := map[string]bool{}
	for d.PeekKind() != '}' {
		key, err := d.ReadToken()
		if err != nil {
			return Type{}, err
		}
		f := Field{Spelling: key.String(), Name: strings.ToLower(strings.ReplaceAll(key.String(), "\u0130", "i\u0307"))}
		if names[f.Name] {
			return Type{}, errNotStored
		}
		names[f.Name] = true
		if f.Type, err = oracleValue(d, false, depth+1); err != nil {
			return Type{}, err
		}
		if top && ColumnName(f.Name) || !top && MemberName(f.Name) {
			out.Fields = append(out.Fields, f)
		}
	}
	_, err := d.ReadToken()
	if len(out.Fields) > DefaultMembers && !top {
		return Type{Kind: String}, err
	}
	return out, err
}

func oracleNumber(s string) Kind {
	if strings.ContainsAny(s, ".eE") {
		if f, err := strconv.ParseFloat(s, 64); err != nil || math.IsInf(f, 0) {
			return String
		}
		return Double
	}
	n, _ := new(big.Int).SetString(s, 10)
	switch {
	case new(big.Int).Abs(n).Cmp(big.NewInt(1<<53)) <= 0:
		return Int
	case n.IsInt64():
		return Long
	}
	return String
}

// canonical is the fields without what the order of events decides: their order and their spelling.
func canonical(fields []Field) []Field {
	out := make([]Field, len(fields))
	for i, f := range fields {
		out[i] = Field{Name: f.Name, Type: canonicalType(f.Type)}
	}
	slices.SortFunc(out, func(a, b Field) int { return strings.Compare(a.Name, b.Name) })
	return out
}

func canonicalType(t Type) Type {
	switch t.Kind {
	case Array:
		elem := canonicalType(t.elem())
		return Type{Kind: Array, Elem: &elem}
	case Struct:
		return Type{Kind: Struct, Fields: canonical(t.Fields)}
	}
	return t
}

// show is a table in its JSON form, in which tests state what they want.
func show(fields []Field) string {
	b, err := Type{Kind: Struct, Fields: fields}.MarshalJSON()
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// table reads what show writes.
func table(t testing.TB, text string) []Field {
	t.Helper()
	var out Type
	if err := out.UnmarshalJSON([]byte(text)); err != nil {
		t.Fatal(err)
	}
	return out.Fields
}

func infer(t testing.TB, lines ...string) []Field {
	t.Helper()
	in := NewInferrer(Limits{}, nil)
	for _, line := range lines {
		if err := in.Observe([]byte(line)); err != nil {
			t.Fatalf("%s: %v", cut(line), err)
		}
	}
	checkWeight(t, in)
	return in.Columns()
}

// checkWeight proves the running weight against the tree.
func checkWeight(t interface{ Fatalf(string, ...any) }, in *Inferrer) {
	total := 0
	for _, m := range in.root.members {
		if w := m.node.weight(); w != m.weight {
			t.Fatalf("%s weighs %d, counted %d", m.name, w, m.weight)
		}
		if h := len(m.toType().Hive()); h > m.weight {
			t.Fatalf("%s: a Hive type of %d bytes weighs %d", m.name, h, m.weight)
		}
		total += memberWeight(m.name) + m.weight
	}
	if total != in.total {
		t.Fatalf("total is %d, counted %d", total, in.total)
	}
}

// parseHive reads a type string as strictly as the strictest of Hive's parsers: a name is of letters, digits, _ and the dot.
func parseHive(s string) error {
	rest, err := hiveType(s)
	if err == nil && rest != "" {
		err = fmt.Errorf("%q follows", rest)
	}
	return err
}

func hiveType(s string) (string, error) {
	for _, scalar := range []string{"boolean", "bigint", "double", "string"} {
		if rest, ok := strings.CutPrefix(s, scalar); ok {
			return rest, nil
		}
	}
	if rest, ok := strings.CutPrefix(s, "array<"); ok {
		rest, err := hiveType(rest)
		if err != nil || rest == "" || rest[0] != '>' {
			return "", fmt.Errorf("array ends with %q: %w", rest, err)
		}
		return rest[1:], nil
	}
	s, ok := strings.CutPrefix(s, "struct<")
	for ok {
		n := strings.IndexFunc(s, func(r rune) bool {
			return r != '_' && r != '.' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
		})
		if n < 1 || s[n] != ':' {
			return "", fmt.Errorf("no name at %q", s)
		}
		rest, err := hiveType(s[n+1:])
		if err != nil {
			return "", err
		}
		if strings.HasPrefix(rest, ">") {
			return rest[1:], nil
		}
		s, ok = strings.CutPrefix(rest, ",")
	}
	return "", fmt.Errorf("no type at %q", s)
}
