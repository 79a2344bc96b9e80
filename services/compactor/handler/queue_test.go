package handler

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// answer says what the fake queue does with an entry: its place among all that came, and its body. "" takes it.
type answer func(n int, body string) string

// fakeQueue gives a queue over a server that speaks SQS's JSON protocol, and the bodies that it took.
func fakeQueue(t *testing.T, a answer) (*queue, *[]string, *int) {
	t.Helper()
	taken, calls, n := new([]string), new(int), 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		*calls++
		var in struct {
			Entries []struct{ Id, MessageBody string }
		}
		if err := json.NewDecoder(r.Body).Decode(&in); err != nil || len(in.Entries) == 0 || len(in.Entries) > 10 {
			t.Errorf("%d entries, %v", len(in.Entries), err)
		}
		ok, failed := []map[string]any{}, []map[string]any{}
		for _, e := range in.Entries {
			switch code := a(n, e.MessageBody); code {
			case "":
				*taken = append(*taken, e.MessageBody)
				ok = append(ok, map[string]any{"Id": e.Id, "MessageId": "m", "MD5OfMessageBody": ""})
			case "forget":
			case "down":
				w.WriteHeader(http.StatusForbidden)
				_, _ = w.Write([]byte(`{"__type":"com.amazonaws.sqs#AccessDenied","message":"no"}`))
				return
			default:
				failed = append(failed, map[string]any{"Id": e.Id, "Code": code, "Message": "why", "SenderFault": code == "InvalidMessageContents"})
			}
			n++
		}
		w.Header().Set("Content-Type", "application/x-amz-json-1.0")
		_ = json.NewEncoder(w).Encode(map[string]any{"Successful": ok, "Failed": failed})
	}))
	t.Cleanup(server.Close)
	client := sqs.New(sqs.Options{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		DisableMessageChecksumValidation: true,
	})
	return &queue{client, server.URL + "/q", time.Microsecond}, taken, calls
}

func messages(n int) []Message {
	all := make([]Message, n)
	for i := range all {
		all[i] = Message{Version: Version, Partition: hour.String()}
		all[i].Partition = fmt.Sprint("p", i)
	}
	return all
}

func TestQueue(t *testing.T) {
	for name, c := range map[string]struct {
		answer answer
		taken  int
		unsent []string
		calls  int
	}{
		"all":          {func(int, string) string { return "" }, 25, nil, 3},
		"one at first": {func(n int, _ string) string { return map[bool]string{true: "InternalError"}[n == 3] }, 25, nil, 4},
		"one for ever": {func(_ int, b string) string {
			return map[bool]string{true: "InternalError"}[strings.Contains(b, `"p12"`)]
		}, 24, []string{"p12"}, 3 + rounds - 1},
		"one refused": {func(_ int, b string) string {
			return map[bool]string{true: "InvalidMessageContents"}[strings.Contains(b, `"p12"`)]
		}, 24, []string{"p12"}, 3},
		"one forgot": {func(n int, _ string) string { return map[bool]string{true: "forget"}[n == 3] }, 25, nil, 4},
		"down":       {func(n int, _ string) string { return map[bool]string{true: "down"}[n >= 20] }, 20, []string{"p20", "p21", "p22", "p23", "p24"}, 3},
	} {
		q, taken, calls := fakeQueue(t, c.answer)
		err := q.send(t.Context(), messages(25))
		var unsent *Unsent
		var names []string
		if errors.As(err, &unsent) {
			for _, m := range unsent.Messages {
				names = append(names, m.Partition)
			}
			if !strings.Contains(err.Error(), fmt.Sprintf("send %d of 25 tasks (%s", len(names), names[0])) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if len(*taken) != c.taken || !slices.Equal(names, c.unsent) || (err != nil) != (c.unsent != nil) || *calls != c.calls {
			t.Errorf("%s: %d taken in %d calls, unsent %v, %v", name, len(*taken), *calls, names, err)
		}
	}
}

func TestQueueGivesUpWithItsContext(t *testing.T) {
	q, _, _ := fakeQueue(t, func(int, string) string { return "InternalError" })
	q.pause = time.Hour
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := q.send(ctx, messages(12)); !errors.Is(err, context.DeadlineExceeded) || !strings.Contains(err.Error(), "send 12 of 12") {
		t.Error(err)
	}
}
