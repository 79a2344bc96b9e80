package handler

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
	"github.com/aws/aws-lambda-go/lambdacontext"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/telemetry"
)

func kinesis(data ...string) []byte {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"p","sequenceNumber":"%d","data":%q,"approximateArrivalTimestamp":1795422600.123},`+
			`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:%d","eventName":"aws:kinesis:record"}`, i+1, base64.StdEncoding.EncodeToString([]byte(d)), i+1))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

// bench is a handler with the lines that it wrote.
type bench struct {
	*Handler
	out bytes.Buffer
}

func newBench(t *testing.T, b bucket.Bucket) *bench {
	t.Helper()
	i, err := ingest.New(b, claims.NewMemory(claims.Options{}), ingest.Config{Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: 1, Parallel: 2})
	if err != nil {
		t.Fatal(err)
	}
	h := new(bench)
	now := func() time.Time { return time.UnixMilli(1795422601123) } // a second after the arrival
	h.Handler = New(i, telemetry.New(&h.out, "Lakebed", "clicks", now), now, nil)
	return h
}

// lines gives what was written, and forgets it.
func (b *bench) lines(t *testing.T) []map[string]any {
	t.Helper()
	var all []map[string]any
	for line := range bytes.Lines(b.out.Bytes()) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%s: %v", line, err)
		}
		all = append(all, m)
	}
	b.out.Reset()
	return all
}

// has wants of a line what is in want; nil for what must not be there.
func has(t *testing.T, line, want map[string]any) {
	t.Helper()
	for k, v := range want {
		if !reflect.DeepEqual(line[k], v) {
			t.Errorf("%s is %v, want %v in %v", k, line[k], v, line)
		}
	}
}

func TestInvoke(t *testing.T) {
	h := newBench(t, bucket.NewMemory(time.Now))
	ctx := lambdacontext.NewContext(t.Context(), &lambdacontext.LambdaContext{AwsRequestID: "r-1"})
	id, err := event.ParseID("a")
	if err != nil {
		t.Fatal(err)
	}
	one := `{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`
	answer, err := h.Invoke(ctx, kinesis(one, "poison", one, "{}"))
	if err != nil {
		t.Fatal(err)
	}
	var response events.KinesisEventResponse
	if err := json.Unmarshal(answer, &response); err != nil || response.BatchItemFailures == nil || len(response.BatchItemFailures) != 0 {
		t.Errorf("answered %s, %v", answer, err)
	}
	lines := h.lines(t)
	if len(lines) != 3 {
		t.Fatalf("%d lines: %v", len(lines), lines)
	}
	has(t, lines[0], map[string]any{
		"msg": "ingested", "level": "INFO", "request_id": "r-1", "cold_start": true, "shard": "shardId-000000000006", "first": "1", "last": "4",
		"records": 4., "Received": 4., "Stored": 1., "Duplicates": 1., "Quarantined": 2., "Fragments": 1., "IteratorAge": 1000., "Failed": 0., "Stream": "clicks",
		"quarantined": map[string]any{"not_json": 1., "id_missing": 1.},
		"copies": []any{map[string]any{
			"id": fmt.Sprintf("%x", id), "shard": "shardId-000000000006", "sequence": "3", "position": 0.,
		}},
	})
	if n, _ := lines[0]["FragmentBytes"].(float64); n < float64(len(one)) {
		t.Errorf("fragment of %v bytes", n)
	}
	has(t, lines[1], map[string]any{"Reason": "id_missing", "QuarantinedBy": 1., "Stream": "clicks", "request_id": "r-1"})
	has(t, lines[2], map[string]any{"Reason": "not_json", "QuarantinedBy": 1.})

	if _, err := h.Invoke(ctx, kinesis(one)); err != nil {
		t.Fatal(err)
	}
	has(t, h.lines(t)[0], map[string]any{"cold_start": false, "Received": 1., "Stored": 1., "Duplicates": 0., "quarantined": nil, "copies": nil})
}

// What claims took is told for each invocation alone, an item that could not be read among it.
func TestClaimsAreMeasured(t *testing.T) {
	h := newBench(t, bucket.NewMemory(time.Now))
	asked := int64(0)
	h.usage = func() dynamoclaims.Usage { // asked before an invocation and after it
		asked++
		return dynamoclaims.Usage{Reads: 10 * asked, ReadUnits: 1.5 * float64(asked), Writes: asked, WriteUnits: 13 * float64(asked), Unreadable: 2 * asked}
	}
	for range 2 {
		if _, err := h.Invoke(t.Context(), kinesis(`{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`)); err != nil {
			t.Fatal(err)
		}
		has(t, h.lines(t)[0], map[string]any{"claims": map[string]any{"reads": 10., "read_units": 1.5, "writes": 1., "write_units": 13., "unreadable": 2.}})
	}
}

