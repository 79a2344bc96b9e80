package scaler

import (
	"testing"
	"time"
)

var noon = time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)

// quiet is a stream of 8 shards that took half of what they take, for a day.
func quiet() Stream {
	st := Stream{Shards: 8, Active: true, Measured: noon.Add(-2 * time.Minute)}
	for range 24 * 60 {
		st.Minutes = append(st.Minutes, load(4))
	}
	return st
}

// load is a minute that takes the limits of so many shards.
func load(shards float64) Minute {
	return Minute{Bytes: shards * shardBytes * 60, Records: shards * 200 * 60}
}

// recently sets the last minutes.
func (st *Stream) recently(minutes int, to Minute) {
	for i := range minutes {
		st.Minutes[len(st.Minutes)-1-i] = to
	}
}

func (st *Stream) always(to Minute) { st.recently(len(st.Minutes), to) }

func throttled(shards, share float64) Minute {
	m := load(shards)
	m.Throttled = m.Records * share
	return m
}

func TestDecide(t *testing.T) {
	ago := func(d ...time.Duration) (calls []time.Time) {
		for _, d := range d {
			calls = append(calls, noon.Add(-d))
		}
		return calls
	}
	many := func(n int) (calls []time.Time) {
		for i := range n {
			calls = append(calls, noon.Add(-time.Duration(23-i)*time.Hour))
		}
		return calls
	}
	for _, test := range []struct {
		name   string
		change func(*Settings, *Stream)
		to     int
		reason Reason
	}{
		{"a load that is as it should be", func(*Settings, *Stream) {}, 8, Steady},
		{"a stream on demand", func(_ *Settings, st *Stream) { st.OnDemand = true; st.always(throttled(9, 1)) }, 8, OnDemand},
		{"a change under way", func(_ *Settings, st *Stream) { st.Active = false; st.always(throttled(9, 1)) }, 8, Updating},
		{"fewer than the minimum", func(s *Settings, st *Stream) { s.Min = 12 }, 12, BelowMinimum},
		{"far fewer than the minimum", func(s *Settings, st *Stream) { s.Min = 40 }, 16, BelowMinimum},
		{"more than the maximum, under load", func(s *Settings, st *Stream) { s.Max = 6; st.always(load(7.5)) }, 6, AboveMaximum},
		{"far more than the maximum", func(s *Settings, st *Stream) { s.Max = 2 }, 4, AboveMaximum},
		{"no metrics at all", func(_ *Settings, st *Stream) { st.Minutes = nil }, 8, Unmeasured},
		{"old metrics", func(_ *Settings, st *Stream) { st.Measured = noon.Add(-6 * time.Minute); st.always(throttled(9, 1)) }, 8, Unmeasured},

		{"bytes near the limits", func(_ *Settings, st *Stream) { st.recently(2, load(7)) }, 12, High},
		{"for one minute only", func(_ *Settings, st *Stream) { st.recently(1, load(7)) }, 8, Steady},
		{"records near the limits", func(_ *Settings, st *Stream) { st.recently(2, Minute{Records: 7000 * 60}) }, 12, High},
		{"up to the maximum", func(s *Settings, st *Stream) { s.Max = 9; st.recently(2, load(7)) }, 9, High},
		{"at the maximum", func(s *Settings, st *Stream) { s.Max = 8; st.recently(2, load(7)) }, 8, AtMaximum},
		{"with a lower target", func(s *Settings, st *Stream) { s.Target = 0.3; st.recently(2, load(5.5)) }, 16, High},

		{"refused records", func(_ *Settings, st *Stream) { st.recently(1, throttled(7, 0.1)) }, 14, Throttled},
		{"many refused records", func(_ *Settings, st *Stream) { st.recently(1, throttled(8, 30)) }, 16, Throttled},
		{"refused while most shards are idle", func(_ *Settings, st *Stream) { st.recently(1, throttled(2, 0.1)) }, 8, HotShard},
		{"many refused while most shards are idle", func(_ *Settings, st *Stream) { st.recently(1, throttled(2, 30)) }, 8, HotShard},
		{"refused before the last change took hold", func(_ *Settings, st *Stream) {
			st.recently(1, throttled(5, 0.1))
			st.Calls, st.Changed = ago(4*time.Minute), noon.Add(-2*time.Minute-59*time.Second)
		}, 8, Steady},
		{"refused since the last change took hold", func(_ *Settings, st *Stream) {
			st.recently(1, throttled(5, 0.1))
			st.Calls, st.Changed = ago(6*time.Minute), noon.Add(-3*time.Minute)
		}, 12, Throttled},
		{"more than all shards take, after a change just now", func(_ *Settings, st *Stream) {
			st.recently(2, throttled(8, 0.5))
			st.Calls, st.Changed = ago(4*time.Minute), noon.Add(-time.Minute)
		}, 16, High},
		{"more than all shards take, after a change just now, for a minute", func(_ *Settings, st *Stream) {
			st.recently(1, throttled(8, 0.5))
			st.Calls, st.Changed = ago(4*time.Minute), noon.Add(-time.Minute)
		}, 8, Steady},
		{"no reserve for what was refused before a change", func(_ *Settings, st *Stream) {
			st.recently(2, throttled(8, 0.5))
			st.Calls, st.Changed = many(7), noon.Add(-time.Minute)
		}, 8, NoCalls},

		{"half for hours", func(_ *Settings, st *Stream) { st.always(load(2)) }, 4, Low},
		{"a night without records", func(_ *Settings, st *Stream) { st.always(Minute{}) }, 4, Low},
		{"at the minimum", func(s *Settings, st *Stream) { s.Min = 8; st.always(Minute{}) }, 8, Steady},
		{"down to the minimum", func(s *Settings, st *Stream) { s.Min = 7; st.always(Minute{}) }, 7, Low},
		{"a quarter for a day", func(_ *Settings, st *Stream) { st.always(load(3.3)) }, 6, Low},
		{"a quarter, changed today", func(_ *Settings, st *Stream) { st.always(load(3.3)); st.Calls = ago(10 * time.Hour) }, 8, Steady},
		{"half, but not for long", func(_ *Settings, st *Stream) { st.recently(60, load(1)) }, 8, Steady},
		{"half, known for an hour only", func(_ *Settings, st *Stream) { st.always(load(1)); st.Minutes = st.Minutes[:60] }, 8, JustChanged},
		{"half, changed an hour ago", func(_ *Settings, st *Stream) { st.always(load(1)); st.Calls = ago(time.Hour) }, 8, JustChanged},
		{"half, readers behind", func(_ *Settings, st *Stream) { st.always(Minute{Age: time.Hour}) }, 8, JustChanged},
		{"one shard", func(_ *Settings, st *Stream) { st.Shards = 1; st.always(Minute{}) }, 1, Steady},
		{"three shards", func(_ *Settings, st *Stream) { st.Shards = 3; st.always(Minute{}) }, 2, Low},
		{"more than any quota", func(s *Settings, st *Stream) { st.Shards = 9000; s.Max = 9000; st.always(Minute{}) }, 4500, Low},

		{"readers refused", func(_ *Settings, st *Stream) { m := load(4); m.ReadThrottled = 1; st.recently(10, m) }, 12, ReadersLate},
		{"readers refused for nine minutes", func(_ *Settings, st *Stream) { m := load(4); m.ReadThrottled = 1; st.recently(9, m) }, 8, Steady},
		{"readers refused, changed an hour ago", func(_ *Settings, st *Stream) {
			m := load(4)
			m.ReadThrottled = 1
			st.recently(10, m)
			st.Calls = ago(time.Hour)
		}, 8, Steady},
		{"readers further and further behind", func(_ *Settings, st *Stream) {
			for i := range 10 {
				st.Minutes[len(st.Minutes)-1-i].Age = time.Hour - time.Duration(i)*time.Minute
			}
		}, 12, ReadersLate},
		{"readers catching up", func(_ *Settings, st *Stream) {
			for i := range 10 {
				st.Minutes[len(st.Minutes)-1-i].Age = time.Hour + time.Duration(i)*time.Minute
			}
		}, 8, Steady},

		{"calls for more", func(_ *Settings, st *Stream) { st.recently(2, load(7)); st.Calls = many(6) }, 12, High},
		{"no calls but the reserve for more", func(_ *Settings, st *Stream) { st.recently(2, load(7)); st.Calls = many(7) }, 8, NoCalls},
		{"the reserve for who is refused", func(_ *Settings, st *Stream) { st.recently(2, throttled(8, 0.1)); st.Calls = many(9) }, 16, Throttled},
		{"no calls", func(_ *Settings, st *Stream) { st.recently(2, throttled(8, 1)); st.Calls = many(10) }, 8, NoCalls},
		{"no calls for fewer", func(_ *Settings, st *Stream) { st.always(Minute{}); st.Calls = many(5) }, 8, NoCalls},
		{"calls for fewer", func(_ *Settings, st *Stream) { st.always(Minute{}); st.Calls = many(4) }, 4, Low},
		{"calls of yesterday", func(_ *Settings, st *Stream) {
			st.recently(2, load(7))
			st.Calls = append(many(6), ago(24*time.Hour, 25*time.Hour)...)
		}, 12, High},
		{"no calls for bounds", func(s *Settings, st *Stream) { s.Min = 12; st.Calls = many(10) }, 8, NoCalls},
		{"no calls but the reserve for a new minimum", func(s *Settings, st *Stream) { s.Min = 12; st.Calls = many(7) }, 8, NoCalls},
		{"no calls but the reserve for a new maximum", func(s *Settings, st *Stream) { s.Max = 6; st.Calls = many(7) }, 8, NoCalls},
		{"the reserve for who is refused below the minimum", func(s *Settings, st *Stream) {
			s.Min = 15
			st.recently(1, throttled(6, 0.1))
			st.Calls = many(8)
		}, 15, Throttled},
	} {
		s, st := Default(1, 1000), quiet()
		test.change(&s, &st)
		if err := s.Check(); err != nil {
			t.Errorf("%s: %v", test.name, err)
		}
		if d := Decide(s, st, noon); d.To != test.to || d.Reason != test.reason || d.Change() != (test.to != st.Shards) {
			t.Errorf("%s: got %+v, want %d, %s", test.name, d, test.to, test.reason)
		}
	}
}

func TestCheck(t *testing.T) {
	for want, change := range map[string]func(*Settings){
		"min is 0: want 1 to 10000 shards":           func(s *Settings) { s.Min = 0 },
		"max is 1: want min (2) to 10000 shards":     func(s *Settings) { s.Max = 1 },
		"max is 10001: want min (2) to 10000 shards": func(s *Settings) { s.Max = 10001 },
		"target is 0: want 0.1 to 0.9":               func(s *Settings) { s.Target = 0 },
		"target is 1: want 0.1 to 0.9":               func(s *Settings) { s.Target = 1 },
		"calls is 11: want 3 to 10":                  func(s *Settings) { s.Calls = 11 },
		"reserve is 8: want 0 to 3 fewer than calls (10), or there would never be fewer shards": func(s *Settings) { s.Reserve = 8 },
		"quiet is 1m0s: want 10m to 24h": func(s *Settings) { s.Quiet = time.Minute },
		"behind is 0s: want 1m or more":  func(s *Settings) { s.Behind = 0 },
	} {
		s := Default(2, 10)
		change(&s)
		if err := s.Check(); err == nil || err.Error() != want {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}
