package layout

import (
	"math"
	"strings"
	"testing"
	"time"
)

func TestPartitionOf(t *testing.T) {
	for _, c := range []struct{ at, want string }{
		{"2026-11-23T08:00:00Z", "dt=2026-11-23/hour=08"},
		{"2026-11-23T08:59:59.999999999Z", "dt=2026-11-23/hour=08"},
		{"2026-11-23T09:00:00Z", "dt=2026-11-23/hour=09"},
		{"2026-11-23T23:30:00-05:00", "dt=2026-11-24/hour=04"}, // 45: always UTC
		{"2021-03-14T02:30:00-08:00", "dt=2021-03-14/hour=10"}, // 45: an hour that a local clock skips
		{"1970-01-01T00:00:00Z", "dt=1970-01-01/hour=00"},
		{"1969-12-31T23:59:59Z", "dt=1969-12-31/hour=23"},
		{"9999-12-31T23:59:59Z", "dt=9999-12-31/hour=23"},
	} {
		at, err := time.Parse(time.RFC3339Nano, c.at)
		if err != nil {
			t.Fatal(err)
		}
		p := PartitionOf(at)
		if p.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.at, p, c.want)
		}
		if at.Before(p.Start()) || !at.Before(p.End()) {
			t.Errorf("%s is not in [%s, %s)", c.at, p.Start(), p.End())
		}
		if back, err := ParsePartition(p.String()); err != nil || back != p {
			t.Errorf("%s parses as %v, %v", p, back, err)
		}
		if got := "dt=" + p.Date() + "/hour=" + p.Hour(); got != c.want {
			t.Errorf("keys give %s, want %s", got, c.want)
		}
	}
	if Partition(-1).Valid() || !Partition(0).Valid() || PartitionOf(time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC)).Valid() {
		t.Error("Valid is wrong at the ends")
	}
}

// 49: nothing that an event or a stream can hold reaches a key.
func TestHostileNames(t *testing.T) {
	hostile := []string{
		"", "..", "../x", "a/b", "a\x00b", "dt=2026-11-23", "%2F", "a b", "é", strings.Repeat("a", 200), "'; drop table", "__HIVE_DEFAULT_PARTITION__/",
		".hidden", "-", "_x", "\n",
	}
	for _, s := range hostile {
		if err := (Span{Shard: s, First: "1", Last: "2"}).Check(); err == nil {
			t.Errorf("shard %q passes", s)
		}
		if err := (Span{Shard: "s", First: s, Last: "2"}).Check(); err == nil {
			t.Errorf("sequence %q passes", s)
		}
		for _, parse := range parsers {
			for _, key := range []string{s, "raw/" + s, "events/dt=2026-11-23/hour=08/" + s, "raw/dt=2026-11-23/hour=08/" + s,
				"backfill/" + s + ".json", "erasures/" + s + ".json", "quarantine/dt=2026-11-23/hour=08/" + s + "/local-1-2-0123456789abcdef.json", "quarantine/dt=2026-11-23/hour=08/" + s + "/x.json"} {
				if back, err := parse(key); err == nil {
					t.Errorf("%q parses as %q", key, back)
				}
			}
		}
	}
}

func TestNamesAtTheirBounds(t *testing.T) {
	for name, good := range map[string]bool{"a": true, "a_z": true, strings.Repeat("a", 32): true, strings.Repeat("a", 33): false, "a1": false, "aB": false, "_a": false} {
		if isReason(name) != good {
			t.Errorf("reason %q: want %t", name, good)
		}
	}
	for name, good := range map[string]bool{"0": true, "a_.-Z": true, strings.Repeat("a", 128): true, strings.Repeat("a", 129): false, ".a": false, "a/": false} {
		if isShard(name) != good {
			t.Errorf("shard %q: want %t", name, good)
		}
	}
}

// parsers read a key and give it again as made from what was read.
var parsers = map[string]func(string) (string, error){
	"fragment": func(k string) (string, error) { x, err := ParseFragment(k); return x.Key(), err },
	"slot":     func(k string) (string, error) { x, err := ParseSlot(k); return x.Key(), err },
	"index":    func(k string) (string, error) { x, err := ParseIndex(k); return x.Key(), err },
	"reject":   func(k string) (string, error) { x, err := ParseReject(k); return x.Key(), err },
	"entry":    func(k string) (string, error) { x, err := ParseEntry(k); return x.Key(), err },
	"rollup":   func(k string) (string, error) { x, err := ParseRollup(k); return x.Key(), err },
	"headers":  func(k string) (string, error) { p, err := ParseHeaders(k); return Headers(p), err },
	"backfill": func(k string) (string, error) { s, err := ParseBackfill(k); return Backfill(s), err },
	"erasure":  func(k string) (string, error) { return k, CheckErasure(k) },
	"location": func(k string) (string, error) {
		p, g, err := ParseLocation(k)
		return Location(p, g), err
	},
}

var sampleKeys = map[string]string{
	"fragment": "raw/dt=2026-11-23/hour=08/l01-shardId-000000000006-4959033827149025660855969253836157109592157598913658-4959033827149025660855969253836157109592157598913659-00000000000000ff.json",
	"slot":     "events/dt=2026-11-23/hour=08/gen-0002-0123456789abcdef/part-00017.json.gz",
	"index":    "index/dt=2026-11-23/hour=08/gen-0001/part-00001-0123456789abcdef0123456789abcdef.idx",
	"reject":   "quarantine/dt=2026-11-23/hour=08/duplicate_key/local-1-2-0123456789abcdef.json",
	"entry":    "ledger/new/dt=2026-11-23/hour=08/local-1-2-0123456789abcdef.json",
	"rollup":   "ledger/dt=2026-11-23/hour=08/rollup-0123456789abcdef.json.gz",
	"headers":  "index/dt=2026-11-23/hour=08/headers.json.gz",
	"backfill": "backfill/backfill-orders.2026_10.json",
	"erasure":  "erasures/0123456789abcdef.json",
	"location": "events/dt=2026-11-23/hour=08/gen-0001/",
}

