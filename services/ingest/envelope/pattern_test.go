package envelope

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
)

// An event whose records are spelled alike is read without being parsed. Whatever is done to it, one that is taken so is parsed to the same,
// also by a decoder that has seen others before.
func TestAlikeIsParsedTheSame(t *testing.T) {
	morsels := []string{
		`"`, `\`, `\n`, "\n", "\r", ` `, `{`, `}`, `[`, `]`, `,`, `:`, `0`, `1.`, `.5`, `e3`, `-`, "\xff", "é", "=", "==", "\x00", `"kinesis":{},`, `"data":"",`, `"a":1,`, "A", "eyJh",
		`"eventID":"s:1",`, `null`, `{"Records":[`, `]}`, `:7`,
	}
	var seeds [][]byte
	for n := range 4 {
		var data []string
		for k := range 3 {
			data = append(data, strings.Repeat("x", 20*n+7*k))
		}
		one := delivered(data...)
		seeds = append(seeds, one, bytes.ReplaceAll(one, []byte(`,"`), []byte(",\r\n \""))) // and with white space
	}
	r := rand.New(rand.NewPCG(3, 4))
	var d Decoder
	taken, alike := 0, 0
	for range 40_000 {
		text := bytes.Clone(seeds[r.IntN(len(seeds))])
		for range r.IntN(3) {
			i := r.IntN(len(text))
			switch r.IntN(4) {
			case 0:
				text = slices.Insert(text, i, []byte(morsels[r.IntN(len(morsels))])...)
			case 1:
				text = slices.Replace(text, i, min(len(text), i+1+r.IntN(6)), []byte(morsels[r.IntN(len(morsels))])...)
			case 2:
				text = slices.Delete(text, i, min(len(text), i+1+r.IntN(6)))
			case 3:
				text[i] = byte(r.IntN(128))
			}
		}
		d.reset(len(text))
		if !d.decodeAlike(text) {
			continue
		}
		alike++
		var parsed Decoder
		parsed.reset(len(text))
		if err := parsed.decodeAny(text); err != nil {
			t.Fatalf("%q is taken, but parsing says %v", text, err)
		}
		if !slices.EqualFunc(d.deliveries, parsed.deliveries, same) {
			t.Fatalf("%q is %+v, but parsed %+v", text, d.deliveries, parsed.deliveries)
		}
		for _, delivery := range d.deliveries {
			taken += len(delivery.Records)
		}
	}
	if alike < 10_000 || taken < 2*alike {
		t.Errorf("%d events were taken as alike, with %d records: the mutations are lopsided", alike, taken)
	}
}

// What an event takes does not grow with its records, but for the text of their sequences.
func TestDecodeAllocates(t *testing.T) {
	var d Decoder
	allocations := func(records int) float64 {
		data := make([]string, records)
		for n := range data {
			data[n] = fmt.Sprintf(`{"event_uuid":"%d"}`, n)
		}
		event := delivered(data...)
		return testing.AllocsPerRun(10, func() {
			if _, err := d.Decode(event); err != nil {
				t.Fatal(err)
			}
		})
	}
	if few, many := allocations(100), allocations(10_000); many > few || few > 10 {
		t.Errorf("%v allocations for 100 records, %v for 10,000", few, many)
	}
}
