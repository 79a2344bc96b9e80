package compactor

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// picture makes a state out of a few words, so that a test reads as a listing:
//
//	gen 100 100 seal    a generation's slots: data of so many bytes, swept, seal; a number with ! has no index;
//	                    100@-1h was written an hour ago
//	orphan 2            a directory of generation 2 that no seal names
//	raw 3 of 5          five fragments, three of them merged
//	at 1 -2h            the Location is that of generation 1, published two hours ago (at none: not registered)
//	columns behind      the partition's columns are not the table's
func picture(t *testing.T, now time.Time, words string) *state {
	t.Helper()
	s := &state{partition: hour, table: catalog.Table{Followed: true}}
	name := layout.FirstGeneration
	next := func() layout.Generation { return layout.Generation(fmt.Sprintf("gen-%04d-00000000", len(s.chain)+1)) }
	for l := range strings.Lines(words) {
		f := strings.Fields(l)
		if len(f) == 0 {
			continue
		}
		switch f[0] {
		case "gen":
			g := generation{name: name}
			for i, w := range f[1:] {
				d := slot{Slot: layout.Slot{Partition: hour, Generation: name, Number: i + 1}}
				d.object.Key, d.object.Modified = d.Key(), hour.Start()
				if size, ago, ok := strings.Cut(w, "@"); ok {
					age, err := time.ParseDuration(ago)
					if err != nil {
						t.Fatal(err)
					}
					w, d.object.Modified = size, now.Add(age)
				}
				switch w {
				case "seal", "swept":
					d.Kind = part.Kind(w)
				default:
					d.Kind = part.Data
					if !strings.HasSuffix(w, "!") {
						d.head = &index.Head{}
					}
					if _, err := fmt.Sscanf(strings.TrimSuffix(w, "!"), "%d", &d.object.Size); err != nil {
						t.Fatal(err)
					}
				}
				g.slots = append(g.slots, d)
			}
			s.chain = append(s.chain, g)
			name = next()
		case "orphan":
			s.orphans = append(s.orphans, orphan{layout.Generation("gen-000" + f[1] + "-99999999"), []bucket.Object{{Key: "orphan"}}})
		case "raw":
			var merged, all int
			if _, err := fmt.Sscanf(l, "raw %d of %d", &merged, &all); err != nil {
				t.Fatal(err)
			}
			for i := range all {
				x := fragment{Fragment: layout.Fragment{Partition: hour}, object: bucket.Object{Key: fmt.Sprint("raw", i)}}
				if i < merged {
					x.consumed = &s.current().slots[0]
				}
				s.fragments = append(s.fragments, x)
			}
		case "at":
			if f[1] == "none" {
				continue
			}
			var n int
			if _, err := fmt.Sscan(f[1], &n); err != nil {
				t.Fatal(err)
			}
			ago, err := time.ParseDuration(f[2])
			if err != nil {
				t.Fatal(err)
			}
			s.entry = catalog.Partition{Hour: hour, Version: "v", Location: layout.Location(hour, s.chain[n-1].name), PublishedAt: now.Add(ago), WrittenAt: now.Add(ago)}
		case "columns":
			s.entry.Columns = []schema.Field{{Name: "x", Type: schema.Type{Kind: schema.Int}}}
		default:
			t.Fatalf("unknown word %q", f[0])
		}
	}
	return s
}

