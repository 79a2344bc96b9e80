package e2e

import (
	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"

	"github.com/lakebed/lakebed/services/lakebed/doctor"
)

// ailment is one thing that somebody changed.
type ailment struct {
	what  string
	code  doctor.Code
	also  []doctor.Code           // what follows from it
	plant func(p *patient) func() // gives what undoes it
	args  []string
}

var ailments = []ailment{
	{what: "a batch is retried for ever", code: doctor.MappingRetries, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) { m.MaximumRetryAttempts = aws.Int32(-1) })},
	{what: "records are retried at any age", code: doctor.MappingAge, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) { m.MaximumRecordAgeInSeconds = aws.Int32(-1) })},
	{what: "records are retried for longer than they are kept", code: doctor.StreamRetention, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) { m.MaximumRecordAgeInSeconds = aws.Int32(604_800) })},
	{what: "no bisect", code: doctor.MappingBisect, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) { m.BisectBatchOnFunctionError = aws.Bool(false) })},
	{what: "no partial responses", code: doctor.MappingResponses, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) {
			m.FunctionResponseTypes = []types.FunctionResponseType{}
		})},
	{what: "no failure destination", code: doctor.MappingDestination, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) {
			m.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{}}
		})},
	{what: "a failure destination without records", code: doctor.MappingDestination, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) {
			m.DestinationConfig = &types.DestinationConfig{OnFailure: &types.OnFailure{Destination: aws.String("arn:aws:sqs:us-east-1:000000000000:failures")}}
		})},
	{what: "a filter", code: doctor.MappingFilter, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) {
			m.FilterCriteria = &types.FilterCriteria{Filters: []types.Filter{{Pattern: aws.String(`{"data":{"type":["order"]}}`)}}}
		})},
	{what: "a tumbling window", code: doctor.MappingWindow, plant: edited("/event-source-mappings", "EventSourceMappings",
		map[string]any{"TumblingWindowInSeconds": 10})},
	{what: "the mapping is disabled", code: doctor.MappingDisabled, plant: mapped(
		func(m *lambda.UpdateEventSourceMappingInput) { m.Enabled = aws.Bool(false) })},

	{what: "nothing is mapped", code: doctor.MappingMissing, also: []doctor.Code{doctor.QueueMapping}, plant: edited("/event-source-mappings", "EventSourceMappings", []any{})},
	{what: "Lambda may not read the stream", code: doctor.MappingProblem, plant: edited("/event-source-mappings", "EventSourceMappings",
		map[string]any{"LastProcessingResult": "PROBLEM: Cannot access stream"})},
	{what: "mappings may not be listed", code: doctor.Unread, plant: faulty(refused("/event-source-mappings"))},
	{what: "the stream is deleted", code: doctor.StreamInactive, plant: edited("DescribeStreamSummary", "StreamStatus", "DELETING")},

	{what: "a function is broken", code: doctor.FunctionInactive, plant: edited("-ingest/configuration", "State", "Failed")},
	{what: "variables may not be read", code: doctor.Unread, plant: edited("-compactor/configuration", "Environment",
		map[string]any{"Error": map[string]any{"ErrorCode": "AccessDeniedException", "Message": "kms:Decrypt"}})},
	{what: "other code", code: doctor.FunctionVersion, plant: (*patient).otherZips},
	{what: "too little scratch", code: doctor.FunctionScratch, also: []doctor.Code{doctor.SettingDiffers}, args: []string{"--target-size", "1GiB"}},
	{what: "a role without its policy", code: doctor.RoleLacks, plant: allowed(`["s3:PutObject",`, "[")},
	{what: "a role that may not keep what is given up", code: doctor.RoleLacks, plant: allowed("/aws/lambda/*", "/elsewhere/*")},
	{what: "an account that is full", code: doctor.ConcurrencyAccount, plant: edited("/account-settings", "AccountLimit",
		map[string]any{"ConcurrentExecutions": 1000, "UnreservedConcurrentExecutions": 4})},
	{what: "too little memory for its setting", code: doctor.FunctionMemory, also: []doctor.Code{doctor.FunctionScratch}, plant: told("compactor", "LAKEBED_MEMORY", "1GiB")},
	{what: "too little time", code: doctor.FunctionTimeout, plant: configured(
		func(c *lambda.UpdateFunctionConfigurationInput) { c.Timeout = aws.Int32(6) })},
	{what: "other lanes than the lake's", code: doctor.SettingDiffers, plant: told("ingest", "LAKEBED_LANES", "4")},
	{what: "a setting that is none", code: doctor.FunctionFails, also: []doctor.Code{doctor.SettingDiffers}, plant: told("ingest", "LAKEBED_CLAIMS", "some")},
	{what: "another lake", code: doctor.FunctionFails, also: []doctor.Code{doctor.SettingDiffers}, plant: told("compactor", "LAKEBED_LAKE", "s3://nowhere/lake")},
	{what: "reserved concurrency of none", code: doctor.FunctionOff, plant: reserved("ingest", 0)},
	{what: "reserved concurrency of too few", code: doctor.ConcurrencyReserved, plant: reserved("compactor", 2)},
	{what: "a function that is not there", code: doctor.Missing, args: []string{"--deployment", "lakebed-other"}},

	{what: "no worker", code: doctor.QueueMapping, plant: (*patient).noWorker},
	{what: "no dead letters", code: doctor.QueueDeadLetters, plant: queued("RedrivePolicy", "")},
	{what: "tasks come again too soon", code: doctor.QueueVisibility, plant: queued("VisibilityTimeout", "5")},
	{what: "a dead letter", code: doctor.DeadLetters, plant: (*patient).deadLetter},
	{what: "a schedule is disabled", code: doctor.ScheduleDisabled, plant: scheduled(
		func(c *scheduler.UpdateScheduleInput) { c.State = schedulertypes.ScheduleStateDisabled })},
	{what: "a schedule starts something else", code: doctor.ScheduleTarget, plant: scheduled(
		func(c *scheduler.UpdateScheduleInput) { c.Target.Arn = aws.String(*c.Target.Arn + "-old") })},
	{what: "a schedule asks for something else", code: doctor.ScheduleTarget, plant: scheduled(
		func(c *scheduler.UpdateScheduleInput) { c.Target.Input = aws.String(`{"version":1,"do":"check"}`) })},
	{what: "claims have another key", code: doctor.ClaimsKey, plant: edited("DescribeTable", "KeySchema", []any{map[string]any{"AttributeName": "id", "KeyType": "HASH"}})},
	{what: "claims are out of reach", code: doctor.ClaimsInactive, plant: edited("DescribeTable", "TableStatus", "INACCESSIBLE_ENCRYPTION_CREDENTIALS")},
	{what: "claims do not expire", code: doctor.ClaimsExpiry, plant: (*patient).everlasting},

	{what: "a rule deletes fragments", code: doctor.BucketExpiry, plant: ruled(s3types.LifecycleRule{
		Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("lake/raw/")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(7)}})},
	{what: "a rule deletes all", code: doctor.BucketExpiry, plant: ruled(s3types.LifecycleRule{
		Filter: &s3types.LifecycleRuleFilter{Prefix: aws.String("")}, Expiration: &s3types.LifecycleExpiration{Days: aws.Int32(365)}})},
	{what: "a rule archives parts", code: doctor.BucketArchive, plant: ruled(s3types.LifecycleRule{
		Filter:      &s3types.LifecycleRuleFilter{Prefix: aws.String("lake/events/")},
		Transitions: []s3types.Transition{{Days: aws.Int32(90), StorageClass: s3types.TransitionStorageClassGlacier}}})},
	{what: "a bucket without its policy", code: doctor.BucketPolicy, plant: (*patient).noPolicy},
	{what: "a bucket that may be public", code: doctor.BucketPublic, plant: (*patient).public},
	{what: "records were given up", code: doctor.GivenUp, plant: (*patient).givenUp},
	{what: "conditions are not heeded", code: doctor.ConditionalWrites, plant: (*patient).heedless},
	{what: "a call is not allowed", code: doctor.Unread, plant: faulty(refused("GetQueueAttributes"))},
	{what: "a clock that is wrong", code: doctor.Clock, plant: faulty(early)},

	{what: "a Location is set back", code: doctor.LocationBehind, plant: (*patient).setBack},
	{what: "the table's place is another", code: doctor.TableWrong, plant: (*patient).moved},
	{what: "no more shards", code: doctor.ShardQuota, plant: (*patient).full},
	{what: "ingest is behind", code: doctor.IngestBehind, plant: (*patient).late},
	{what: "an alarm is raised", code: doctor.AlarmRaised, plant: (*patient).alarm},
}
