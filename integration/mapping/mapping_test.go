package mapping

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

func records(n int) []Record {
	all := make([]Record, n)
	for i := range all {
		all[i] = Record{Sequence: fmt.Sprint(i + 1), Arrival: start}
	}
	return all
}

// lambda answers by the sequence numbers it gets, and remembers them.
type lambda struct {
	answer    func(numbers []string) ([]byte, error)
	tries     [][]string
	discarded []Discarded
}

func (l *lambda) mapping(batch, retries int) *Mapping {
	return &Mapping{
		Stream: "s", BatchSize: batch, Retries: retries, Now: func() time.Time { return start },
		Invoke: func(_ context.Context, payload []byte) ([]byte, error) {
			var event struct {
				Records []struct {
					Kinesis struct{ SequenceNumber string }
				}
			}
			if err := json.Unmarshal(payload, &event); err != nil {
				return nil, err
			}
			var numbers []string
			for _, r := range event.Records {
				numbers = append(numbers, r.Kinesis.SequenceNumber)
			}
			l.tries = append(l.tries, numbers)
			return l.answer(numbers)
		},
		Discard: func(_ context.Context, d Discarded) error {
			l.discarded = append(l.discarded, d)
			return nil
		},
	}
}

func (l *lambda) String() string {
	var tries, gone []string
	for _, t := range l.tries {
		tries = append(tries, strings.Join(t, ","))
	}
	for _, d := range l.discarded {
		gone = append(gone, fmt.Sprintf("%s-%s %s after %d", d.Records[0].Sequence, d.Records[len(d.Records)-1].Sequence, d.Condition, d.Tries))
	}
	return strings.Join(tries, " ") + " | " + strings.Join(gone, "; ")
}

func TestDeliver(t *testing.T) {
	fails := errors.New("fails")
	poison := func(number string) func([]string) ([]byte, error) {
		return func(numbers []string) ([]byte, error) {
			if slices.Contains(numbers, number) {
				return nil, fails
			}
			return nil, nil
		}
	}
	says := func(reply string) func([]string) ([]byte, error) {
		first := true
		return func([]string) ([]byte, error) {
			if !first {
				return []byte(`{"batchItemFailures":[]}`), nil
			}
			first = false
			return []byte(reply), nil
		}
	}
	for name, test := range map[string]struct {
		answer  func([]string) ([]byte, error)
		records int
		set     func(*Mapping)
		want    string
	}{
		"batches":           {poison(""), 5, func(m *Mapping) { m.BatchSize = 2 }, "1,2 3,4 5 | "},
		"given up":          {poison("2"), 3, func(*Mapping) {}, "1,2,3 1,2,3 1,2,3 | 1-3 RetryAttemptsExhausted after 3"},
		"bisected":          {poison("2"), 4, func(m *Mapping) { m.Bisect = true }, "1,2,3,4 1,2 1 2 2 2 3,4 | 2-2 RetryAttemptsExhausted after 3"},
		"too old":           {poison("1"), 2, func(m *Mapping) { m.MaxAge = time.Second; m.Now = func() time.Time { return start.Add(time.Minute) } }, " | 1-2 RecordAgeExceeded after 0"},
		"partial":           {says(`{"batchItemFailures":[{"itemIdentifier":"4"},{"itemIdentifier":"3"}]}`), 4, func(*Mapping) {}, "1,2,3,4 3,4 | "},
		"empty list":        {says(`{"batchItemFailures":[]}`), 2, func(*Mapping) {}, "1,2 | "},
		"null":              {says(`null`), 2, func(*Mapping) {}, "1,2 | "},
		"unknown number":    {says(`{"batchItemFailures":[{"itemIdentifier":"9"}]}`), 2, func(*Mapping) {}, "1,2 1,2 | "},
		"empty number":      {says(`{"batchItemFailures":[{"itemIdentifier":""}]}`), 2, func(*Mapping) {}, "1,2 1,2 | "},
		"no number":         {says(`{"batchItemFailures":[{}]}`), 2, func(*Mapping) {}, "1,2 1,2 | "},
		"no JSON":           {says(`x`), 2, func(*Mapping) {}, "1,2 1,2 | "},
		"partial, bisected": {says(`{"batchItemFailures":[{"itemIdentifier":"2"}]}`), 4, func(m *Mapping) { m.Bisect = true }, "1,2,3,4 2,3,4 | "},
	} {
		l := &lambda{answer: test.answer}
		m := l.mapping(10, 2)
		m.Partial = true
		test.set(m)
		if err := m.Deliver(t.Context(), Shard(0), records(test.records)); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if got := l.String(); got != test.want {
			t.Errorf("%s: %q, want %q", name, got, test.want)
		}
	}
}
