// Package scaler keeps the number of shards of provisioned Kinesis streams at what their load needs. What is decided is a pure function of what was
// measured, of the calls that were made before, and of the time.
package scaler

import (
	"errors"
	"fmt"
	"time"
)

// What a shard takes: https://docs.aws.amazon.com/streams/latest/dev/service-sizes-and-limits.html
const (
	shardBytes   = 1 << 20 // a second
	shardRecords = 1000    // a second
)

// What UpdateShardCount takes, for a stream: at most double and at least half, so many calls in any 24 hours, and so many shards.
// https://docs.aws.amazon.com/kinesis/latest/APIReference/API_UpdateShardCount.html
const (
	maxCalls  = 10
	window    = 24 * time.Hour
	maxShards = 10_000
)

// comeback is how many calls are left when there are to be fewer shards: they take the stream to where it was.
const comeback = 2

// Settings are those of one stream.
type Settings struct {
	Min, Max int           // shards
	Target   float64       // the share of the shards' limits that the load is to take after a change
	Calls    int           // of UpdateShardCount in 24 hours, at most
	Reserve  int           // of them, those left for a stream that throttles its producers
	Quiet    time.Duration // how long the load has to have been low, and the count the same, before there are fewer shards
	Behind   time.Duration // by how much readers may be behind
	DryRun   bool          // decide, and change nothing
}

// Default is for a stream of which nothing is known but its bounds.
func Default(minimum, maximum int) Settings {
	return Settings{Min: minimum, Max: maximum, Target: 0.6, Calls: maxCalls, Reserve: 3, Quiet: 2 * time.Hour, Behind: 5 * time.Minute}
}

// Check names every setting that cannot be, and what it may be.
func (s *Settings) Check() error {
	var errs []error
	check := func(ok bool, format string, args ...any) {
		if !ok {
			errs = append(errs, fmt.Errorf(format, args...))
		}
	}
	check(s.Min >= 1 && s.Min <= maxShards, "min is %d: want 1 to %d shards", s.Min, maxShards)
	check(s.Max >= s.Min && s.Max <= maxShards, "max is %d: want min (%d) to %d shards", s.Max, s.Min, maxShards)
	check(s.Target >= 0.1 && s.Target <= 0.9, "target is %g: want 0.1 to 0.9", s.Target)
	check(s.Calls >= comeback+1 && s.Calls <= maxCalls, "calls is %d: want %d to %d", s.Calls, comeback+1, maxCalls)
	check(s.Reserve >= 0 && s.Reserve < s.Calls-comeback, "reserve is %d: want 0 to %d fewer than calls (%d), or there would never be fewer shards", s.Reserve, comeback+1, s.Calls)
	check(s.Quiet >= 10*time.Minute && s.Quiet <= window, "quiet is %s: want 10m to 24h", s.Quiet)
	check(s.Behind >= time.Minute, "behind is %s: want 1m or more", s.Behind)
	return errors.Join(errs...)
}

// Minute is what CloudWatch says of one minute of a stream. One without records has none of it but Age, which is all zeros.
type Minute struct {
	Bytes         float64 // that were taken
	Records       float64 // that were taken
	Throttled     float64 // records that were refused
	ReadThrottled float64 // reads that were refused
	Age           time.Duration
}

// taken is how many shards' limits a minute's records take.
func (m *Minute) taken() float64 { return max(m.Bytes/60/shardBytes, m.Records/60/shardRecords) }

// demand is taken with what was refused.
func (m *Minute) demand() float64 {
	if m.Records == 0 {
		return 0
	}
	return m.taken() * (1 + m.Throttled/m.Records)
}

// Stream is what is known of one.
type Stream struct {
	Shards   int  // that are open
	Active   bool // no change is under way
	OnDemand bool
	Minutes  []Minute    // that are over and measured, in their order; the last ended by Measured
	Measured time.Time   // end of the last of them
	Calls    []time.Time // of UpdateShardCount, those of the last 24 hours at least
	Changed  time.Time   // when the last change was first seen to be done; zero for none
}
