package event

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"
)

// Folding joins all that EqualFold or ToLower join, rune by rune, and no more than that.
func TestFold(t *testing.T) {
	members := map[rune][]rune{}
	most := rune(unicode.MaxRune)
	if raceEnabled {
		most = 0x1ffff
	}
	for r := rune(0); r <= most; r++ {
		if !utf8.ValidRune(r) {
			continue
		}
		f := foldRune(r)
		members[f] = append(members[f], r)
		for _, other := range []rune{unicode.SimpleFold(r), unicode.ToLower(r)} {
			if foldRune(other) != f {
				t.Fatalf("%U and %U are one letter, but fold to %U and %U", r, other, f, foldRune(other))
			}
		}
		if r < utf8.RuneSelf && f != rune(lower(byte(r))) {
			t.Fatalf("%q folds to %q", r, f)
		}
	}
	for _, class := range members {
		for _, a := range class {
			// Each is joined with another directly: a chain, like İ-i-I, makes the class.
			if len(class) > 1 && !slices.ContainsFunc(class, func(b rune) bool {
				return a != b && (strings.EqualFold(string(a), string(b)) || unicode.ToLower(a) == unicode.ToLower(b))
			}) {
				t.Fatalf("%U is in the class %U without a reason", a, class)
			}
		}
	}
}

func TestLowerWord(t *testing.T) {
	for c := range 256 {
		w := uint64(c) * ones
		if got, want := lowerWord(w), uint64(lower(byte(c)))*ones; got != want {
			t.Errorf("%#x: %#x, want %#x", w, got, want)
		}
		if got, want := lowerWord(uint64(c)<<24|'Z'<<16|0xff), uint64(lower(byte(c)))<<24|'z'<<16|0xff; got != want {
			t.Errorf("%#x among others: %#x, want %#x", c, got, want)
		}
	}
}

// hasDuplicate is the rule in its simplest form.
func hasDuplicate(keys []string) bool {
	seen := map[string]bool{}
	for _, key := range keys {
		folded := strings.Map(foldRune, key)
		if seen[folded] {
			return true
		}
		seen[folded] = true
	}
	return false
}

// The check is exact at every size and when all hashes are equal, and then it is still fast.
func TestDuplicates(t *testing.T) {
	for _, weak := range []bool{false, true} {
		if weak {
			old := secret
			secret = [2]uint64{}
			defer func() { secret = old }()
		}
		d := newDecoder(t, DefaultMapping)
		r := rand.New(rand.NewPCG(7, 7))
		letters := []string{"a", "A", "b", "é", "É", "k", "\u212a", "[", "{", "@", "`", "\\u0041", "\\u00e9", "longer_key_", "LONGER_KEY_"}
		for range 1000 {
			var body strings.Builder
			var keys []string
			for n := range r.IntN(80) {
				var text strings.Builder
				if r.IntN(3) > 0 {
					fmt.Fprint(&text, n)
				}
				for range r.IntN(8) {
					text.WriteString(letters[r.IntN(len(letters))])
				}
				keys = append(keys, string(appendUnquoted(nil, []byte(text.String()))))
				fmt.Fprintf(&body, `,"%s":{"%d":{},"a":[{"a":1}]}`, text.String(), n)
			}
			got := decode(t, d, withX("{"+strings.TrimPrefix(body.String(), ",")+"}"))
			want := Reason("")
			if hasDuplicate(keys) {
				want = DuplicateKey
			}
			if got[0].reason != want {
				t.Fatalf("weak %v: %q: %v, want %q", weak, body.String(), reasonsOf(got), want)
			}
			d.Reset()
		}
		begin := time.Now()
		if got := decode(t, d, withX("{"+manyKeys(100_000)[1:]+"}")); got[0].reason != "" {
			t.Errorf("weak %v: %v", weak, reasonsOf(got))
		}
		if took := time.Since(begin); took > 5*time.Second {
			t.Errorf("weak %v: %s for 100,000 keys", weak, took)
		}
	}
}

// Wherever in an object of any size the two stand.
func TestDuplicatePlaces(t *testing.T) {
	d := newDecoder(t, DefaultMapping)
	for n := range 70 {
		for first := range n {
			keys := make([]string, n)
			for i := range keys {
				keys[i] = fmt.Sprintf(`"key %d":0`, i)
			}
			last := n - 1 - first%3
			keys[last] = fmt.Sprintf(`"KEY %d":0`, first)
			want := Reason("")
			if first != last {
				want = DuplicateKey
			}
			if got := decode(t, d, withX("{"+strings.Join(keys, ",")+"}")); got[0].reason != want && first < last {
				t.Errorf("%d keys, the key %d again as %d: %v", n, first, last, reasonsOf(got))
			}
			d.Reset()
		}
	}
}

// The report names the first repetition, whatever the hashes are, and though inner objects are checked before outer ones.
func TestDuplicateDetail(t *testing.T) {
	for doc, key := range map[string]string{
		`{"event_uuid":1` + manyKeys(50) + `,"q":{"z":1,"Z":2},"K\u0033":1,"k4":1}`:      "Z",
		`{"event_uuid":1` + manyKeys(50) + `,"K33":1,"K\u0034":1,"q":{"z":1,"Z":2}}`:     "K33",
		`{"event_uuid":1,"a":{"b":1,"c":{"d":1,"D":2},"B":1},"A":1` + manyKeys(50) + `}`: "D",
	} {
		d := newDecoder(t, DefaultMapping)
		d.Decode([]byte(doc), arrivalForTests, func(Event) { t.Error("accepted") }, func(r Rejection) {
			want := fmt.Sprintf(`the object has the key %q already, or one that differs only in case at offset %d`, key, strings.Index(doc, `"`+key+`"`)+1)
			if r.Detail != want {
				t.Errorf("%s\nwant %s", r.Detail, want)
			}
		})
	}
}
