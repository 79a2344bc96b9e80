// Package mapping delivers a stream's records to a function by the rules of Lambda's event source mapping for Kinesis, which no emulator
// keeps: bisection, partial failures, finite retries, record age and the failure destination
// (https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html, services-kinesis-batchfailurereporting.html).
package mapping

import (
	"context"
	"encoding/json"
	"fmt"
	"math/big"
	"time"
)

// Record is one record of a shard.
type Record struct {
	Sequence string
	Key      string
	Data     []byte
	Arrival  time.Time
}

// Mapping is the configuration of an event source mapping.
type Mapping struct {
	Stream    string
	BatchSize int
	Retries   int           // of one batch, after the first try; splitting it does not count
	MaxAge    time.Duration // of a record; 0 for no limit
	Bisect    bool
	Partial   bool // ReportBatchItemFailures
	Now       func() time.Time
	Invoke    func(ctx context.Context, payload []byte) ([]byte, error)
	Discard   func(ctx context.Context, d Discarded) error // to the failure destination
}

// Discarded is a batch that was given up.
type Discarded struct {
	Shard     string
	Records   []Record
	Condition string // RetryAttemptsExhausted or RecordAgeExceeded
	Tries     int
	Payload   []byte // of the last try
}

// Deliver gives the records of one shard to the function, in order, until each was taken or discarded. The error is that of ctx or of
// the failure destination.
func (m *Mapping) Deliver(ctx context.Context, shard string, records []Record) error {
	for len(records) > 0 {
		n := min(len(records), m.BatchSize)
		if err := m.batch(ctx, shard, records[:n], 0); err != nil {
			return err
		}
		records = records[n:]
	}
	return nil
}

// batch delivers one batch, of which tries have failed before.
func (m *Mapping) batch(ctx context.Context, shard string, records []Record, tries int) error {
	for len(records) > 0 {
		if err := ctx.Err(); err != nil {
			return err
		}
		payload := Event(m.Stream, shard, records)
		if m.MaxAge > 0 && m.Now().Sub(records[0].Arrival) > m.MaxAge {
			return m.Discard(ctx, Discarded{shard, records, "RecordAgeExceeded", tries, payload})
		}
		reply, err := m.Invoke(ctx, payload)
		if ctx.Err() != nil {
			return ctx.Err()
		}
		rest := records
		if err == nil {
			if rest = m.failed(records, reply); len(rest) == 0 {
				return nil
			}
		}
		partly := len(rest) < len(records)
		switch tries++; {
		case partly && m.Bisect: // split where it failed
			return m.batch(ctx, shard, rest, 0)
		case !partly && m.Bisect && len(records) > 1:
			half := len(records) / 2
			if err := m.batch(ctx, shard, records[:half], tries-1); err != nil {
				return err
			}
			records, tries = records[half:], tries-1
			continue
		case tries > m.Retries:
			return m.Discard(ctx, Discarded{shard, rest, "RetryAttemptsExhausted", tries, Event(m.Stream, shard, rest)})
		}
		records = rest
	}
	return nil
}

// failed gives what of a batch has to come again: from the lowest number that the reply names; all of it when the reply makes no sense.
func (m *Mapping) failed(records []Record, reply []byte) []Record {
	if !m.Partial || len(reply) == 0 {
		return nil
	}
	var answer struct {
		Failures []struct {
			ID *string `json:"itemIdentifier"`
		} `json:"batchItemFailures"`
	}
	if string(reply) == "null" {
		return nil
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		return records
	}
	lowest := len(records)
	for _, f := range answer.Failures {
		if f.ID == nil {
			return records
		}
		at := -1
		for i, r := range records {
			if r.Sequence == *f.ID {
				at = i
			}
		}
		if at < 0 {
			return records
		}
		lowest = min(lowest, at)
	}
	return records[lowest:]
}

// Sequence makes the number of the nth record of a shard, as long as Kinesis' own.
func Sequence(n int64) string {
	base, _ := new(big.Int).SetString("49590338271490256608559692538361571095921575989136588898", 10)
	return base.Add(base, big.NewInt(n)).String()
}

// Shard is the name of the nth shard.
func Shard(n int) string { return fmt.Sprintf("shardId-%012d", n) }
