package cloudcli

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
)

// good is an event in an hour of 2026-11-20.
func good(id string, hour int) string {
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":"2026-11-20T%02d:00:00Z","event_name":"lesson:started"}`+"\n", id, hour)
}

func TestReplayQuarantine(t *testing.T) {
	t.Parallel()
	l := newLake(t, account(t), "quarantine", "claims: global")
	future := fmt.Sprintf(`{"event_uuid":"later","created_at":%q}`+"\n", time.Now().Add(72*time.Hour).UTC().Format(time.RFC3339))
	l.ok(file(t, good("now", 8)+future+"{broken\n"), "run", "-").has(map[string]int{"stored": 1, "quarantined_time_range": 1, "quarantined_not_json": 1})
	l.ok("", "replay").has(map[string]int{"stored": 0, "quarantined": 2})
	mended := []string{"replay", "--max-future", "100h"}
	l.ok("", append(mended, "--dry-run")...).has(map[string]int{"stored": 1})
	l.ok("", mended...).has(map[string]int{"stored": 1, "quarantined": 1})
	l.ok("", mended...).has(map[string]int{"stored": 0, "quarantined": 1})
	l.ok("", "compact")
	l.ok("", "status").has(map[string]int{"events": 2, "quarantined": 1})
	l.whole()
}

// given is an invocation record as Lambda writes one of a batch that it gave up:
// https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
func given(t *testing.T, shard string, events ...string) string {
	t.Helper()
	var records []any
	for n, e := range events {
		sequence := fmt.Sprintf("4959033827149025660855969253836157109592157598913658%04d", n+1)
		records = append(records, map[string]any{
			"kinesis": map[string]any{
				"kinesisSchemaVersion": "1.0", "partitionKey": "p", "sequenceNumber": sequence,
				"data": base64.StdEncoding.EncodeToString([]byte(e)), "approximateArrivalTimestamp": 1795161600.123,
			},
			"eventSource": "aws:kinesis", "eventVersion": "1.0", "eventID": shard + ":" + sequence, "eventName": "aws:kinesis:record",
		})
	}
	payload, err := json.Marshal(map[string]any{"Records": records})
	if err != nil {
		t.Fatal(err)
	}
	record := invocation(shard)
	record["payload"] = string(payload)
	return encoded(t, record)
}

func invocation(shard string) map[string]any {
	return map[string]any{
		"requestContext": map[string]any{"requestId": "c9b8fa9f-5a7f-xmpl-af9c-0c604cde93a5", "condition": "RetryAttemptsExhausted", "approximateInvokeCount": 4},
		"version":        "1.0", "timestamp": "2026-11-20T08:05:00.000Z",
		"KinesisBatchInfo": map[string]any{
			"shardId": shard, "startSequenceNumber": "49590338271490256608559692538361571095921575989136580001",
			"endSequenceNumber": "49590338271490256608559692538361571095921575989136580002", "batchSize": 2,
			"approximateArrivalOfFirstRecord": "2026-11-20T08:00:00.123Z", "approximateArrivalOfLastRecord": "2026-11-20T08:00:00.123Z",
			"streamArn": "arn:aws:kinesis:us-east-1:123456789012:stream/lesson-events",
		},
	}
}

func encoded(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

const batch = "14d1ab51-92b1-4ff0-b9c0-6a0c2c5f2f5b/shardId-000000000001/2026/11/20/2026-11-20T08.05.00-1"

// What Lambda gave up is delivered as itself, from S3 and from files; what cannot be used is named and stops nothing.
func TestReplayFailures(t *testing.T) {
	t.Parallel()
	a := account(t)
	for _, claims := range []string{"shard", "global", "none"} {
		t.Run(claims, func(t *testing.T) {
			folder := claims + "/aws/lambda/"
			l := newLake(t, a, "failures-"+claims, "claims: "+claims, "failures: s3://"+bucketName+"/"+folder)
			l.ok("", "replay", "--failures") // there are none
			root := &lake{t: t, bucket: s3bucket.New(cloud.S3(l.aws.Config()), cloud.Lake{Bucket: bucketName})}
			root.put(folder+batch, given(t, "shardId-000000000001", good("a", 8)+good("b", 9), good("c", 8)))
			dry := l.ok("", "replay", "--failures", "--dry-run")
			dry.has(map[string]int{"received": 3, "stored": 3, "quarantined": 0})
			if n := len(l.keys("raw/")); n != 0 {
				t.Fatalf("a dry run wrote %d fragments", n)
			}
			r := l.ok("", "replay", "--failures")
			r.has(map[string]int{"received": 3, "stored": 3, "duplicates": 0, "quarantined": 0})
			if object := r.rows()[0]["object"]; object != "s3://"+bucketName+"/"+folder+batch {
				t.Errorf("it names %v", object)
			}
			before := l.keys("raw/")
			l.ok("", "replay", "--failures").has(map[string]int{"received": 3, "stored": 3})
			if after := l.keys("raw/"); strings.Join(before, " ") != strings.Join(after, " ") || len(before) != 2 {
				t.Errorf("the second replay changed %v to %v", before, after)
			}
			l.ok("", "compact")
			l.ok("", "replay", "--failures")
			l.ok("", "compact")
			l.ok("", "status").has(map[string]int{"events": 3, "received": 3})
			l.whole()

			root.put(folder+"x/shardId-000000000001/2026/11/20/no-payload", encoded(t, invocation("shardId-000000000001")))
			root.put(folder+"x/shardId-000000000001/2026/11/20/torn", given(t, "shardId-000000000001", good("d", 8))[:100])
			root.put(folder+"x/shardId-000000000001/2026/11/20/hostile", given(t, "../../x", good("h", 8)))
			root.put(folder+"x/shardId-000000000002/2026/11/20/good", given(t, "shardId-000000000002", good("e", 8)))
			mixed := l.run("", "replay", "--failures", "-o", "json")
			if mixed.code != 4 {
				t.Errorf("exit code %d: %s", mixed.code, mixed.words.String())
			}
			mixed.says("no-payload", "no payload", "torn", "hostile", "3 invocation records cannot be used")
			if rows := mixed.rows(); len(rows) != 2 {
				t.Errorf("delivered %v", rows)
			}
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "one"), []byte(given(t, "shardId-000000000003", good("f", 8))), 0o600); err != nil {
				t.Fatal(err)
			}
			l.ok("", "replay", "--failures", dir).has(map[string]int{"stored": 1})
			l.ok("", "compact")
			l.ok("", "status").has(map[string]int{"events": 5})
			l.whole()
		})
	}
}
