package scaler

import (
	"math"
	"time"
)

// Reason says why a stream has as many shards as it is to have.
type Reason string

// The reasons for another count, and those for the same.
const (
	BelowMinimum Reason = "below_minimum"
	AboveMaximum Reason = "above_maximum"
	Throttled    Reason = "throttled" // producers are refused, or about to be
	High         Reason = "high"
	ReadersLate  Reason = "readers_late" // more shards are read by more invocations
	Low          Reason = "low"

	Steady      Reason = "steady"
	OnDemand    Reason = "on_demand"    // Kinesis scales it
	Updating    Reason = "updating"     // the change before is under way
	Unmeasured  Reason = "unmeasured"   // nothing is known of the last minutes
	HotShard    Reason = "hot_shard"    // producers are refused by some shards while most are idle: their partition keys are few or uneven
	AtMaximum   Reason = "at_maximum"   // more are needed than may be
	NoCalls     Reason = "no_calls"     // another count is due, but no call is left for it
	JustChanged Reason = "just_changed" // fewer would do, but not for long enough
)

// Decision is what one look at a stream led to.
type Decision struct {
	From, To int // shards
	Reason   Reason
	Wanted   Reason  // of NoCalls: why another count is due
	Measured bool    // whether the load is known
	Demand   float64 // of the last minute, in shards' limits
	Peak     float64 // of the quiet time
	Left     int     // calls, before this one
}

// Change tells whether UpdateShardCount is to be called.
func (d *Decision) Change() bool { return d.To != d.From }

const (
	fresh  = 5 * time.Minute // metrics come a minute or two late
	uneven = 0.3             // of the limits: what a stream takes that refuses records for no want of shards
)

// Decide says how many shards a stream is to have. Settings are checked before.
func Decide(s Settings, st Stream, now time.Time) Decision {
	d := Decision{From: st.Shards, To: st.Shards, Left: s.Calls - st.calls(now)}
	switch {
	case st.OnDemand:
		d.Reason = OnDemand
		return d
	case !st.Active || st.Shards == 0:
		d.Reason = Updating
		return d
	}
	d.measure(s, &st, now)
	switch {
	case st.Shards < s.Min:
		d.change(s, s.Min, BelowMinimum, s.Reserve)
	case st.Shards > s.Max:
		d.change(s, s.Max, AboveMaximum, s.Reserve)
	}
	if d.Change() {
		return d
	}
	held := d.Wanted // that no call is left for the bounds does not keep the reserve from who is refused
	if d.Measured {
		d.weigh(s, &st, now)
	} else {
		d.Reason, d.Wanted = Unmeasured, ""
	}
	if held != "" && !d.Change() {
		d.Reason, d.Wanted = NoCalls, held
	}
	return d
}

// measure says what the load is, where that is known.
func (d *Decision) measure(s Settings, st *Stream, now time.Time) {
	if len(st.Minutes) == 0 || now.Sub(st.Measured) > fresh {
		return
	}
	d.Measured, d.Demand = true, st.Minutes[len(st.Minutes)-1].demand()
	quiet := st.last(s.Quiet)
	for i := range quiet {
		d.Peak = max(d.Peak, quiet[i].demand())
	}
}

// weigh decides by the load.
func (d *Decision) weigh(s Settings, st *Stream, now time.Time) {
	n, last := float64(st.Shards), &st.Minutes[len(st.Minutes)-1]
	since := now.Sub(st.latest())                                // the last call
	settled := !st.Measured.Add(-time.Minute).Before(st.Changed) // the last minute says how the shards do that there are
	switch need := d.Demand / s.Target; {
	case last.Throttled > 0 && last.taken() <= n*uneven:
		d.Reason = HotShard
	case settled && (last.Throttled > 0 || d.Demand > n):
		// What is refused comes again or not at all: nobody knows how much there is.
		if last.Throttled > 0 || d.Left <= s.Reserve {
			need = max(need, 1.5*n)
		}
		d.change(s, up(st.Shards, need), Throttled, 0)
	case st.atLeast(2, n*(1+s.Target)/2):
		d.change(s, up(st.Shards, max(need, 1.5*n)), High, s.Reserve)
	case st.late(s) && since > s.Quiet:
		d.change(s, up(st.Shards, 1.5*n), ReadersLate, s.Reserve)
	default:
		d.shrink(s, st, since)
	}
}

// shrink has fewer shards where fewer did for long enough. Half is worth a call; a quarter is worth one a day.
func (d *Decision) shrink(s Settings, st *Stream, since time.Duration) {
	n, want := st.Shards, int(math.Ceil(d.Peak/s.Target))
	to := max((n+1)/2, want)
	switch {
	case want <= n/2:
	case want <= n*3/4 && since > window:
		to = max(n*3/4, want)
	default:
		d.Reason = Steady
		return
	}
	if to = max(to, s.Min); to >= n {
		d.Reason = Steady
		return
	}
	if quiet := st.last(s.Quiet); len(quiet) < int(s.Quiet/time.Minute) || since < s.Quiet || busy(quiet, s) {
		d.Reason = JustChanged
		return
	}
	d.change(s, to, Low, s.Reserve+comeback)
}

// change takes the count as near to what is wanted as it may come, if more calls are left than are kept.
func (d *Decision) change(s Settings, to int, why Reason, keep int) {
	switch {
	case d.Left <= keep:
		d.Reason, d.Wanted = NoCalls, why
		return
	case to > d.From && d.From >= s.Max:
		d.Reason = AtMaximum
		return
	case to > d.From:
		to = min(max(to, s.Min), s.Max, 2*d.From)
	default:
		to = max(to, s.Min, (d.From+1)/2)
	}
	d.To, d.Reason, d.Wanted = to, why, ""
}

// up rounds what is needed up to a multiple of a quarter of what there is: Kinesis is done with that sooner.
func up(shards int, need float64) int {
	quarter := max(1, float64(shards)/4)
	return int(math.Ceil(math.Ceil(need/quarter)*quarter - 1e-9))
}

// calls are those in the 24 hours before now.
func (st *Stream) calls(now time.Time) (n int) {
	for _, at := range st.Calls {
		if now.Sub(at) < window {
			n++
		}
	}
	return n
}

// latest is when the last call was; zero for none.
func (st *Stream) latest() (last time.Time) {
	for _, at := range st.Calls {
		if at.After(last) {
			last = at
		}
	}
	return last
}

// last gives the minutes of the last time, or as many as there are.
func (st *Stream) last(d time.Duration) []Minute {
	return st.Minutes[max(0, len(st.Minutes)-int(d/time.Minute)):]
}

// atLeast tells whether each of the last minutes takes so much.
func (st *Stream) atLeast(minutes int, demand float64) bool {
	last := st.last(time.Duration(minutes) * time.Minute)
	for i := range last {
		if last[i].demand() < demand {
			return false
		}
	}
	return len(last) == minutes
}

// late tells whether readers have been throttled, or fell further and further behind, for ten minutes.
func (st *Stream) late(s Settings) bool {
	last := st.last(10 * time.Minute)
	throttled, falling := 0, true
	for i := range last {
		if last[i].ReadThrottled > 0 {
			throttled++
		}
		falling = falling && last[i].Age > s.Behind && (i == 0 || last[i].Age > last[i-1].Age)
	}
	return len(last) == 10 && (throttled == 10 || falling)
}

// busy tells whether anything in the quiet time speaks against fewer shards.
func busy(quiet []Minute, s Settings) bool {
	for i := range quiet {
		if m := &quiet[i]; m.Throttled > 0 || m.ReadThrottled > 0 || m.Age > s.Behind {
			return true
		}
	}
	return false
}
