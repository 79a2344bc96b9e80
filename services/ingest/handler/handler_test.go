package handler

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

func kinesis(data ...string) []byte {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"p","sequenceNumber":"%d","data":%q,"approximateArrivalTimestamp":1795422600.123},`+
			`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:%d","eventName":"aws:kinesis:record"}`, i+1, base64.StdEncoding.EncodeToString([]byte(d)), i+1))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

func newHandler(t *testing.T, b bucket.Bucket, report func(ingest.Result)) *Handler {
	t.Helper()
	i, err := ingest.New(b, claims.NewMemory(claims.Options{}), ingest.Config{Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: 1, Parallel: 2})
	if err != nil {
		t.Fatal(err)
	}
	return New(i, func(_ context.Context, r ingest.Result) { report(r) })
}

func TestInvoke(t *testing.T) {
	var got ingest.Result
	h := newHandler(t, bucket.NewMemory(time.Now), func(r ingest.Result) { got = r })
	answer, err := h.Invoke(t.Context(), kinesis(`{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`, "poison"))
	if err != nil {
		t.Fatal(err)
	}
	var response events.KinesisEventResponse
	if err := json.Unmarshal(answer, &response); err != nil || response.BatchItemFailures == nil || len(response.BatchItemFailures) != 0 {
		t.Errorf("answered %s, %v", answer, err)
	}
	if got.Stored != 1 || got.Quarantined[event.NotJSON] != 1 {
		t.Errorf("got %+v", got)
	}
}

type broken struct{ bucket.Bucket }

var errBroken = errors.New("no bucket")

func (broken) Put(context.Context, string, io.Reader, bucket.Condition) (bucket.Object, error) {
	return bucket.Object{}, errBroken
}

// An infrastructure fault fails the whole event; nothing is reported as done.
func TestInvokeFails(t *testing.T) {
	h := newHandler(t, broken{bucket.NewMemory(time.Now)}, func(ingest.Result) { t.Error("reported") })
	if answer, err := h.Invoke(t.Context(), kinesis(`{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`)); !errors.Is(err, errBroken) || answer != nil {
		t.Errorf("answered %s, %v", answer, err)
	}
}

func TestInvokeRefuses(t *testing.T) {
	h := newHandler(t, bucket.NewMemory(time.Now), func(ingest.Result) { t.Error("reported") })
	for name, payload := range map[string]string{
		"nothing":      "",
		"no JSON":      "{",
		"two":          string(kinesis("x")) + "{}",
		"no records":   "{}",
		"another":      `{"Records":[{"eventSource":"aws:s3","eventID":"a:1"}]}`,
		"no base64":    strings.Replace(string(kinesis("x")), base64.StdEncoding.EncodeToString([]byte("x")), "???", 1),
		"hostile id":   strings.ReplaceAll(string(kinesis("x")), "shardId-000000000006", "../../x"),
		"no timestamp": strings.Replace(string(kinesis("x")), "1795422600.123", "0", 1),
	} {
		if answer, err := h.Invoke(t.Context(), []byte(payload)); err == nil {
			t.Errorf("%s: answered %s", name, answer)
		}
	}
}
