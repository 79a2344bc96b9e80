package main

import (
	"math"
	"time"

	"github.com/lakebed/lakebed/services/scaler"
)

// What of AWS the simulation has. The limits stand in package scaler, too: a wrong one there is to be seen here.
const (
	shardBytes   = 1 << 20         // a second
	shardRecords = 1000            // a second
	lag          = 2 * time.Minute // until a minute's metrics can be read
	updating     = 2 * time.Minute // a change of the shard count, and a second for each shard more or less: "a few minutes", says the manual
)

// start is of no meaning: a Monday.
var start = time.Date(2026, 1, 5, 0, 0, 0, 0, time.UTC)

// kinesis is a stream under a traffic, minute by minute.
type kinesis struct {
	shards, next int       // next: of the change under way
	ready        time.Time // when it is done
	changed      time.Time // when it was first seen to be done
	unseen       bool
	again        float64 // tries a minute of a record that was refused; 0: it is lost
	waiting      float64 // bytes of such records
	minutes      []scaler.Minute
	calls        []time.Time
}

func (k *kinesis) active() bool { return k.next == 0 }

// update begins a change. Fewer shards take less at once, more take more once they are there.
func (k *kinesis) update(to int, now time.Time) {
	k.calls = append(k.calls, now)
	k.next, k.ready = to, now.Add(updating+time.Duration(max(to-k.shards, k.shards-to))*time.Second)
	k.shards = min(k.shards, to)
}

// take has the stream take a minute's bytes, and those that wait, in records of so many, and gives the share of the minute's own that is lost.
func (k *kinesis) take(now time.Time, perSecond, record float64) (lost float64) {
	if !k.active() && !now.Before(k.ready) {
		k.shards, k.next, k.unseen = k.next, 0, true
	}
	room := 60 * float64(k.shards) * min(shardBytes, shardRecords*record)
	offered := 60*perSecond + k.waiting
	over := max(0, offered-room)
	k.minutes = append(k.minutes, scaler.Minute{
		Bytes: offered - over, Records: (offered - over) / record, Throttled: math.Floor(over / record * max(1, k.again)),
	})
	if k.again > 0 {
		k.waiting = over
		return 0
	}
	return over / max(60*perSecond, 1)
}

// seen is what the scaler sees of it.
func (k *kinesis) seen(now time.Time) scaler.Stream {
	if k.unseen {
		k.changed, k.unseen = now, false
	}
	known := max(0, len(k.minutes)-int(lag/time.Minute))
	return scaler.Stream{
		Shards: k.shards, Active: k.active(), Minutes: k.minutes[max(0, known-24*60):known], Measured: now.Add(-lag), Calls: k.calls, Changed: k.changed,
	}
}

// result is how a stream fared under a shape.
type result struct {
	calls, mostCalls      int // in all; in any 24 hours
	least, most           int // shards
	lost                  float64
	paid, ideal, onDemand float64 // dollars a day
}

// Prices of us-east-1: https://aws.amazon.com/kinesis/data-streams/pricing/ (2026-11; services/lakebed/cost/prices.yaml has them, too).
const (
	shardHour, putUnit                  = 0.015, 0.014e-6
	streamHour, gigabyteIn, gigabyteOut = 0.04, 0.08, 0.04
)

// run has the scaler look at a stream every minute.
func run(sh *shape, s scaler.Settings) result {
	k := &kinesis{shards: sh.shards, again: sh.again}
	r := result{least: sh.shards}
	var offered, lost, shardMinutes, idealMinutes, units float64
	minutes := int(sh.lasts / time.Minute)
	for n := range minutes {
		now := start.Add(time.Duration(n) * time.Minute)
		load := sh.at(now.Sub(start)) * 1e6
		offered += load
		lost += load * k.take(now, load, sh.record)
		units += load * 60 / sh.record * math.Ceil(sh.record/25600)
		shardMinutes += float64(max(k.shards, k.next))
		idealMinutes += max(1, math.Ceil(load/min(shardBytes, shardRecords*sh.record)))
		r.least, r.most = min(r.least, k.shards), max(r.most, k.shards)
		now = now.Add(time.Minute)
		if d := scaler.Decide(s, k.seen(now), now); d.Change() {
			k.update(d.To, now)
			r.calls++
			r.mostCalls = max(r.mostCalls, within(k.calls, now))
		}
	}
	days := float64(minutes) / 60 / 24
	r.lost = lost / max(offered, 1)
	r.paid = (shardMinutes/60*shardHour + units*putUnit) / days
	r.ideal = (idealMinutes/60*shardHour + units*putUnit) / days
	r.onDemand = 24*streamHour + offered*60/1e9/days*(gigabyteIn*math.Ceil(sh.record/1024)*1024/sh.record+gigabyteOut)
	return r
}

func within(calls []time.Time, now time.Time) (n int) {
	for _, at := range calls {
		if now.Sub(at) < 24*time.Hour {
			n++
		}
	}
	return n
}
