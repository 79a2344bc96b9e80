package e2e

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/services/lakebed/generate"
)

// TestDeployed is the whole way: terraform apply, 100,000 events with copies, late and broken ones through Kinesis, exact counts in the parts
// that Glue points to, more shards under load, no drift, what the roles may do held against what the functions did, what
// lakebed doctor finds, and nothing left after destroy.
func TestDeployed(t *testing.T) {
	t.Parallel() // with the other deployments: most of the time is a wait for the provider and the emulator
	s := deploy(t, map[string]string{"streams": `{ events = { shards = 2, autoscaling = { min = 2, max = 6 } } }`, "pace": pace})
	t.Run("Stream", s.stream)
	t.Run("Scaled", s.scaled)
	t.Run("Drift", s.drift)
	t.Run("Set aside", s.setAside)
	t.Run("Policies", s.policies)
	t.Run("Doctor", s.doctor)
	t.Run("Destroy", s.destroy)
}

const events = 100_000

func (s *stack) stream(t *testing.T) {
	var text bytes.Buffer
	made, err := generate.Write(t.Context(), &text, generate.Options{Events: events, Seed: 4, Duplicates: 0.02, Late: 0.01, Broken: 0.001, Hours: 4})
	if err != nil {
		t.Fatal(err)
	}
	s.sendForeign(t)
	var bad weather
	s.proxy.Set(bad.hook)
	began := time.Now()
	s.produce(t, &text, made.Lines)
	t.Logf("%d records sent in %s", made.Lines, time.Since(began).Round(time.Millisecond))
	s.wait(t, patience, "every record is received", func() bool { return s.received(t) >= made.Lines })
	t.Logf("all received after %s", time.Since(began).Round(time.Millisecond))
	s.wait(t, patience, "the schedule has had a part written", func() bool { return len(s.located(t)) > 0 })
	s.wait(t, patience, "nothing waits", func() bool {
		s.invoke(t, s.out.Compactor.Function, `{"version":1,"do":"plan"}`)
		return count(t, s.lake(t, "status"), "fragments") == 0
	})
	t.Logf("all compacted and swept after %s; %s", time.Since(began).Round(time.Millisecond), &bad)
	s.proxy.Set(nil)
	for kind := range bad.met {
		if bad.met[kind].Load() == 0 {
			t.Errorf("the weather was too good: %s", &bad)
		}
	}

	s.holds(t, made)
	row := s.lake(t, "query", "select count(*) as n, count(distinct event_uuid) as ids from events")
	if count(t, row, "n") != events || count(t, row, "ids") != events {
		t.Errorf("a query gives %v", row)
	}
}

// holds: what was made is in the lake, each event once, and nothing else.
func (s *stack) holds(t *testing.T, made generate.Summary) {
	t.Helper()
	hours := map[string]int{}
	for _, h := range made.Hours {
		hours[h.Hour.Format("2006-01-02 15")] = h.Events
	}
	if got, ids := s.counted(t); sprint(got) != sprint(hours) || ids != made.Events {
		t.Errorf("Glue points to %d ids, %v; want %d, %v", ids, got, made.Events, hours)
	}
	report := s.lake(t, "verify")
	for field, want := range map[string]int{
		"breaches": 0, "warnings": 0, "received": made.Lines, "events": made.Events, "quarantined": made.BrokenLines(), "fragments_waiting": 0,
	} {
		if n := count(t, report, field); n != want {
			t.Errorf("verify says %s %d, want %d", field, n, want)
		}
	}
	t.Logf("verify: %v", report)
	if n := count(t, report, "duplicates") + count(t, report, "dropped"); n != made.Duplicates {
		t.Errorf("%d duplicates are accounted for, want %d", n, made.Duplicates)
	}
}

