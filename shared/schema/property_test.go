package schema

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// The keys are few, so that they meet; some are one but for case, some cannot be declared.
var propertyKeys = []string{"a", "A", "b", "B", "c", "Cd", "cD", "x.y", "x-y", "dt", "", "é", `q"`, "K", "k"}

var propertyScalars = []string{"null", "true", "false", "0", "-0", "1", "-7", "9007199254740992", "9007199254740993", "9223372036854775807",
	"9223372036854775808", "1.5", "-0.0", "1e2", "1e999", "1e-7", `""`, `"x"`, `"\"}"`, `"\\"`, "123456789012345678901234567890"}

func drawValue(t *rapid.T, depth int) string {
	kind := rapid.IntRange(0, 9).Draw(t, "kind")
	switch {
	case depth > 4 || kind < 6:
		return rapid.SampledFrom(propertyScalars).Draw(t, "scalar")
	case kind < 8:
		var values []string
		for range rapid.IntRange(0, 3).Draw(t, "length") {
			values = append(values, drawValue(t, depth+1))
		}
		return "[" + strings.Join(values, ",") + "]"
	}
	return drawObject(t, depth)
}

func drawObject(t *rapid.T, depth int) string {
	var pairs []string
	names := map[string]bool{}
	for range rapid.IntRange(0, 5).Draw(t, "members") {
		key := rapid.SampledFrom(propertyKeys).Draw(t, "key")
		if names[Fold(key)] {
			continue
		}
		names[Fold(key)] = true
		quoted, _ := json.Marshal(key)
		if key == "a" && rapid.Bool().Draw(t, "escaped") {
			quoted = []byte(`"\u0061"`)
		}
		pairs = append(pairs, fmt.Sprintf("%s:%s", quoted, drawValue(t, depth+1)))
	}
	return "{" + strings.Join(pairs, ",") + "}"
}

func drawLines(t *rapid.T, label string) []string {
	lines := make([]string, rapid.IntRange(0, 6).Draw(t, label))
	for i := range lines {
		lines[i] = drawObject(t, 1)
	}
	return lines
}

// drawLimits are the default ones, or so small that they are met.
func drawLimits(t *rapid.T) Limits {
	if rapid.Bool().Draw(t, "wide") {
		return Limits{}
	}
	return Limits{
		Columns:    rapid.IntRange(1, 5).Draw(t, "columns"),
		Members:    rapid.IntRange(1, 4).Draw(t, "members"),
		TypeBytes:  rapid.IntRange(8, 60).Draw(t, "type bytes"),
		TableBytes: rapid.IntRange(20, 200).Draw(t, "table bytes"),
	}
}

func observeAll(t *rapid.T, limits Limits, lines []string) []Field {
	return observeFor(t, limits, nil, lines)
}

func observeFor(t *rapid.T, limits Limits, table []Field, lines []string) []Field {
	in := NewInferrer(limits, table)
	for _, line := range lines {
		if err := in.Observe([]byte(line)); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
	}
	checkWeight(t, in)
	return in.Columns()
}

func mustFit(t *rapid.T, fields []Field, lines []string) {
	check := NewChecker(Declared(fields))
	for _, line := range lines {
		if err := check.Fits([]byte(line)); err != nil {
			t.Fatalf("%s does not fit %s: %v", line, show(fields), err)
		}
	}
	for _, f := range Declared(fields) {
		if err := parseHive(f.Type.Hive()); err != nil {
			t.Fatalf("%s: %v", f.Type.Hive(), err)
		}
	}
}

func TestPropertyWhatWasSeenFits(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := drawLimits(t)
		lines, others := drawLines(t, "lines"), drawLines(t, "others")
		seen := observeAll(t, limits, lines)
		mustFit(t, seen, lines)
		table, _ := limits.Merge(nil, seen)
		other := observeFor(t, limits, table, others)
		one, _ := limits.Merge(table, other)
		two, _ := limits.Merge(other, table)
		for _, merged := range [][]Field{table, one, two} {
			mustFit(t, merged, lines)
		}
		for _, merged := range [][]Field{other, one, two} {
			mustFit(t, merged, others)
		}
		if limits == (Limits{}) { // observed apart, which the limit of columns does not allow
			three, _ := Merge(table, observeAll(t, limits, others))
			mustFit(t, three, append(lines, others...))
			if !Equal(canonical(one), canonical(three)) {
				t.Fatalf("from the table %s\napart          %s", show(one), show(three))
			}
		}
	})
}

func TestPropertyOneByOneIsMerge(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lines := drawLines(t, "lines")
		var merged, expected []Field
		for _, line := range lines {
			merged, _ = Merge(merged, observeAll(t, Limits{}, []string{line}))
			one, err := oracle([]byte(line))
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			expected, _ = Merge(expected, one)
		}
		got := canonical(observeAll(t, Limits{}, lines))
		if !Equal(got, canonical(merged)) || !Equal(got, canonical(expected)) {
			t.Fatalf("observed %s\nmerged   %s\noracle   %s", show(got), show(canonical(merged)), show(canonical(expected)))
		}
	})
}

