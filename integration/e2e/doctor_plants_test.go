package e2e

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	cloudwatchtypes "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/lambda/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	s3types "github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	sqstypes "github.com/aws/aws-sdk-go-v2/service/sqs/types"

	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/shared/layout"
)

func (p *patient) must(err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatal(err)
	}
}

// mapped changes the stream's event source mapping.
func mapped(change func(*lambda.UpdateEventSourceMappingInput)) func(*patient) func() {
	return func(p *patient) func() {
		was, err := p.lambda.GetEventSourceMapping(p.t.Context(), &lambda.GetEventSourceMappingInput{UUID: p.mapping})
		p.must(err)
		in := &lambda.UpdateEventSourceMappingInput{UUID: p.mapping}
		change(in)
		_, err = p.lambda.UpdateEventSourceMapping(p.t.Context(), in)
		p.must(err)
		return func() {
			_, err := p.lambda.UpdateEventSourceMapping(p.t.Context(), &lambda.UpdateEventSourceMappingInput{
				UUID: p.mapping, Enabled: aws.Bool(true), MaximumRetryAttempts: was.MaximumRetryAttempts, MaximumRecordAgeInSeconds: was.MaximumRecordAgeInSeconds,
				BisectBatchOnFunctionError: was.BisectBatchOnFunctionError, FunctionResponseTypes: was.FunctionResponseTypes,
				DestinationConfig: was.DestinationConfig, FilterCriteria: &types.FilterCriteria{Filters: []types.Filter{}},
			})
			p.must(err)
		}
	}
}

// function gives the name of one.
func (p *patient) function(part string) *string {
	return map[string]*string{"ingest": &p.out.Ingest.Function, "compactor": &p.out.Compactor.Function}[part]
}

// update changes a function, and is back when that is done.
func (p *patient) update(in *lambda.UpdateFunctionConfigurationInput) {
	_, err := p.lambda.UpdateFunctionConfiguration(p.t.Context(), in)
	p.must(err)
	wait := lambda.NewFunctionUpdatedV2Waiter(p.lambda, func(o *lambda.FunctionUpdatedV2WaiterOptions) { o.MinDelay = 100 * time.Millisecond })
	p.must(wait.Wait(p.t.Context(), &lambda.GetFunctionInput{FunctionName: in.FunctionName}, time.Minute))
}

// configured changes the compactor.
func configured(change func(*lambda.UpdateFunctionConfigurationInput)) func(*patient) func() {
	return func(p *patient) func() {
		was, err := p.lambda.GetFunctionConfiguration(p.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: p.function("compactor")})
		p.must(err)
		in := &lambda.UpdateFunctionConfigurationInput{FunctionName: was.FunctionName}
		change(in)
		p.update(in)
		return func() {
			p.update(&lambda.UpdateFunctionConfigurationInput{FunctionName: was.FunctionName, Timeout: was.Timeout})
		}
	}
}

// told changes a variable of a function.
func told(part, variable, value string) func(*patient) func() {
	return func(p *patient) func() {
		was, err := p.lambda.GetFunctionConfiguration(p.t.Context(), &lambda.GetFunctionConfigurationInput{FunctionName: p.function(part)})
		p.must(err)
		set := func(variables map[string]string) {
			p.update(&lambda.UpdateFunctionConfigurationInput{FunctionName: was.FunctionName, Environment: &types.Environment{Variables: variables}})
		}
		changed := maps.Clone(was.Environment.Variables)
		changed[variable] = value
		set(changed)
		return func() { set(was.Environment.Variables) }
	}
}

func reserved(part string, n int32) func(*patient) func() {
	return func(p *patient) func() {
		_, err := p.lambda.PutFunctionConcurrency(p.t.Context(), &lambda.PutFunctionConcurrencyInput{FunctionName: p.function(part), ReservedConcurrentExecutions: &n})
		p.must(err)
		return func() {
			_, err := p.lambda.DeleteFunctionConcurrency(p.t.Context(), &lambda.DeleteFunctionConcurrencyInput{FunctionName: p.function(part)})
			p.must(err)
		}
	}
}

// queued changes an attribute of the tasks' queue.
func queued(attribute, value string) func(*patient) func() {
	return func(p *patient) func() {
		was, err := p.sqs.GetQueueAttributes(p.t.Context(), &sqs.GetQueueAttributesInput{
			QueueUrl: &p.out.Compactor.QueueURL, AttributeNames: []sqstypes.QueueAttributeName{sqstypes.QueueAttributeName(attribute)}})
		p.must(err)
		set := func(value string) {
			_, err := p.sqs.SetQueueAttributes(p.t.Context(), &sqs.SetQueueAttributesInput{
				QueueUrl: &p.out.Compactor.QueueURL, Attributes: map[string]string{attribute: value}})
			p.must(err)
		}
		set(value)
		return func() { set(was.Attributes[attribute]) }
	}
}

