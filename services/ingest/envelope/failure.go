package envelope

import (
	"errors"
	"fmt"
	"io"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/services/ingest"
)

// failure is the invocation record that Lambda writes of a batch that it gives up, as far as it matters here:
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
type failure struct {
	Batch *struct {
		Shard  string `json:"shardId"`
		First  string `json:"startSequenceNumber"`
		Last   string `json:"endSequenceNumber"`
		Stream string `json:"streamArn"`
	} `json:"KinesisBatchInfo"`
	Payload json.RawMessage `json:"payload"` // a string: the event that the function was given; only in S3
}

// maxFailure is what a record may have in bytes: an event of 6 MiB, every byte of it escaped by six, and the rest.
const maxFailure = 40 << 20

var (
	errNotFailure = errors.New("it is not of a Kinesis event source: it has no KinesisBatchInfo")
	errNoPayload  = errors.New("it has no payload: only an S3 destination keeps the records, SQS and SNS only tell where they were")
)

// DecodeFailure gives the deliveries of a batch that was given up, from an object of the event source mapping's S3 on-failure destination.
// They are as the function was given them. At most 40 MiB are read.
func DecodeFailure(r io.Reader) ([]ingest.Delivery, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxFailure+1))
	if err != nil {
		return nil, fmt.Errorf("read invocation record: %w", err)
	}
	if len(text) > maxFailure {
		return nil, fmt.Errorf("read invocation record: it is longer than %d bytes", maxFailure)
	}
	var f failure
	if err := parseAll(text, &f); err != nil {
		return nil, fmt.Errorf("decode invocation record: %w", err)
	}
	if f.Batch == nil {
		return nil, fmt.Errorf("decode invocation record: %w", errNotFailure)
	}
	payload := []byte(f.Payload)
	if len(payload) > 0 && payload[0] == '"' {
		var s string
		if err := json.Unmarshal(payload, &s); err != nil {
			return nil, fmt.Errorf("decode invocation record: payload: %w", err)
		}
		payload = []byte(s)
	}
	if len(payload) == 0 || string(payload) == "null" {
		return nil, fmt.Errorf("decode invocation record of %s, %s to %s of %s: %w", f.Batch.Shard, f.Batch.First, f.Batch.Last, f.Batch.Stream, errNoPayload)
	}
	deliveries, err := Decode(payload)
	if err == nil && len(deliveries) == 0 {
		err = errNotKinesis
	}
	if err != nil {
		return nil, fmt.Errorf("decode invocation record: payload: %w", err)
	}
	return deliveries, nil
}
