package athena

import (
	"strings"
)

// mines are values in the manner of JSONTestSuite: those that have to be taken (y), those that RFC 8259 leaves to the implementation and that are taken
// here (i), and those that are refused, by reason.
var mines = map[string][]string{
	"y": {
		// structure
		`[]`, `{}`, `[[]]`, `[{}]`, `[null]`, `[null,1]`, `[null,1,"1",{}]`, "[ 1 ,\t2 ]", `{"a":{"b":[{"c":[]}]}}`, `{"a":[],"b":{}}`, "{ \"a\" :\t1 }", `{"a":null}`,
		`[true,false,null]`, `[[[[[[[[[[]]]]]]]]]]`, `[[[[[[[[[[1]]]]]]]]]]`, `[1,[2,[3,[4]]]]`, `[{"a":1},{"b":"x"},{"a":null},null]`, `[[1],[],null,[2,3]]`, `{"a":{"a":{"a":1}}}`,
		// numbers
		`0`, `-0`, `1`, `-1`, `0.5`, `-0.5`, `-0.0`, `0e1`, `0e+1`, `0E-1`, `1E22`, `1e23`, `1e-2`, `1.0`, `1.50`, `20e1`, `-123`, `123.456e78`, `0.00`, `1e0`, `1E+2`, `2.0e0`,
		`0.000000000000000000000000001`, `0.1234567890123456789`, `2147483647`, `-2147483648`, `4294967296`, `9007199254740991`, `9007199254740993`, `9223372036854775807`, `-9223372036854775808`,
		`1.7976931348623157e308`, `4.9e-324`, `2.2250738585072011e-308`, `1e-400`, `[1,1.5]`, `[0.1,-0,3e2]`, `123456789.125`, `1.0e-5`, `12345678901234567.0`,
		// strings
		`""`, `" "`, `"asd "`, `"\""`, `"\\"`, `"\/"`, `"/"`, `"\b\f\n\r\t"`, `"\u0001\u001f"`, `"\u0012"`, `"\uFFFF"`, `"\uD801\udc37"`, `"\ud83d\ude39\ud83d\udc8d"`, `"\u0022"`, `"\u005c"`,
		`"a/*b*/c//d"`, `"#\\a"`, `"\\u0000"`, `"\\\\"`, "\"\u007f\u0080\u009f\"", "\"\U0010ffff\"", "\"\ufeffx\"", "\"x\ufeff\"", "\"\ufffe\uffff\"", "\"\ufdd0\"", `"\uDBFF\uDFFE"`, "\"\U0001fffe\"",
		"\"π∂é́𝄞\"", "\"\u2028 \u2029\"", `"\u2028"`, `"new\u00A0line"`, `"\u200b"`, `"true"`, `"null"`, `"NULL"`, `"\\N"`, `"1"`, `"1e5"`, `"{}"`, `"[1]"`, `"{\"a\":1}"`, `"a,b|c\u0001d\u0002e"`, `"'"`, `"a\tb\u000bc"`,
		`"\u0041\u00e9\u4e2d"`, `["\u0022\\","\/",""]`, `"` + strings.Repeat("long ", 20_000) + `"`, `["a",null,""]`, `{"a":"\u2029"}`,
		// literals
		`true`, `false`, `null`,
	},
	"i": {
		// numbers beyond what a double or a bigint holds
		`1e999`, `-1e9999999999`, `1e-9999999999`, `9223372036854775808`, `-9223372036854775809`, `18446744073709551616`, `100000000000000000000000000000`, `123e65`, `1.7976931348623159e308`, `[1e999]`, `{"a":1e999}`,
		`0.` + strings.Repeat("0", 400) + `1`, `1` + strings.Repeat("0", 400), `[123456789012345678901,1]`, `1` + strings.Repeat("0", 308) + `.0`, `1e00000000000000000000000002`, strings.Repeat("9", 5_000), `0.` + strings.Repeat("3", 5_000),
		// what is no character, or ends a C string
		`"\u0000"`, `"a\u0000b"`, `"\uFDD0\uFFFE"`, `["\u0000"]`, `{"a":"\u0000x"}`,
		// what is left of structure
		bracketed(`[`, 61, `]`), `[` + bracketed(`[`, 60, `]`) + `,1]`, bracketed(`{"a":`, 61, `}`),
	},
	"not_json": {
		// structure
		`[`, `{`, `[1 true]`, `[a`, `["": 1]`, `[""],`, `[,1]`, `[1,,2]`, `["x",,]`, `["x"]]`, `["",]`, `[1,]`, `[,]`, `[1:2]`, `[-]`, `["a`, `{[: "x"}`, `{"x", null}`, `{"x"::"b"}`, `{"a":"a" 123}`, `{key: 'value'}`,
		`{"a" b}`, `{:"b"}`, `{"a"`, `{"a":`, `{"a":"b",}`, `{"a":"b",,"c":1}`, `{1:1}`, `{null:null}`, `{'a':0}`, `{"a":/*c*/"b"}`, `{"a":"b"]`, `{"a":b}`, `<null>`, `*`, `,`, `:`, `-`, `\`, `"`, `'`, `{"a":1;"b":2}`,
		`(1)`, `[1,2)`, `1 2`, `[1] x`, `true false`, `//`, `#`, `1 // one`,
		// white space that is none
		"[\v1]", "[\f1]", "[\u00a01]", "[\u20601]", "\ufeff1", "[\u30001]", "[\x001]", "[1\x00]", "[\x7f]", "\u20281",
		// numbers
		`+1`, `++1`, `--1`, `-a`, `.1`, `-.1`, `1.`, `-1.`, `0.e1`, `2.e3`, `0e`, `0e+`, `1e`, `1e-`, `1eE2`, `1e1.5`, `00`, `01`, `-01`, `-00`, `0x1`, `1_000`, `1 000.0`, `1a`, `1.2a-3`, `NaN`, `nan`, `-NaN`, `Inf`, `Infinity`,
		`-Infinity`, `0.1.2`, `9.e+`, `123f`, `1L`, `1d`, `0b1`, `1e٣`, `١`, `-foo`, `1ea`, `½`,
		// strings
		`"\a"`, `"\x00"`, `"\v"`, `"\0"`, `"\'"`, `"\ "`, `"\U0041"`, `"\u"`, `"\u1"`, `"\u123"`, `"\u123g"`, `"\u 123"`, `"\u+123"`, `"\u{61}"`, `"\`, `"\\\"`, `'a'`, "\"\t\"", "\"\r\"", "\"\x00\"", "\"\x1f\"", "\"a\x00a\"",
		"\"\\\x00\"", "\"\\é\"", "“a”", "`a`", `"a" "b"`, `"a"+"b"`, `"a`,
		// literals
		`True`, `TRUE`, `tru`, `truee`, `fal`, `nul`, `nulll`, `None`, `undefined`, `nULL`, "true\x00", `yes`,
	},
	"encoding": {
		`"\uD800"`, `"\uDFAA"`, `"\uD888\u1234"`, `"\uDd1e\uD834"`, `"\uD800\uD800\uDC00"`, `"\uD800\n"`, `"\uD834\\uDD1E"`, `{"\uD800":1}`, "{\"\xff\":1}",
		"\"\x80\"", "\"\xff\"", "\"\xc0\x80\"", "\"\xc1\xbf\"", "\"\xc3\"", "\"\xe0\x9f\xbf\"", "\"\xe2\x28\xa1\"", "\"\xed\xa0\x80\"", "\"\xed\xbf\xbf\"", "\"\xf0\x8f\xbf\xbf\"", "\"\xf4\x90\x80\x80\"", "\"\xf5\x80\x80\x80\"",
		"\"\xf8\x88\x80\x80\x80\"", "\"é\xe9\"", "\"\xfe\xff\x00a\"",
	},
	"duplicate_key": {`{"a":1,"a":2}`, `{"a":1,"A":2}`, `{"a":1,"\u0061":2}`, `[{"b":{"x":1,"X":1}}]`, `{"":1,"":2}`, `{"é":1,"É":2}`, `{"K":1,"k":2}`, `{"a":{"c":0},"b":1,"a":{"c":0}}`},
	"too_deep":      {bracketed(`[`, 64, `]`), strings.Repeat(`[`, 100_000), bracketed(`{"a":`, 64, `}`)},
	"too_large":     {`{"` + strings.Repeat("k", 50_001) + `":1}`},
}

