package event

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"reflect"
	"regexp"
	"testing"
	"unicode/utf8"
)

// Of 100,000 mutated records encoding/json, with what the contract asks beyond it, says the same as a decoder that has seen all those before:
// what is taken is valid and means the same but for the fields that were added, and what is refused as no JSON, or for its encoding, is so.
func TestAgainstStandard(t *testing.T) {
	runs := 100_000
	if raceEnabled || testing.Short() {
		runs /= 10
	}
	d := newDecoder(t, DefaultMapping)
	r := rand.New(rand.NewPCG(17, 19))
	from := seeds()
	taken, refused := 0, 0
	for range runs {
		record := mutate(r, from)
		d.Reset()
		d.Decode(record, arrivalForTests, func(e Event) {
			taken++
			if problem := takenByStandard(e); problem != "" {
				t.Fatalf("%q becomes %q: %s", e.Data, e.Line, problem)
			}
		}, func(x Rejection) {
			refused++
			if x.Reason == NotJSON && json.Valid(x.Data) || x.Reason == Encoding && json.Valid(x.Data) && utf8.Valid(x.Data) && !halves.Match(x.Data) {
				t.Fatalf("%q is refused: %s: the standard library takes it", x.Data, x.Error())
			}
		})
	}
	if taken < runs/10 || refused < runs/10 {
		t.Errorf("%d events taken, %d pieces refused: the mutations are lopsided", taken, refused)
	}
}

// halves finds what may be half of a surrogate pair.
var halves = regexp.MustCompile(`\\u[dD][89a-fA-F]`)

func takenByStandard(e Event) string {
	if !json.Valid(e.Data) || !json.Valid(e.Line) || !utf8.Valid(e.Line) {
		return "that is no JSON"
	}
	came, stored := map[string]any{}, map[string]any{}
	for text, to := range map[*[]byte]*map[string]any{&e.Data: &came, &e.Line: &stored} {
		in := json.NewDecoder(bytes.NewReader(*text))
		in.UseNumber()
		if err := in.Decode(to); err != nil {
			return err.Error()
		}
	}
	for _, name := range added {
		if _, had := came[name]; !had {
			delete(stored, name)
		}
	}
	if !reflect.DeepEqual(came, stored) {
		return fmt.Sprintf("that means %v, and came as %v", stored, came)
	}
	return ""
}