func (p *patient) deadLetter() func() {
	_, err := p.sqs.SendMessage(p.t.Context(), &sqs.SendMessageInput{QueueUrl: &p.out.Compactor.DeadLetters, MessageBody: aws.String("{}")})
	p.must(err)
	return p.bury
}

// bury deletes what lies with the dead letters.
func (p *patient) bury() {
	_, err := p.sqs.PurgeQueue(p.t.Context(), &sqs.PurgeQueueInput{QueueUrl: &p.out.Compactor.DeadLetters})
	p.must(err)
}

// scheduled changes the planner's schedule.
func scheduled(change func(*scheduler.UpdateScheduleInput)) func(*patient) func() {
	return func(p *patient) func() {
		was, err := p.scheduler.GetSchedule(p.t.Context(), &scheduler.GetScheduleInput{Name: aws.String("lakebed-emulator-events-plan")})
		p.must(err)
		as := func() *scheduler.UpdateScheduleInput {
			target := *was.Target
			return &scheduler.UpdateScheduleInput{Name: was.Name, GroupName: was.GroupName, ScheduleExpression: was.ScheduleExpression,
				FlexibleTimeWindow: was.FlexibleTimeWindow, Target: &target, State: was.State, Description: was.Description}
		}
		set := func(in *scheduler.UpdateScheduleInput) {
			_, err := p.scheduler.UpdateSchedule(p.t.Context(), in)
			p.must(err)
		}
		in := as()
		change(in)
		set(in)
		return func() { set(as()) }
	}
}

func (p *patient) everlasting() func() {
	set := func(on bool) {
		_, err := p.dynamo.UpdateTimeToLive(p.t.Context(), &dynamodb.UpdateTimeToLiveInput{TableName: &p.out.ClaimsTable,
			TimeToLiveSpecification: &dynamodbtypes.TimeToLiveSpecification{AttributeName: aws.String("expires"), Enabled: &on}})
		p.must(err)
	}
	set(false)
	return func() { set(true) }
}

// ruled adds a rule to the bucket's lifecycle.
func ruled(rule s3types.LifecycleRule) func(*patient) func() {
	return func(p *patient) func() {
		was, err := p.s3.GetBucketLifecycleConfiguration(p.t.Context(), &s3.GetBucketLifecycleConfigurationInput{Bucket: &p.out.Bucket})
		p.must(err)
		set := func(rules []s3types.LifecycleRule) {
			_, err := p.s3.PutBucketLifecycleConfiguration(p.t.Context(), &s3.PutBucketLifecycleConfigurationInput{
				Bucket: &p.out.Bucket, LifecycleConfiguration: &s3types.BucketLifecycleConfiguration{Rules: rules}})
			p.must(err)
		}
		rule.ID, rule.Status = aws.String("somebody's"), s3types.ExpirationStatusEnabled
		set(append(slices.Clone(was.Rules), rule))
		return func() { set(was.Rules) }
	}
}

func (p *patient) noPolicy() func() {
	was, err := p.s3.GetBucketPolicy(p.t.Context(), &s3.GetBucketPolicyInput{Bucket: &p.out.Bucket})
	p.must(err)
	_, err = p.s3.DeleteBucketPolicy(p.t.Context(), &s3.DeleteBucketPolicyInput{Bucket: &p.out.Bucket})
	p.must(err)
	return func() {
		_, err := p.s3.PutBucketPolicy(p.t.Context(), &s3.PutBucketPolicyInput{Bucket: &p.out.Bucket, Policy: was.Policy})
		p.must(err)
	}
}

func (p *patient) public() func() {
	was, err := p.s3.GetPublicAccessBlock(p.t.Context(), &s3.GetPublicAccessBlockInput{Bucket: &p.out.Bucket})
	p.must(err)
	_, err = p.s3.DeletePublicAccessBlock(p.t.Context(), &s3.DeletePublicAccessBlockInput{Bucket: &p.out.Bucket})
	p.must(err)
	return func() {
		_, err := p.s3.PutPublicAccessBlock(p.t.Context(), &s3.PutPublicAccessBlockInput{
			Bucket: &p.out.Bucket, PublicAccessBlockConfiguration: was.PublicAccessBlockConfiguration})
		p.must(err)
	}
}

