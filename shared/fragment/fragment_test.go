package fragment

import (
	"bytes"
	stdgzip "compress/gzip"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/schema"
)

// some gives so many lines of about so many bytes, and the hash of them all.
func some(t testing.TB, n, size int) ([]Line, uint64) {
	t.Helper()
	d, err := event.NewDecoder(event.DefaultMapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	sum := xxhash.New()
	var all []Line
	for i := range n {
		text := fmt.Appendf(nil, `{"event_uuid":"e%d","created_at":1700000000,"n":%d,"text":%q}`, i, i, strings.Repeat("x", max(0, size-60)))
		id, err := d.Identify(text)
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, Line{text, event.Fingerprint{ID: id, Body: xxhash.Sum64(text)}})
		_, _ = sum.Write(append(text, '\n'))
	}
	return all, sum.Sum64()
}

// textOf reads gzip by a reader that shares no code.
func textOf(t testing.TB, b []byte) string {
	t.Helper()
	z, err := stdgzip.NewReader(bytes.NewReader(b))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(z)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// A fragment is read back as it was, by its statements and as gzip, whatever the number and the size of its lines.
func TestRoundTrip(t *testing.T) {
	for _, c := range []struct{ lines, size, members int }{{1, 80, 1}, {1000, 100, 1}, {maxLines, 80, 1}, {maxLines + 1, 80, 2}, {3, 2 << 20, 3}, {30, 100_000, 3}, {10_000, 90, 10}} {
		lines, sum := some(t, c.lines, c.size)
		b, err := Encode(lines, sum, event.DefaultMapping)
		if err != nil {
			t.Fatal(err)
		}
		members, err := Parse(b, sum, event.DefaultMapping)
		if err != nil || len(members) != c.members {
			t.Fatalf("%+v: %d members, %v", c, len(members), err)
		}
		var all strings.Builder
		n := 0
		for _, m := range members {
			columns, err := Columns(m.Columns)
			if err != nil || !slices.Equal(names(columns), []string{"event_uuid", "created_at", "n", "text"}) {
				t.Errorf("%+v: columns are %v, %v", c, columns, err)
			}
			text := textOf(t, m.Gzip)
			if int64(len(text)) != m.Raw || strings.Count(text, "\n") != m.Lines || !bytes.HasSuffix(m.Gzip, m.Data) {
				t.Errorf("%+v: a member of %d bytes and %d lines says %d and %d", c, len(text), strings.Count(text, "\n"), m.Raw, m.Lines)
			}
			for i := range m.Lines {
				if m.Print(i) != lines[n].Fingerprint {
					t.Errorf("%+v: line %d has the fingerprint of another", c, n)
				}
				n++
			}
			all.WriteString(text)
		}
		if all.String() != textOf(t, b) || xxhash.Sum64String(all.String()) != sum {
			t.Errorf("%+v: the text is another", c)
		}
	}
}

func names(fields []schema.Field) []string {
	var all []string
	for _, f := range fields {
		all = append(all, f.Name)
	}
	return all
}

// Lines whose columns are too many, or too long to be told, go without them.
func TestColumnsLeftOut(t *testing.T) {
	var long strings.Builder
	for i := range 3000 {
		fmt.Fprintf(&long, `,"%x":1`, uint64(i+1)*0x9e3779b97f4a7c15)
	}
	text := []byte(`{"event_uuid":"a","created_at":1700000000` + long.String() + `}`)
	sum := xxhash.Sum64(append(slices.Clone(text), '\n'))
	b, err := Encode([]Line{{Text: text}}, sum, event.DefaultMapping)
	if err != nil {
		t.Fatal(err)
	}
	m, err := Parse(b, sum, event.DefaultMapping)
	if err != nil || len(m) != 1 || len(m[0].Columns) != 0 {
		t.Errorf("got %d members, %v", len(m), err)
	}
}

// What others wrote, or under another mapping, is foreign; what lost a member, or lies under another name, is broken.
func TestParseRefuses(t *testing.T) {
	lines, sum := some(t, 3*maxLines, 80)
	good, err := Encode(lines, sum, event.DefaultMapping)
	if err != nil {
		t.Fatal(err)
	}
	members, err := Parse(good, sum, event.DefaultMapping)
	if err != nil || len(members) != 3 {
		t.Fatalf("%d members, %v", len(members), err)
	}
	var plain bytes.Buffer
	z := stdgzip.NewWriter(&plain)
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	newer := bytes.Clone(good)
	newer[textAt] = 2
	first, second, third := members[0].Gzip, members[1].Gzip, members[2].Gzip
	for name, c := range map[string]struct {
		object []byte
		sum    uint64
		m      event.Mapping
		want   error
	}{
		"nothing":         {nil, sum, event.DefaultMapping, ErrForeign},
		"plain gzip":      {plain.Bytes(), sum, event.DefaultMapping, ErrForeign},
		"a later version": {newer, sum, event.DefaultMapping, ErrForeign},
		"another mapping": {good, sum, event.Mapping{ID: "id", Time: "created_at"}, ErrForeign},
		"another name":    {good, sum + 1, event.DefaultMapping, ErrBroken},
		"first missing":   {slices.Concat(second, third), sum, event.DefaultMapping, ErrBroken},
		"second missing":  {slices.Concat(first, third), sum, event.DefaultMapping, ErrBroken},
		"last missing":    {slices.Concat(first, second), sum, event.DefaultMapping, ErrForeign},
		"one twice":       {slices.Concat(first, second, second, third), sum, event.DefaultMapping, ErrBroken},
		"more behind":     {slices.Concat(good, third), sum, event.DefaultMapping, ErrBroken},
		"cut":             {good[:len(good)-1], sum, event.DefaultMapping, ErrBroken},
	} {
		if m, err := Parse(c.object, c.sum, c.m); !errors.Is(err, c.want) {
			t.Errorf("%s: got %d members, %v; want %v", name, len(m), err, c.want)
		}
	}
}

// No flipped bit passes: it is found, or the object counts as foreign, whose lines are then read and checked against the name.
func TestFlippedBits(t *testing.T) {
	lines, sum := some(t, 20, 80)
	good, err := Encode(lines, sum, event.DefaultMapping)
	if err != nil {
		t.Fatal(err)
	}
	harmless := 0
	for bit := range len(good) * 8 {
		bad := bytes.Clone(good)
		bad[bit/8] ^= 1 << (bit % 8)
		if m, err := Parse(bad, sum, event.DefaultMapping); err == nil {
			harmless++ // in the time, the level or the system of the gzip header
			if bit/8 < 4 || bit/8 >= fixedHeader || m[0].Lines != 20 {
				t.Errorf("bit %d of byte %d is not seen", bit%8, bit/8)
			}
		}
	}
	if harmless != 6*8 {
		t.Errorf("%d bits do no harm", harmless)
	}
}

// FuzzParse takes apart any bytes: it gives members that lie within them, or an error.
func FuzzParse(f *testing.F) {
	r := rand.New(rand.NewPCG(1, 2))
	lines, sum := some(f, 5, 80)
	good, err := Encode(lines, sum, event.DefaultMapping)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	for range 5 {
		bad := bytes.Clone(good)
		bad[r.IntN(len(bad))]++
		f.Add(bad)
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		members, err := Parse(b, sum, event.DefaultMapping)
		if err != nil {
			return
		}
		total := 0
		for _, m := range members {
			total += len(m.Gzip)
			for i := range m.Lines {
				m.Print(i)
			}
		}
		if total != len(b) {
			t.Errorf("%d members of %d bytes make up %d", len(members), total, len(b))
		}
	})
}
