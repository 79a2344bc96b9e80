package gluecatalog

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// hoursIn gives the hours that a call sets.
func hoursIn(t *testing.T, c call) []layout.Partition {
	var in struct {
		PartitionInputList []struct{ Values []string }
		Entries            []struct{ PartitionValueList []string }
	}
	c.to(t, &in)
	var hours []layout.Partition
	for _, p := range in.PartitionInputList {
		h, _ := hourOf(p.Values)
		hours = append(hours, h)
	}
	for _, e := range in.Entries {
		h, _ := hourOf(e.PartitionValueList)
		hours = append(hours, h)
	}
	return hours
}

// refuse answers that these hours failed.
func refuse(c call, code string, hours ...layout.Partition) object {
	errs := []object{}
	for _, h := range hours {
		key := "PartitionValues"
		if c.op == "BatchUpdatePartition" {
			key = "PartitionValueList"
		}
		errs = append(errs, object{key: valuesOf(h), "ErrorDetail": object{"ErrorCode": code, "ErrorMessage": "as told"}})
	}
	return object{"Errors": errs}
}

const (
	creates = "BatchCreatePartition"
	updates = "BatchUpdatePartition"
)

// TestSetPartitions: two new entries and an old one; Glue answers the n-th call as told.
func TestSetPartitions(t *testing.T) {
	old := entry(hour + 2)
	old.Version = "v"
	type answers []func(call) (any, string)
	fails := func(code string, hours ...layout.Partition) func(call) (any, string) {
		return func(c call) (any, string) { return refuse(c, code, hours...), "" }
	}
	refuses := func(code string) func(call) (any, string) { return func(call) (any, string) { return nil, code } }
	fine := fails("")
	tests := map[string]struct {
		answers answers
		ops     []string // in their order, apart from those that are sent together
		failed  []layout.Partition
		text    string
		is      error
	}{
		"all set":             {answers{fine, fine}, []string{creates, updates}, nil, "", nil},
		"one fails":           {answers{fails("SomeException", hour), fine}, []string{creates, updates}, []layout.Partition{hour}, "SomeException: as told", nil},
		"there already":       {answers{fails("AlreadyExistsException", hour+1), fine, fine}, []string{creates, updates, updates}, nil, "", nil},
		"not there":           {answers{fine, fails("EntityNotFoundException", hour+2), fine}, []string{creates, updates, creates}, nil, "", nil},
		"throttled entry":     {answers{fails("ThrottlingException", hour), fine, fine}, []string{creates, updates, creates}, nil, "", nil},
		"time-out of one":     {answers{fails("OperationTimeoutException", hour, hour+1), fine, fine}, []string{creates, updates, creates}, nil, "", nil},
		"without its ending":  {answers{fails("InternalService", hour), fine, fine}, []string{creates, updates, creates}, nil, "", nil},
		"time-out of a call":  {answers{fine, refuses("OperationTimeoutException"), fine}, []string{creates, updates, updates}, nil, "", nil},
		"too many":            {answers{fails("ResourceNumberLimitExceededException", hour), fine}, []string{creates, updates}, []layout.Partition{hour}, "quota", nil},
		"too many, all":       {answers{refuses("ResourceNumberLimitExceededException"), fine}, []string{creates, updates}, []layout.Partition{hour, hour + 1}, "quota", nil},
		"no table":            {answers{refuses("EntityNotFoundException"), fine}, []string{creates, updates}, []layout.Partition{hour, hour + 1}, "lakebed rebuild", catalog.ErrCorrupt},
		"no access":           {answers{fine, refuses("AccessDeniedException")}, []string{creates, updates}, []layout.Partition{hour + 2}, "AccessDenied", nil},
		"nobody's fault":      {answers{fails("SomeException", hour+7), fine}, []string{creates, updates}, []layout.Partition{hour, hour + 1}, "SomeException", nil},
		"one invalid":         {answers{refuses("InvalidInputException"), refuses("InvalidInputException"), fine, fine}, []string{creates, creates, creates, updates}, []layout.Partition{hour}, "InvalidInput", nil},
		"throttled all along": {answers{refuses("ThrottlingException")}, nil, []layout.Partition{hour, hour + 1, hour + 2}, "Throttling", nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var s *scripted
			c, s := open(t, func(c call) (any, string) {
				if len(test.answers) == 1 {
					return test.answers[0](c)
				}
				return test.answers[len(s.calls)-1](c)
			})
			c.hands = 1
			err := c.SetPartitions(t.Context(), []catalog.Partition{entry(hour), entry(hour + 1), old})
			for h := hour; h < hour+3; h++ {
				if got, want := err != nil && strings.Contains(err.Error(), h.String()), slices.Contains(test.failed, h); got != want {
					t.Errorf("%s is named: %t, want %t: %v", h, got, want, err)
				}
			}
			if len(test.failed) > 0 && (err == nil || !strings.Contains(err.Error(), test.text)) || test.is != nil && !errors.Is(err, test.is) {
				t.Errorf("got %v, want %q", err, test.text)
			}
			if got := s.ops(); test.ops != nil && got != strings.Join(test.ops, " ") {
				t.Errorf("called %s, want %s", got, test.ops)
			}
			if len(s.calls) > 2*rounds {
				t.Errorf("called %d times", len(s.calls))
			}
		})
	}
}