func (p *patient) givenUp() func() {
	key := aws.String("aws/lambda/somewhere/2026/11/23/record.json")
	_, err := p.s3.PutObject(p.t.Context(), &s3.PutObjectInput{Bucket: &p.out.Bucket, Key: key, Body: strings.NewReader("{}")})
	p.must(err)
	return func() {
		_, err := p.s3.DeleteObject(p.t.Context(), &s3.DeleteObjectInput{Bucket: &p.out.Bucket, Key: key})
		p.must(err)
	}
}

// faulty has the command meet a fault on its way to AWS, and an answer to the one call that the emulator does not know.
func (p *patient) faulty(hook proxy.Hook) {
	p.stack.proxy.Set(func(c proxy.Call) proxy.Fault {
		if c.Op == "DescribeLimits" {
			return limits(500)
		}
		if hook == nil {
			return proxy.Fault{}
		}
		return hook(c)
	})
}

func limits(shards int) proxy.Fault {
	return proxy.Fault{Answer: &proxy.Answer{Status: http.StatusOK, Header: http.Header{"Content-Type": {"application/x-amz-json-1.1"}},
		Body: fmt.Appendf(nil, `{"ShardLimit":%d,"OpenShardCount":1,"OnDemandStreamCount":0,"OnDemandStreamCountLimit":50}`, shards)}}
}

func faulty(hook proxy.Hook) func(*patient) func() {
	return func(p *patient) func() {
		p.faulty(hook)
		return func() { p.faulty(nil) }
	}
}

// full is an account that has as many shards as it may.
func (p *patient) full() func() {
	p.stack.proxy.Set(func(c proxy.Call) proxy.Fault {
		if c.Op == "DescribeLimits" {
			return limits(1)
		}
		return proxy.Fault{}
	})
	return func() { p.faulty(nil) }
}

// heedless is a store that takes every write.
func (p *patient) heedless() func() {
	written := false
	return faulty(func(c proxy.Call) proxy.Fault {
		if c.Op != "PutObject" || !strings.Contains(c.Resource, layout.Probes) {
			return proxy.Fault{}
		}
		if !written {
			written = true
			return proxy.Fault{}
		}
		return proxy.Fault{Answer: &proxy.Answer{Status: http.StatusOK, Header: http.Header{"Etag": {`"0"`}}}}
	})(p)
}

// refused is of a call that its caller may not make.
func refused(call string) proxy.Hook {
	return func(c proxy.Call) proxy.Fault {
		if !strings.Contains(c.String(), call) {
			return proxy.Fault{}
		}
		return proxy.Fault{Answer: proxy.Refuse("lambda", http.StatusForbidden, "AccessDeniedException")}
	}
}

// edited has a field of an answer, wherever it is in it, have another value, or each object of a list some more, as the emulator has no such state.
func edited(call, field string, value any) func(*patient) func() {
	return faulty(func(c proxy.Call) proxy.Fault {
		if !strings.Contains(c.String(), call) {
			return proxy.Fault{}
		}
		return proxy.Fault{Edit: func(a *proxy.Answer, _ []byte) {
			var answer map[string]any
			if json.Unmarshal(a.Body, &answer) != nil {
				return
			}
			set(answer, field, value)
			a.Body, _ = json.Marshal(answer)
			a.Header.Set("Content-Length", strconv.Itoa(len(a.Body)))
		}}
	})
}

func set(in map[string]any, field string, value any) {
	for key, inner := range in {
		more, of := value.(map[string]any)
		list, are := inner.([]any)
		switch {
		case key == field && of && are:
			for _, m := range list {
				maps.Copy(m.(map[string]any), more)
			}
		case key == field:
			in[key] = value
		default:
			if object, is := inner.(map[string]any); is {
				set(object, field, value)
			}
		}
	}
}

// otherZips are to be deployed.
func (p *patient) otherZips() func() {
	p.zips = p.t.TempDir()
	for _, name := range []string{"ingest-amd64.zip", "compactor-amd64.zip"} {
		p.must(os.WriteFile(filepath.Join(p.zips, name), []byte("a newer release"), 0o600))
	}
	return func() { p.zips = "bin" }
}

// allowed has the policy of ingest's role say something else in place of what it says.
func allowed(says, instead string) func(*patient) func() {
	return func(p *patient) func() {
		client, name := iam.NewFromConfig(p.Config()), p.function("ingest")
		was, err := client.GetRolePolicy(p.t.Context(), &iam.GetRolePolicyInput{RoleName: name, PolicyName: name})
		p.must(err)
		policy, err := url.QueryUnescape(*was.PolicyDocument)
		p.must(err)
		put := func(text string) {
			_, err := client.PutRolePolicy(p.t.Context(), &iam.PutRolePolicyInput{RoleName: name, PolicyName: name, PolicyDocument: &text})
			p.must(err)
		}
		put(strings.ReplaceAll(policy, says, instead))
		return func() { put(policy) }
	}
}

