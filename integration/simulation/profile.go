package simulation

import (
	"math/rand/v2"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// Profile is what a world is like. All of it follows from the seed.
type Profile struct {
	Hours  []layout.Partition // of the events
	Steps  int                // until the faults stop
	Crowd  int                // processes at once
	Shards int
	Events int // that producers make up

	Claims string
	Lanes  []int // each invocation has one of them: the number is raised while it runs
	Gzip   bool

	Policy compactor.Policy
	Bound  time.Duration // 0: the catalog compares
	Memory int64
	Page   int           // objects in a page of a listing
	Tick   time.Duration // of the store's clock

	IngestFaults  float64 // by call
	CompactFaults float64
	Crashes       float64       // by step
	Skew          time.Duration // clocks of processes are off by at most so much
	Longest       time.Duration // that a query takes

	Vandals      bool // somebody deletes or damages what is needed
	LosesCatalog bool
	Erases       bool
}

// dawn is the first hour: what a bubble's clock shows first.
var dawn = layout.PartitionOf(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC))

func newProfile(r *rand.Rand) Profile {
	minutes := func(n ...int) time.Duration { return time.Duration(oneOf(r, n...)) * time.Minute }
	p := Profile{
		Hours: []layout.Partition{dawn, dawn - 1, dawn + 1, dawn - 30}[:1+r.IntN(4)],
		Steps: 1500 + r.IntN(1500), Crowd: 2 + r.IntN(5), Shards: 1 + r.IntN(3), Events: 40 + r.IntN(80),
		Claims: oneOf(r, "none", "window", "window", "ahead"),
		Lanes:  [][]int{{1}, {1}, {2}, {1, 2}, {1, 2, 4}}[r.IntN(5)],
		Gzip:   r.IntN(4) == 0,
		Bound:  minutes(0, 1, 5), Memory: oneOf(r, int64(1<<20), 1<<20, 1<<12, 1<<10), Page: oneOf(r, 1000, 1000, 7, 3),
		Tick:         oneOf(r, time.Nanosecond, time.Second),
		IngestFaults: oneOf(r, 0.1, 0.2, 0.4, 0.5), CompactFaults: oneOf(r, 0.003, 0.015, 0.04, 0.08), Crashes: oneOf(r, 0, 0.004, 0.012),
	}
	p.Vandals, p.LosesCatalog, p.Erases = r.IntN(8) == 0, r.IntN(8) == 0, r.IntN(4) == 0
	p.Policy = compactor.Policy{
		Target: oneOf(r, int64(1<<20), 4000, 1500), Close: minutes(0, 15), MajorParts: 1 + r.IntN(3), MajorShare: 0.1, Anew: oneOf(r, int64(0), 0, 300, compactor.Anew),
		Bound: p.Bound, Live: minutes(0, 60, 300), LongestQuery: minutes(5, 30),
	}
	p.Policy.Few = p.Policy.MajorParts // that what is noted of slots is made use of
	p.Longest = p.Policy.LongestQuery
	if p.Bound == 0 && r.IntN(2) == 0 { // where the catalog cannot compare, clocks have to agree
		p.Skew = minutes(1, 10)
		p.Policy.LongestQuery += 2 * p.Skew // it takes no more: what clocks may differ by comes on top
	}
	p.Policy.Grace = 2*p.Bound + p.Policy.LongestQuery + minutes(0, 30)
	return p
}

func (w *World) newCatalog() catalog.Catalog {
	if w.Bound > 0 {
		return catalog.NewMemoryLastWriter()
	}
	return catalog.NewMemory()
}

// newClaims makes what all invocations share, if the strategy is of that kind.
func (w *World) newClaims() claims.Claims {
	switch w.Profile.Claims {
	case "window":
		return claims.NewMemory(claims.Options{Limit: oneOf(w.rng, 0, 40), Now: w.now})
	case "ahead":
		return newAhead()
	}
	return claims.None{}
}

// loseClaims forgets what was claimed, as where a function starts anew or the table is restored from a backup. A strategy that claims ahead
// of the store keeps owners only in a table.
func (w *World) loseClaims() bool {
	if w.Claims != "window" {
		return false
	}
	w.claims = w.newClaims()
	return w.did("loses the claims", "all of them")
}

func (p *process) ingester() (*ingest.Ingester, error) {
	return ingest.New(p.bucket, p.claims, ingest.Config{
		Mapping: event.DefaultMapping, MaxFuture: 24 * time.Hour, Lanes: p.lanes, Gzip: p.Gzip, Parallel: 3,
	})
}

func (p *process) compactor() (*compactor.Compactor, error) {
	return compactor.New(p.bucket, p.catalog, compactor.Config{
		Policy: p.Policy, Mapping: event.DefaultMapping, Scratch: p.scratch, Memory: p.Memory, Parallel: 1, Now: p.clock,
	})
}