// reject is a piece of a record, and why it is no event.
type reject struct{ data, reason string }

// apart are the refused values that are others, or several, where each is a document of its own: a record may hold several.
var apart = map[string][]reject{
	`1 2`:        {{`1`, "not_object"}, {`2`, "not_object"}},
	`true false`: {{`true`, "not_object"}, {`false`, "not_object"}},
	`"a" "b"`:    {{`"a"`, "not_object"}, {`"b"`, "not_object"}},
	`[1] x`:      {{`[1]`, "not_object"}, {`x`, "not_json"}},
	`1 // one`:   {{`1`, "not_object"}, {`// one`, "not_json"}},
	`1 000.0`:    {{`1`, "not_object"}, {`000.0`, "not_json"}},
	"\ufeff1":    {{"\ufeff1", "encoding"}},

	`[{"b":{"x":1,"X":1}}]`:     {{`[{"b":{"x":1,"X":1}}]`, "not_object"}},
	bracketed(`[`, 64, `]`):     {{bracketed(`[`, 64, `]`), "not_object"}},
	bracketed(`{"a":`, 64, `}`): {{bracketed(`{"a":`, 64, `}`), "id_missing"}},
}

// bracketed are brackets in brackets; those with keys hold a number.
func bracketed(open string, n int, closing string) string {
	inside := ""
	if len(open) > 1 {
		inside = "1"
	}
	return strings.Repeat(open, n) + inside + strings.Repeat(closing, n)
}

