package contract

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/services/compactor/handler"
	"github.com/lakebed/lakebed/shared/layout"
)

// What the planner sends arrives, each message once on a queue that is well, with the body that a worker reads.
func TestQueue(t *testing.T) {
	client := sqs.NewFromConfig(emulator.Ministack(t).Config())
	made, err := client.CreateQueue(t.Context(), &sqs.CreateQueueInput{QueueName: aws.String("tasks")})
	if err != nil {
		t.Fatal(err)
	}
	const n = 25 // two calls and a half
	var messages []handler.Message
	want := map[string]bool{}
	for i := range n {
		p := layout.PartitionOf(time.Date(2026, 11, 23, i, 0, 0, 0, time.UTC)).String()
		messages = append(messages, handler.Message{Version: handler.Version, Partition: p})
		want[fmt.Sprintf(`{"version":1,"partition":%q}`, p)] = true
	}
	if err := handler.Queue(client, aws.ToString(made.QueueUrl))(t.Context(), messages); err != nil {
		t.Fatal(err)
	}
	got := 0
	for deadline := time.Now().Add(30 * time.Second); got < n && time.Now().Before(deadline); {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: made.QueueUrl, MaxNumberOfMessages: 10, WaitTimeSeconds: 1})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			if !want[aws.ToString(m.Body)] {
				t.Errorf("received %s", aws.ToString(m.Body))
			}
			delete(want, aws.ToString(m.Body))
			got++
		}
	}
	if got != n || len(want) > 0 {
		t.Errorf("%d received; missing %v", got, want)
	}
}

// A queue that is not there: every task is named as not sent, after one call.
func TestNoQueue(t *testing.T) {
	a := emulator.Ministack(t)
	messages := make([]handler.Message, 25)
	var unsent *handler.Unsent
	err := handler.Queue(sqs.NewFromConfig(a.Config()), a.Endpoint+"/000000000000/none")(t.Context(), messages)
	if !errors.As(err, &unsent) || len(unsent.Messages) != len(messages) {
		t.Errorf("got %v", err)
	}
}
