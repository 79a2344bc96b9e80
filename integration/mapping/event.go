package mapping

import (
	"encoding/json"
	"time"
)

// Event is what the function is invoked with: the shape of the docs' example
// (https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html).
func Event(stream, shard string, records []Record) []byte {
	type kinesis struct {
		Version  string  `json:"kinesisSchemaVersion"`
		Key      string  `json:"partitionKey"`
		Sequence string  `json:"sequenceNumber"`
		Data     []byte  `json:"data"`
		Arrival  float64 `json:"approximateArrivalTimestamp"`
	}
	type record struct {
		Kinesis  kinesis `json:"kinesis"`
		Source   string  `json:"eventSource"`
		Version  string  `json:"eventVersion"`
		ID       string  `json:"eventID"`
		Name     string  `json:"eventName"`
		Identity string  `json:"invokeIdentityArn"`
		Region   string  `json:"awsRegion"`
		ARN      string  `json:"eventSourceARN"`
	}
	all := make([]record, len(records))
	for i, r := range records {
		all[i] = record{
			kinesis{"1.0", r.Key, r.Sequence, r.Data, float64(r.Arrival.UnixMilli()) / 1000},
			"aws:kinesis", "1.0", shard + ":" + r.Sequence, "aws:kinesis:record", "arn:aws:iam::000000000000:role/ingest", "us-east-1", arn(stream),
		}
	}
	text, err := json.Marshal(map[string]any{"Records": all})
	if err != nil {
		panic(err) // strings and numbers always encode
	}
	return text
}

func arn(stream string) string { return "arn:aws:kinesis:us-east-1:000000000000:stream/" + stream }

// Invocation is the object that an S3 destination gets: what the others get, and the event itself as payload.
func (d Discarded) Invocation(stream string, now time.Time) []byte {
	text, err := json.Marshal(map[string]any{
		"requestContext": map[string]any{
			"requestId": "b9de1f02-0000-4000-8000-000000000000", "functionArn": "arn:aws:lambda:us-east-1:000000000000:function:ingest",
			"condition": d.Condition, "approximateInvokeCount": d.Tries,
		},
		"responseContext": map[string]any{"statusCode": 200, "executedVersion": "$LATEST", "functionError": "Unhandled"},
		"version":         "1.0",
		"timestamp":       now.UTC().Format("2006-01-02T15:04:05.000Z"),
		"KinesisBatchInfo": map[string]any{
			"shardId": d.Shard, "startSequenceNumber": d.Records[0].Sequence, "endSequenceNumber": d.Records[len(d.Records)-1].Sequence,
			"approximateArrivalOfFirstRecord": d.Records[0].Arrival.UTC().Format(time.RFC3339Nano),
			"approximateArrivalOfLastRecord":  d.Records[len(d.Records)-1].Arrival.UTC().Format(time.RFC3339Nano),
			"batchSize":                       len(d.Records), "streamArn": arn(stream),
		},
		"payload": string(d.Payload),
	})
	if err != nil {
		panic(err)
	}
	return text
}
