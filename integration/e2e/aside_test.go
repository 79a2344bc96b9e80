package e2e

import (
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// foreign is a message of another version, sent before everything else, so that it has been tried and given up by the time it is looked for.
const foreign = `{"version":99,"partition":"dt=2026-01-05/hour=00"}`

func (s *stack) sendForeign(t *testing.T) {
	t.Helper()
	if _, err := sqs.NewFromConfig(s.Config()).SendMessage(t.Context(), &sqs.SendMessageInput{QueueUrl: &s.out.Compactor.QueueURL, MessageBody: aws.String(foreign)}); err != nil {
		t.Fatal(err)
	}
}

// setAside: what cannot be worked on ends with the dead letters, and stops nothing else.
func (s *stack) setAside(t *testing.T) {
	client := sqs.NewFromConfig(s.Config())
	s.wait(t, patience, "the foreign message lies with the dead letters", func() bool {
		out, err := client.ReceiveMessage(t.Context(), &sqs.ReceiveMessageInput{QueueUrl: &s.out.Compactor.DeadLetters, VisibilityTimeout: 0, MaxNumberOfMessages: 10})
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range out.Messages {
			if aws.ToString(m.Body) == foreign {
				return true
			}
			t.Errorf("another dead letter: %s", aws.ToString(m.Body))
		}
		return false
	})
	for _, event := range []string{`{}`, `{"version":7,"do":"plan"}`, `{"version":1,"do":"dance"}`, `[]`} {
		if _, err := s.tryInvoke(t, s.out.Compactor.Function, event); err == nil || !strings.Contains(err.Error(), "plan") {
			t.Errorf("%s: %v, want an error that says what is understood", event, err)
		}
	}
}