func TestDecide(t *testing.T) {
	policy := Policy{Target: 1000, Close: 15 * time.Minute, MajorParts: 4, MajorShare: 0.1, Bound: time.Minute, Grace: 4 * time.Hour, Live: 2 * time.Hour, LongestQuery: time.Hour}
	open, closed, late := hour.Start().Add(time.Hour/2), hour.End().Add(20*time.Minute), hour.End().Add(48*time.Hour)
	for name, c := range map[string]struct {
		at    time.Time
		words string
		want  action
		sweep string        // what is swept: slots, objects
		due   time.Duration // from at; 0: never
	}{
		"nothing at all":                {open, "gen", doNothing, "", 0},
		"new":                           {open, "gen\nraw 0 of 2\nat none", doRegister, "", 0},
		"registered":                    {open, "gen\nraw 0 of 2\nat 1 -1s", doMinor, "", 0},
		"merged, open":                  {open, "gen 100\nraw 2 of 2\nat 1 -1h", doNothing, "", 45 * time.Minute},
		"more has come":                 {open, "gen 100\nraw 2 of 3\nat 1 -1h", doMinor, "", 0},
		"Location set back":             {open, "gen 100 seal\ngen 100\nraw 1 of 2\nat 1 -1h", doRepair, "", 0},
		"repair before columns":         {open, "gen 100 seal\ngen 100\nat 1 -1h\ncolumns behind", doRepair, "", 0},
		"columns behind":                {open, "gen 100\nraw 0 of 1\nat 1 -1h\ncolumns behind", doFollow, "", 0},
		"index lost":                    {open, "gen 100 100!\nraw 0 of 1\nat 1 -1h", doReindex, "", 0},
		"closed, several parts":         {closed, "gen 100 100 100\nraw 1 of 1\nat 1 -1h", doMajor, "", 0},
		"closed, published just now":    {closed, "gen 100 100 100\nraw 1 of 1\nat 1 -40s", doNothing, "", 20 * time.Second},
		"open, several parts":           {open, "gen 100 100 100\nraw 1 of 1\nat 1 -1h", doNothing, "", 45 * time.Minute},
		"minor before major":            {closed, "gen 100 100 100\nraw 1 of 2\nat 1 -1h", doMinor, "", 0},
		"parts that do not fit in one":  {closed, "gen 900 900\nraw 1 of 1\nat 1 -1h", doNothing, "", 3 * time.Hour},
		"a late event beside much":      {closed, "gen 900 10\nraw 1 of 1\nat 1 -1h", doNothing, "", 3 * time.Hour},
		"many late events beside much":  {closed, "gen 900 10 10 10 10\nraw 1 of 1\nat 1 -1h", doMajor, "", 0},
		"old generation within grace":   {closed, "gen 100 100 seal\ngen 200\nraw 1 of 1\nat 2 -3h59m", doNothing, "", time.Minute},
		"old generation past grace":     {closed, "gen 100 100 seal\ngen 200\nraw 1 of 1\nat 2 -4h1m", doSweep, "2, 0", 0},
		"fragments go last":             {late, "gen 100 100 seal\ngen 200\nraw 1 of 1\nat 2 -40h", doSweep, "2, 0", 0},
		"fragments, all else is swept":  {late, "gen swept swept seal\ngen 200\nraw 3 of 3\nat 2 -40h", doSweep, "0, 3", 0},
		"fragments of one generation":   {late, "gen 100\nraw 3 of 3\nat 1 -40h", doSweep, "0, 3", 0},
		"fragments merged just now":     {late, "gen 100@-1h\nraw 3 of 3\nat 1 -40h", doNothing, "", 3 * time.Hour},
		"fragments that are still read": {hour.End().Add(2 * time.Hour), "gen 100\nraw 3 of 3\nat 1 -5h", doNothing, "", time.Hour},
		"orphan, its parent sealed":     {closed, "gen 100 seal\ngen 100\norphan 2\nraw 1 of 1\nat 2 -1s", doSweep, "0, 1", 0},
		"orphan, its parent unsealed":   {late, "gen 100\norphan 2\nraw 0 of 0\nat 1 -40h", doNothing, "", 0},
		"orphan of a later parent":      {late, "gen swept seal\ngen 100\norphan 3\nat 2 -40h", doNothing, "", 0},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := decide(picture(t, c.at, c.words), policy, c.at)
			if err != nil {
				t.Fatal(err)
			}
			if got.do != c.want {
				t.Fatalf("decided %q, want %q", got.do, c.want)
			}
			if swept := fmt.Sprintf("%d, %d", len(got.sweep.slots), len(got.sweep.objects)); c.want == doSweep && swept != c.sweep {
				t.Errorf("sweeps %s, want %s", swept, c.sweep)
			}
			if c.want == doNothing {
				due := time.Duration(0)
				if !got.due.IsZero() {
					due = got.due.Sub(c.at)
				}
				if due != c.due {
					t.Errorf("due in %s, want %s", due, c.due)
				}
			}
		})
	}
}

func TestPlan(t *testing.T) {
	now := hour.End()
	tasks := Plan([]Dirty{{Partition: 1, Oldest: now.Add(-time.Minute)}, {Partition: 2, Oldest: now.Add(-time.Hour)}, {Partition: 3, Oldest: now}}, now)
	if len(tasks) != 3 || tasks[0].Partition != 2 || tasks[1].Partition != 1 || tasks[2].Partition != 3 {
		t.Errorf("got %+v", tasks)
	}
	tasks = Plan([]Dirty{{Partition: 1, Oldest: now, Lanes: []layout.Lane{"0", "1"}}, {Partition: 2, Oldest: now.Add(-time.Hour), Lanes: []layout.Lane{""}}}, now)
	if want := []Task{{2, "", true, time.Hour}, {1, "0", true, 0}, {1, "1", false, 0}}; !slices.Equal(tasks, want) {
		t.Errorf("got %+v, want %+v", tasks, want)
	}
}

// A survey tells which lanes a partition has, without those that lie within another.
func TestSurveyLanes(t *testing.T) {
	l := newLake(t)
	for p, lanes := range map[layout.Partition][]layout.Lane{hour: {"01", "00", "1", "11"}, hour + 1: {"0", "", "11"}} {
		for _, lane := range lanes {
			l.put(p, lane, false, lineOf(p, "x", ""))
		}
	}
	dirty, err := l.compactor().Survey(t.Context())
	if err != nil || len(dirty) != 2 || !slices.Equal(dirty[0].Lanes, []layout.Lane{"00", "01", "1"}) || !slices.Equal(dirty[1].Lanes, []layout.Lane{""}) {
		t.Errorf("got %+v, %v", dirty, err)
	}
}

func TestConfig(t *testing.T) {
	l := newLake(t)
	for name, spoil := range map[string]func(*Config){
		"target": func(c *Config) { c.Policy.Target = 0 }, "major parts": func(c *Config) { c.Policy.MajorParts = 0 },
		"grace": func(c *Config) { c.Policy.Bound = c.Policy.Grace + 1 }, "memory": func(c *Config) { c.Memory = 0 },
		"parallel": func(c *Config) { c.Parallel = 0 }, "mapping": func(c *Config) { c.Mapping.ID = "" },
	} {
		c := l.config
		spoil(&c)
		if _, err := New(l.store, l.cat, c); err == nil {
			t.Errorf("a bad %s passes", name)
		}
	}
}
