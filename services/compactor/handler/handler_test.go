package handler

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"iter"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
	"github.com/lakebed/lakebed/shared/telemetry"
)

var hour = layout.PartitionOf(time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC))

// bench is a handler over a lake in memory, with what it sent and wrote.
type bench struct {
	*Handler
	t      *testing.T
	at     time.Time
	bucket bucket.Bucket
	sent   []Message
	refuse error
	out    bytes.Buffer
	seq    int
}

func newBench(t *testing.T, wrap func(bucket.Bucket) bucket.Bucket) *bench {
	t.Helper()
	b := &bench{t: t, at: hour.Start().Add(10 * time.Minute)}
	now := func() time.Time { return b.at }
	b.bucket = bucket.NewMemory(now)
	if wrap != nil {
		b.bucket = wrap(b.bucket)
	}
	c, err := compactor.New(b.bucket, catalog.NewMemory(), compactor.Config{
		Policy: compactor.Policy{
			Target: 1 << 20, Close: 15 * time.Minute, MajorParts: 8, MajorShare: 0.1, Grace: 4 * time.Hour, Live: 2 * time.Hour, LongestQuery: 30 * time.Minute,
		},
		Mapping: event.DefaultMapping, Scratch: t.TempDir(), Memory: 1 << 20, Parallel: 1, Now: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	send := func(_ context.Context, m []Message) error {
		if b.refuse != nil {
			return b.refuse
		}
		b.sent = append(b.sent, m...)
		return nil
	}
	b.Handler = New(Config{Compactor: c, Send: send, Log: telemetry.New(&b.out, "Lakebed", "clicks", now), Now: now})
	return b
}

// put stores a fragment of one event as ingest would.
func (b *bench) put(p layout.Partition) {
	b.t.Helper()
	b.seq++
	text := fmt.Appendf(nil, `{"event_uuid":"e%d","created_at":%q}`+"\n", b.seq, p.Start().Add(time.Minute).Format(time.RFC3339))
	f := layout.Fragment{Partition: p, Hash: xxhash.Sum64(text), Span: layout.Span{Shard: "s", First: fmt.Sprint(b.seq), Last: fmt.Sprint(b.seq)}}
	if _, err := b.bucket.Put(b.t.Context(), f.Key(), bytes.NewReader(text), bucket.Condition{Absent: true}); err != nil {
		b.t.Fatal(err)
	}
}

// line gives the only line that was written since the last one.
func (b *bench) line() map[string]any {
	b.t.Helper()
	var m map[string]any
	if err := json.Unmarshal(b.out.Bytes(), &m); err != nil {
		b.t.Fatalf("%s: %v", b.out.Bytes(), err)
	}
	b.out.Reset()
	return m
}

func (b *bench) invoke(ctx context.Context, payload string, into any) map[string]any {
	b.t.Helper()
	answer, err := b.Invoke(ctx, []byte(payload))
	if err != nil {
		b.t.Fatal(err)
	}
	if err := json.Unmarshal(answer, into); err != nil {
		b.t.Fatalf("%s: %v", answer, err)
	}
	return b.line()
}

func (b *bench) has(line, want map[string]any) {
	b.t.Helper()
	for k, v := range want {
		if !reflect.DeepEqual(line[k], v) {
			b.t.Errorf("%s is %v, want %v in %v", k, line[k], v, line)
		}
	}
}

func batch(bodies ...string) string {
	var records []string
	for i, body := range bodies {
		records = append(records, fmt.Sprintf(`{"messageId":"m%d","receiptHandle":"x","body":%q,"attributes":{"ApproximateReceiveCount":"1"},"eventSource":"aws:sqs"}`, i, body))
	}
	return `{"Records":[` + strings.Join(records, ",") + `]}`
}

func body(p layout.Partition) string { return messageOf(compactor.Task{Partition: p}).text() }

func TestMessage(t *testing.T) {
	if got := body(hour); got != `{"version":1,"partition":"dt=2026-11-23/hour=08"}` {
		t.Errorf("got %s", got)
	}
	for _, task := range []compactor.Task{{Partition: hour}, {Partition: hour, Lane: "010"}, {Partition: hour, Lane: "0", Rest: true}} {
		if got, err := taskOf(messageOf(task).text()); err != nil || got != task {
			t.Errorf("%+v is understood as %+v, %v", task, got, err)
		}
	}
	for _, lane := range []string{"x", "l2", "l010101010"} {
		if _, err := taskOf(fmt.Sprintf(`{"version":1,"partition":"dt=2026-11-23/hour=08","lane":%q}`, lane)); err == nil {
			t.Errorf("lane %s passes", lane)
		}
	}
}

func TestPlan(t *testing.T) {
	b := newBench(t, nil)
	b.put(hour)
	b.at = b.at.Add(time.Minute)
	b.put(hour - 5)
	b.at = b.at.Add(time.Minute)
	var p Planned
	line := b.invoke(t.Context(), `{"version":1,"do":"plan"}`, &p)
	if p != (Planned{Version: 1, Dirty: 2, Sent: 2, Oldest: 120}) || !slices.Equal(b.sent, []Message{messageOf(compactor.Task{Partition: hour}), messageOf(compactor.Task{Partition: hour - 5})}) {
		t.Errorf("answered %+v, sent %v", p, b.sent)
	}
	b.has(line, map[string]any{"msg": "plan", "level": "INFO", "DirtyPartitions": 2., "TasksSent": 2., "OldestUncompacted": 120., "cold_start": true})

	// What is merged and waits only to be deleted is dirty, but nobody waits for it.
	var s Summary
	b.invoke(t.Context(), `{"version":1,"do":"work","partition":"`+hour.String()+`"}`, &s)
	if s.Minors != 1 || s.Events != 1 || s.More || s.Next == "" {
		t.Errorf("worked %+v", s)
	}
	line = b.invoke(t.Context(), `{"version":1,"do":"plan"}`, &p)
	b.has(line, map[string]any{"DirtyPartitions": 2., "OldestUncompacted": 60., "cold_start": false})
}

// counting counts the listings of each partition's fragments.
type counting struct {
	bucket.Bucket
	lists map[string]int
}

func (b counting) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	b.lists[prefix]++
	return b.Bucket.List(ctx, prefix, after)
}

// In a backlog the first look tells the oldest: the others are not looked at.
func TestPlanLooksAtFew(t *testing.T) {
	lists := map[string]int{}
	b := newBench(t, func(m bucket.Bucket) bucket.Bucket { return counting{m, lists} })
	for n := range layout.Partition(5) {
		b.put(hour - n)
		b.at = b.at.Add(time.Minute)
	}
	var p Planned
	b.invoke(t.Context(), `{"version":1,"do":"plan"}`, &p)
	if p.Oldest != 300 || lists[layout.RawPrefix(hour)] != 1 || lists[layout.RawPrefix(hour-1)] != 0 {
		t.Errorf("%+v, listed %v", p, lists)
	}
}

// pairs lets the listings of two partitions' fragments begin only together.
type pairs struct {
	bucket.Bucket
	met  chan struct{}
	with map[string]bool // prefixes; none until it is set
}

func (b *pairs) List(ctx context.Context, prefix, after string) iter.Seq2[bucket.Object, error] {
	if b.with[prefix] {
		select {
		case b.met <- struct{}{}:
		case <-b.met:
		case <-ctx.Done():
		}
	}
	return b.Bucket.List(ctx, prefix, after)
}

// Where most of what is dirty waits only to be deleted, several partitions are looked at at once.
func TestPlanLooksAtSeveral(t *testing.T) {
	p := &pairs{met: make(chan struct{})}
	b := newBench(t, func(m bucket.Bucket) bucket.Bucket { p.Bucket = m; return p })
	var bodies []string
	for n := range layout.Partition(4) {
		b.put(hour - n)
		b.at = b.at.Add(time.Minute)
		bodies = append(bodies, body(hour-n))
	}
	b.invoke(t.Context(), batch(bodies...), new(failures))
	p.with = map[string]bool{layout.RawPrefix(hour - 1): true, layout.RawPrefix(hour - 2): true}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	line := b.invoke(ctx, `{"version":1,"do":"plan"}`, new(Planned))
	b.has(line, map[string]any{"DirtyPartitions": 4., "OldestUncompacted": 0.})
}

// slow answers no read of the ledger before its context ends.
type slow struct{ bucket.Bucket }

func (b slow) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if strings.HasPrefix(key, layout.Ledger) {
		<-ctx.Done()
		return nil, bucket.Object{}, ctx.Err()
	}
	return b.Bucket.Get(ctx, key, r)
}