func TestKeysRoundTrip(t *testing.T) {
	for name, key := range sampleKeys {
		back, err := parsers[name](key)
		if err != nil || back != key {
			t.Errorf("%s: %q gives %q, %v", name, key, back, err)
		}
		for other, parse := range parsers {
			if _, err := parse(key); other != name && err == nil {
				t.Errorf("%q, a key of kind %s, parses as one of %s", key, name, other)
			}
		}
	}
	if _, err := ParseFragment(strings.Replace(sampleKeys["fragment"], ".json", ".json.gz", 1)); err != nil {
		t.Error(err)
	}
}

// FuzzKeys: whatever parses, gives the same key again, and lies below one of the lake's folders.
func FuzzKeys(f *testing.F) {
	for _, key := range sampleKeys {
		f.Add(key)
	}
	f.Add("raw/dt=2026-11-23/hour=08/../../events/x")
	f.Add("raw/dt=2026-02-30/hour=24/l-s-1-2-0000000000000000.json")
	f.Fuzz(func(t *testing.T, key string) {
		for name, parse := range parsers {
			back, err := parse(key)
			if err != nil {
				continue
			}
			if back != key {
				t.Errorf("%s: %q gives %q", name, key, back)
			}
			if strings.Contains(key, "..") || strings.ContainsAny(key, "\x00\n\\'\"") || strings.HasPrefix(key, "/") {
				t.Errorf("%s: %q passes", name, key)
			}
		}
	})
}

func TestGenerations(t *testing.T) {
	g := FirstGeneration.Successor("0123456789abcdef")
	if g != "gen-0002-0123456789abcdef" || g.Number() != 2 || FirstGeneration.Number() != 1 {
		t.Errorf("got %s, number %d", g, g.Number())
	}
	if far := Generation("gen-9999-00000000").Successor("00000000"); far.Number() != 10000 {
		t.Errorf("%s has number %d", far, far.Number())
	}
	for _, bad := range []Generation{"", "gen-0001-00000000", "gen-0002", "gen-00002-00000000", "gen-0000", "gen-0002-../x", "gen-2-00000000", "0002-00000000",
		"gen-0002-0000000", Generation("gen-0002-" + strings.Repeat("0", 33)), "gen-0002-00000000-", "gen-0002-0000000A", "gen-+002-00000000", "gen-1234567890-00000000"} {
		if bad.Number() != 0 {
			t.Errorf("%q has number %d", bad, bad.Number())
		}
	}
}

func TestLanes(t *testing.T) {
	counts := map[Lane]int{}
	for i := range 4096 {
		var id [16]byte
		id[15], id[14] = byte(i), byte(i>>8)
		if l := LaneOf(id, 1); l != "" {
			t.Fatalf("one lane gives %q", l)
		}
		wide, narrow := LaneOf(id, 4), LaneOf(id, 16)
		if !wide.Overlaps(narrow) || !strings.HasPrefix(string(narrow), string(wide)) {
			t.Fatalf("lane %q of 4 and %q of 16 hold the same id", wide, narrow)
		}
		counts[narrow]++
	}
	if len(counts) != 16 {
		t.Fatalf("%d lanes of 16 are used", len(counts))
	}
	for l, n := range counts {
		if math.Abs(float64(n)-256) > 100 {
			t.Errorf("lane %s has %d of 4096 ids", l, n)
		}
	}
	if Lane("0").Overlaps("1") || !Lane("").Overlaps("1") || !Lane("01").Overlaps("0") {
		t.Error("Overlaps is wrong")
	}
	for n, ok := range map[int]bool{0: false, 1: true, 2: true, 3: false, 256: true, 512: false, -4: false} {
		if (CheckLanes(n) == nil) != ok {
			t.Errorf("CheckLanes(%d) = %v", n, CheckLanes(n))
		}
	}
}

// Of a lane's prefixes one, and no other, leads to a fragment that may hold events of the lane; none to any other.
func TestLanePrefixes(t *testing.T) {
	lanes := []Lane{"", "0", "1", "00", "01", "10", "11", "010", "011", "0100"}
	for _, lane := range lanes {
		for _, other := range lanes {
			key := Fragment{Partition: 7, Lane: other, Span: Span{Shard: "s", First: "1", Last: "2"}}.Key()
			n := 0
			for _, prefix := range LanePrefixes(7, lane) {
				if strings.HasPrefix(key, prefix) {
					n++
				}
			}
			if want := map[bool]int{true: 1}[lane.Overlaps(other)]; n != want {
				t.Errorf("lane %q: %d prefixes lead to %s, want %d", lane, n, key, want)
			}
		}
	}
}

func TestCheckProbe(t *testing.T) {
	const name = "c3fc6ac7-719e-4a47-ac90-f305cc071d41"
	if err := CheckProbe(Probes + name); err != nil {
		t.Error(err)
	}
	for _, key := range []string{Probes, Probes + name + "0", Probes + "export.csv", Probes + "C" + name[1:], Raw + name, name} {
		if CheckProbe(key) == nil {
			t.Errorf("%q is taken", key)
		}
	}
}
