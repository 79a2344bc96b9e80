package doctor

import (
	"context"
	"slices"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	kinesistypes "github.com/aws/aws-sdk-go-v2/service/kinesis/types"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"

	"github.com/lakebed/lakebed/shared/cloud"
)

// mapping looks at what hands the stream's records to ingest. Lambda's defaults lose records, or stop a shard for ever.
func (x *examination) mapping(ctx context.Context) {
	if x.ingest == nil {
		return
	}
	m, read := x.source(ctx, x.ingest, ":kinesis:")
	if m == nil {
		x.want(!read, MappingMissing, x.ingest.name, "no stream is mapped to it")
		return
	}
	x.window = seconds(m.MaximumBatchingWindowInSeconds)
	result := aws.ToString(m.LastProcessingResult)
	x.want(!strings.HasPrefix(result, "PROBLEM"), MappingProblem, aws.ToString(m.UUID), "Lambda says: %s", result)
	x.uuid, x.factor = aws.ToString(m.UUID), max(1, aws.ToInt32(m.ParallelizationFactor))
	name := x.uuid
	x.want(on(m), MappingDisabled, name, "the event source mapping is %s", aws.ToString(m.State))
	x.want(aws.ToInt32(m.MaximumRetryAttempts) >= 0 && m.MaximumRetryAttempts != nil, MappingRetries, name, "a batch is retried without end")
	x.want(aws.ToInt32(m.MaximumRecordAgeInSeconds) > 0, MappingAge, name, "records are retried at any age")
	x.want(aws.ToBool(m.BisectBatchOnFunctionError), MappingBisect, name, "a batch that fails is not cut in two")
	x.want(responds(m), MappingResponses, name, "it does not hear which records failed (ReportBatchItemFailures)")
	x.want(aws.ToInt32(m.TumblingWindowInSeconds) == 0, MappingWindow, name, "a tumbling window of %d s", aws.ToInt32(m.TumblingWindowInSeconds))
	x.want(m.FilterCriteria == nil || len(m.FilterCriteria.Filters) == 0, MappingFilter, name, "it has a filter")
	destination := ""
	if m.DestinationConfig != nil && m.DestinationConfig.OnFailure != nil {
		destination = aws.ToString(m.DestinationConfig.OnFailure.Destination)
	}
	want := x.failures()
	x.want(strings.HasSuffix(destination, ":::"+want), MappingDestination, name, "what is given up goes to %q; want the bucket %s", destination, want)
	x.retention(ctx, m)
}

// failures is the bucket into which Lambda puts what it gives up.
func (x *examination) failures() string {
	if place, err := cloud.ParseLake(x.Settings.Cloud.Failures); err == nil {
		return place.Bucket
	}
	return x.at.Bucket
}

// retention wants the stream to keep a record for longer than Lambda tries it, else it is gone before it is given up.
func (x *examination) retention(ctx context.Context, m *types.EventSourceMappingConfiguration) {
	arn := aws.ToString(m.EventSourceArn)
	out, err := kinesis.NewFromConfig(*x.AWS).DescribeStreamSummary(ctx, &kinesis.DescribeStreamSummaryInput{StreamARN: &arn})
	if !x.read(err, arn) {
		return
	}
	s := out.StreamDescriptionSummary
	x.streamARN, x.shards = arn, aws.ToInt32(s.OpenShardCount)
	x.demand = s.StreamModeDetails != nil && s.StreamModeDetails.StreamMode == kinesistypes.StreamModeOnDemand
	x.want(s.StreamStatus == kinesistypes.StreamStatusActive || s.StreamStatus == kinesistypes.StreamStatusUpdating, StreamInactive, arn, "it is %s", s.StreamStatus)
	keeps, tries := time.Duration(aws.ToInt32(s.RetentionPeriodHours))*time.Hour, seconds(m.MaximumRecordAgeInSeconds)
	x.want(keeps > tries, StreamRetention, arn, "it keeps records for %s, Lambda tries them for %s", keeps, tries)
}

func (x *examination) stream(ctx context.Context) {
	if x.demand {
		return // it has no share in the account's shards
	}
	out, err := kinesis.NewFromConfig(*x.AWS).DescribeLimits(ctx, &kinesis.DescribeLimitsInput{})
	if x.read(err, "Kinesis's limits") {
		open, most := aws.ToInt32(out.OpenShardCount), aws.ToInt32(out.ShardLimit)
		x.want(open < most || most == 0, ShardQuota, "Kinesis's limits", "%d of %d shards are open", open, most)
	}
}

// source gives the event source mapping of a function whose source's ARN holds a text, nil where there is none; and whether that could be read.
func (x *examination) source(ctx context.Context, f *function, in string) (*types.EventSourceMappingConfiguration, bool) {
	pages := lambda.NewListEventSourceMappingsPaginator(x.lambda(), &lambda.ListEventSourceMappingsInput{FunctionName: &f.name})
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx)
		if !x.read(err, f.name) {
			return nil, false
		}
		for _, m := range page.EventSourceMappings {
			if strings.Contains(aws.ToString(m.EventSourceArn), in) {
				return &m, true
			}
		}
	}
	return nil, true
}

// on tells whether it is at work, or about to be again.
func on(m *types.EventSourceMappingConfiguration) bool {
	return slices.Contains([]string{"Enabled", "Enabling", "Creating", "Updating"}, aws.ToString(m.State))
}

// responds tells whether Lambda hears which records of a batch failed.
func responds(m *types.EventSourceMappingConfiguration) bool {
	return slices.Contains(m.FunctionResponseTypes, types.FunctionResponseTypeReportBatchItemFailures)
}
