package e2e

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"math"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
	"github.com/lakebed/lakebed/services/lakebed/generate"
	"github.com/lakebed/lakebed/shared/layout"
)

// load is what a profile is for, and how much of it one of the stream's shards brings here; with what infra/README.md ("Profiles") says of it.
type load struct {
	events   int
	hours    int     // in which they happened
	shard    float64 // events a second of one shard; on demand it is half full
	together int     // in a record: more than one are an aggregate
	peak     float64 // events a second of the whole stream, in its busiest hour
	target   int64   // what a part aims at here, so that there are several; 0: what the profile says

	batch float64 // events in one
	lanes int
	gzip  bool
}

const secondsADay = 24 * 3600

var loads = map[string]load{
	"tiny":     {events: 10_000, hours: 24, shard: 1e4 / secondsADay, together: 1, peak: 1.5 * 1e4 / secondsADay, batch: 35, lanes: 1},
	"standard": {events: 100_000, hours: 1, shard: 1e7 / secondsADay, together: 1, peak: 1.5 * 1e7 / secondsADay, target: 2 << 20, batch: 580, lanes: 1},
	"huge":     {events: 500_000, hours: 1, shard: 1200, together: 100, peak: 1.5 * 1e10 / secondsADay, target: 4 << 20, batch: 10_600, lanes: 8, gzip: true},
}

const (
	payloadMost   = 6 << 20 // https://docs.aws.amazon.com/lambda/latest/dg/with-kinesis.html
	putsMost      = 3500    // a second and a prefix: https://docs.aws.amazon.com/AmazonS3/latest/userguide/optimizing-performance.html
	hoursOfABatch = 1.5     // that its events fall into at most, on average: services/lakebed/cost
	ratio         = 5.      // of gzip: the same
	about         = 0.3     // how far a size may be off
)

// pacing is what Terraform says of ingest.
type pacing struct {
	BatchSize int     `json:"batch_size"`
	Window    float64 `json:"batch_window"`
	Factor    int     `json:"parallelization_factor"`
}

// TestProfiles: each profile takes its load, with fragments and parts of the sizes that infra/README.md states. No emulator waits for a window or knows the
// most of a payload, so that the batches are cut here, as Lambda cuts what comes at the load's pace, and given to the deployed function.
func TestProfiles(t *testing.T) {
	t.Parallel()
	var streams []string
	for name, l := range loads {
		settings := ""
		if l.target > 0 {
			settings = fmt.Sprintf("target_size = %q", fmt.Sprint(l.target))
		}
		streams = append(streams, fmt.Sprintf("%s = { profile = %q, settings = { %s } }", name, name, settings))
	}
	s := deploy(t, map[string]string{"streams": "{" + strings.Join(streams, ", ") + "}", "pace": `{ catalog_bound = "2s" }`, "mapping_enabled": "false"})
	var told struct {
		Streams struct {
			Value map[string]struct {
				Profile struct {
					Ingest pacing `json:"ingest"`
				} `json:"profile"`
			} `json:"value"`
		} `json:"streams"`
	}
	if err := json.Unmarshal(s.terraform(t, "output", "-json"), &told); err != nil {
		t.Fatal(err)
	}
	for name, l := range loads {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s.of(name).carries(t, told.Streams.Value[name].Profile.Ingest, l)
		})
	}
}

// carries: all that was sent is stored exactly, in the sizes that are stated.
func (s *stack) carries(t *testing.T, p pacing, l load) {
	if p.Factor != 1 {
		t.Fatalf("the factor is %d: batches are cut here as of a shard that has one at a time", p.Factor)
	}
	began := time.Now()
	made, shards := s.send(t, l)
	batches := 0
	for shard, records := range shards {
		for len(records) > 0 {
			n := p.batch(s.out.Stream, shard, records)
			s.invoke(t, s.out.Ingest.Function, string(mapping.Event(s.out.Stream, shard, records[:n])))
			records = records[n:]
			batches++
		}
	}
	t.Logf("%d lines sent and received after %s", made.Lines, time.Since(began).Round(time.Millisecond))
	s.sizes(t, l, made, batches)
	s.merge(t)
	s.holds(t, made)
	s.parts(t, l)
	t.Logf("done after %s", time.Since(began).Round(time.Millisecond))
}

// sizes: batches and fragments are as large as infra/README.md says, and no more are written in a second than S3 takes.
func (s *stack) sizes(t *testing.T, l load, made generate.Summary, batches int) {
	t.Helper()
	fragments, bytes := s.fragments(t, l)
	lines, n := float64(made.Lines), float64(fragments)
	t.Logf("%d batches of %.1f lines, %d fragments of %.1f lines and %.0f bytes", batches, lines/float64(batches), fragments, lines/n, float64(bytes)/n)
	if got := lines / float64(batches); math.Abs(got-l.batch) > 0.1*l.batch {
		t.Errorf("a batch has %.1f lines, want %.0f", got, l.batch)
	}
	if least := l.batch / float64(l.lanes) / hoursOfABatch; lines/n < least {
		t.Errorf("a fragment has %.1f lines, want %.1f at least", lines/n, least)
	}
	want := float64(made.Bytes)
	if l.gzip {
		want /= ratio
	}
	if math.Abs(float64(bytes)-want) > about*want {
		t.Errorf("fragments have %d bytes in all, want about %.0f", bytes, want)
	}
	if puts := l.peak * n / lines; puts > putsMost {
		t.Errorf("at %.0f events a second %.0f fragments are written: more than S3 takes", l.peak, puts)
	}
}

