// Package lambda holds no code: its tests run the functions' real binaries behind Lambda's runtime API.
package lambda

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/function"
	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
)

// build makes a service's bootstrap as scripts/build-lambdas.sh does, but for this machine.
func build(t testing.TB, service string) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "bootstrap")
	c := exec.Command("go", "build", "-tags", "lambda.norpc,nethttpomithttp2", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", program, "./lambda")
	c.Dir = filepath.Join("..", "..", "services", service)
	c.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := c.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", service, err, out)
	}
	return program
}

// lake is an emulated account with a bucket, a database and a queue.
type lake struct {
	*emulator.AWS
	s3    *s3.Client
	queue string
}

func newLake(t *testing.T) *lake {
	t.Helper()
	a := emulator.Ministack(t)
	l := &lake{AWS: a, s3: cloud.S3(a.Config())}
	if _, err := l.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String("lake")}); err != nil {
		t.Fatal(err)
	}
	_, err := glue.NewFromConfig(a.Config()).CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: aws.String("lake")}})
	if err != nil {
		t.Fatal(err)
	}
	table := gluecatalog.New(glue.NewFromConfig(a.Config()), gluecatalog.Config{Database: "lake", Table: "events", Lake: cloud.Lake{Bucket: "lake", Prefix: "p/"}})
	if _, err := table.SetTable(t.Context(), catalog.Table{}); err != nil { // Terraform does it
		t.Fatal(err)
	}
	q, err := sqs.NewFromConfig(a.Config()).CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("tasks")})
	if err != nil {
		t.Fatal(err)
	}
	l.queue = aws.ToString(q.QueueUrl)
	return l
}

func (l *lake) environ(more ...string) []string {
	return slices.Concat(l.Environ(), []string{"LAKEBED_LAKE=s3://lake/p", "LAKEBED_STREAM=clicks"}, more)
}

func (l *lake) keys(t *testing.T) []string {
	t.Helper()
	out, err := l.s3.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: aws.String("lake")})
	if err != nil {
		t.Fatal(err)
	}
	var keys []string
	for _, o := range out.Contents {
		keys = append(keys, aws.ToString(o.Key))
	}
	return keys
}

// lines gives what a function has printed, once it is n lines: nothing but JSON. A reply can overtake them.
func lines(t *testing.T, f *function.Function, n int) []map[string]any {
	t.Helper()
	for deadline := time.Now().Add(10 * time.Second); strings.Count(f.Log(), "\n") < n && time.Now().Before(deadline); {
		time.Sleep(5 * time.Millisecond)
	}
	var all []map[string]any
	for line := range bytes.Lines([]byte(f.Log())) {
		var m map[string]any
		if err := json.Unmarshal(line, &m); err != nil {
			t.Fatalf("%q: %v", line, err)
		}
		all = append(all, m)
	}
	if len(all) != n {
		t.Fatalf("%d lines, want %d: %v", len(all), n, all)
	}
	return all
}

func delivery(data ...string) []byte {
	var records []mapping.Record
	for i, d := range data {
		records = append(records, mapping.Record{Sequence: fmt.Sprint(i + 1), Key: "k", Data: []byte(d), Arrival: time.Now().Add(-time.Second)})
	}
	return mapping.Event("clicks", "shardId-000000000000", records)
}

// The real binaries take a delivery with a copy and a poison record all the way to a part that the catalog points to.
func TestIngestAndCompact(t *testing.T) {
	l := newLake(t)
	ingest := (&function.Function{Bootstrap: build(t, "ingest"), Env: l.environ("LAKEBED_CLAIMS=none"), Timeout: 30 * time.Second}).Start(t)
	one := fmt.Sprintf(`{"event_uuid":"a","created_at":%q}`, time.Now().Add(-3*time.Hour).UTC().Format(time.RFC3339))
	answer, err := ingest.Invoke(t.Context(), delivery(one, "poison", one))
	if err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Fatalf("%s, %v\n%s", answer, err, ingest.Log())
	}
	told := lines(t, ingest, 2)
	if told[0]["Stored"] != 1. || told[0]["Duplicates"] != 1. || told[0]["Quarantined"] != 1. || told[0]["cold_start"] != true ||
		told[0]["request_id"] == "" || told[0]["_aws"] == nil || told[1]["Reason"] != "not_json" {
		t.Errorf("told %v", told)
	}
	if _, err := ingest.Invoke(t.Context(), []byte(`{}`)); err == nil || !strings.Contains(err.Error(), "Kinesis event source") {
		t.Errorf("no delivery: %v", err)
	}
	if told = lines(t, ingest, 3); told[2]["Failed"] != 1. || told[2]["error_class"] != "event" || told[2]["cold_start"] != false {
		t.Errorf("told %v", told)
	}

	compact := (&function.Function{
		Bootstrap: build(t, "compactor"), Env: l.environ("LAKEBED_DATABASE=lake", "LAKEBED_QUEUE_URL="+l.queue, "LAKEBED_CATALOG_BOUND=2s"), Timeout: 60 * time.Second, Memory: 512,
	}).Start(t)
	answer, err = compact.Invoke(t.Context(), []byte(`{"version":1,"do":"plan"}`))
	if err != nil || !strings.Contains(string(answer), `"sent":1`) {
		t.Fatalf("%s, %v\n%s", answer, err, compact.Log())
	}
	out, err := sqs.NewFromConfig(l.Config()).ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: aws.String(l.queue), WaitTimeSeconds: 5})
	if err != nil || len(out.Messages) != 1 {
		t.Fatalf("%v, %v", out, err)
	}
	work, _ := json.Marshal(map[string]any{"Records": []any{
		map[string]any{"messageId": "m1", "body": aws.ToString(out.Messages[0].Body), "eventSource": "aws:sqs"},
		map[string]any{"messageId": "m2", "body": `{"version":9}`, "eventSource": "aws:sqs"},
	}})
	answer, err = compact.Invoke(t.Context(), work)
	if err != nil || string(answer) != `{"batchItemFailures":[{"itemIdentifier":"m2"}]}` {
		t.Fatalf("%s, %v\n%s", answer, err, compact.Log())
	}
	told = lines(t, compact, 2)
	if told[0]["DirtyPartitions"] != 1. || told[1]["EventsWritten"] != 1. || told[1]["Parts"] != 1. || told[1]["error_class"] != "message" {
		t.Errorf("told %v", told)
	}
	if !slices.ContainsFunc(l.keys(t), func(k string) bool { return strings.HasSuffix(k, "gen-0001/part-00001.json.gz") }) {
		t.Errorf("no part among %v", l.keys(t))
	}
}