// produce puts each line as a record, as a producer does that spreads them by key.
func (s *stack) produce(t *testing.T, from io.Reader, total int) {
	t.Helper()
	client := kinesis.NewFromConfig(s.Config())
	lines := bufio.NewScanner(from)
	lines.Buffer(nil, 1<<22)
	in := &kinesis.PutRecordsInput{StreamName: &s.out.Stream}
	sent := 0
	flush := func() {
		for len(in.Records) > 0 {
			out, err := client.PutRecords(t.Context(), in)
			if err != nil {
				t.Fatal(err)
			}
			var again []types.PutRecordsRequestEntry
			for i, r := range out.Records {
				if r.ErrorCode != nil {
					again = append(again, in.Records[i])
				}
			}
			sent += len(in.Records) - len(again)
			in.Records = again
		}
	}
	for lines.Scan() {
		h := fnv.New32a()
		_, _ = h.Write(lines.Bytes())
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: bytes.Clone(lines.Bytes()), PartitionKey: aws.String(fmt.Sprint(h.Sum32()))})
		if len(in.Records) == 500 {
			flush()
		}
	}
	flush()
	if err := lines.Err(); err != nil || sent != total {
		t.Fatalf("sent %d of %d records, %v", sent, total, err)
	}
}

// patience is for machines that are busy with other things.
const patience = 10 * time.Minute

// wait polls, as there is nobody who would tell.
func (s *stack) wait(t *testing.T, atMost time.Duration, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(atMost); !done(); time.Sleep(time.Second) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s\n%s", atMost, what, tail(s.Log()))
		}
	}
}

func (s *stack) received(t *testing.T) int {
	t.Helper()
	return count(t, s.lake(t, "status"), "received")
}

// invoke calls a function and gives its reply.
func (s *stack) invoke(t *testing.T, function, payload string) string {
	t.Helper()
	reply, err := s.tryInvoke(t, function, payload)
	if err != nil {
		t.Fatal(err)
	}
	return reply
}

func (s *stack) tryInvoke(t *testing.T, function, payload string) (string, error) {
	t.Helper()
	out, err := lambda.NewFromConfig(s.Config()).Invoke(t.Context(), &lambda.InvokeInput{FunctionName: &function, Payload: []byte(payload)})
	if err != nil {
		return "", err
	}
	if out.FunctionError != nil {
		return "", errors.New(string(out.Payload))
	}
	return string(out.Payload), nil
}

// located gives the Locations of the table's partitions by hour.
func (s *stack) located(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	pages := glue.NewGetPartitionsPaginator(glue.NewFromConfig(s.Config()), &glue.GetPartitionsInput{DatabaseName: &s.out.Database, TableName: aws.String("events")})
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Partitions {
			found[strings.Join(p.Values, " ")] = *p.StorageDescriptor.Location
		}
	}
	return found
}

// counted reads the objects under the Locations, by code of its own: events by hour, and how many ids there are.
func (s *stack) counted(t *testing.T) (hours map[string]int, ids int) {
	t.Helper()
	hours = map[string]int{}
	seen := map[string]bool{}
	for hour, location := range s.located(t) {
		at, err := url.Parse(location)
		if err != nil {
			t.Fatal(err)
		}
		s.lines(t, at.Host, strings.TrimPrefix(at.Path, "/"), func(line []byte) {
			var e struct {
				ID string    `json:"event_uuid"`
				At time.Time `json:"created_datetime"`
			}
			if err := json.Unmarshal(line, &e); err != nil {
				t.Fatal(err)
			}
			if got := e.At.UTC().Format("2006-01-02 15"); got != hour {
				t.Errorf("%s of %s lies in %s", e.ID, got, hour)
			}
			hours[hour]++
			seen[strings.ToLower(e.ID)] = true
		})
	}
	return hours, len(seen)
}

func (s *stack) lines(t *testing.T, bucket, prefix string, each func([]byte)) {
	t.Helper()
	client := s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	list, err := client.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: &bucket, Prefix: &prefix})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range list.Contents {
		object, err := client.GetObject(t.Context(), &s3.GetObjectInput{Bucket: &bucket, Key: o.Key})
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(object.Body)
		if err != nil {
			t.Fatalf("%s: %v", *o.Key, err)
		}
		lines := bufio.NewScanner(z)
		lines.Buffer(nil, 1<<24)
		for lines.Scan() {
			each(lines.Bytes())
		}
		if err := errors.Join(lines.Err(), object.Body.Close()); err != nil {
			t.Fatalf("%s: %v", *o.Key, err)
		}
	}
}

func count(t *testing.T, row map[string]any, key string) int {
	t.Helper()
	n, is := row[key].(float64)
	if !is {
		t.Fatalf("%s is %v in %v", key, row[key], row)
	}
	return int(n)
}
