package layout

import (
	"strings"
	"testing"
)

// FuzzMarks is FuzzKeys for the keys whose names are no runs of records.
func FuzzMarks(f *testing.F) {
	for _, key := range []string{
		"visit/dt=2026-11-23/hour=08/gen-0002-0123456789abcdef", "erasures/key", "erasures/0123456789abcdef.json", "backfill/backfill-1.json", "backfill/..json", "backfill/a.jsonx",
	} {
		f.Add(key)
	}
	f.Fuzz(func(t *testing.T, key string) {
		ours := false
		if v, err := ParseVisit(key); err == nil {
			ours = true
			if v.Key() != key {
				t.Errorf("%q gives %q", key, v.Key())
			}
		}
		if shard, err := ParseBackfill(key); err == nil {
			ours = true
			if Backfill(shard) != key {
				t.Errorf("%q gives %q", key, Backfill(shard))
			}
		}
		ours = ours || CheckErasure(key) == nil
		if ours && (!strings.HasPrefix(key, Visits) && !strings.HasPrefix(key, Erasures) && !strings.HasPrefix(key, Backfills) || !tame(key)) {
			t.Errorf("%q passes", key)
		}
	})
}

// tame tells whether a key can stand in any bucket, directory, URL and SQL statement as it is.
func tame(key string) bool {
	for _, segment := range strings.Split(key, "/") {
		if strings.Trim(segment, ".") == "" {
			return false
		}
	}
	return strings.Trim(key, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_=./") == ""
}

// FuzzNames makes keys of any names. What passes the checks gives a key that is tame, lies in its folder and its hour, and parses to what it
// was made of, and as nothing else.
func FuzzNames(f *testing.F) {
	f.Add("shardId-000000000006", "49590338271490256608559692538361571095921575989136588098", "2", "duplicate_key", "0123456789abcdef", int64(498752), uint64(255))
	f.Add("-", "-1", "", "..", "../../../x", int64(-1), uint64(0))
	f.Add("a/b", "1", "2", "empty", "01234567", int64(0), uint64(16))
	f.Add("a/../b", "1\n", "0x1", "a/b", "0123/567", int64(0), uint64(16))
	f.Add("l-s-1-2-0000000000000000.json", "00", "1", "a", "00000000", int64(lastPartition), uint64(1)<<63)
	f.Add("s.json.gz", "0", "0", "gen", "zzzzzzzzzzzzzzzzzzzzzzzzzzzzzzzz", int64(lastPartition)+1, ^uint64(0))
	f.Fuzz(func(t *testing.T, shard, first, last, reason, nonce string, at int64, hash uint64) {
		hour := Partition(at)
		if !hour.Valid() {
			if p, err := ParsePartition(hour.String()); err == nil && p != hour {
				t.Errorf("hour %d is written %s, which is hour %d", at, hour, p)
			}
			return
		}
		all := map[string]string{}
		span := Span{Shard: shard, First: first, Last: last}
		if span.Check() == nil {
			lane := LaneOf([16]byte{byte(hash), byte(hash >> 8)}, 1<<(hash%9))
			all["fragment"] = Fragment{Partition: hour, Lane: lane, Span: span, Hash: hash, Gzip: hash%2 == 0}.Key()
			all["entry"] = Entry{Arrival: hour, Span: span, Hash: hash}.Key()
			if isReason(reason) {
				all["reject"] = Reject{Arrival: hour, Reason: reason, Span: span, Hash: hash}.Key()
			}
			if x, err := ParseFragment(all["fragment"]); err != nil || x != (Fragment{hour, lane, span, hash, hash%2 == 0}) {
				t.Errorf("%q is %+v, %v", all["fragment"], x, err)
			}
			if x, err := ParseEntry(all["entry"]); err != nil || x != (Entry{hour, span, hash}) {
				t.Errorf("%q is %+v, %v", all["entry"], x, err)
			}
		}
		all["headers"] = Headers(hour)
		all["rollup"] = Rollup{Arrival: hour, Hash: hash}.Key()
		if g := FirstGeneration.Successor(nonce); g.Number() != 0 {
			slot := Slot{Partition: hour, Generation: g, Number: 1 + int(hash%MaxSlots)}
			all["location"], all["slot"] = Location(hour, g), slot.Key()
			if x, err := ParseSlot(slot.Key()); err != nil || x != slot || g.Number() != 2 {
				t.Errorf("%q is %+v, %v", slot.Key(), x, err)
			}
		}
		for name, key := range all {
			want := map[string]int{"fragment": 3, "entry": 4, "reject": 4, "rollup": 3, "headers": 3, "slot": 4, "location": 4}[name]
			if !tame(strings.TrimSuffix(key, "/")) || strings.Count(key, "/") != want {
				t.Errorf("%s %q is not tame, or not %d folders deep", name, key, want)
			}
			if p, err := PartitionIn(key); name != "entry" && (err != nil || p != hour) {
				t.Errorf("%s %q lies in %s, %v; want %s", name, key, p, err, hour)
			}
			for other, parse := range parsers {
				if back, err := parse(key); (err == nil) != (other == name) || err == nil && back != key {
					t.Errorf("%s %q read as %s is %q, %v", name, key, other, back, err)
				}
			}
		}
	})
}