func TestCopiesAreCountedAllAndNamedInPart(t *testing.T) {
	h := newBench(t, bucket.NewMemory(time.Now))
	data := make([]string, 3*maxCopies)
	for i := range data {
		data[i] = `{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`
	}
	event := string(kinesis(data...)) // and the same once more from another shard
	event = strings.TrimSuffix(event, "]}") + "," + strings.TrimPrefix(strings.ReplaceAll(event, "shardId-000000000006", "shardId-000000000007"), `{"Records":[`)
	if _, err := h.Invoke(t.Context(), []byte(event)); err != nil {
		t.Fatal(err)
	}
	line := h.lines(t)[0]
	if named, _ := line["copies"].([]any); len(named) != maxCopies || line["Duplicates"] != float64(2*len(data)-1) {
		t.Errorf("%d named, %v counted", len(named), line["Duplicates"])
	}
}

// store is a bucket whose Put is another.
type store struct {
	bucket.Bucket
	put func(context.Context) error
}

func (s store) Put(ctx context.Context, _ string, _ io.Reader, _ bucket.Condition) (bucket.Object, error) {
	return bucket.Object{}, s.put(ctx)
}

var errBroken = errors.New("no bucket")

// An infrastructure fault fails the whole event; nothing is reported as done.
func TestInvokeFails(t *testing.T) {
	h := newBench(t, store{bucket.NewMemory(time.Now), func(context.Context) error { return errBroken }})
	if answer, err := h.Invoke(t.Context(), kinesis(`{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`)); !errors.Is(err, errBroken) || answer != nil {
		t.Errorf("answered %s, %v", answer, err)
	}
	lines := h.lines(t)
	if len(lines) != 1 {
		t.Fatalf("%d lines: %v", len(lines), lines)
	}
	has(t, lines[0], map[string]any{"msg": "ingest failed", "level": "ERROR", "error_class": "other", "Failed": 1., "Received": 0., "IteratorAge": 1000., "records": 1.})
	if text, _ := lines[0]["error"].(string); !strings.Contains(text, errBroken.Error()) {
		t.Errorf("error is %q", text)
	}
}

// A store that never answers costs a bounded time, less than Lambda gives.
func TestInvokeEndsBeforeLambdaKills(t *testing.T) {
	h := newBench(t, store{bucket.NewMemory(time.Now), func(ctx context.Context) error {
		<-ctx.Done()
		return ctx.Err()
	}})
	ctx, cancel := context.WithTimeout(t.Context(), leastMargin+50*time.Millisecond)
	defer cancel()
	_, err := h.Invoke(ctx, kinesis(`{"event_uuid":"a","created_at":"2026-11-23T08:00:00Z"}`))
	if !errors.Is(err, context.DeadlineExceeded) || ctx.Err() != nil {
		t.Errorf("%v; Lambda's own deadline: %v", err, ctx.Err())
	}
	has(t, h.lines(t)[0], map[string]any{"error_class": "deadline", "Failed": 1.})
}

// A panic outside the decoding of a record is told before the process ends.
func TestInvokePanics(t *testing.T) {
	h := newBench(t, bucket.NewMemory(time.Now))
	h.ingester = nil
	func() {
		defer func() {
			if recover() == nil {
				t.Error("it went on")
			}
		}()
		_, _ = h.Invoke(t.Context(), kinesis("x"))
	}()
	has(t, h.lines(t)[0], map[string]any{"error_class": "panic", "Failed": 1., "msg": "ingest failed"})
}

// TestInvokeWithoutRecords: lakebed doctor asks so whether the function serves.
func TestInvokeWithoutRecords(t *testing.T) {
	h := newBench(t, bucket.NewMemory(time.Now))
	if _, err := h.Invoke(t.Context(), []byte(`{"Records":[]}`)); err != nil {
		t.Fatal(err)
	}
	line := h.lines(t)[0]
	has(t, line, map[string]any{"msg": "ingested", "Received": 0., "Failed": 0., "shard": ""})
	if age, told := line["IteratorAge"]; told {
		t.Errorf("it tells an age of %v", age)
	}
}

func TestInvokeRefuses(t *testing.T) {
	h := newBench(t, bucket.NewMemory(time.Now))
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
		lines := h.lines(t)
		if len(lines) != 1 || lines[0]["Failed"] != 1. || name != "hostile id" && lines[0]["error_class"] != "event" {
			t.Errorf("%s: wrote %v", name, lines)
		}
	}
}
