package event

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
)

// The oracle reads documents with jsontext, another strict parser that shares nothing with ours, and judges them by the event contract in
// the simplest way. compareWithOracle demands that both agree on every piece of a record.

// document is what the oracle sees in one object.
type document struct {
	depth    int
	repeated bool // a key twice, or in two cases
	fields   map[string]jsontext.Token
	kinds    map[string]jsontext.Kind
}

func readDocument(value jsontext.Value) (document, error) {
	doc := document{fields: map[string]jsontext.Token{}, kinds: map[string]jsontext.Kind{}}
	in := jsontext.NewDecoder(bytes.NewReader(value), jsontext.AllowDuplicateNames(true))
	var open [][]string // the keys of each open object or array
	for {
		kind, index := in.StackIndex(in.StackDepth())
		isKey := kind == '{' && index%2 == 0
		token, err := in.ReadToken()
		if errors.Is(err, io.EOF) {
			return doc, nil
		}
		if err != nil {
			return doc, err
		}
		doc.depth = max(doc.depth, in.StackDepth())
		switch k := token.Kind(); {
		case k == '{' || k == '[':
			if len(open) == 1 && len(open[0]) > 0 {
				doc.kinds[open[0][len(open[0])-1]] = k
			}
			open = append(open, nil)
		case k == '}' || k == ']':
			open = open[:len(open)-1]
		case isKey:
			last := &open[len(open)-1]
			for _, other := range *last {
				if strings.Map(foldRune, other) == strings.Map(foldRune, token.String()) {
					doc.repeated = true
				}
			}
			*last = append(*last, token.String())
		case len(open) == 1:
			key := open[0][len(open[0])-1]
			doc.fields[key], doc.kinds[key] = token.Clone(), k
		}
	}
}

var (
	integerText = regexp.MustCompile(`^-?(0|[1-9][0-9]*)$`)
	numberText  = regexp.MustCompile(`^-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?$`)
	instantText = regexp.MustCompile(`^[0-9]{4}-[0-9]{2}-[0-9]{2}[Tt ][0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]+)?([Zz]|[-+]([01][0-9]|2[0-3]):[0-5][0-9])?$`)
)

// verdict gives the reason for which a complete object is to be rejected, or none.
func (doc document) verdict(latest time.Time) Reason {
	switch {
	case doc.depth > MaxDepth:
		return TooDeep
	case doc.repeated:
		return DuplicateKey
	}
	id := doc.fields["event_uuid"]
	switch kind := doc.kinds["event_uuid"]; {
	case kind == 0 || kind == 'n':
		return IDMissing
	case kind == '"' && id.String() != "" && len(id.String()) <= 256:
	case kind == '0' && integerText.MatchString(id.String()) && len(id.String()) <= 256:
	default:
		return IDInvalid
	}
	switch kind := doc.kinds["created_at"]; kind {
	case 0, 'n':
		return TimeMissing
	case '"', '0':
	default:
		return TimeInvalid
	}
	text := doc.fields["created_at"].String()
	var at time.Time
	ok := false
	switch {
	case numberText.MatchString(text):
		if _, exponent, _ := strings.Cut(strings.ToLower(text), "e"); len(strings.TrimLeft(exponent, "+-0")) > 4 {
			return TimeRange // beyond all digits that there are in these tests: 1970, or out of range
		}
		at, ok = exactTime(text)
	case instantText.MatchString(text):
		upper := strings.ToUpper(strings.Replace(text, " ", "T", 1))
		if upper[17:19] == "60" {
			upper = upper[:17] + "59" + upper[19:]
		}
		if len(strings.TrimRight(upper[19:], ".0123456789")) == 0 {
			upper += "Z"
		}
		var err error
		if at, err = time.Parse(time.RFC3339, upper); err != nil {
			return TimeInvalid
		}
		ok = true
	default:
		return TimeInvalid
	}
	if !ok || at.Before(earliest) || at.After(latest) {
		return TimeRange
	}
	return ""
}

var addedFields = regexp.MustCompile(`^(,"created_datetime":"[-0-9T:.]+Z")?(,"event_type":"([^"\\]|\\.)*")?(,"event_subtype":"([^"\\]|\\.)*")?}$`)