// noWorker disables what brings the compactor its tasks.
func (p *patient) noWorker() func() {
	out, err := p.lambda.ListEventSourceMappings(p.t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: p.function("compactor")})
	p.must(err)
	enable := func(on bool) {
		_, err := p.lambda.UpdateEventSourceMapping(p.t.Context(), &lambda.UpdateEventSourceMappingInput{UUID: out.EventSourceMappings[0].UUID, Enabled: &on})
		p.must(err)
	}
	enable(false)
	return func() { enable(true) }
}

// early has S3's clock be an hour ahead.
func early(c proxy.Call) proxy.Fault {
	if c.Service != "s3" {
		return proxy.Fault{}
	}
	return proxy.Fault{Edit: func(a *proxy.Answer, _ []byte) {
		a.Header.Set("Date", time.Now().Add(time.Hour).UTC().Format(http.TimeFormat))
	}}
}

// setBack has the catalog name a generation that is not the current one, as one does who writes to the table by hand.
func (p *patient) setBack() func() {
	page, err := p.glue.GetPartitions(p.t.Context(), &glue.GetPartitionsInput{DatabaseName: &p.out.Database, TableName: aws.String("events")})
	p.must(err)
	if len(page.Partitions) == 0 {
		p.t.Fatal("there is no partition")
	}
	was := page.Partitions[0]
	set := func(location string) {
		storage := *was.StorageDescriptor
		storage.Location = &location
		_, err := p.glue.BatchUpdatePartition(p.t.Context(), &glue.BatchUpdatePartitionInput{DatabaseName: &p.out.Database, TableName: aws.String("events"),
			Entries: []gluetypes.BatchUpdatePartitionRequestEntry{{PartitionValueList: was.Values,
				PartitionInput: &gluetypes.PartitionInput{Values: was.Values, StorageDescriptor: &storage, Parameters: was.Parameters}}}})
		p.must(err)
	}
	right := *was.StorageDescriptor.Location
	set(strings.Replace(right, "/gen-", "/gen-9", 1))
	return func() { set(right) }
}

// moved has the table lie elsewhere.
func (p *patient) moved() func() {
	out, err := p.glue.GetTable(p.t.Context(), &glue.GetTableInput{DatabaseName: &p.out.Database, Name: aws.String("events")})
	p.must(err)
	set := func(location string) {
		storage := *out.Table.StorageDescriptor
		storage.Location = &location
		_, err := p.glue.UpdateTable(p.t.Context(), &glue.UpdateTableInput{DatabaseName: &p.out.Database, TableInput: &gluetypes.TableInput{
			Name: out.Table.Name, TableType: out.Table.TableType, PartitionKeys: out.Table.PartitionKeys, Parameters: out.Table.Parameters, StorageDescriptor: &storage}})
		p.must(err)
	}
	set("s3://elsewhere/events/")
	return func() { set(*out.Table.StorageDescriptor.Location) }
}

func (p *patient) late() func() {
	tell := func(age, ago time.Duration) {
		_, err := p.metrics.PutMetricData(p.t.Context(), &cloudwatch.PutMetricDataInput{Namespace: aws.String("AWS/Lambda"), MetricData: []cloudwatchtypes.MetricDatum{{
			MetricName: aws.String("IteratorAge"), Value: aws.Float64(float64(age.Milliseconds())), Timestamp: aws.Time(time.Now().Add(-ago)),
			Dimensions: []cloudwatchtypes.Dimension{{Name: aws.String("FunctionName"), Value: &p.out.Ingest.Function}}}}})
		p.must(err)
	}
	tell(time.Hour, 12*time.Minute) // before what an alarm looks at
	return func() { tell(0, 0) }
}

func (p *patient) alarm() func() {
	set := func(state cloudwatchtypes.StateValue) {
		_, err := p.metrics.SetAlarmState(p.t.Context(), &cloudwatch.SetAlarmStateInput{
			AlarmName: aws.String("lakebed-emulator-events-set-aside"), StateValue: state, StateReason: aws.String("a test")})
		p.must(err)
	}
	set(cloudwatchtypes.StateValueAlarm)
	return func() { set(cloudwatchtypes.StateValueOk) }
}