// What others observed apart counts as if it had been observed here, up to the order; where a limit leaves out some of it, that is told.
func TestPropertyIncludeIsObserve(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := drawLimits(t)
		table, lines, others := observeAll(t, limits, drawLines(t, "table")), drawLines(t, "lines"), drawLines(t, "others")
		apart := NewInferrer(Limits{}, nil) // by whoever knows neither the table nor its limits
		in, all := NewInferrer(limits, table), NewInferrer(limits, table)
		for _, line := range others {
			if err := errors.Join(apart.Observe([]byte(line)), all.Observe([]byte(line))); err != nil {
				t.Fatal(err)
			}
		}
		in.Include(apart.Columns())
		for _, line := range lines {
			if err := errors.Join(in.Observe([]byte(line)), all.Observe([]byte(line))); err != nil {
				t.Fatal(err)
			}
		}
		checkWeight(t, in)
		mustFit(t, in.Columns(), append(lines, others...))
		if limits == (Limits{}) && !Equal(canonical(in.Columns()), canonical(all.Columns())) {
			t.Fatalf("included %s\nobserved %s", show(in.Columns()), show(all.Columns()))
		}
		if len(in.Columns()) < len(all.Columns()) && !in.Dropped() {
			t.Fatalf("included %s\nobserved %s, and nothing is dropped", show(in.Columns()), show(all.Columns()))
		}
	})
}

func TestPropertyMergeIsALattice(t *testing.T) {
	merge := func(a, b []Field) []Field { m, _ := Merge(a, b); return m }
	rapid.Check(t, func(t *rapid.T) {
		a, b, c := observeAll(t, Limits{}, drawLines(t, "a")), observeAll(t, Limits{}, drawLines(t, "b")), observeAll(t, Limits{}, drawLines(t, "c"))
		ab := merge(merge(nil, a), b) // a table has its order from a merge
		if !Equal(canonical(merge(a, a)), canonical(a)) {
			t.Fatalf("not idempotent: %s", show(a))
		}
		if !Equal(merge(ab, ab), ab) || !Equal(merge(ab, a), ab) || !Equal(merge(ab, b), ab) || !Equal(merge(ab, nil), ab) {
			t.Fatalf("what was merged changes: %s", show(ab))
		}
		if !Equal(canonical(ab), canonical(merge(b, a))) {
			t.Fatalf("not commutative: %s, %s", show(ab), show(merge(b, a)))
		}
		if left, right := merge(ab, c), merge(a, merge(b, c)); !Equal(canonical(left), canonical(right)) {
			t.Fatalf("not associative: %s, %s", show(left), show(right))
		}
	})
}

// What is declared is only ever extended at its end and widened, within the limits and beyond.
func TestPropertyDeclarationOnlyGrows(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		limits := drawLimits(t)
		var columns []Field
		for range rapid.IntRange(1, 4).Draw(t, "rounds") {
			start := columns
			if rapid.Bool().Draw(t, "apart") {
				start = nil
			}
			seen := observeFor(t, limits, start, drawLines(t, "lines"))
			next, changes := limits.Merge(columns, seen)
			was, now := Declared(columns), Declared(next)
			grows(t, "", was, now)
			if (len(changes) == 0) != (show(intAsLong(was)) == show(intAsLong(now))) {
				t.Fatalf("%v from %s to %s", changes, show(was), show(now))
			}
			if again, more := limits.Merge(next, seen); !Equal(again, next) || len(more) > 0 {
				t.Fatalf("merged twice: %s, then %s", show(next), show(again))
			}
			columns = next
		}
	})
}

func grows(t *rapid.T, path string, was, now []Field) {
	if len(now) < len(was) {
		t.Fatalf("%s loses fields: %s, %s", path, show(was), show(now))
	}
	for i, f := range was {
		if now[i].Name != f.Name || now[i].Spelling != f.Spelling {
			t.Fatalf("%s moves: %s, %s", join(path, f.Name), show(was), show(now))
		}
		a, b := f.Type, now[i].Type
		for a.Kind == Array && b.Kind == Array {
			a, b = a.elem(), b.elem()
		}
		if joined[a.Kind][b.Kind] != b.Kind {
			t.Fatalf("%s narrows from %s to %s", join(path, f.Name), a.Kind, b.Kind)
		}
		if a.Kind == Struct && b.Kind == Struct {
			grows(t, join(path, f.Name), a.Fields, b.Fields)
		}
	}
}

func intAsLong(fields []Field) []Field {
	text := strings.ReplaceAll(show(fields), `"int"`, `"long"`)
	var t Type
	if err := t.UnmarshalJSON([]byte(text)); err != nil {
		panic(err)
	}
	return t.Fields
}

func TestPropertyTypeRoundTrips(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		want := Type{Kind: Struct, Fields: observeAll(t, Limits{}, drawLines(t, "lines"))}
		text, err := json.Marshal(want)
		if err != nil {
			t.Fatal(err)
		}
		var got Type
		if err := json.Unmarshal(text, &got); err != nil || !got.Equal(want) {
			t.Fatalf("%s: %v", text, err)
		}
	})
}