// A ledger that takes longer to roll up than there is time is no failure of the plan.
func TestPlanWithoutTimeForTheLedger(t *testing.T) {
	b := newBench(t, func(m bucket.Bucket) bucket.Bucket { return slow{m} })
	b.put(hour)
	e := ledger.Entry{Shard: "s", First: "1", Last: "1", Arrival: b.at.Add(-24 * time.Hour)}
	if _, err := ledger.Put(t.Context(), b.bucket, e); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), leastSoftMargin+200*time.Millisecond)
	defer cancel()
	line := b.invoke(ctx, `{"version":1,"do":"plan"}`, new(Planned))
	b.has(line, map[string]any{"level": "INFO", "TasksSent": 1., "rolled_up": 0.})
}

// A plan of all sends the partitions without fragments, too.
func TestPlanAll(t *testing.T) {
	b := newBench(t, nil)
	b.put(hour)
	var s Summary
	b.invoke(t.Context(), `{"version":1,"do":"work","partition":"`+hour.String()+`"}`, &s)
	b.at = b.at.Add(24 * time.Hour)
	b.invoke(t.Context(), `{"version":1,"do":"work","partition":"`+hour.String()+`"}`, &s)
	if s.Deleted == 0 {
		t.Fatalf("the fragment stays: %+v", s)
	}
	b.put(hour + 20)
	var p Planned
	b.invoke(t.Context(), `{"version":1,"do":"plan"}`, &p)
	if p.Sent != 1 {
		t.Errorf("%+v", p)
	}
	b.sent = nil
	b.invoke(t.Context(), `{"version":1,"do":"plan","all":true}`, &p)
	if p.Sent != 2 || p.Dirty != 1 || !slices.Equal(b.sent, []Message{messageOf(compactor.Task{Partition: hour + 20}), messageOf(compactor.Task{Partition: hour})}) {
		t.Errorf("%+v, sent %v", p, b.sent)
	}
}

