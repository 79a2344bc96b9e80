package doctor

import (
	"context"
	"encoding/json"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	schedulertypes "github.com/aws/aws-sdk-go-v2/service/scheduler/types"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

// queue looks at the tasks' way from the planner to a worker.
func (x *examination) queue(ctx context.Context) {
	if x.worker == nil || x.worker.secret {
		return
	}
	client, url := sqs.NewFromConfig(*x.AWS), x.worker.env()["LAKEBED_QUEUE_URL"]
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: &url, AttributeNames: []types.QueueAttributeName{types.QueueAttributeNameAll}})
	if !x.read(err, url) {
		return
	}
	visible, _ := strconv.Atoi(out.Attributes[string(types.QueueAttributeNameVisibilityTimeout)]) // it is a number, or not there
	hides, runs := time.Duration(visible)*time.Second, seconds(x.worker.Timeout)
	x.want(hides >= runs, QueueVisibility, url, "a task that is taken is hidden for %s, the function runs for up to %s", hides, runs)

	m, read := x.source(ctx, x.worker, ":sqs:")
	x.want(!read || m != nil && on(m), QueueMapping, x.worker.name, "no enabled event source mapping takes tasks from %s", url)
	if m != nil && m.ScalingConfig != nil {
		x.workers = aws.ToInt32(m.ScalingConfig.MaximumConcurrency)
	}
	var redrive struct {
		DeadLetterTargetArn string `json:"deadLetterTargetArn"`
	}
	_ = json.Unmarshal([]byte(out.Attributes[string(types.QueueAttributeNameRedrivePolicy)]), &redrive) // no policy has no target
	x.want(redrive.DeadLetterTargetArn != "", QueueDeadLetters, url, "it has no queue for dead letters")
	if redrive.DeadLetterTargetArn != "" {
		x.deadLetters(ctx, client, redrive.DeadLetterTargetArn)
	}
}

func (x *examination) deadLetters(ctx context.Context, client *sqs.Client, arn string) {
	name := arn[strings.LastIndexByte(arn, ':')+1:]
	at, err := client.GetQueueUrl(ctx, &sqs.GetQueueUrlInput{QueueName: &name})
	if !x.read(err, arn) {
		return
	}
	// Somebody may be reading some just now.
	counts := []types.QueueAttributeName{types.QueueAttributeNameApproximateNumberOfMessages, types.QueueAttributeNameApproximateNumberOfMessagesNotVisible}
	out, err := client.GetQueueAttributes(ctx, &sqs.GetQueueAttributesInput{QueueUrl: at.QueueUrl, AttributeNames: counts})
	if !x.read(err, arn) {
		return
	}
	tasks := 0
	for _, name := range counts {
		n, _ := strconv.Atoi(out.Attributes[string(name)]) // it is a number, or not there
		tasks += n
	}
	x.want(tasks == 0, DeadLetters, arn, "%d tasks", tasks)
}

func (x *examination) schedules(ctx context.Context) {
	for part, all := range map[string]bool{"plan": false, "plan-full": true} {
		name := x.name(part)
		out, err := scheduler.NewFromConfig(*x.AWS).GetSchedule(ctx, &scheduler.GetScheduleInput{Name: &name})
		if !x.read(err, name) {
			continue
		}
		x.want(out.State == schedulertypes.ScheduleStateEnabled, ScheduleDisabled, name, "it is %s", out.State)
		if x.worker != nil && out.Target != nil {
			target := aws.ToString(out.Target.Arn)
			x.want(target == aws.ToString(x.worker.FunctionArn), ScheduleTarget, name, "it starts %s", target)
			var asks struct {
				Do  string
				All bool
			}
			err := json.Unmarshal([]byte(aws.ToString(out.Target.Input)), &asks)
			x.want(err == nil && asks.Do == "plan" && asks.All == all, ScheduleTarget, name, "it asks for %s", aws.ToString(out.Target.Input))
		}
	}
}
