package schema

import "testing"

// FuzzObserve gives any two lines. None may panic; those that are as stored must be observed as the oracle says, and fit what they came to.
func FuzzObserve(f *testing.F) {
	for _, tt := range inferred {
		for i, line := range tt.lines {
			if len(line) < 2000 {
				f.Add([]byte(line), []byte(tt.lines[(i+1)%len(tt.lines)]))
			}
		}
	}
	f.Add([]byte(`{"a":"\"`), []byte(`{"a":[{"b":1},{"b":`))
	f.Fuzz(func(t *testing.T, one, two []byte) {
		if len(one)+len(two) > 1<<16 {
			return
		}
		in := NewInferrer(Limits{}, nil)
		var expected []Field
		good := [][]byte{}
		for _, line := range [][]byte{one, two, one} {
			if !stored(line) {
				_ = NewInferrer(Limits{}, nil).Observe(line)
				continue
			}
			if err := in.Observe(line); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			seen, err := oracle(line)
			if err != nil {
				t.Fatalf("%s: %v", line, err)
			}
			expected, _ = Merge(expected, seen)
			good = append(good, line)
		}
		checkWeight(t, in)
		columns := in.Columns()
		if !Equal(canonical(columns), canonical(expected)) {
			t.Fatalf("observed %s\noracle   %s", show(canonical(columns)), show(canonical(expected)))
		}
		check := NewChecker(columns)
		for _, line := range good {
			if err := check.Fits(line); err != nil {
				t.Fatalf("%s: %v", line, err)
			}
		}
		for _, line := range [][]byte{one, two} {
			_ = check.Fits(line)
		}
		for _, c := range Declared(columns) {
			if err := parseHive(c.Type.Hive()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// FuzzType reads any text as a type. What is read is written and read again as it was.
func FuzzType(f *testing.F) {
	for _, text := range []string{`"int"`, `["long"]`, `{"A":"double","b":[{"é\"":"null"}]}`, `{"":{}}`, `[[[["bool"]]]]`, `{"\ud83d\ude00":"string"}`, `{"a":"int",`} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		var read, again Type
		if read.UnmarshalJSON(text) != nil {
			return
		}
		b, err := read.MarshalJSON()
		if err != nil {
			t.Fatal(err)
		}
		if err := again.UnmarshalJSON(b); err != nil || !again.Equal(read) {
			t.Fatalf("%s becomes %s: %v", text, b, err)
		}
		if read.declared() {
			if err := parseHive(read.Hive()); err != nil {
				t.Fatal(err)
			}
			if read.DuckDB() == "" {
				t.Fatal("nothing for DuckDB")
			}
		}
		merged, _ := Merge(read.Fields, read.Fields)
		_ = Fits(merged, text)
	})
}
