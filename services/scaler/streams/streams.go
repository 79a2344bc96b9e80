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
	"github.com/aws/smithy-go"

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
	r, err := s.record(ctx, name, st.Shards, now)
	if err != nil {
		return st, err
	}
	st.Calls, st.Changed = r.Calls, r.Changed
	if made := aws.ToTime(d.StreamCreationTimestamp); made.After(since) { // of what came before it nothing can be said
		since = made.Add(time.Minute)
	}
	st.Minutes, st.Measured, err = s.minutes(ctx, name, since, now)
	return st, err
}

// Update changes the shard count of a stream as it was looked at.
func (s *Streams) Update(ctx context.Context, name string, st scaler.Stream, to int, now time.Time) error {
	r := Record{Shards: st.Shards, Calls: st.Calls, Changed: st.Changed}
	if err := s.write(ctx, name, r.calling(to, now)); err != nil {
		return err
	}
	_, err := s.kinesis.UpdateShardCount(ctx, &kinesis.UpdateShardCountInput{
		StreamName: &name, TargetShardCount: aws.Int32(int32(to)), ScalingType: types.ScalingTypeUniformScaling,
	})
	if err == nil {
		return nil
	}
	err = fmt.Errorf("update the shard count to %d: %w", to, err)
	if refused(err) { // else Terraform would take the count that is noted for the stream's
		err = errors.Join(err, s.write(ctx, name, r))
	}
	return err
}

// refused tells whether Kinesis did nothing. Of a call that is tried again it says that the stream is in use when it took the first try.
func refused(err error) bool {
	var api smithy.APIError
	inUse := new(types.ResourceInUseException)
	return errors.As(err, &api) && api.ErrorFault() == smithy.FaultClient && !errors.As(err, &inUse)
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

// late is when a minute of which CloudWatch has no bytes counts as one without records.
const late = 3 * time.Minute

// minutes gives the minutes since, up to the last that is known: one with bytes, or one that is late, if CloudWatch has anything of it or of a later one. Of a
// stream without records it has the age of what is read; where it has nothing, that is no silence.
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
	measured = since
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
				end := since.Add(time.Duration(minute+1) * time.Minute)
				if silent := now.Add(-late); n > 0 && end.After(silent) {
					end = silent
				}
				if end.After(measured) {
					measured = end
				}
			}
		}
	}
	return all[:max(0, int(measured.Sub(since)/time.Minute))], measured, nil
}
