package erasure

import (
	"fmt"
	"strings"
	"testing"
)

func TestPlain(t *testing.T) {
	const id = "6F9619FF-8B86-D011-B42D-00CF4FC964FF"
	for _, c := range []struct {
		field, value string
		in, out      []string
	}{
		{"user_id", "42", []string{
			`{"user_id":42}`, " {\n\t\"user_id\" : \"42\" }\n", `{"a":1}{"user_id":42}`, `{"user_id":1,"user_id":42}`, `[{"user_id":[42]}]`,
			`{"user_id":42`, `{"user_id": "4\u0032", nothing`, "\xf3\x89\x9a\xc2\x0a\x01a\x1a{\"user_id\":42}\x00", `user 42`, "42,", "\xff42\xff",
		}, []string{
			`{"user_id":421}`, `{"count":42}`, `{"a":1}{"count":42}`, `{"user_id":421`, `{"user_id":a42`, `{"user_id":a42b`, ``, "42", `"42"`, "{", `"\`,
		}},
		{"email", "ann@example.com", []string{
			`{"email":"ann@example.com"}`, `{"email":"ann\u0040example.com"`, `{"email":"ann@example.com`, "to:ann@example.com;", `{"x":"\nann@example.com"`,
		}, []string{
			`{"email":"joann@example.com"`, `{"email":"ann@example.community"`, `{"email":"Ann@example.com"`, `{"email":"ann@example`, `{"name":"ann@example.com"}`,
		}},
		{"name", "Zoë", []string{`{"name":"Zo\u00eb"}`, `{"name":"Zo\u00EB"`, `Zoë`, "\x00Zoë\xff"}, []string{`{"name":"Zoe"`, `AZoë`}},
		{"phone", "+49 30 1", []string{`{"phone":"+49 30 1"`, `x+49 30 1.`, `+49 30 11,+49 30 1`}, []string{`{"phone":"+49 30 11"`, `49 30 1`}},
		{"id", id, []string{`{"id":"` + strings.ToLower(id) + `"}`, `{"id":"` + strings.ToLower(id) + `"`, `{"id":"` + id}, []string{`{"id":"` + id[1:]}},
	} {
		p := &Plain{Field: c.field, Values: []string{"somebody else", c.value, "another"}}
		for _, data := range c.in {
			if !p.In([]byte(data)) {
				t.Errorf("%s = %s is in %q", c.field, c.value, data)
			}
		}
		for _, data := range c.out {
			if p.In([]byte(data)) {
				t.Errorf("%s = %s is not in %q", c.field, c.value, data)
			}
		}
	}
	deep := strings.Repeat(`{"a":[`, 100) + `{"user_id":42}` + strings.Repeat(`]}`, 100)
	if p := (&Plain{Field: strings.Repeat("a.", 100) + "user_id", Values: []string{"42"}}); !p.In([]byte(deep)) {
		t.Error("what is nested too deep for ingest is not searched")
	}
}

// FuzzPlain: what Find finds in a line, In finds there, in several of them, and, the text being plain, also where it is cut off.
func FuzzPlain(f *testing.F) {
	f.Add([]byte(`{"user_id":"a b"}`), "user_id", "a b")
	f.Fuzz(func(t *testing.T, data []byte, field, value string) {
		if Check(field, []string{value}) != nil {
			return
		}
		p := &Plain{Field: field, Values: []string{value}}
		got := p.In(data)
		if !stored(data) {
			return
		}
		_, want := setOf(field, value).Find(data)
		if got != want {
			t.Errorf("%q = %q in %q: %v, want %v", field, value, data, got, want)
		}
		if twice := p.In(append(append([]byte("{} "), data...), " 1\n"...)); twice != want {
			t.Errorf("%q = %q in %q between others: %v, want %v", field, value, data, twice, want)
		}
		if !p.In(fmt.Appendf(nil, "{%q: \x00 %s", field, value)) {
			t.Errorf("%q is not found in the clear", value)
		}
	})
}

func BenchmarkPlain(b *testing.B) {
	many := make([]string, 10_000)
	for i := range many {
		many[i] = fmt.Sprint("user-", i)
	}
	p := &Plain{Field: "user_id", Values: many}
	whole := line("user_id", "somebody")
	for name, data := range map[string][]byte{"JSON": whole, "broken": whole[:len(whole)-1]} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(data)))
			for b.Loop() {
				p.In(data)
			}
		})
	}
}
