package event

import "testing"

// A piece that is rejected is rejected alike, with the same detail, when it comes back alone, whatever followed it at first: so that a replay
// with nothing mended writes the same quarantine object again.
func TestPieceAloneIsJudgedAlike(t *testing.T) {
	records := []string{ // the first's error lies behind the newline that ends the piece, the others' further on
		`{"a":"b` + "\n" + withX("1"),
		`{"a":[` + "\n" + `{"a":1,"a":2}`,
		`{"a":[` + "\n" + `{"a":"` + "\xff" + `"}`,
		deep(MaxDepth - 1)[:MaxDepth-1] + "\n" + `{"a":{"b":1}}`,
		`{"a"` + "\n\n" + `{`,
	}
	for _, c := range faultCases {
		records = append(records, c.doc+"\n"+withX("2"), withX("1")+c.doc+"\r\n"+withX("2"))
	}
	type verdict struct {
		reason       Reason
		detail, data string
	}
	d := newDecoder(t, DefaultMapping)
	broken := 0
	for _, record := range records {
		var rejected []verdict
		d.Decode([]byte(record), arrivalForTests, func(Event) {}, func(r Rejection) {
			rejected = append(rejected, verdict{r.Reason, r.Detail, string(r.Data)})
		})
		for _, want := range rejected {
			broken++
			again := 0
			d.Decode([]byte(want.data), arrivalForTests, func(Event) { again += 2 }, func(r Rejection) {
				again++
				if got := (verdict{r.Reason, r.Detail, string(r.Data)}); got != want {
					t.Errorf("in %.200q: %.300q, alone %.300q", record, want, got)
				}
			})
			if again != 1 {
				t.Errorf("%.200q is not one rejection alone", want.data)
			}
		}
		d.Reset()
	}
	if broken < 100 {
		t.Errorf("only %d pieces were rejected", broken)
	}
}
