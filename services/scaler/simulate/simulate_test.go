package main

import (
	"math"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/scaler"
)

// Whatever comes, the count stays within its bounds, each call within what Kinesis takes, and no day has more calls than it may; but for an emergency the
// reserve is left; and nothing flaps.
func TestAnyTraffic(t *testing.T) {
	seeds := uint64(300)
	if testing.Short() {
		seeds = 30
	}
	calls := 0
	for seed := range seeds {
		calls += anyTraffic(t, seed)
	}
	if calls == 0 {
		t.Error("the count never changed")
	}
}

func anyTraffic(t *testing.T, seed uint64) (calls int) {
	r := rand.New(rand.NewPCG(seed, 1))
	s := scaler.Default(1+r.IntN(10), 10+r.IntN(90))
	s.Target, s.Calls = 0.2+0.6*r.Float64(), 3+r.IntN(8)
	s.Reserve = r.IntN(s.Calls - 2)
	s.Quiet = time.Duration(10+r.IntN(300)) * time.Minute
	if err := s.Check(); err != nil {
		t.Fatal(err)
	}
	k := &kinesis{shards: 1 + r.IntN(200), again: float64(r.IntN(3))}
	mean, level := math.Exp(r.Float64()*5)*1e6, 1.0
	var raised, lowered time.Time
	for n := range 3 * 24 * 60 {
		now := start.Add(time.Duration(n) * time.Minute)
		if r.IntN(100) == 0 {
			level = math.Exp(4*r.Float64() - 2)
		}
		k.take(now, mean*level*r.Float64(), 100+1000*r.Float64())
		now = now.Add(time.Minute)
		seen := k.seen(now)
		if r.IntN(20) == 0 { // CloudWatch is late
			late := r.IntN(min(10, len(seen.Minutes)+1))
			seen.Minutes, seen.Measured = seen.Minutes[:len(seen.Minutes)-late], seen.Measured.Add(-time.Duration(late)*time.Minute)
		}
		d := scaler.Decide(s, seen, now)
		if d.Reason == "" {
			t.Fatalf("seed %d, minute %d: no reason in %+v", seed, n, d)
		}
		if !d.Change() {
			continue
		}
		before := within(k.calls, now)
		switch {
		case d.To < s.Min && d.To < min(s.Min, 2*d.From) || d.To > s.Max && d.To > max(s.Max, (d.From+1)/2): // it may have begun out of them
			t.Fatalf("seed %d, minute %d: %+v is out of %d to %d", seed, n, d, s.Min, s.Max)
		case d.To > 2*d.From || 2*d.To < d.From:
			t.Fatalf("seed %d, minute %d: Kinesis refuses %+v", seed, n, d)
		case !k.active():
			t.Fatalf("seed %d, minute %d: %+v while another is under way", seed, n, d)
		case before >= s.Calls:
			t.Fatalf("seed %d, minute %d: %+v is call %d in 24 hours", seed, n, d, before+1)
		case d.Reason != scaler.Throttled && s.Calls-before <= s.Reserve:
			t.Fatalf("seed %d, minute %d: %+v takes the reserve", seed, n, d)
		case d.Reason != scaler.AboveMaximum && d.To < d.From && (now.Sub(raised) < s.Quiet || now.Sub(lowered) < s.Quiet):
			t.Fatalf("seed %d, minute %d: %+v soon after another", seed, n, d)
		}
		if d.To > d.From {
			raised = now
		} else {
			lowered = now
		}
		k.update(d.To, now)
		calls++
	}
	return calls
}

// Under each shape the count keeps to its bounds and calls, and costs no less than the ideal and no more than on demand.
func TestShapes(t *testing.T) {
	for _, sh := range shapes {
		s := scaler.Default(1, 100)
		r := run(sh, s)
		if r.least < s.Min || r.most > s.Max || r.mostCalls > s.Calls {
			t.Errorf("%s: %d to %d shards, %d calls in 24 hours", sh.name, r.least, r.most, r.mostCalls)
		}
		if r.paid < r.ideal || r.paid > r.onDemand {
			t.Errorf("%s: $%.2f a day, ideal $%.2f, on demand $%.2f", sh.name, r.paid, r.ideal, r.onDemand)
		}
	}
}

// The README has the table as the command prints it.
func TestReadme(t *testing.T) {
	readme, err := os.ReadFile("../README.md")
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	table(&out)
	if !strings.Contains(string(readme), out.String()) {
		t.Errorf("the README has another table; `go run ./services/scaler/simulate` prints\n%s", out.String())
	}
}

// A stream that takes what it is given tells so.
func TestKinesis(t *testing.T) {
	k := &kinesis{shards: 2}
	for _, test := range []struct {
		load, record, refused float64
	}{{1 << 20, 1000, 0}, {4 << 20, 2000, 0.5}, {400_000, 100, 0.5}, {0, 100, 0}} {
		if got := k.take(start, test.load, test.record); math.Abs(got-test.refused) > 1e-9 {
			t.Errorf("%v: %v", test, got)
		}
	}
	k.update(4, start)
	for _, test := range []struct {
		after  time.Duration
		shards int
	}{{time.Minute, 2}, {121 * time.Second, 2}, {122 * time.Second, 4}} {
		k.take(start.Add(test.after), 0, 100)
		if k.shards != test.shards || k.active() != (k.shards == 4) {
			t.Errorf("after %s: %d shards", test.after, k.shards)
		}
	}
}