// keyed are the members of documents that are taken: names are mines as well.
var keyed = []string{
	`"":1`, `" ":1`, `" k01":1`, `"k02 ":1`, `"k 03":1`, `"k.04":1`, `"k-05":1`, `"k/06":1`, `"k\"07":1`, `"k\\08":1`, `"k'09":1`, "\"k`10\":1", `"k,11":1`, `"k:12":1`, `"k;13":1`, `"k#14":1`, `"k$15":1`, `"$16":1`,
	`"k@17":1`, `"k%18":1`, `"k=19":1`, `"k(20)":1`, `"k<21>":1`, `"k[22]":1`, `"k{23}":1`, `"k*24":1`, `"k?25":1`, `"_26":1`, `"27":1`, `"2.8":1`, `"-29":1`, `"k\u00300":1`, `"k\u0041a":1`, `"k\u0000b":1`, `"k\n31":1`,
	`"ké32":1`, `"中文":1`, `"😀":1`, `"K33":1`, `"K34":1`, `"İ35":1`, `"ß36":1`, `"` + strings.Repeat("k", 255) + `":1`, `"` + strings.Repeat("k", 256) + `":1`,
	`"select":1`, `"from":"x"`, `"table":[1]`, `"null":1`, `"true":1`, `"order":{"by":1}`, `"timestamp":1`, `"date":"d"`, `"struct":1`, `"array":1`, `"dt":1`, `"hour":"99"`, `"DT":1`, `"$path":"p"`, `"$partition":1`, `"#id":1`, `"#order":1`,
	`"_col0":"first"`, `"_col1":1`, `"_col40":{"a":1}`, `"filename":1`, `"file":1`, `"rowid":1`, `"ROWID":1`, `"json":1`, `"columns":1`, `"data":"d"`, `"reason":1`,
	`"o1":{"":1,"a":2}`, `"o2":{"a b":1,"a":2}`, `"o3":{"a.b":1}`, `"o4":{"a-b":1,"a":2}`, `"o5":{"Ab":1}`, `"o6":{"\u0061":1}`, `"o7":{"é":1,"a":2}`, `"o8":{"select":1}`, `"o9":{"1":1,"_":2}`, `"oa":{"_col0":"x","a":1}`, `"ob":{"$":1,"a":2}`,
	`"oc":{"a":{"_col0":{"b":1}},"_col0":1,"b":[{"_col1":1,"x":"y"}]}`, `"K33":2`, `"\u006b33":3`, `"o5":{"aB":2}`, `"o5":{"\u0061\u0042":3}`, `"od":{"a:b":1,"a":1}`, `"oe":{"İ":1,"K":2}`, `"of":{"x":{"y":{"z":{}}}}`,
	`"` + strings.Repeat("m", 50_000) + `":1`,
}

// positional are members that Hive's SerDe alone does not read: it takes a name such as _col7 that is not declared for the eighth column's, of the table or
// of a struct. Nothing is known of these that could be declared.
var positional = []string{`"_col2":{}`, `"_col3":null`, `"og":{"_col0":{},"a":"x"}`, `"_col99":[]`}

// whole are lines that are no event.
var whole = []reject{
	{`[]`, "not_object"}, {`[{"event_uuid":"w"}]`, "not_object"}, {`1`, "not_object"}, {`"x"`, "not_object"}, {`null`, "not_object"}, {`true`, "not_object"}, {`{}`, "id_missing"}, {`{"event_uuid":null}`, "id_missing"},
	{"\ufeff{}", "encoding"}, {"\xff\xfe{\x00}\x00", "encoding"}, {"\x00", "not_json"}, {"{\"event_uuid\":\"w\xff\"}", "encoding"}, {`{"event_uuid":"\ud800"}`, "encoding"}, {`{"event_uuid":"w","created_at":1e99}`, "time_range"},
	{`{"event_uuid":1.5,"created_at":1}`, "id_invalid"}, {`{"event_uuid":"","created_at":1}`, "id_invalid"}, {`{"event_uuid":"w"}`, "time_missing"}, {`{"event_uuid":"w","created_at":[]}`, "time_invalid"},
	{"\x1f\x8b\x08", "compressed"}, {`<?xml version="1.0"?>`, "not_json"}, {`event_uuid=w`, "not_json"}, {"\"\x00\"", "not_json"}, {bracketed(`{"a":`, 65, `}`), "too_deep"},
}
