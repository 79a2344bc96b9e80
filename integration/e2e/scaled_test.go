package e2e

import (
	"encoding/json"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/services/scaler/streams"
)

// scaled: under load the function asks Kinesis for twice the shards, once, and notes it. That Terraform leaves them so is seen by drift. (After all that
// counts events: this emulator loses records when a stream is resharded, which integration/faults does on another.)
func (s *stack) scaled(t *testing.T) {
	s.invoke(t, s.scaler.Function, "{}")
	if n := s.shards(t); n != 2 {
		t.Fatalf("without load there are %d shards", n)
	}
	s.load(t, 2*1.1) // of two shards' limits, a tenth more
	s.invoke(t, s.scaler.Function, "{}")
	if n := s.shards(t); n != 4 {
		t.Fatalf("under load there are %d shards, want 4", n)
	}
	s.invoke(t, s.scaler.Function, "{}") // four do
	if n := s.shards(t); n != 4 {
		t.Errorf("a second look made them %d", n)
	}
	var updates []string
	for _, c := range s.proxy.Peek(proxy.Op("UpdateShardCount", s.out.Stream)) {
		updates = append(updates, c.Caller)
	}
	if !slices.Equal(updates, []string{"lakebed-scaler"}) {
		t.Errorf("the shard count was updated by %v", updates)
	}
	out, err := ssm.NewFromConfig(s.Config()).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String(streams.Parameter(s.out.Stream))})
	if err != nil {
		t.Fatal(err)
	}
	var r streams.Record
	if err := json.Unmarshal([]byte(*out.Parameter.Value), &r); err != nil || r.Shards != 4 || len(r.Calls) != 1 {
		t.Errorf("it noted %s: %v", *out.Parameter.Value, err)
	}
}

func (s *stack) shards(t *testing.T) int {
	t.Helper()
	out, err := kinesis.NewFromConfig(s.Config()).DescribeStreamSummary(t.Context(), &kinesis.DescribeStreamSummaryInput{StreamName: &s.out.Stream})
	if err != nil {
		t.Fatal(err)
	}
	return int(aws.ToInt32(out.StreamDescriptionSummary.OpenShardCount))
}

// load has the last minutes' metrics say that the stream took so many shards' limits. On AWS Kinesis itself says so; the emulator does not.
func (s *stack) load(t *testing.T, shards float64) {
	t.Helper()
	in := &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Kinesis")}
	for ago := range 4 {
		at := time.Now().Truncate(time.Minute).Add(-time.Duration(ago+1) * time.Minute)
		for metric, perSecond := range map[string]float64{"IncomingBytes": shards * (1 << 20), "IncomingRecords": shards * 100} {
			in.MetricData = append(in.MetricData, metrics.MetricDatum{
				MetricName: &metric, Timestamp: &at, Value: aws.Float64(perSecond * 60),
				Dimensions: []metrics.Dimension{{Name: aws.String("StreamName"), Value: &s.out.Stream}},
			})
		}
	}
	if _, err := cloudwatch.NewFromConfig(s.Config()).PutMetricData(t.Context(), in); err != nil {
		t.Fatal(fmt.Errorf("put metrics: %w", err))
	}
}
