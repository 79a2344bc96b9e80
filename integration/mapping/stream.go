package mapping

import (
	"context"
	"fmt"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/kinesis/types"
)

// Source reads a stream's shards from their beginning.
type Source struct {
	client  *kinesis.Client
	stream  string
	started map[string]*cursor
}

type cursor struct {
	iterator *string // nil once a closed shard is read to its end
}

// NewSource makes one that has read nothing yet.
func NewSource(c *kinesis.Client, stream string) *Source {
	return &Source{c, stream, map[string]*cursor{}}
}

// Drain delivers what is in the stream now. A shard is read only when its parents are read to their ends, as Lambda does, so that the
// records of one key stay in order over a split or a merge. It gives the number of records.
func (s *Source) Drain(ctx context.Context, m *Mapping) (int, error) {
	total := 0
	for {
		shards, err := s.shards(ctx)
		if err != nil {
			return total, err
		}
		n := 0
		for _, shard := range shards {
			if !s.finished(shard.ParentShardId, shards) || !s.finished(shard.AdjacentParentShardId, shards) {
				continue
			}
			k, err := s.read(ctx, m, *shard.ShardId)
			if err != nil {
				return total, err
			}
			n += k
		}
		if total += n; n == 0 {
			return total, nil
		}
	}
}

func (s *Source) shards(ctx context.Context) ([]types.Shard, error) {
	out, err := s.client.ListShards(ctx, &kinesis.ListShardsInput{StreamName: &s.stream})
	if err != nil {
		return nil, fmt.Errorf("list shards of %s: %w", s.stream, err)
	}
	return out.Shards, nil
}

// finished tells whether a parent is read whole, or gone.
func (s *Source) finished(parent *string, shards []types.Shard) bool {
	if parent == nil || *parent == "" {
		return true
	}
	c := s.started[*parent]
	if c != nil {
		return c.iterator == nil
	}
	for _, other := range shards {
		if *other.ShardId == *parent {
			return false
		}
	}
	return true
}

// read delivers what a shard has now.
func (s *Source) read(ctx context.Context, m *Mapping, shard string) (int, error) {
	c := s.started[shard]
	if c == nil {
		out, err := s.client.GetShardIterator(ctx, &kinesis.GetShardIteratorInput{
			StreamName: &s.stream, ShardId: &shard, ShardIteratorType: types.ShardIteratorTypeTrimHorizon,
		})
		if err != nil {
			return 0, fmt.Errorf("open %s: %w", shard, err)
		}
		c = &cursor{out.ShardIterator}
		s.started[shard] = c
	}
	total := 0
	for c.iterator != nil {
		out, err := s.client.GetRecords(ctx, &kinesis.GetRecordsInput{ShardIterator: c.iterator, Limit: aws.Int32(10000)})
		if err != nil {
			return total, fmt.Errorf("read %s: %w", shard, err)
		}
		records := make([]Record, len(out.Records))
		for i, r := range out.Records {
			records[i] = Record{*r.SequenceNumber, *r.PartitionKey, r.Data, aws.ToTime(r.ApproximateArrivalTimestamp).Truncate(time.Millisecond)}
		}
		if err := m.Deliver(ctx, shard, records); err != nil {
			return total, err
		}
		c.iterator = out.NextShardIterator
		if total += len(records); len(records) == 0 {
			break
		}
	}
	return total, nil
}