func TestPlanThatCannotSend(t *testing.T) {
	b := newBench(t, nil)
	b.put(hour)
	b.put(hour + 1)
	b.refuse = &Unsent{Messages: []Message{messageOf(compactor.Task{Partition: hour})}, Of: 2, Err: errors.New("InternalError: try later")}
	answer, err := b.Invoke(t.Context(), []byte(`{"version":1,"do":"plan"}`))
	if err == nil || answer != nil || !strings.Contains(err.Error(), "send 1 of 2 tasks ("+hour.String()+"): InternalError") {
		t.Errorf("%s, %v", answer, err)
	}
	b.has(b.line(), map[string]any{"level": "ERROR", "TasksSent": 1., "DirtyPartitions": 2.})
}

func TestWork(t *testing.T) {
	b := newBench(t, nil)
	b.put(hour)
	b.put(hour + 1)
	var f failures
	line := b.invoke(t.Context(), batch(body(hour), body(hour+1)), &f)
	if f.Items == nil || len(f.Items) != 0 || len(b.sent) != 0 {
		t.Errorf("failed %+v, sent %v", f, b.sent)
	}
	b.has(line, map[string]any{
		"msg": "work", "level": "INFO", "Partitions": 2., "Parts": 2., "EventsWritten": 2., "DuplicatesDropped": 0., "Conflicts": 0., "SetAside": 0., "BrokenFragments": 0.,
		"LocationsRepaired": 0., "WriteAmplification": 1., "BytesRewritten": 0., "messages": 2., "failed": 0.,
	})
	for _, name := range []string{"BytesRead", "BytesWritten"} {
		if n, _ := line[name].(float64); n <= 0 {
			t.Errorf("%s is %v", name, line[name])
		}
	}
	if answer, err := b.Invoke(t.Context(), []byte(batch(body(hour)))); err != nil || string(answer) != `{"batchItemFailures":[]}` {
		t.Errorf("answered %s, %v", answer, err)
	}
}