// What is wrong with the environment is said in one line of JSON, all of it, and the process ends with an error: Lambda shows both.
func TestRefuseToStart(t *testing.T) {
	for _, service := range []string{"ingest", "compactor"} {
		f := (&function.Function{
			Bootstrap: build(t, service), Env: []string{"LAKEBED_LAKE=lake", "AWS_REGION=", "AWS_DEFAULT_REGION="}, Timeout: 10 * time.Second,
		}).Start(t)
		_, err := f.Invoke(t.Context(), []byte("{}"))
		if !errors.Is(err, function.ErrCrashed) || !strings.Contains(err.Error(), "exit status 1") {
			t.Errorf("%s: %v", service, err)
		}
		told := lines(t, f, 1)
		if told[0]["error_class"] != "config" {
			t.Errorf("%s told %v", service, told)
		}
		problems := fmt.Sprint(told[0]["problems"])
		for _, want := range []string{`LAKEBED_LAKE is "lake": want s3://`, "LAKEBED_STREAM is not set", "AWS_REGION"} {
			if !strings.Contains(problems, want) {
				t.Errorf("%s: %s is not in %s", service, want, problems)
			}
		}
	}
}

// The start is cheap: what a cold function uses of the processor before it asks for its first event.
func TestInitTime(t *testing.T) {
	const most = 500 * time.Millisecond // measured: about 15 ms; the rest is for a slow machine
	for service, more := range map[string][]string{"ingest": {"LAKEBED_CLAIMS_TABLE=claims"}, "compactor": {"LAKEBED_DATABASE=lake", "LAKEBED_QUEUE_URL=https://q/1/t"}} {
		asked := make(chan struct{})
		api := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
			close(asked)
			<-r.Context().Done()
		}))
		c := exec.Command(build(t, service))
		c.Env = append(os.Environ(), "AWS_LAMBDA_RUNTIME_API="+strings.TrimPrefix(api.URL, "http://"), "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a",
			"AWS_SECRET_ACCESS_KEY=b", "AWS_LAMBDA_FUNCTION_MEMORY_SIZE=256", "LAKEBED_LAKE=s3://lake", "LAKEBED_STREAM=clicks")
		c.Env = append(c.Env, more...)
		began := time.Now()
		if err := c.Start(); err != nil {
			t.Fatal(err)
		}
		select {
		case <-asked:
		case <-time.After(30 * time.Second):
			t.Errorf("%s does not ask for work", service)
		}
		wall := time.Since(began)
		_ = c.Process.Kill()
		_ = c.Wait()
		api.CloseClientConnections()
		api.Close()
		cpu := c.ProcessState.UserTime() + c.ProcessState.SystemTime()
		t.Logf("%s: %s of the processor, %s in all", service, cpu, wall)
		if cpu > most {
			t.Errorf("%s takes %s of the processor to start, want at most %s", service, cpu, most)
		}
	}
}

// A store that does not answer costs less than the function's time, and the delivery fails with an error of our own.
func TestIngestEndsInTime(t *testing.T) {
	f := (&function.Function{
		Bootstrap: build(t, "ingest"), Timeout: 4 * time.Second, Env: []string{
			"AWS_ENDPOINT_URL=http://127.0.0.1:1", "AWS_REGION=us-east-1", "AWS_ACCESS_KEY_ID=a", "AWS_SECRET_ACCESS_KEY=b",
			"LAKEBED_LAKE=s3://lake", "LAKEBED_STREAM=clicks", "LAKEBED_CLAIMS=none",
		},
	}).Start(t)
	_, err := f.Invoke(t.Context(), delivery(fmt.Sprintf(`{"event_uuid":"a","created_at":%q}`, time.Now().UTC().Format(time.RFC3339))))
	if err == nil || errors.Is(err, function.ErrTimeout) || errors.Is(err, function.ErrCrashed) {
		t.Fatalf("%v\n%s", err, f.Log())
	}
	told := lines(t, f, 1)
	if told[0]["Failed"] != 1. || told[0]["error"] == "" {
		t.Errorf("told %v", told)
	}
	t.Logf("%v: %v", told[0]["error_class"], told[0]["error"])
}
