package cost

import (
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

func prices(t *testing.T, text string) *Prices {
	t.Helper()
	var own []byte
	if text != "" {
		own = []byte(text)
	}
	p, err := Read(own)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func load(rate, bytes float64) Load {
	l := Usual
	l.Rate, l.Bytes = rate, bytes
	return l
}

// Ten million events of 500 B a day in one shard, reckoned by hand in infra/README.md.
func TestByHand(t *testing.T) {
	lines := Bills(load(10e6/86400, 500), prices(t, ""))
	want := map[string]float64{ // a month of 730 hours is 304 million events
		"stream, provisioned": 730*0.015 + 304.2*0.014, "claims: shard": 304.2 * 0.0186, "storage of a month's events": 0.73, "Athena": 0.15,
		"ingest: objects": 525_000 * 2.5 * 5e-6,
	}
	for _, l := range lines {
		if w := want[l.What]; l.Bill == Lakebed && w > 0 {
			delete(want, l.What)
			if math.Abs(l.Month-w) > 0.02*w {
				t.Errorf("%s is $%.2f, by hand $%.2f", l.What, l.Month, w)
			}
		}
	}
	if len(want) > 0 {
		t.Errorf("not on the bill: %v", want)
	}
	for _, sum := range Sums(lines) {
		// 304 M records of 5 KiB at Firehose's first step: 1,557 GB; and jq by the hour
		if by := map[string]float64{Lakebed: 45, Firehose: 1557*0.029 + 0.9, FirehoseTime: 1557*0.029 + 0.9 + 3 + 51.1}[sum.Bill]; math.Abs(sum.Month-by) > 0.02*by {
			t.Errorf("%s is $%.2f together, by hand $%.2f", sum.Bill, sum.Month, by)
		}
	}
}

// Whatever is chosen is on the bill once, and what else could be is not.
func TestChoices(t *testing.T) {
	for _, rate := range []float64{0.028, 1, 1000, 1e6} {
		for _, mode := range []string{Provisioned, OnDemand, Cheaper} {
			for _, claims := range []string{"none", "shard", "global"} {
				l := load(rate, 700)
				l.Stream, l.Claims = mode, claims
				paid := map[string]int{}
				var modes []float64
				var sum, chosen float64
				lines := Bills(l, prices(t, ""))
				for _, line := range lines {
					kind, of, _ := strings.Cut(line.What, ": ")
					kind, of, _ = strings.Cut(kind+", "+of, ", ")
					if line.Bill == Lakebed {
						sum += line.Month
						paid[kind]++
						if kind == "claims" && !strings.HasPrefix(of, claims) || kind == "stream" && mode != Cheaper && !strings.HasPrefix(of, strings.ReplaceAll(mode, "-", " ")) {
							t.Errorf("%s at %g with %s and %s", line.What, rate, mode, claims)
						}
					}
					if kind == "stream" {
						modes = append(modes, line.Month)
						if line.Bill == Lakebed {
							chosen = line.Month
						}
					}
				}
				if mode == Cheaper && chosen != slices.Min(modes) {
					t.Errorf("at %g the dearer stream: %v", rate, modes)
				}
				if paid["stream"] != 1 || paid["claims"] != 1 || len(modes) != 2 {
					t.Errorf("at %g with %s and %s: %v", rate, mode, claims, paid)
				}
				if got := Sums(lines)[0].Month; math.Abs(got-sum) > 1e-6*sum {
					t.Errorf("%g together, the lines give %g", got, sum)
				}
			}
		}
	}
}

// More events cost more, in each line that somebody pays; and a million of them less, together.
func TestGrows(t *testing.T) {
	var before []Line
	p := prices(t, "")
	for rate := 0.01; rate < 2e6; rate *= 1.7 {
		l := load(rate, 500)
		l.Stream = Provisioned
		lines := Bills(l, p)
		for i, line := range lines {
			if before != nil && line.Month < before[i].Month {
				t.Errorf("%s %s is $%g at %g a second, and $%g at fewer", line.Bill, line.What, line.Month, rate, before[i].Month)
			}
			if math.IsNaN(line.Month) || math.IsInf(line.Month, 0) || line.Month < 0 {
				t.Errorf("%s %s is $%g at %g a second", line.Bill, line.What, line.Month, rate)
			}
		}
		before = lines
	}
}

// Each price of the list is of something.
func TestEachPriceCounts(t *testing.T) {
	loads := []Load{load(0.028, 500), load(1000, 30_000), load(1e6, 900)}
	loads[1].Claims = "global"
	reckon := func(p *Prices) (all []float64) {
		for _, l := range loads {
			for _, line := range Bills(l, p) {
				all = append(all, line.Month)
			}
		}
		return all
	}
	for name := range prices(t, "").of {
		p := prices(t, "")
		was := reckon(p)
		for i := range p.of[name] {
			p.of[name][i].USD *= 2
		}
		if slices.Equal(reckon(p), was) {
			t.Errorf("nothing costs more when %s does", name)
		}
	}
}

func TestSteps(t *testing.T) {
	p := prices(t, "date: 2030-01-01\nregion: moon\nprices: {s3_put: [{up_to: 10, usd: 3}, {up_to: 20, usd: 2}, {usd: 1}], s3_get: 7}")
	for amount, want := range map[float64]float64{0: 0, 4: 12, 10: 30, 15: 40, 20: 50, 30: 60} {
		if got := p.cost("s3_put", amount); got != want {
			t.Errorf("%g cost $%g, want $%g", amount, got, want)
		}
	}
	if p.Date != "2030-01-01" || p.Region != "moon" || p.cost("s3_get", 2) != 14 || p.cost("athena_tb", 1) != 5 {
		t.Errorf("%+v", p)
	}
}

func TestBadPrices(t *testing.T) {
	for text, want := range map[string]string{
		"":       "want a date",
		"prices": "", "{": "",
		"date: x\nregion: y\nprices: {moon_dust: 1}":                                               "nothing has the price moon_dust",
		"date: x\nregion: y\nprices: {s3_put: much}":                                               "s3_put: want a number",
		"date: x\nregion: y\nprices: {s3_put: -1}":                                                 "0 or more",
		"date: x\nregion: y\nprices: {s3_put: .nan}":                                               "0 or more",
		"date: x\nregion: y\nprices: {s3_put: []}":                                                 "s3_put: want a number",
		"date: x\nregion: y\nprices: {s3_put: [{up_to: 5, usd: 1}]}":                               "the last without up_to",
		"date: x\nregion: y\nprices: {s3_put: [{usd: 1}, {usd: 1}]}":                               "steps that grow",
		"date: x\nregion: y\nprices: {s3_put: [{up_to: 5, usd: 1}, {up_to: 4, usd: 1}, {usd: 1}]}": "steps that grow",
		"date: x\nregion: y\nprices: {s3_put: [{upto: 5, usd: 1}, {usd: 1}]}":                      "s3_put: want a number",
		"date: x\nregion: y\nprice: {s3_put: 1}":                                                   "price",
	} {
		if _, err := Read([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
}

func TestCheck(t *testing.T) {
	good := load(100, 500)
	if err := good.Check(); err != nil {
		t.Fatal(err)
	}
	for want, spoil := range map[string]func(*Load){
		"events-per-second": func(l *Load) { l.Rate = math.NaN() },
		"bytes":             func(l *Load) { l.Bytes = 11 << 20 },
		"peak":              func(l *Load) { l.Peak = 0.5 },
		"stream":            func(l *Load) { l.Stream = "river" },
		"claims":            func(l *Load) { l.Claims = "some" },
		"batch-window":      func(l *Load) { l.Window = time.Hour },
		"scans":             func(l *Load) { l.Scans = math.Inf(1) },
	} {
		l := good
		spoil(&l)
		if err := l.Check(); err == nil || !strings.HasPrefix(err.Error(), want) {
			t.Errorf("%s: %v", want, err)
		}
	}
}

// A batch is full before its window ends, or ends with it.
func TestInvocations(t *testing.T) {
	for _, c := range []struct {
		rate        float64
		window      time.Duration
		least, most float64
	}{
		{0.01, 5 * time.Second, 24_000, 26_500},                        // hardly two at once: one each
		{100, 5 * time.Second, 520_000, 526_000},                       // of one shard, each five seconds
		{1e5, time.Minute, 1e5 * seconds / 6200, 1e5 * seconds / 6100}, // 6 MiB are full with 6,190 records
	} {
		l := load(c.rate, 500)
		l.Window = c.window
		if n := l.Invocations(); n < c.least || n > c.most {
			t.Errorf("%g a second, %s: %.0f invocations, want %.0f to %.0f", c.rate, c.window, n, c.least, c.most)
		}
	}
}
