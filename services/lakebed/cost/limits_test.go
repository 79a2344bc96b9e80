package cost

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"testing"
	"time"
)

func taken(l Load, p *Prices) map[string]float64 {
	all := map[string]float64{}
	for _, limit := range Limits(l, p) {
		all[limit.What] = limit.Amount
	}
	return all
}

// A thousand shards, four fifths full of events of 500 B, reckoned by hand.
func TestLimitsByHand(t *testing.T) {
	p := prices(t, "date: x\nregion: y\nmeasured: {merge_bytes: 50e6, move_bytes: 200e6, index_bytes: 1e8, page_seconds: 0.1, call_seconds: 1e-9}\nlimits: {s3_writes: 100, compactor_text: 22.5e6}")
	l := load(1, 500).ForShards(1000)
	l.Lanes = 4
	got := taken(l, p)
	batches := 1000 / (5 + 1./800)
	// A lane's ids have a quarter of a bit each: 1 - e^-4 and the copies come through, 99.2 %, of a part's 1,342,177 lines 1,331,014. There is room for 200,893
	// at once, with 112 B each: six times, and for a rest. So the ids are read once for the filter and seven times for these.
	reading := 20e6 / (128 << 20) * (1 + 7) * 200_000 * 3600 * 24 / 1e8
	for what, want := range map[string]float64{
		"stream: shards of the account":                       1000,
		"stream: written to a shard":                          80,
		"stream: read from a shard":                           400_000,
		"S3: fragments written to an hour":                    batches * 4,
		"S3: ledger entries written":                          batches,
		"claims: a batch's ids":                               365 + 24*800*(5+1./800),
		"compactor: a look at an hour's fragments":            batches * 4 * 3600 / 1000 * 0.1,
		"compactor: a survey of all fragments":                batches * 4 * 1.5 * 3600 * 6.5 / 1000 * 0.1, // events of a batch fall into 1.5 hours
		"compactor: a lane's merge of what came in 5 minutes": (2 + reading) * 300,
		"compactor: workers":                                  (2+reading)*4 + 400e6/200e6 + 4*2/300.*(0.5+2*1.75/4*batches*4*3.6*0.1),
		"Lambda: at once, when shards catch up":               1000 + 10 + 1,
		"Glue: calls":                                         4 * 2 / 300. * 10,
	} {
		if math.Abs(got[what]-want) > 0.001*want {
			t.Errorf("%s: %g, by hand %g", what, got[what], want)
		}
	}
	if l.Shards() != 1000 {
		t.Errorf("%g shards are filled by what fills 1000", l.Shards())
	}
	all := Limits(l, p)
	if !slices.IsSortedFunc(all, func(a, b Limit) int { return cmp.Compare(never(a.Breaks), never(b.Breaks)) }) {
		t.Error("what breaks first does not come first")
	}
	for _, limit := range all {
		if before := l.ForShards(limit.Breaks / step20); limit.Breaks > 0 && (taken(l.ForShards(limit.Breaks), p)[limit.What] <= limit.Most || taken(before, p)[limit.What] > limit.Most*1.1) {
			t.Errorf("%+v breaks elsewhere", limit)
		}
	}
	for _, limit := range all {
		if limit.What == "S3: fragments written to an hour" && limit.Most != 100 {
			t.Errorf("a limit of one's own is not taken: %+v", limit)
		}
	}
}

// How often the ids of a lane of 200,000 events a second are read for a part, in which there are 128 MiB * 5 / 500 B = 1.3 million.
func TestReadingsOfAPart(t *testing.T) {
	for memory, want := range map[float64]float64{
		2e9:    2,     // 16 bits for an id: one in a hundred and a bit is doubted, once
		360e6:  2,     // 4 bits, of which 3 are set: (1 - e^-3/4)^3 and the copies are 16 %, of 5 parts' text
		90e6:   1 + 4, // 1 bit: 1 - 1/e and the copies are 64 %, 3.2 times the size of a part
		45e6:   1 + 5, // half a bit: 87 %, 4.4 times
		22.5e6: 1 + 7, // a quarter: 99 %, 5 times, and 6.6 times what memory has room for
	} {
		p := prices(t, "")
		p.limits["compactor_text"] = memory
		once := 200_000 * 3600 * 24 / p.measured["index_bytes"]
		if got := load(1, 500).knowing(p, 200_000) / once / (200_000 * 500 / 5. / (128 << 20)); math.Abs(got-want) > 1e-6 {
			t.Errorf("%g times with %g bytes of memory, by hand %g", got, memory, want)
		}
	}
}

