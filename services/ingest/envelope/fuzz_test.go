package envelope

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/lakebed/lakebed/services/ingest"
)

// FuzzEnvelope puts any records into an event, spelled in several ways: they come out as they went in, with nothing of it in the payload's buffer, and
// so they do of the record of a batch that was given up.
func FuzzEnvelope(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n\n\xff\x00"), "shardId-000000000006", "49590338271490256608559692538361571095921575989136588098", uint64(1795422600123), uint8(0))
	f.Add([]byte("\x1f\x8b\x08\x00"), "\"<&>\u2028", "", uint64(1), uint8(1))
	f.Add([]byte("\xf3\x89\x9a\xc2"), "s", "\\", uint64(253402300799999), uint8(6))
	f.Add([]byte{}, "", "0", uint64(999), uint8(3))
	f.Fuzz(func(t *testing.T, data []byte, shard, sequence string, ms uint64, spell uint8) {
		shard, sequence = strings.ToValidUTF8(strings.ReplaceAll(shard, ":", ";"), "?"), strings.ToValidUTF8(sequence, "?")
		ms = ms%253402300799999 + 1
		want := []ingest.Delivery{{Shard: shard}, {Shard: shard + "'"}}
		var records []any
		for i, piece := range bytes.Split(data, []byte{'\n'}) {
			at := time.UnixMilli(int64(ms)).UTC()
			to := &want[i/3%2]
			to.Records = append(to.Records, ingest.Record{Sequence: sequence + strconv.Itoa(i), Arrival: at, Data: piece})
			records = append(records, map[string]any{
				"eventSource": "aws:kinesis", "eventID": to.Shard + ":" + sequence + strconv.Itoa(i), "more": []any{nil, true, map[string]any{"data": 1}},
				"kinesis": map[string]any{
					"sequenceNumber": sequence + strconv.Itoa(i), "data": base64.StdEncoding.EncodeToString(piece), "partitionKey": shard,
					"approximateArrivalTimestamp": json.Number(strconv.FormatFloat(float64(ms)/1000, "feg"[spell%3], -1, 64)),
				},
			})
		}
		if len(want[1].Records) == 0 {
			want = want[:1]
		}
		payload := spelled(t, map[string]any{"Records": records, "records": 1}, spell)
		gaveUp := spelled(t, map[string]any{"KinesisBatchInfo": map[string]any{"shardId": shard}, "payload": string(payload), "Payload": nil}, spell/2)
		got, err := Decode(payload)
		clear(payload) // Lambda's runtime uses it again
		if err != nil || !slices.EqualFunc(got, want, same) {
			t.Errorf("got %+v, %v; want %+v", got, err, want)
		}
		if got, err := DecodeFailure(bytes.NewReader(gaveUp)); err != nil || !slices.EqualFunc(got, want, same) {
			t.Errorf("given up: got %+v, %v; want %+v", got, err, want)
		}
	})
}

// spelled gives v as JSON: with white space, or with every letter of a string escaped, or both.
func spelled(t *testing.T, v any, spell uint8) []byte {
	t.Helper()
	text, err := json.Marshal(v)
	if spell&2 != 0 {
		text, err = json.MarshalIndent(v, "\r\n", " \t")
	}
	if err != nil {
		t.Fatal(err)
	}
	if spell&4 == 0 {
		return text
	}
	var out []byte
	for quoted, i := false, 0; i < len(text); i++ {
		switch c := text[i]; {
		case quoted && c == '\\':
			size := 2
			if text[i+1] == 'u' {
				size = 6
			}
			out = append(out, text[i:i+size]...)
			i += size - 1
		case quoted && ('a' <= c && c <= 'z' || c == '/' || c == ':'):
			out = fmt.Appendf(out, "\\u%04X", c)
		default:
			quoted = quoted != (c == '"')
			out = append(out, c)
		}
	}
	return out
}

func same(a, b ingest.Delivery) bool {
	return a.Shard == b.Shard && a.Replay == b.Replay && slices.EqualFunc(a.Records, b.Records, func(a, b ingest.Record) bool {
		return a.Sequence == b.Sequence && a.Position == b.Position && a.Arrival.Equal(b.Arrival) && bytes.Equal(a.Data, b.Data)
	})
}

// standard is what matters of an event to the standard library, which takes a string for a json.Number.
type standard struct {
	Records []struct {
		Kinesis struct {
			SequenceNumber string  `json:"sequenceNumber"`
			Data           string  `json:"data"`
			Arrival        float64 `json:"approximateArrivalTimestamp"`
		} `json:"kinesis"`
		EventID string `json:"eventID"`
	} `json:"Records"`
}

// FuzzAgainstStandard reads any bytes as an event. What is taken, encoding/json takes too, and finds the same records in it.
func FuzzAgainstStandard(f *testing.F) {
	f.Add(delivered("x", `{"a":1}`))
	f.Add([]byte(`{"Records":[{"eventSource":"aws:kinesis","eventID":"s:1","kinesis":{"sequenceNumber":"1","data":"e30","approximateArrivalTimestamp":1}}]}`))
	f.Add([]byte(`{"Records":[{"eventSource":"aws:kinesis","eventID":"s:1","kinesis":{"data":"","approximateArrivalTimestamp":1e308}}],"x":[{"a":1,}]}`))
	f.Add([]byte(`{"Records":[{"eventSource":"aws:kinesis","eventID":"a:b:c","kinesis":{"data":"e3\u0030=","approximateArrivalTimestamp":1.0005}}]}` + " \n\t"))
	f.Fuzz(func(t *testing.T, payload []byte) {
		whole := bytes.Clone(payload)
		got, err := Decode(payload)
		if err != nil || !utf8.Valid(whole) || strangeCase(whole) {
			return // the standard library changes what is not UTF-8, and does not tell keys by case
		}
		clear(payload)
		var e standard
		if err := json.Unmarshal(whole, &e); err != nil {
			t.Fatalf("%q is taken: %v", whole, err)
		}
		var want []ingest.Delivery
		for _, r := range e.Records {
			shard, _, _ := strings.Cut(r.EventID, ":")
			data, err := base64.StdEncoding.DecodeString(r.Kinesis.Data)
			if err != nil {
				t.Fatalf("%q is taken: %v", whole, err)
			}
			at := slices.IndexFunc(want, func(d ingest.Delivery) bool { return d.Shard == shard })
			if at < 0 {
				at = len(want)
				want = append(want, ingest.Delivery{Shard: shard})
			}
			want[at].Records = append(want[at].Records, ingest.Record{
				Sequence: r.Kinesis.SequenceNumber, Arrival: time.UnixMilli(int64(math.Round(r.Kinesis.Arrival * 1000))), Data: data,
			})
		}
		if !slices.EqualFunc(got, want, same) {
			t.Errorf("%q: got %+v, want %+v", whole, got, want)
		}
	})
}

// strangeCase tells whether a document has a string that is one of the keys but for its case.
func strangeCase(payload []byte) bool {
	in := json.NewDecoder(bytes.NewReader(payload))
	for {
		token, err := in.Token()
		if err != nil {
			return false
		}
		for _, key := range []string{"Records", "kinesis", "sequenceNumber", "data", "approximateArrivalTimestamp", "eventID", "eventSource"} {
			if s, ok := token.(string); ok && s != key && strings.EqualFold(s, key) {
				return true
			}
		}
	}
}
