// Package streams reads what Kinesis and CloudWatch know of a stream, and changes its shard count. What was changed before is kept in a parameter of SSM,
// which is written before the call: one that nobody remembers cannot be. Terraform, which made the stream, reads the count there.
package streams

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"

	"github.com/lakebed/lakebed/services/scaler"
)

// Streams are those of an account and region.
type Streams struct {
	kinesis    *kinesis.Client
	cloudwatch *cloudwatch.Client
	ssm        *ssm.Client
}

// New takes the clients.
func New(k *kinesis.Client, c *cloudwatch.Client, s *ssm.Client) *Streams { return &Streams{k, c, s} }

// Look says what is known of a stream, and of its traffic since.
func (s *Streams) Look(ctx context.Context, name string, since, now time.Time) (st scaler.Stream, err error) {
	out, err := s.kinesis.DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamName: &name})
	if err != nil {
		return st, fmt.Errorf("describe: %w", err)
	}
	d := out.StreamDescriptionSummary
	st.Shards, st.Active = int(aws.ToInt32(d.OpenShardCount)), d.StreamStatus == types.StreamStatusActive
	if st.OnDemand = d.StreamModeDetails != nil && d.StreamModeDetails.StreamMode == types.StreamModeOnDemand; st.OnDemand || !st.Active || st.Shards == 0 {
		return st, nil
	}
	if st.Calls, err = s.calls(ctx, name, st.Shards, now); err != nil {
		return st, err
	}
	if made := aws.ToTime(d.StreamCreationTimestamp); made.After(since) { // of what came before it nothing can be said
		since = made.Add(time.Minute)
	}
	st.Minutes, st.Measured, err = s.minutes(ctx, name, since, now)
	return st, err
}

// Update changes the shard count of a stream as it was looked at.
func (s *Streams) Update(ctx context.Context, name string, st scaler.Stream, to int, now time.Time) error {
	r := Record{Shards: st.Shards, Calls: st.Calls}
	if err := s.write(ctx, name, r.calling(to, now)); err != nil {
		return err
	}
	_, err := s.kinesis.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
		StreamName: &name, TargetShardCount: aws.Int32(int32(to)), ScalingType: types.ScalingTypeUniformScaling,
	})
	if err != nil {
		return fmt.Errorf("update the shard count to %d: %w", to, err)
	}
	return nil
}

// measures are what CloudWatch has of a stream: https://docs.aws.amazon.com/streams/latest/dev/monitoring-with-cloudwatch.html
var measures = []struct {
	metric, statistic string
	set               func(*scaler.Minute, float64)
}{
	{"IncomingBytes", "Sum", func(m *scaler.Minute, v float64) { m.Bytes = v }},
	{"IncomingRecords", "Sum", func(m *scaler.Minute, v float64) { m.Records = v }},
	{"WriteProvisionedThroughputExceeded", "Sum", func(m *scaler.Minute, v float64) { m.Throttled = v }},
	{"ReadProvisionedThroughputExceeded", "Sum", func(m *scaler.Minute, v float64) { m.ReadThrottled = v }},
	{"GetRecords.IteratorAgeMilliseconds", "Maximum", func(m *scaler.Minute, v float64) { m.Age = time.Duration(v) * time.Millisecond }},
}

// late is when a minute of which CloudWatch has nothing counts as one without records.
const late = 3 * time.Minute

// minutes gives the minutes since, up to the last that is known.
func (s *Streams) minutes(ctx context.Context, name string, since, now time.Time) (all []scaler.Minute, measured time.Time, err error) {
	now = now.Truncate(time.Minute)
	if since = since.Truncate(time.Minute); !since.Before(now) {
		return nil, since, nil
	}
	in := &cloudwatch.GetMetricDataInput{StartTime: &since, EndTime: &now, ScanBy: metrics.ScanByTimestampAscending}
	for i, m := range measures {
		in.MetricDataQueries = append(in.MetricDataQueries, metrics.MetricDataQuery{
			Id: aws.String("m" + strconv.Itoa(i)),
			MetricStat: &metrics.MetricStat{
				Metric: &metrics.Metric{
					Namespace: aws.String("AWS/Kinesis"), MetricName: aws.String(m.metric),
					Dimensions: []metrics.Dimension{{Name: aws.String("StreamName"), Value: &name}},
				},
				Period: aws.Int32(60), Stat: aws.String(m.statistic),
			},
		})
	}
	all = make([]scaler.Minute, int(now.Sub(since)/time.Minute))
	measured = now.Add(-late)
	for p := cloudwatch.NewGetMetricDataPaginator(s.cloudwatch, in); p.HasMorePages(); {
		out, err := p.NextPage(ctx)
		if err != nil {
			return nil, measured, fmt.Errorf("get metrics: %w", err)
		}
		for _, r := range out.MetricDataResults {
			n, err := strconv.Atoi(strings.TrimPrefix(aws.ToString(r.Id), "m"))
			if err != nil || n < 0 || n >= len(measures) || len(r.Values) != len(r.Timestamps) {
				return nil, measured, errors.New("get metrics: the answer is none to what was asked")
			}
			if r.StatusCode == metrics.StatusCodeInternalError || r.StatusCode == metrics.StatusCodeForbidden {
				return nil, measured, fmt.Errorf("get metrics: %s is %s", measures[n].metric, r.StatusCode)
			}
			for i, at := range r.Timestamps {
				minute := int(at.Sub(since) / time.Minute)
				if minute < 0 || minute >= len(all) {
					continue
				}
				measures[n].set(&all[minute], r.Values[i])
				if end := since.Add(time.Duration(minute+1) * time.Minute); n == 0 && end.After(measured) {
					measured = end
				}
			}
		}
	}
	return all[:max(0, int(measured.Sub(since)/time.Minute))], measured, nil
}