// Whatever is measured counts in the bill or against a limit, and each limit is the most of something.
func TestEachNumberCounts(t *testing.T) {
	loads := []Load{load(1000, 100), load(1e6, 900), load(1e5, 500)}
	loads[1].Factor, loads[2].Lanes = 4, 1
	reckon := func(p *Prices) (all []float64) {
		for _, l := range loads {
			for _, limit := range Limits(l, p) {
				all = append(all, limit.Share())
			}
			for _, line := range Bills(l, p) {
				all = append(all, line.Month)
			}
		}
		return all
	}
	for _, of := range []func(*Prices) map[string]float64{func(p *Prices) map[string]float64 { return p.measured }, func(p *Prices) map[string]float64 { return p.limits }} {
		for name := range maps.Keys(of(prices(t, ""))) {
			p := prices(t, "")
			was := reckon(p)
			of(p)[name] *= 3
			if slices.Equal(reckon(p), was) {
				t.Errorf("nothing changes with %s", name)
			}
		}
	}
}

// More events take more of everything, as long as lanes stay as they are.
func TestLimitsGrow(t *testing.T) {
	p := prices(t, "")
	before := map[string]float64{}
	for rate := 0.01; rate < 2e6; rate *= 1.7 {
		l := load(rate, 500)
		l.Lanes = 4
		for what, amount := range taken(l, p) {
			if math.IsNaN(amount) || math.IsInf(amount, 0) || amount < 0 {
				t.Errorf("%s: %g at %g a second", what, amount, rate)
			}
			if whole := l.Shards() > 100; whole && amount < before[what]*0.99 && what != "stream: written to a shard" {
				t.Errorf("%s: %g at %g a second, %g at fewer", what, amount, rate, before[what])
			}
			before[what] = amount
		}
	}
}

// A shard gives 2 MiB a second; invocations that last too long give less, and several at once more.
func TestCatchUp(t *testing.T) {
	p := prices(t, "")
	l := load(1, 500).ForShards(10)
	if got, want := CatchUp(l, p), 2097152/(800*500.); math.Abs(got-want) > 1e-9 {
		t.Errorf("%g, want what the shard gives, %g", got, want)
	}
	slow := prices(t, "date: x\nregion: y\nmeasured: {ingest_bytes: 1e6}")
	one := CatchUp(l, slow)
	l.Factor = 2
	if two := CatchUp(l, slow); one >= 1 || math.Abs(two-2*one) > 1e-9 {
		t.Errorf("%g with a batch at once, %g with two", one, two)
	}
}

func TestLanes(t *testing.T) {
	l := load(1e6, 500)
	p := prices(t, "")
	want := l.lanes(p)
	if l.merging(p, l.Rate*l.Peak, want) > 0.8 && want < mostLanes || l.merging(p, l.Rate*l.Peak, want/2) < 0.8 {
		t.Errorf("%g lanes are wanted", want)
	}
	if l.Lanes = 2; l.lanes(p) != 2 || load(100, 500).lanes(p) != 1 {
		t.Errorf("%g lanes where 2 are told, %g where one is enough", l.lanes(p), load(100, 500).lanes(p))
	}
	for lanes, good := range map[float64]bool{0: true, 1: true, 256: true, 3: false, 512: false, 0.5: false, -1: false} {
		l := load(1, 500)
		if l.Lanes = lanes; (l.Check() == nil) != good {
			t.Errorf("%g lanes: %v", lanes, l.Check())
		}
	}
	for factor, good := range map[float64]bool{1: true, 10: true, 0: false, 11: false, 1.5: false} {
		l := load(1, 500)
		if l.Factor = factor; (l.Check() == nil) != good {
			t.Errorf("factor %g: %v", factor, l.Check())
		}
	}
	l.Window = time.Minute
	if many := l.batches(l.Rate); many >= load(1e6, 500).batches(l.Rate) {
		t.Error("a longer window does not make fewer batches")
	}
}
