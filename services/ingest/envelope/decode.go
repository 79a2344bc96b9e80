// Package envelope reads what Lambda puts around the records of a Kinesis stream: the event of an invocation, and the record of one that
// was given up.
package envelope

import (
	"bytes"
	"errors"
	"fmt"
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
		PartitionKey   string      `json:"partitionKey"` // for patterns only
		SequenceNumber string      `json:"sequenceNumber"`
		Data           string      `json:"data"`
		Arrival        json.Number `json:"approximateArrivalTimestamp"` // Unix seconds, with milliseconds as the fraction
	} `json:"kinesis"`
	EventID     string `json:"eventID"` // "<shard>:<sequence number>"
	EventSource string `json:"eventSource"`
}

const source = "aws:kinesis"

var errNotKinesis = errors.New("the event is not one of a Kinesis event source: connect this function to a stream by an event source mapping")

// Decoder reads events. Its memory is kept for the next one. It is not safe for concurrent use.
type Decoder struct {
	pattern    pattern
	records    []ingest.Record // of the first delivery
	data       []byte          // of all records
	used       int             // of data
	sequences  strings.Builder // the last of those that hold them
	spelled    int             // bytes of all sequences
	deliveries []ingest.Delivery
	at         map[string]int // of the deliveries
}

// Decode is a Decoder's, with memory of its own.
func Decode(payload []byte) ([]ingest.Delivery, error) { return new(Decoder).Decode(payload) }

// Decode gives the deliveries in an event: one, since an invocation serves one shard, but for hand-made events of several; none of an event
// without records, by which somebody asks whether the function serves. Nothing in the result aliases payload, whose buffer Lambda's runtime
// uses again. The records and their data hold until the next call.
func (d *Decoder) Decode(payload []byte) ([]ingest.Delivery, error) {
	d.reset(len(payload))
	if !d.decodeAlike(payload) {
		d.reset(len(payload))
		if err := d.decodeAny(payload); err != nil {
			return nil, err
		}
	}
	if len(d.deliveries) > 0 {
		d.records = d.deliveries[0].Records
	}
	return d.deliveries, nil
}

func (d *Decoder) reset(size int) {
	d.used, d.at = 0, nil
	d.deliveries, d.records = nil, d.records[:0]
	d.sequences.Reset()
	d.sequences.Grow(d.spelled) // most often that is enough
	d.spelled = 0
	if most := base64.StdEncoding.DecodedLen(size); len(d.data) < most {
		d.data = make([]byte, most)
	}
}

// decodeAny reads an event that is spelled in any way.
func (d *Decoder) decodeAny(payload []byte) error {
	var e kinesis
	if err := parseAll(payload, &e); err != nil {
		return fmt.Errorf("decode event: %w", err)
	}
	if e.Records == nil {
		return errNotKinesis
	}
	for n := range e.Records {
		if err := d.addRecord(&e.Records[n]); err != nil {
			return err
		}
	}
	return nil
}

func (d *Decoder) addRecord(r *record) error {
	shard, _, ok := strings.Cut(r.EventID, ":")
	if !ok || r.EventSource != source {
		return errNotKinesis
	}
	arrival := r.arrival()
	if arrival < 0 {
		return fmt.Errorf("decode record %s: it has no arrival time", r.EventID)
	}
	if err := d.add(shard, bytesOf(r.Kinesis.SequenceNumber), bytesOf(r.Kinesis.Data), arrival); err != nil {
		return fmt.Errorf("decode record %s: its data is not base64: %w", r.EventID, err)
	}
	return nil
}

func bytesOf(s string) []byte { return unsafe.Slice(unsafe.StringData(s), len(s)) }

// add appends a record, which arrived at some Unix milliseconds, to the delivery of its shard.
func (d *Decoder) add(shard string, sequence, data []byte, arrival int64) error {
	n, err := decodeBase64(d.data[d.used:], data)
	if err != nil {
		return err
	}
	to := d.delivery(shard)
	to.Records = append(to.Records, ingest.Record{
		Sequence: d.keep(sequence), Arrival: time.UnixMilli(arrival).UTC(), Data: d.data[d.used:][:n:n],
	})
	d.used += n
	return nil
}

// delivery gives that of a shard.
func (d *Decoder) delivery(shard string) *ingest.Delivery {
	if n := len(d.deliveries); n > 0 && d.deliveries[n-1].Shard == shard {
		return &d.deliveries[n-1]
	}
	n, known := d.at[shard]
	if !known {
		n = len(d.deliveries)
		shard = strings.Clone(shard)
		if d.at == nil {
			d.at = map[string]int{}
		}
		d.at[shard] = n
		d.deliveries = append(d.deliveries, ingest.Delivery{Shard: shard})
		if n == 0 { // there is hardly ever another
			d.deliveries[n].Records = d.records
		}
	}
	return &d.deliveries[n]
}

// keep gives a sequence that does not alias the payload. Many share one text, since that is one allocation.
func (d *Decoder) keep(sequence []byte) string {
	if free := d.sequences.Cap() - d.sequences.Len(); free < len(sequence) {
		d.sequences = strings.Builder{}
		d.sequences.Grow(max(d.spelled, 64*len(sequence)))
	}
	begin := d.sequences.Len()
	d.sequences.Write(sequence)
	d.spelled += len(sequence)
	return d.sequences.String()[begin:]
}

// parse reads the value that text begins with, and gives the rest. What it gives aliases text.
func parse(text []byte, to any) (rest []byte, err error) {
	return json.Parse(text, to, json.ZeroCopy|json.DontMatchCaseInsensitiveStructFields)
}

// parseAll reads a document that is all of text.
func parseAll(text []byte, to any) error {
	rest, err := parse(text, to)
	if n := len(bytes.TrimSpace(rest)); err == nil && n != 0 {
		err = fmt.Errorf("%d bytes follow it", n)
	}
	return err
}
