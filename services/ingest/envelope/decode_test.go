package envelope

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-lambda-go/events"
)

// sample is the Kinesis event that aws-lambda-go ships for its own tests.
func sample(t testing.TB) []byte {
	t.Helper()
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "github.com/aws/aws-lambda-go").Output()
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "events", "testdata", "kinesis-event.json"))
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// The envelope is decoded as aws-lambda-go's own types do it.
func TestDecodeSample(t *testing.T) {
	text := sample(t)
	var want events.KinesisEvent
	if err := json.Unmarshal(text, &want); err != nil {
		t.Fatal(err)
	}
	got, err := Decode(text)
	if err != nil {
		t.Fatal(err)
	}
	clear(text) // nothing may alias the payload
	n := 0
	for _, d := range got {
		for _, r := range d.Records {
			w := want.Records[n]
			if d.Shard+":"+r.Sequence != w.EventID || r.Sequence != w.Kinesis.SequenceNumber || string(r.Data) != string(w.Kinesis.Data) ||
				!r.Arrival.Equal(w.Kinesis.ApproximateArrivalTimestamp.Round(time.Millisecond)) {
				t.Errorf("record %d is %s %s %q %s, want %+v", n, d.Shard, r.Sequence, r.Data, r.Arrival, w)
			}
			n++
		}
	}
	if n != len(want.Records) || n == 0 {
		t.Errorf("%d records, want %d", n, len(want.Records))
	}
}

// delivered is an event with a record for each of data.
func delivered(data ...string) []byte {
	var records []string
	for i, d := range data {
		records = append(records, fmt.Sprintf(`{"kinesis":{"kinesisSchemaVersion":"1.0","partitionKey":"p","sequenceNumber":"%d","data":%q,"approximateArrivalTimestamp":1795422600.123},`+
			`"eventSource":"aws:kinesis","eventVersion":"1.0","eventID":"shardId-000000000006:%d","eventName":"aws:kinesis:record"}`, i+1, base64.StdEncoding.EncodeToString([]byte(d)), i+1))
	}
	return []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
}

// A hand-made event of many shards takes no more memory than another.
func TestDecodeManyShards(t *testing.T) {
	const shards = 2000
	var records []string
	for n := range shards {
		records = append(records, fmt.Sprintf(
			`{"eventSource":"aws:kinesis","eventID":"s%d:1","kinesis":{"sequenceNumber":"1","data":"e30=","approximateArrivalTimestamp":1.5}}`, n))
	}
	text := []byte(`{"Records":[` + strings.Join(records, ",") + `]}`)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	got, err := Decode(text)
	runtime.ReadMemStats(&after)
	if err != nil || len(got) != shards {
		t.Fatalf("%d deliveries, %v", len(got), err)
	}
	if n := after.TotalAlloc - before.TotalAlloc; n > 10<<20 {
		t.Errorf("%d bytes for an event of %d", n, len(text))
	}
}

func TestDecodeRefuses(t *testing.T) {
	good := string(delivered("x"))
	for name, payload := range map[string]string{
		"nothing":      "",
		"no JSON":      "{",
		"two":          good + "{}",
		"no records":   "{}",
		"another":      `{"Records":[{"eventSource":"aws:s3","eventID":"a:1"}]}`,
		"no base64":    strings.Replace(good, base64.StdEncoding.EncodeToString([]byte("x")), "???", 1),
		"no timestamp": strings.Replace(good, "1795422600.123", "0", 1),
	} {
		if got, err := Decode([]byte(payload)); err == nil {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

func FuzzDecode(f *testing.F) {
	f.Add(delivered("x", `{"a":1}`))
	f.Add([]byte(`{"Records":[{}]}`))
	f.Fuzz(func(t *testing.T, payload []byte) {
		deliveries, err := Decode(payload)
		if err != nil {
			return
		}
		for _, d := range deliveries {
			if len(d.Records) == 0 {
				t.Error("a delivery without records")
			}
		}
	})
}