// compareWithOracle reports the first disagreement about a record, and how many of its pieces were accepted.
func compareWithOracle(d *Decoder, record []byte) (accepted int, problem string) {
	type piece struct {
		reason Reason
		event  Event
		data   []byte
	}
	var pieces []piece
	d.Reset()
	d.Decode(record, arrivalForTests, func(e Event) {
		pieces = append(pieces, piece{"", e, e.Data})
	}, func(r Rejection) {
		pieces = append(pieces, piece{r.Reason, Event{}, r.Data})
	})
	for _, p := range pieces {
		if p.reason == "" {
			accepted++
			if problem := judgeEvent(d, p.event); problem != "" {
				return accepted, problem
			}
		}
	}
	if len(pieces) > 0 && (pieces[0].reason == Compressed || pieces[0].reason == Empty) {
		return accepted, ""
	}
	in := jsontext.NewDecoder(bytes.NewReader(record), jsontext.AllowDuplicateNames(true))
	for i, p := range pieces {
		if p.reason == TooLarge && len(record) > MaxKey { // jsontext bounds no key
			return accepted, ""
		}
		value, err := in.ReadValue()
		if err != nil { // from here on only we go on
			if p.reason != NotJSON && p.reason != Encoding && p.reason != TooDeep {
				return accepted, fmt.Sprintf("piece %d is %q, but jsontext says %v", i, p.reason, err)
			}
			return accepted, ""
		}
		if value.Kind() != '{' {
			if p.reason == "" || p.reason == DuplicateKey {
				return accepted, fmt.Sprintf("piece %d is %q, but no object", i, p.reason)
			}
			return accepted, ""
		}
		doc, err := readDocument(value)
		if err != nil {
			return accepted, fmt.Sprintf("the oracle fails: %v", err)
		}
		want := doc.verdict(arrivalForTests.Add(d.maxFuture))
		if p.reason != want {
			return accepted, fmt.Sprintf("piece %d is %q, want %q", i, p.reason, want)
		}
		if want == TooDeep {
			return accepted, ""
		}
		if !bytes.Equal(p.data, value) {
			return accepted, fmt.Sprintf("piece %d is %q, want %q", i, p.data, value)
		}
	}
	if value, err := in.ReadValue(); err == nil {
		return accepted, fmt.Sprintf("%q was left out", value)
	}
	return accepted, ""
}

// judgeEvent checks what holds of every accepted event.
func judgeEvent(d *Decoder, e Event) string {
	line := jsontext.Value(e.Line)
	if !line.IsValid() { // strict: no duplicate names, UTF-8
		return fmt.Sprintf("jsontext does not take the line %q", line)
	}
	compact := jsontext.Value(bytes.Clone(e.Data))
	if err := compact.Compact(jsontext.AllowDuplicateNames(true)); err != nil {
		return fmt.Sprintf("compact: %v", err)
	}
	if kept := compact[:len(compact)-1]; !bytes.HasPrefix(line, kept) || !addedFields.Match(line[len(kept):]) {
		return fmt.Sprintf("the line %q is not %q and fields", line, compact)
	}
	if bytes.ContainsAny(line, "\n\r") {
		return fmt.Sprintf("%q is more than one line", line)
	}
	if problem := judgeLine(d, e); problem != "" {
		return problem
	}
	again := newDecoderLike(d)
	problem := "nothing"
	again.Decode(e.Line, arrivalForTests, func(other Event) {
		problem = ""
		if !bytes.Equal(other.Line, e.Line) || other.Fingerprint != e.Fingerprint || !other.Time.Equal(e.Time) {
			problem = strconv.Quote(string(other.Line))
		}
	}, func(r Rejection) { problem = r.Error() })
	if problem != "" {
		return fmt.Sprintf("decoded again, %q is %s", e.Line, problem)
	}
	return ""
}

// judgeLine checks that Inspect and Identify see in a line what Decode saw.
func judgeLine(d *Decoder, e Event) string {
	other := newDecoderLike(d)
	seen, err := other.Inspect(e.Line)
	if err != nil || seen.Fingerprint != e.Fingerprint || !seen.Time.Equal(e.Time) {
		return fmt.Sprintf("Inspect sees %x at %s in %q: %v", seen.Fingerprint, seen.Time, e.Line, err)
	}
	if id, err := other.Identify(e.Line); err != nil || id != e.Fingerprint.ID {
		return fmt.Sprintf("Identify sees %x in %q: %v", id, e.Line, err)
	}
	if g, err := other.Glance(e.Line); err != nil || g.ID != e.Fingerprint.ID || g.Time != e.Time.UnixNano() {
		return fmt.Sprintf("Glance sees %x at %d in %q: %v", g.ID, g.Time, e.Line, err)
	}
	return ""
}

func newDecoderLike(d *Decoder) *Decoder {
	other, err := NewDecoder(DefaultMapping, d.maxFuture)
	if err != nil {
		panic(err)
	}
	return other
}