// broken fails reads of one partition's fragments.
type broken struct {
	bucket.Bucket
	partition layout.Partition
}

func (b broken) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if f, err := layout.ParseFragment(key); err == nil && f.Partition == b.partition {
		return nil, bucket.Object{}, errors.New("disk on fire")
	}
	return b.Bucket.Get(ctx, key, r)
}

// A partition that is set aside, and a message that is not understood, fail alone and are named.
func TestWorkFailsAlone(t *testing.T) {
	b := newBench(t, func(m bucket.Bucket) bucket.Bucket { return broken{m, hour} })
	b.put(hour)
	b.put(hour + 1)
	var f failures
	line := b.invoke(t.Context(), batch(body(hour), `{"version":2,"partition":"`+hour.String()+`"}`, "{", body(hour+1), `{"version":1,"partition":"../x"}`, body(hour)+"x"), &f)
	if want := []failure{{"m0"}, {"m1"}, {"m2"}, {"m4"}, {"m5"}}; !slices.Equal(f.Items, want) {
		t.Errorf("failed %+v, want %+v", f.Items, want)
	}
	b.has(line, map[string]any{"level": "ERROR", "SetAside": 1., "EventsWritten": 1., "Partitions": 2., "failed": 5., "error_class": "set_aside"})
	text, _ := line["error"].(string)
	for _, want := range []string{"disk on fire", hour.String() + " is set aside", "message m1: the message has version 2, this worker understands version 1: deploy", "../x"} {
		if !strings.Contains(text, want) {
			t.Errorf("%q is not in %q", want, text)
		}
	}
}

// Work that is left when the time is up is sent again, and so is what had no turn.
func TestWorkGoesOn(t *testing.T) {
	b := newBench(t, nil)
	b.put(hour)
	b.put(hour + 1)
	b.invoke(t.Context(), batch(body(hour)), new(failures)) // registered and merged
	b.put(hour)
	ctx, cancel := context.WithTimeout(t.Context(), leastSoftMargin-time.Second) // the soft deadline has passed
	defer cancel()
	var f failures
	line := b.invoke(ctx, batch(body(hour), body(hour+1)), &f)
	if len(f.Items) != 0 || !slices.Equal(b.sent, []Message{messageOf(compactor.Task{Partition: hour}), messageOf(compactor.Task{Partition: hour + 1})}) {
		t.Errorf("failed %+v, sent %v", f, b.sent)
	}
	b.has(line, map[string]any{"Parts": 1., "Partitions": 1., "sent_again": 2.})
	b.put(hour)
	b.refuse = errors.New("no queue")
	line = b.invoke(ctx, batch(body(hour), body(hour+1)), &f)
	if want := []failure{{"m0"}, {"m1"}}; !slices.Equal(f.Items, want) {
		t.Errorf("failed %+v", f.Items)
	}
	b.has(line, map[string]any{"level": "ERROR", "error_class": "other"})
}

// What a commit may have to wait for the catalog is kept back too.
func TestWorkLeavesTimeForTheBound(t *testing.T) {
	b := newBench(t, nil)
	b.Bound = time.Hour
	b.put(hour)
	b.put(hour + 1)
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Minute)
	defer cancel()
	line := b.invoke(ctx, batch(body(hour), body(hour+1)), new(failures))
	if !slices.Equal(b.sent, []Message{messageOf(compactor.Task{Partition: hour}), messageOf(compactor.Task{Partition: hour + 1})}) {
		t.Errorf("sent %v, %v", b.sent, line)
	}
}

// hanging answers no read of a fragment before its context ends.
type hanging struct{ bucket.Bucket }

