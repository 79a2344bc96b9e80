package main

import (
	"math"
	"math/rand/v2"
	"time"
)

// shape is traffic.
type shape struct {
	name   string
	says   string
	lasts  time.Duration
	shards int                         // that it begins with
	record float64                     // bytes
	again  float64                     // tries a minute of a record that was refused; 0: it is lost
	at     func(time.Duration) float64 // MB a second
}

const day = 24 * time.Hour

// hours gives the hour of the day.
func hours(t time.Duration) float64 { return math.Mod(t.Hours(), 24) }

// sine swings once a day, its peak at three in the afternoon.
func sine(t time.Duration) float64 { return (1 - math.Cos((hours(t)-3)/24*2*math.Pi)) / 2 }

// flash is 1 MB a second, fifty for 45 minutes of the second day, and less from minute to minute for two hours more.
func flash(t time.Duration) float64 {
	over := (t - 30*time.Hour).Minutes()
	switch {
	case over < 0, over > 165:
		return 1
	case over < 45:
		return 50
	}
	return 1 + 49*math.Exp(-(over-45)/25)
}

var shapes = []*shape{
	{"flat", "5 MB/s", 7 * day, 1, 1000, 0, func(time.Duration) float64 { return 5 }},
	{"daily sine", "1 to 15 MB/s", 7 * day, 4, 1000, 0, func(t time.Duration) float64 { return 1 + 14*sine(t) }},
	{"step", "2, then 20 MB/s for good", 3 * day, 4, 1000, 0, func(t time.Duration) float64 {
		if t < day {
			return 2
		}
		return 20
	}},
	{"flash crowd", "1 MB/s; 50 for 45 minutes, then less for two hours", 3 * day, 2, 1000, 0, flash},
	{"retries", "the same, and what is refused is tried five times a minute", 3 * day, 2, 1000, 5, flash},
	{"sawtooth", "1 to 10 MB/s in six hours, then 1 at once", 7 * day, 2, 1000, 0, func(t time.Duration) float64 { return 1 + 9*math.Mod(t.Hours(), 6)/6 }},
	{"night silence", "8 MB/s from 8 to 20 o'clock, else none", 7 * day, 2, 1000, 0, func(t time.Duration) float64 {
		if h := hours(t); h >= 8 && h < 20 {
			return 8
		}
		return 0
	}},
	{"slow growth", "1 to 30 MB/s in 180 days, a third more and less each day", 180 * day, 2, 1000, 0, func(t time.Duration) float64 {
		return (1 + 29*float64(t)/float64(180*day)) * (2 + 2*sine(t)) / 3
	}},
	{"bursts", "1 MB/s; 8 for a minute each half hour", 3 * day, 2, 1000, 0, func(t time.Duration) float64 {
		if math.Mod(t.Minutes(), 30) < 1 {
			return 8
		}
		return 1
	}},
	{"small records", "daily sine, 0.1 to 1 MB/s of 100 bytes each", 7 * day, 2, 100, 0, func(t time.Duration) float64 { return 0.1 + 0.9*sine(t) }},
	{"noise", "daily sine, 2 to 12 MB/s, half more and less each minute", 7 * day, 4, 1000, 0, func(t time.Duration) float64 {
		r := rand.New(rand.NewPCG(7, uint64(t/time.Minute)))
		return (2 + 10*sine(t)) * (0.5 + r.Float64())
	}},
}