// seeds are events that have a bit of everything.
func seeds() [][]byte {
	all := sample(20)
	for _, text := range []string{
		`{"event_uuid":"0f8fad5b-d9cb-469f-a165-70867728950e","created_at":"2021-07-21T06:00:00.120Z","event_name":"a:b","n":[1e9,-0.5,{"a":{},"b":[]}]}`,
		`{"created_at":1626847200123,"x":{"event_uuid":"wrong","k":"\ud834\udd1eé\"\\\/\b"},"event_uuid":17,"event_name":"x","EVENT_TYPE":null}`,
		"{ \"event_uuid\" : \"a\" ,\r\n\t\"created_at\" : \"1626847200.5\", \"K\":[ ], \"\u212b\" : { \"å1\" : true } }",
		`{"event_uuid":1,"created_at":1626847200}` + "\n" + `{"event_uuid":"\u0032","created_at":"2021-07-21 06:00:60"}` + "\n",
		`{"event_uuid":1,"created_at":1626847200}{"event_uuid":2,"created_at":1.6268472E9,"a":"` + "\u2028\u2029\u007f" + `"}`,
	} {
		all = append(all, []byte(text))
	}
	return all
}

// morsels are what mutations put in.
var morsels = []string{
	`"`, `\`, `{`, `}`, `[`, `]`, `:`, `,`, ` `, "\n", "\r", "\t", "\x00", "\x1f", "\x7f", "\x80", "\xc0\xaf", "\xed\xa0\x80", "\xef\xbb\xbf", "é", "€", "𝄞", "\u2028", "\u212a", "ſ",
	`\u0061`, `\u0000`, `\ud800`, `\udc00`, `\ud834\udd1e`, `\n`, `\"`, `\\`, `\x`, `null`, `true`, `false`, `NaN`, `0`, `1`, `-`, `-0`, `1e5`, `1E999`, `.5`, `0.`, `01`, `{}`, `[]`,
	`"a":1,`, `"A":1,`, `,"a":[1,2]`, `,"event_uuid":1`, `"created_at":1626847200,`, `{"a":`, `[[`, `]]`, "\n{", "{\n{", "}\n{", `}{`, `/*x*/`, `'`, `"event_uuid":"a"`, "\n{\"event_uuid\":1,\"created_at\":1626847200}\n",
}

func mutate(r *rand.Rand, seeds [][]byte) []byte {
	doc := bytes.Clone(seeds[r.IntN(len(seeds))])
	for range 1 + r.IntN(3) {
		if len(doc) == 0 {
			break
		}
		i := r.IntN(len(doc))
		j := min(len(doc), i+1+r.IntN(8))
		switch r.IntN(10) {
		case 0, 1, 2:
			doc = slices.Insert(doc, i, []byte(morsels[r.IntN(len(morsels))])...)
		case 3, 4:
			doc = slices.Replace(doc, i, j, []byte(morsels[r.IntN(len(morsels))])...)
		case 5:
			doc[i] = byte(r.IntN(256))
		case 6:
			doc = slices.Delete(doc, i, j)
		case 7: // repeat a member, or change a letter's case
			if end := bytes.IndexByte(doc[i:], ','); end > 0 && r.IntN(2) == 0 {
				doc = slices.Insert(doc, i, bytes.Clone(doc[i:i+end+1])...)
			} else {
				doc[i] ^= 0x20
			}
		case 8:
			other := seeds[r.IntN(len(seeds))]
			doc = slices.Insert(doc, i, other[r.IntN(len(other)):]...)
		case 9: // keep what is between two places of a token: white space, or a cut
			if r.IntN(4) == 0 {
				doc = doc[:i]
			} else if at := bytes.IndexAny(doc[i:], ",:{}[]"); at >= 0 {
				doc = slices.Insert(doc, i+at+r.IntN(2), ' ')
			}
		}
	}
	return doc
}

func TestAgainstJSONText(t *testing.T) {
	const workers = 2
	runs := 120_000 / workers
	if raceEnabled || testing.Short() {
		runs /= 10
	}
	for worker := range workers {
		t.Run(strconv.Itoa(worker), func(t *testing.T) {
			t.Parallel()
			d := newDecoder(t, DefaultMapping)
			r := rand.New(rand.NewPCG(11, uint64(worker)))
			from := seeds()
			accepted, rejected := 0, 0
			for range runs {
				record := mutate(r, from)
				n, problem := compareWithOracle(d, record)
				if problem != "" {
					t.Fatalf("%q: %s", record, problem)
				}
				if n > 0 {
					accepted++
				} else {
					rejected++
				}
			}
			if accepted < runs/10 || rejected < runs/10 {
				t.Errorf("%d records with events, %d without: the mutations are lopsided", accepted, rejected)
			}
		})
	}
}