func (b hanging) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	if _, err := layout.ParseFragment(key); err == nil {
		<-ctx.Done()
		return nil, bucket.Object{}, ctx.Err()
	}
	return b.Bucket.Get(ctx, key, r)
}

// A visit that is cut off ends before Lambda's own deadline and comes again; the partition is not set aside.
func TestWorkEndsBeforeLambdaKills(t *testing.T) {
	b := newBench(t, func(m bucket.Bucket) bucket.Bucket { return hanging{m} })
	b.put(hour)
	first, stop := context.WithTimeout(t.Context(), leastMargin+100*time.Millisecond)
	defer stop()
	b.invoke(first, batch(body(hour)), new(failures)) // registered; one step fits before the soft deadline
	again, stop := context.WithTimeout(t.Context(), leastMargin+100*time.Millisecond)
	defer stop()
	var f failures
	line := b.invoke(again, batch(body(hour)), &f)
	if !slices.Equal(f.Items, []failure{{"m0"}}) || again.Err() != nil {
		t.Errorf("failed %+v; Lambda's own deadline: %v", f.Items, again.Err())
	}
	b.has(line, map[string]any{"level": "ERROR", "error_class": "deadline", "SetAside": 0.})
}

func TestOutcome(t *testing.T) {
	for name, c := range map[string]struct {
		result compactor.Result
		left   bool
		class  string
	}{
		"done":      {compactor.Result{}, false, ""},
		"more":      {compactor.Result{More: true, Minors: 1}, true, ""},
		"evolved":   {compactor.Result{More: true, Evolved: 1}, true, ""},
		"moved":     {compactor.Result{More: true, BytesMoved: 1}, true, ""},
		"stuck":     {compactor.Result{More: true}, true, "stuck"},
		"set aside": {compactor.Result{SetAside: []compactor.Failure{{Partition: hour, Err: errors.New("x")}}}, false, "set_aside"},
	} {
		left, err := outcome(hour, c.result)
		if left != c.left || (err != nil) != (c.class != "") || err != nil && telemetry.Class(err) != c.class {
			t.Errorf("%s: %v, %v", name, left, err)
		}
	}
}

// However much there is to tell, the line stays one that CloudWatch takes metrics of: below 256 KiB.
func TestManyTroublesFitIntoALine(t *testing.T) {
	b := newBench(t, nil)
	long := errors.New(strings.Repeat("x", 100<<10))
	var r compactor.Result
	for range 2 * maxTroubles {
		r.SetAside = append(r.SetAside, compactor.Failure{Partition: hour, Err: long})
		r.Broken = append(r.Broken, compactor.Broken{Key: "k", Err: long})
	}
	v := b.begin(t.Context())
	v.worked(r)
	v.report(t.Context(), long)
	if n := b.out.Len(); n > 200<<10 {
		t.Errorf("a line of %d bytes", n)
	}
	b.has(b.line(), map[string]any{"SetAside": 2. * maxTroubles, "BrokenFragments": 2. * maxTroubles})
}

func TestEventsNotUnderstood(t *testing.T) {
	b := newBench(t, nil)
	events := map[string]string{
		"": "", "{": "", "[]": "", "{}": "version 0", `{"version":2,"do":"plan"}`: "version 2", `{"version":1,"do":"sweep"}`: `"sweep"`, `{"version":1}`: `""`,
		`{"Records":[{"eventSource":"aws:kinesis"}]}`: "aws:kinesis", `{"version":1,"do":"plan"}{}`: "follows",
		`{"version":1,"do":"work","partition":"x"}`: "want dt=",
	}
	for _, payload := range slices.Sorted(maps.Keys(events)) {
		answer, err := b.Invoke(t.Context(), []byte(payload))
		if err == nil || !strings.Contains(err.Error(), events[payload]) || !strings.Contains(err.Error(), "dt=") {
			t.Errorf("%s: %s, %v", payload, answer, err)
		}
		b.has(b.line(), map[string]any{"level": "ERROR", "error_class": "event"})
	}
}
