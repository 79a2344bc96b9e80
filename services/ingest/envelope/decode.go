// Package envelope reads what Lambda puts around the records of a Kinesis stream: the event of an invocation, and the record of one that
// was given up.
package envelope

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"strings"
	"time"
	"unsafe"

	"github.com/segmentio/asm/base64"
	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/services/ingest"
)

// kinesis is the event that Lambda's Kinesis event source sends, as far as it matters here:
// https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
type kinesis struct {
	Records []record `json:"Records"`
}

type record struct {
	Kinesis struct {
		SequenceNumber string  `json:"sequenceNumber"`
		Data           string  `json:"data"`
		Arrival        float64 `json:"approximateArrivalTimestamp"` // Unix seconds, with milliseconds as the fraction
	} `json:"kinesis"`
	EventID     string `json:"eventID"` // "<shard>:<sequence number>"
	EventSource string `json:"eventSource"`
}

var errNotKinesis = errors.New("the event is not one of a Kinesis event source: connect this function to a stream by an event source mapping")

// Decode gives the deliveries in an event: one, since an invocation serves one shard, but for hand-made events of several. Nothing in the
// result aliases payload, whose buffer Lambda's runtime uses again.
func Decode(payload []byte) ([]ingest.Delivery, error) {
	var e kinesis
	if err := parse(payload, &e); err != nil {
		return nil, fmt.Errorf("decode event: %w", err)
	}
	if len(e.Records) == 0 {
		return nil, errNotKinesis
	}
	size := 0
	for n := range e.Records {
		size += base64.StdEncoding.DecodedLen(len(e.Records[n].Kinesis.Data))
	}
	arena := make([]byte, size)
	var deliveries []ingest.Delivery
	at := map[string]int{}
	for n := range e.Records {
		r := &e.Records[n]
		shard, _, ok := strings.Cut(r.EventID, ":")
		if !ok || r.EventSource != "aws:kinesis" {
			return nil, errNotKinesis
		}
		if r.Kinesis.Arrival <= 0 {
			return nil, fmt.Errorf("decode record %s: it has no arrival time", r.EventID)
		}
		k, err := base64.StdEncoding.Decode(arena, unsafe.Slice(unsafe.StringData(r.Kinesis.Data), len(r.Kinesis.Data)))
		if err != nil {
			return nil, fmt.Errorf("decode record %s: its data is not base64: %w", r.EventID, err)
		}
		d, known := at[shard]
		if !known {
			d = len(deliveries)
			shard = strings.Clone(shard)
			at[shard] = d
			deliveries = append(deliveries, ingest.Delivery{Shard: shard})
			if n == 0 { // room for all: there is hardly ever another
				deliveries[d].Records = make([]ingest.Record, 0, len(e.Records))
			}
		}
		deliveries[d].Records = append(deliveries[d].Records, ingest.Record{
			Sequence: strings.Clone(r.Kinesis.SequenceNumber),
			Arrival:  time.UnixMilli(int64(math.Round(r.Kinesis.Arrival * 1000))).UTC(),
			Data:     arena[:k:k],
		})
		arena = arena[k:]
	}
	return deliveries, nil
}

// parse reads a document that is all of text. What it gives aliases text.
func parse(text []byte, to any) error {
	rest, err := json.Parse(text, to, json.ZeroCopy|json.DontMatchCaseInsensitiveStructFields)
	if err != nil {
		return err
	}
	if n := len(bytes.TrimSpace(rest)); n != 0 {
		return fmt.Errorf("%d bytes follow it", n)
	}
	return nil
}
