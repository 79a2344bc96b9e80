package handler

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/sqs/types"
)

const (
	batchSize = 10 // entries that SendMessageBatch takes
	rounds    = 4  // tries of an entry that the queue reports as failed; whole calls are tried again by the client
)

// Unsent says which messages the queue did not take.
type Unsent struct {
	Messages []Message
	Of       int
	Err      error // of the first
}

func (u *Unsent) Error() string {
	const most = 20
	names := make([]string, 0, most)
	for _, m := range u.Messages[:min(len(u.Messages), most)] {
		names = append(names, m.Partition)
	}
	if len(u.Messages) > most {
		names = append(names, "…")
	}
	return fmt.Sprintf("send %d of %d tasks (%s): %v", len(u.Messages), u.Of, strings.Join(names, ", "), u.Err)
}

// Unwrap gives the cause.
func (u *Unsent) Unwrap() error { return u.Err }

// queue sends to one queue of SQS.
type queue struct {
	client *sqs.Client
	url    string
	pause  time.Duration // before the second try of an entry; it doubles
}

// Queue gives the function that sends messages to a queue, in any order, each at least once. Its error is an *Unsent.
func Queue(client *sqs.Client, url string) func(context.Context, []Message) error {
	return (&queue{client, url, 100 * time.Millisecond}).send
}

func (q *queue) send(ctx context.Context, messages []Message) error {
	unsent := &Unsent{Of: len(messages)}
	rest := messages
	for len(rest) > 0 {
		n := min(len(rest), batchSize)
		left, whole, err := q.batch(ctx, rest[:n])
		rest = rest[n:]
		if err == nil {
			continue
		}
		unsent.Messages = append(unsent.Messages, left...)
		if unsent.Err == nil {
			unsent.Err = err
		}
		if whole { // and so would the others: each after all of the client's tries
			unsent.Messages = append(unsent.Messages, rest...)
			break
		}
	}
	if unsent.Err != nil {
		return unsent
	}
	return nil
}

// batch sends up to ten messages. SQS answers for each entry under HTTP 200, and one may fail alone. It returns those not sent, and
// whether the call failed as a whole.
func (q *queue) batch(ctx context.Context, messages []Message) (left []Message, whole bool, err error) {
	left = messages
	for round := range rounds {
		if round > 0 {
			if err := wait(ctx, q.pause<<(round-1)); err != nil {
				return left, true, err
			}
		}
		entries := make([]types.SendMessageBatchRequestEntry, len(left))
		for i, m := range left {
			entries[i] = types.SendMessageBatchRequestEntry{Id: aws.String(strconv.Itoa(i)), MessageBody: aws.String(m.text())}
		}
		out, err := q.client.SendMessageBatch(ctx, &sqs.SendMessageBatchInput{QueueUrl: aws.String(q.url), Entries: entries})
		if err != nil {
			return left, true, err
		}
		var hopeless bool
		if left, hopeless, err = unsentOf(left, out); err == nil || hopeless || round == rounds-1 {
			return left, false, err
		}
	}
	return left, false, err
}

// unsentOf gives the messages that an answer does not name as sent, with an error for the first, and whether none of them is worth another try.
func unsentOf(messages []Message, out *sqs.SendMessageBatchOutput) (left []Message, hopeless bool, err error) {
	sent := make([]bool, len(messages))
	for _, s := range out.Successful {
		if i, err := strconv.Atoi(aws.ToString(s.Id)); err == nil && i >= 0 && i < len(sent) {
			sent[i] = true
		}
	}
	for i, m := range messages {
		if !sent[i] {
			left = append(left, m)
		}
	}
	if len(left) == 0 {
		return nil, false, nil
	}
	if len(out.Failed) == 0 {
		return left, false, fmt.Errorf("the queue answered for %d of %d messages", len(out.Successful), len(messages))
	}
	f := out.Failed[0]
	hopeless = !slices.ContainsFunc(out.Failed, func(f types.BatchResultErrorEntry) bool { return !f.SenderFault })
	return left, hopeless, fmt.Errorf("%s: %s", aws.ToString(f.Code), aws.ToString(f.Message))
}

func wait(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