// batch is how many of a shard's records come together: those that arrive within a window of the first, as long as there is room for them.
func (p pacing) batch(stream, shard string, records []mapping.Record) int {
	envelope := len(mapping.Event(stream, shard, records[:1])) - base64.StdEncoding.EncodedLen(len(records[0].Data))
	window := time.Duration(p.Window * float64(time.Second))
	size, n := 0, 0
	for n < min(len(records), p.BatchSize) && records[n].Arrival.Sub(records[0].Arrival) <= window {
		if size += envelope + base64.StdEncoding.EncodedLen(len(records[n].Data)); size > payloadMost {
			break
		}
		n++
	}
	return n
}

// send puts the load into the stream, and gives each shard's records, with the arrivals that they would have at the load's pace.
func (s *stack) send(t *testing.T, l load) (made generate.Summary, shards map[string][]mapping.Record) {
	t.Helper()
	text, to := io.Pipe()
	go func() {
		var err error
		made, err = generate.Write(t.Context(), to, generate.Options{Events: l.events, Seed: 8, Duplicates: 0.02, Late: 0.01, Broken: 0.001, Hours: l.hours})
		_ = to.CloseWithError(err)
	}()
	client := kinesis.NewFromConfig(s.Config())
	in := &kinesis.PutRecordsInput{StreamName: &s.out.Stream}
	shards = map[string][]mapping.Record{}
	var arrivals []time.Time
	size := 0
	flush := func() {
		out, err := client.PutRecords(t.Context(), in)
		if err != nil || aws.ToInt32(out.FailedRecordCount) > 0 {
			t.Fatalf("put %d records: %v", len(in.Records), err)
		}
		for i, r := range out.Records {
			shards[*r.ShardId] = append(shards[*r.ShardId], mapping.Record{Sequence: *r.SequenceNumber, Key: *in.Records[i].PartitionKey, Data: in.Records[i].Data, Arrival: arrivals[i]})
		}
		in.Records, arrivals, size = nil, nil, 0
	}
	lines := bufio.NewScanner(text)
	lines.Buffer(nil, 1<<22)
	var some []string
	put := func(n int) {
		data := []byte(some[0])
		if l.together > 1 {
			data = kpltest.Events(some...)
		}
		if len(in.Records) == 500 || size+len(data) > 4<<20 {
			flush()
		}
		size += len(data)
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: data, PartitionKey: aws.String(fmt.Sprint(n))})
		arrivals = append(arrivals, generate.DefaultStart.Add(time.Duration(float64(n)/l.shard*float64(time.Second))).Truncate(time.Millisecond))
		some = some[:0]
	}
	n := 0
	for ; lines.Scan(); n++ {
		if some = append(some, lines.Text()); len(some) == l.together {
			put(n)
		}
	}
	if len(some) > 0 {
		put(n)
	}
	flush()
	if err := lines.Err(); err != nil || n != made.Lines {
		t.Fatalf("sent %d of %d lines, %v", n, made.Lines, err)
	}
	return made, shards
}

// list gives the bucket's objects below a prefix of the lake.
func (s *stack) list(t *testing.T, prefix string) map[string]int64 {
	t.Helper()
	client := s3.NewFromConfig(s.Config(), func(o *s3.Options) { o.UsePathStyle = true })
	pages := s3.NewListObjectsV2Paginator(client, &s3.ListObjectsV2Input{Bucket: &s.out.Bucket, Prefix: aws.String("lake/" + prefix)})
	found := map[string]int64{}
	for pages.HasMorePages() {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		for _, o := range page.Contents {
			found[strings.TrimPrefix(*o.Key, "lake/")] = *o.Size
		}
	}
	return found
}

// fragments counts them, and holds them to the load's lanes and encoding.
func (s *stack) fragments(t *testing.T, l load) (n int, bytes int64) {
	t.Helper()
	lanes := map[layout.Lane]bool{}
	for key, size := range s.list(t, layout.Raw) {
		f, err := layout.ParseFragment(key)
		if err != nil {
			t.Fatal(err)
		}
		if f.Gzip != l.gzip {
			t.Fatalf("%s: gzip is %t, want %t", key, f.Gzip, l.gzip)
		}
		lanes[f.Lane] = true
		n, bytes = n+1, bytes+size
	}
	if len(lanes) != l.lanes {
		t.Errorf("there are fragments of %d lanes, want %d", len(lanes), l.lanes)
	}
	return n, bytes
}

// merge has the planner and the workers at it until no fragment waits.
func (s *stack) merge(t *testing.T) {
	t.Helper()
	looks := 0
	s.wait(t, patience, "every event is merged", func() bool {
		if looks%10 == 0 {
			s.invoke(t, s.out.Compactor.Function, `{"version":1,"do":"plan"}`)
		}
		looks++
		return count(t, s.lake(t, "status"), "fragments_waiting") == 0
	})
}

// parts: all have the target's size, but for the last of each lane.
func (s *stack) parts(t *testing.T, l load) {
	t.Helper()
	var sizes []int64
	for hour, location := range s.located(t) {
		_, prefix, _ := strings.Cut(location, "/lake/")
		small := 0
		for key, size := range s.list(t, prefix) {
			if l.target > 0 && size > 2*l.target {
				t.Errorf("%s has %d bytes, more than twice the target of %d", key, size, l.target)
			}
			if size < l.target || l.target == 0 {
				small++
			}
			sizes = append(sizes, size)
		}
		if small > l.lanes {
			t.Errorf("%s has %d parts below the target's size, of %d lanes", hour, small, l.lanes)
		}
	}
	slices.Sort(sizes)
	t.Logf("%d parts, of %d to %d bytes, %d in the middle", len(sizes), sizes[0], sizes[len(sizes)-1], sizes[len(sizes)/2])
	if l.target > 0 && len(sizes) <= l.lanes {
		t.Errorf("there are only %d parts: the target is never met", len(sizes))
	}
}
