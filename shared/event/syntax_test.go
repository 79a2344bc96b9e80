package event

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// syntaxCases hold values in the manner of JSONTestSuite: y must be taken, n must not. Each stands in an object's member.
var syntaxCases = map[string][]string{
	"y": {
		// structure
		`[]`, `{}`, `[[]   ]`, `[{}]`, `[null, 1, "1", {}]`, "[\n1\n,\n \n1]", `{"a":{"b":[{"c":[]}]}}`, `{"":0}`, `{"a":[],"b":{}}`, "{\t\"a\"\r\n:\t1}",
		`{"a\u0000b":1}`, `{"title":"\u041f\u043e\u043b"}`, `{"\"":1,"\\":2}`, `[1,[2,[3,[4]]]]`, `[true,false,null]`, `[[[[[[[[[[]]]]]]]]]]`,
		// numbers
		`0`, `-0`, `1`, `-1`, `10`, `0.5`, `-0.5`, `0e1`, `0e+1`, `0E-1`, `1E22`, `1e-2`, `123.456e78`, `1.0`, `20e1`, `-123`, `0.000000000000000000000000001`,
		`1e9999999999`, `-1e-9999999999`, `100000000000000000000000000000`, `123e65`, `1.7976931348623157e309`, `0.00`, `9007199254740993`,
		// strings
		`""`, `" "`, `"asd "`, `"\""`, `"\\"`, `"\/"`, `"/"`, `"\b\f\n\r\t"`, `"\u0012"`, `"\uFFFF"`, `"\uffff"`, `"\uD801\udc37"`, `"\ud83d\ude39\ud83d\udc8d"`,
		`"\u0022"`, `"\u005c"`, `"a/*b*/c/*d//e"`, `"\\a"`, `"\\u0000"`, `"\\\\"`, "\"\u007f\"", "\"\U0010ffff\"", "\"\ufeff\"", "\"\ufffe\uffff\"", "\"\ufdd0\"", `"\uDBFF\uDFFE"`,
		`"\uA66D"`, "\"π∂\"", "\"\u2028 \u2029\"", `"new\u00A0line"`, `"1234567"`, `"12345678"`, `"123456789"`, `"1234567\n"`, `"12345678\n"`, "\"1234567é\"",
		"\"\xf0\x90\x80\x80\"", "\"\xef\xbf\xbd\"", `"\uFDD0"`, `"\u200b"`,
		// literals
		`true`, `false`, `null`,
	},
	"n": {
		// structure
		``, `[`, `{`, `]`, `}`, `[1 true]`, `[a`, `["": 1]`, `[""],`, `[,1]`, `[1,,2]`, `["x",,]`, `["x"]]`, `["",]`, `[1,]`, `[,]`, `[1:2]`, `[-]`, `[1`, `["a`,
		`{[: "x"}`, `{"x", null}`, `{"x"::"b"}`, `{"a":"a" 123}`, `{key: 'value'}`, `{"a" b}`, `{:"b"}`, `{"a"`, `{"a":`, `{"a":"b",}`, `{"a":"b",,"c":1}`, `{1:1}`,
		`{9999E9999:1}`, `{null:null}`, `{"id":0,,,,}`, `{'a':0}`, `{"a":/*c*/"b"}`, `{"a":"b"}/**/`, `{"a":"b"}#`, `{"a":true} "x"`, `{"a":"b"]`, `[1}`, `[][]`, `{}{}`, `{}}`,
		`{"a":b}`, `{a:"b"}`, `{true:1}`, `<null>`, `[<null>]`, `*`, `,`, `:`, `-`, `\`, `"`, `'`, `{"a":1;"b":2}`, `(1)`, `[1,2)`, `1 2`, `[1] x`, `true false`,
		// white space that is none
		"[\v1]", "[\f1]", "[\u00a01]", "[\u20601]", "\ufeff1", "[\u30001]", "[\x001]", "[1\x00]", "[\x851]", "[\x7f]", "[\x0c]",
		// numbers
		`+1`, `++1`, `-`, `--1`, `-a`, `.1`, `-.1`, `1.`, `-1.`, `0.e1`, `2.e3`, `1.e+3`, `0e`, `0e+`, `1e`, `1e-`, `1eE2`, `1e1.5`, `00`, `01`, `-01`, `-012`, `0x1`, `0x`, `1_000`, `1 000.0`,
		`1a`, `1.2a-3`, `1.8011670033376514H-308`, `NaN`, `nan`, `-NaN`, `Inf`, `Infinity`, `-Infinity`, `+Inf`, `0.1.2`, `0.3e`, `0.3e+`, `9.e+`, `123f`, `0b1`, `1e٣`, `١`, "１", `-foo`, `1ea`,
		// strings
		`"\a"`, `"\x00"`, `"\v"`, `"\0"`, `"\'"`, `"\ "`, `"\U0041"`, `"\u"`, `"\u1"`, `"\u12"`, `"\u123"`, `"\u123g"`, `"\u 123"`, `"\u+123"`, `"\u{61}"`, `"\`, `"\"`, `"\\\"`, `"a`, `a"`, `'a'`,
		"\"\t\"", "\"\n\"", "\"\r\"", "\"\x00\"", "\"\x1f\"", "\"a\x00a\"", "\"1234567\x1f\"", "\"12345678\x1f\"", "\"\\\n\"", "\"\\\x00\"", "\"\\é\"", "“a”", `"\uD800\u`, `"\uD800\u1`,
		`"\uD800"`, `"\uDFAA"`, `"\uD888\u1234"`, `"\uDd1e\uD834"`, `"\uD800\uD800\uDC00"`, `"\uD800\n"`, `"\uD800\uDC0"`, `"\uD834\\uDD1E"`, `"1234567\uD800"`,
		"\"\x80\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc3\"", "\"\xe0\x9f\xbf\"", "\"\xe2\x28\xa1\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"",
		"\"\xf5\x80\x80\x80\"", "\"\xf8\x88\x80\x80\x80\"", "\"\xfc\x83\xbf\xbf\xbf\xbf\"", "\"é\xe9\"", "\"1234567\x80\"", "\"12345678\xc0\xaf\"", "\"\\u\xc3\xa9000\"", "\"\\\xe5\"", "\xff", "\xe5", "[\xff]",
		// literals
		`True`, `TRUE`, `tru`, `truee`, `fal`, `false1`, `nul`, `nulll`, `None`, `undefined`, `t`, `n`, `f`, `nULL`, `trueфtrue`, "true\x00",
	},
}

func TestSyntax(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	for kind, values := range syntaxCases {
		for _, value := range values {
			for _, padding := range []string{"", " ", "       ", "\t\r\n"} {
				doc := strings.Replace(withX(padding+value+padding), `"x"`, `"`+strings.Repeat("x", len(padding))+`"`, 1)
				got := decode(t, d, doc)
				accepted := len(got) == 1 && got[0].reason == ""
				if accepted != (kind == "y") {
					t.Errorf("%s %q: %v", kind, value, reasonsOf(got))
				}
				if oracle := jsontext.Value(doc).IsValid(); oracle != (kind == "y") {
					t.Errorf("%s %q: jsontext says %v: a wrong case?", kind, value, oracle)
				}
				if _, err := d.Inspect([]byte(doc)); (err == nil) != (kind == "y" && len(got[0].line) == len(doc)+len(`,"created_datetime":"2021-07-21T06:00:00Z"`)) {
					t.Errorf("%s %q: Inspect says %v", kind, value, err)
				}
			}
		}
	}
	if y, n := len(syntaxCases["y"]), len(syntaxCases["n"]); y < 70 || n < 180 {
		t.Errorf("%d and %d cases", y, n)
	}
}
