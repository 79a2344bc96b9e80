package faults

import (
	"context"
	"fmt"
	"math/big"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/mapping"
)

// TestReshard: shards are split and merged while producers send, each event twice, and the function takes what comes.
func TestReshard(t *testing.T) {
	w := newWorld(t)
	l := w.newLake(t, "reshard", "shard")
	s := newStream(t, 2)
	source := mapping.NewSource(s.client, s.name)
	drain := func() {
		t.Helper()
		if _, err := source.Drain(t.Context(), l.mapping); err != nil {
			t.Fatal(err)
		}
	}
	sent := 0
	send := func(prefix string) {
		t.Helper()
		records := l.events("0", prefix, 100)
		s.put(t, records)
		s.put(t, records[:50]) // a producer that saw no reply
		sent += 150
	}
	send("before")
	drain()
	send("in flight")
	s.split(t)
	send("split")
	drain()
	send("between")
	s.merge(t)
	send("merged")
	drain()
	s.split(t)
	s.merge(t)
	send("last")
	drain()
	if n := len(s.shards(t)); n < 6 {
		t.Errorf("the stream had only %d shards", n)
	}
	l.converge(t)
	if r := l.whole(t); r.Received != int64(sent) || r.Events != 600 {
		t.Errorf("received %d of %d, %d events, want 600", r.Received, sent, r.Events)
	}
}

// stream is one on an emulator that splits and merges as Kinesis does.
type stream struct {
	client *kinesis.Client
	name   string
}

func newStream(t *testing.T, shards int32) *stream {
	t.Helper()
	s := &stream{kinesis.NewFromConfig(emulator.Kinesalite(t).Config()), "events"}
	if _, err := s.client.CreateStream(t.Context(), &kinesis.CreateStreamInput{StreamName: &s.name, ShardCount: &shards}); err != nil {
		t.Fatal(err)
	}
	s.wait(t)
	return s
}

func (s *stream) wait(t *testing.T) {
	t.Helper()
	if err := kinesis.NewStreamExistsWaiter(s.client, func(o *kinesis.StreamExistsWaiterOptions) {
		o.MinDelay = 10 * time.Millisecond
		o.MaxDelay = time.Second
	}).
		Wait(t.Context(), &kinesis.DescribeStreamInput{StreamName: &s.name}, 30*time.Second); err != nil {
		t.Fatal(err)
	}
}

func (s *stream) put(t *testing.T, records []mapping.Record) {
	t.Helper()
	in := &kinesis.PutRecordsInput{StreamName: &s.name}
	for i, r := range records {
		in.Records = append(in.Records, types.PutRecordsRequestEntry{Data: r.Data, PartitionKey: aws.String(fmt.Sprint("key", i))})
	}
	out, err := s.client.PutRecords(t.Context(), in)
	if err != nil || aws.ToInt32(out.FailedRecordCount) > 0 {
		t.Fatalf("put records: %v, %+v", err, out)
	}
}

func (s *stream) shards(t *testing.T) []types.Shard {
	t.Helper()
	out, err := s.client.ListShards(context.WithoutCancel(t.Context()), &kinesis.ListShardsInput{StreamName: &s.name})
	if err != nil {
		t.Fatal(err)
	}
	return out.Shards
}

// open gives the shards that take records, in the order of their hash keys.
func (s *stream) open(t *testing.T) []types.Shard {
	t.Helper()
	var open []types.Shard
	for _, shard := range s.shards(t) {
		if shard.SequenceNumberRange.EndingSequenceNumber == nil {
			open = append(open, shard)
		}
	}
	return open
}

func number(text *string) *big.Int {
	n, _ := new(big.Int).SetString(*text, 10)
	return n
}

// split cuts the first open shard in half.
func (s *stream) split(t *testing.T) {
	t.Helper()
	shard := s.open(t)[0]
	middle := new(big.Int).Add(number(shard.HashKeyRange.StartingHashKey), number(shard.HashKeyRange.EndingHashKey))
	middle.Rsh(middle, 1)
	if _, err := s.client.SplitShard(t.Context(), &kinesis.SplitShardInput{
		StreamName: &s.name, ShardToSplit: shard.ShardId, NewStartingHashKey: aws.String(middle.String())}); err != nil {
		t.Fatal(err)
	}
	s.wait(t)
}

// merge joins the first two open shards that lie side by side.
func (s *stream) merge(t *testing.T) {
	t.Helper()
	open := s.open(t)
	for _, a := range open {
		after := new(big.Int).Add(number(a.HashKeyRange.EndingHashKey), big.NewInt(1))
		for _, b := range open {
			if number(b.HashKeyRange.StartingHashKey).Cmp(after) != 0 {
				continue
			}
			if _, err := s.client.MergeShards(t.Context(), &kinesis.MergeShardsInput{StreamName: &s.name, ShardToMerge: a.ShardId, AdjacentShardToMerge: b.ShardId}); err != nil {
				t.Fatal(err)
			}
			s.wait(t)
			return
		}
	}
	t.Fatal("no two shards lie side by side")
}
