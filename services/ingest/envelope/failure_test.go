package envelope

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"testing/iotest"
)

// failed is an invocation record as Lambda's documentation shows it, with more at its end.
func failed(more string) string {
	return `{
    "requestContext": {
        "requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5",
        "functionArn": "arn:aws:lambda:us-east-2:123456789012:function:myfunction",
        "condition": "RetryAttemptsExhausted",
        "approximateInvokeCount": 1
    },
    "responseContext": {
        "statusCode": 200,
        "executedVersion": "$LATEST",
        "functionError": "Unhandled"
    },
    "version": "1.0",
    "timestamp": "2019-11-14T00:38:06.021Z",
    "KinesisBatchInfo": {
        "shardId": "shardId-000000000001",
        "startSequenceNumber": "49601189658422359378836298521827638475320189012309704722",
        "endSequenceNumber": "49601189658422359378836298522902373528957594348623495186",
        "approximateArrivalOfFirstRecord": "2019-11-14T00:38:04.835Z",
        "approximateArrivalOfLastRecord": "2019-11-14T00:38:05.580Z",
        "batchSize": 500,
        "streamArn": "arn:aws:kinesis:us-east-2:123456789012:stream/mystream"
    }` + more + "}\n"
}

func quoted(payload []byte) string {
	text, _ := json.Marshal(string(payload)) // of a string, never fails
	return string(text)
}

// 21: the records of a batch that was given up come back as the function was given them, however their event is spelled.
func TestDecodeFailure(t *testing.T) {
	event := delivered(`{"a":1}`, "\xff\x00 not text", "")
	want, err := Decode(event)
	if err != nil || len(want) != 1 || len(want[0].Records) != 3 {
		t.Fatalf("%+v, %v", want, err)
	}
	var escaped strings.Builder
	for _, c := range event {
		fmt.Fprintf(&escaped, `\u%04x`, c)
	}
	for name, payload := range map[string]string{"a string": quoted(event), "all escaped": `"` + escaped.String() + `"`, "an object": string(event)} {
		got, err := DecodeFailure(iotest.OneByteReader(strings.NewReader(failed(`,"payload":` + payload))))
		if err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%s: got %+v, %v", name, got, err)
		}
	}
}

func TestDecodeFailureRefuses(t *testing.T) {
	good := failed(`,"payload":` + quoted(delivered("x")))
	for name, c := range map[string]struct{ text, want string }{
		"nothing":         {"", "decode invocation record"},
		"cut off":         {good[:len(good)/2], "decode invocation record"},
		"two":             {good + good, "bytes follow"},
		"from SQS or SNS": {failed(""), "only an S3 destination keeps the records"},
		"whose":           {failed(""), "shardId-000000000001, 49601189658422359378836298521827638475320189012309704722 to"},
		"null":            {failed(`,"payload":null`), "only an S3 destination"},
		"an empty string": {failed(`,"payload":""`), "only an S3 destination"},
		"another source":  {strings.Replace(good, "KinesisBatchInfo", "DDBStreamBatchInfo", 1), "KinesisBatchInfo"},
		"an event":        {string(delivered("x")), "KinesisBatchInfo"},
		"payload no JSON": {failed(`,"payload":"<Whole Event>"`), "payload: decode event"},
		"payload cut off": {failed(`,"payload":` + quoted(delivered("x")[:50])), "payload: decode event"},
		"another payload": {failed(`,"payload":"{}"`), "not one of a Kinesis event source"},
		"a number":        {failed(`,"payload":1`), "payload"},
	} {
		if got, err := DecodeFailure(strings.NewReader(c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %+v, %v, want %s", name, got, err, c.want)
		}
	}
	broken := errors.New("broken")
	if _, err := DecodeFailure(iotest.ErrReader(broken)); !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// endless is a record without an end.
type endless struct{ n int }

func (e *endless) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	e.n += len(p)
	return len(p), nil
}

func TestDecodeFailureBounded(t *testing.T) {
	var e endless
	if _, err := DecodeFailure(io.MultiReader(strings.NewReader(failed("")), &e)); err == nil || !strings.Contains(err.Error(), "longer") || e.n > maxFailure+1<<20 {
		t.Errorf("read %d bytes: %v", e.n, err)
	}
}

func FuzzDecodeFailure(f *testing.F) {
	f.Add(failed(`,"payload":` + quoted(delivered("x", `{"a":1}`))))
	f.Add(failed(""))
	f.Add(`{"KinesisBatchInfo":{},"payload":"\ud800"}`)
	f.Fuzz(func(t *testing.T, text string) {
		deliveries, err := DecodeFailure(strings.NewReader(text))
		if (err == nil) != (len(deliveries) > 0) {
			t.Errorf("%d deliveries, %v", len(deliveries), err)
		}
	})
}