// TestSetPartitionsAgain: only what failed is sent again.
func TestSetPartitionsAgain(t *testing.T) {
	var sent [][]layout.Partition
	c, _ := open(t, func(c call) (any, string) {
		sent = append(sent, hoursIn(t, c))
		if len(sent) < 3 {
			return refuse(c, "ThrottlingException", hour+3), ""
		}
		return object{}, ""
	})
	var all []catalog.Partition
	for h := hour; h < hour+5; h++ {
		all = append(all, entry(h))
	}
	if err := c.SetPartitions(t.Context(), all); err != nil {
		t.Error(err)
	}
	if len(sent) != 3 || len(sent[0]) != 5 || !slices.Equal(sent[1], []layout.Partition{hour + 3}) || !slices.Equal(sent[2], sent[1]) {
		t.Errorf("sent %v", sent)
	}
}

// TestSetPartitionsBatches: no call holds more than Glue takes, and every entry is in one.
func TestSetPartitionsBatches(t *testing.T) {
	wide := make([]schema.Field, 300)
	for i := range wide {
		wide[i] = field(fmt.Sprintf("%0200d", i), schema.String)
	}
	tests := map[string]struct {
		columns []schema.Field
		n       layout.Partition
		calls   int
	}{
		"many":  {nil, 230, 3},
		"large": {wide, 70, 3}, // some 62,000 bytes each
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			sent := map[layout.Partition]int{}
			c, s := open(t, func(c call) (any, string) {
				hours := hoursIn(t, c)
				for _, h := range hours {
					sent[h]++
				}
				if len(hours) > maxSet || len(c.text) > maxSetBytes*2 {
					t.Errorf("%d entries, %d bytes in a call", len(hours), len(c.text))
				}
				return object{}, ""
			})
			var all []catalog.Partition
			for h := range test.n {
				all = append(all, entry(hour+h, test.columns...))
			}
			all = append(all, all[0])
			if err := c.SetPartitions(t.Context(), all); err != nil {
				t.Error(err)
			}
			if len(sent) != int(test.n) || len(s.calls) != test.calls {
				t.Errorf("%d hours in %d calls", len(sent), len(s.calls))
			}
			for h, n := range sent {
				if n != 1 {
					t.Errorf("%s was sent %d times", h, n)
				}
			}
		})
	}
}

// TestDeadline: once it has passed by either clock nothing is sent, although the timer has not fired.
func TestDeadline(t *testing.T) {
	tests := map[string]struct {
		left time.Duration
		sent bool
	}{
		"before": {time.Minute, true},
		"at":     {0, false},
		"after":  {-time.Second, false},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			c, s := open(t, func(call) (any, string) { return object{}, "" })
			deadline := time.Now().Add(time.Hour)
			ctx, stop := context.WithDeadline(t.Context(), deadline)
			defer stop()
			c.now = func() time.Time { return deadline.Round(0).Add(-test.left) } // the wall clock went on, the timer did not
			err := c.SetPartitions(ctx, []catalog.Partition{entry(hour)})
			if sent := len(s.calls) > 0; sent != test.sent || errors.Is(err, context.DeadlineExceeded) == test.sent {
				t.Errorf("sent %t, %v", sent, err)
			}
		})
	}
}

// TestDeadlineBetweenTries: the deadline passes while Glue throttles.
func TestDeadlineBetweenTries(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	ctx, stop := context.WithDeadline(t.Context(), deadline)
	defer stop()
	now := time.Now()
	c, s := open(t, func(call) (any, string) {
		now = now.Add(25 * time.Minute)
		return nil, "ThrottlingException"
	})
	c.now = func() time.Time { return now }
	err := c.SetPartitions(ctx, []catalog.Partition{entry(hour)})
	if len(s.calls) != 3 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sent %d times, %v", len(s.calls), err)
	}
}

// TestDeadlineInClient: the SDK's own retries end at the deadline, too.
func TestDeadlineInClient(t *testing.T) {
	deadline := time.Now().Add(time.Hour)
	ctx, stop := context.WithDeadline(t.Context(), deadline)
	defer stop()
	now := time.Now()
	c, s := open(t, func(call) (any, string) {
		now = now.Add(25 * time.Minute)
		return nil, "ThrottlingException"
	})
	c.now = func() time.Time { return now }
	c.client = retrying(c.client)
	if _, err := c.Table(ctx); len(s.calls) != 3 || !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("sent %d times, %v", len(s.calls), err)
	}
}
