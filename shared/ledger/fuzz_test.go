package ledger

import (
	"bytes"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/layout"
)

// FuzzParse reads any bytes as an entry. What is read and put is read as the same, under a name that tells its hash; and so it is once it is rolled
// up.
func FuzzParse(f *testing.F) {
	f.Add([]byte(`{"v":1,"shard":"s","first":"1","last":"2","arrival":"2026-11-23T08:05:00Z","received":0}`))
	f.Add([]byte(`{"v":1,"shard":"s-0","first":"1","last":"2","arrival":"2026-11-23T08:05:00.123456789+01:00","replay":"x","received":9,` +
		`"hours":[{"partition":"dt=2026-11-23/hour=08","stored":5,"duplicates":2,"fragments":[{"name":"\u2028","lines":5}]}],"quarantined":{"b":1,"a":1},"rejects":["\ud83d\ude00"]}`))
	f.Add([]byte(`{"v":2}`))
	f.Add([]byte(`{"v":1,"received":9223372036854775807,"hours":[{"stored":9223372036854775807,"fragments":[{"lines":9223372036854775807}]},{"stored":1,"fragments":[{"lines":1}]}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		e, err := Parse(text)
		if err != nil {
			return
		}
		if e.Version > Version {
			t.Errorf("version %d passes", e.Version)
		}
		_ = e.Check() // never panics
		span := layout.Span{Shard: e.Shard, First: e.First, Last: e.Last}
		if span.Check() != nil || !layout.PartitionOf(e.Arrival).Valid() {
			return
		}
		b := bucket.NewMemory(time.Now)
		at, err := Put(t.Context(), b, e)
		if err != nil {
			t.Fatal(err)
		}
		stored, err := read(t.Context(), b, at.Key())
		if err != nil || at.Hash != xxhash.Sum64(stored) || at.Span != span || at.Arrival != layout.PartitionOf(e.Arrival) {
			t.Errorf("put as %+v, %v", at, err)
		}
		e.Version = Version
		for range 2 {
			got := entries(t, b)
			if len(got) != 1 || !sameEntry(got[0], e) {
				t.Errorf("read %+v, want %+v", got, e)
			}
			if done, err := RollUp(t.Context(), b, at.Arrival.End(), 0); err != nil || done.RolledUp > 1 {
				t.Errorf("rolled up %+v, %v", done, err)
			}
		}
	})
}

// FuzzRollUp puts any entries into any hours, each so often, and rolls up again and again while more of them come, also what was there before. A
// reader sees each entry once at each point, and RollUp leaves none of the hours that are over.
func FuzzRollUp(f *testing.F) {
	f.Add([]byte("\x01\x02\x03"), uint8(1))
	f.Add([]byte("\x01\x81\x01\x02\xff\x81\x01"), uint8(0))
	f.Add([]byte("\x01\xff\x01\x02\xff\x02\x41\xff"), uint8(2)) // an entry in two rollups
	f.Add([]byte("\x00\x40\x80\xc0\x00\xff\x00\x40\xff"), uint8(2))
	f.Fuzz(func(t *testing.T, script []byte, over uint8) {
		if len(script) > 64 {
			return
		}
		b := bucket.NewMemory(time.Now)
		first := layout.PartitionOf(arrival)
		over %= 5
		now := first.Start().Add(time.Duration(over) * time.Hour) // so many hours are over
		seen := map[string]bool{}
		for _, step := range script {
			if step == 0xff {
				if _, err := RollUp(t.Context(), b, now, 0); err != nil {
					t.Fatal(err)
				}
				for o, err := range b.List(t.Context(), layout.LedgerNew, "") {
					if at, wrong := layout.ParseEntry(o.Key); err != nil || wrong != nil || at.Arrival < first+layout.Partition(over) {
						t.Errorf("%s is left: %v, %v", o.Key, err, wrong)
					}
				}
			} else {
				e := entry("1" + strings.Repeat("0", int(step%16)))
				e.Arrival = first.Start().Add(time.Duration(step/64) * time.Hour)
				if _, err := Put(t.Context(), b, e); err != nil {
					t.Fatal(err)
				}
				seen[e.First+e.Arrival.String()] = true
			}
			var got []string
			for _, e := range entries(t, b) {
				got = append(got, e.First+e.Arrival.String())
			}
			slices.Sort(got)
			if want := slices.Sorted(maps.Keys(seen)); !slices.Equal(got, want) {
				t.Fatalf("after %x of %x the ledger holds %q, want %q", step, script, got, want)
			}
		}
	})
}

// FuzzRolledUp reads any bytes as the lines of an entry and of a rollup: each is given as an entry or told as bad.
func FuzzRolledUp(f *testing.F) {
	f.Add([]byte("{\"v\":1}\n"), true)
	f.Add([]byte("\x1f\x8b\x08\x00\x00\x00\x00\x00\x00\xff\x03\x00\x00\x00\x00\x00\x00\x00\x00\x00"), true)
	f.Add([]byte("{\"v\":1}\n{\"v\":2}\n{}"), false)
	f.Add([]byte("{\"v\":1}\n{}"), false)
	f.Fuzz(func(t *testing.T, object []byte, rolled bool) {
		b := bucket.NewMemory(time.Now)
		key := layout.Rollup{Arrival: layout.PartitionOf(arrival), Hash: 1}.Key()
		if !rolled {
			key = layout.Entry{Arrival: layout.PartitionOf(arrival), Span: layout.Span{Shard: "s", First: "1", Last: "1"}, Hash: 1}.Key()
		}
		if _, err := b.Put(t.Context(), key, bytes.NewReader(object), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		good, bad := 0, 0
		err := Each(t.Context(), b, func(string, Entry) error { good++; return nil }, func(string, error) { bad++ })
		if err != nil || bad > 1 {
			t.Errorf("%d bad objects, %v", bad, err)
		}
		if !rolled && bad == 0 && len(object) > 0 && (good == 0 || object[len(object)-1] != '\n') {
			t.Errorf("%q is passed over", object)
		}
	})
}

func entries(t *testing.T, b bucket.Bucket) []Entry {
	t.Helper()
	var all []Entry
	err := Each(t.Context(), b, func(_ string, e Entry) error {
		all = append(all, e)
		return nil
	}, func(key string, err error) { t.Errorf("%s: %v", key, err) })
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// sameEntry tells whether two entries say the same; what is empty need not be there.
func sameEntry(a, b Entry) bool {
	if !a.Arrival.Equal(b.Arrival) {
		return false
	}
	a.Arrival, b.Arrival = time.Time{}, time.Time{}
	for _, e := range []*Entry{&a, &b} {
		e.Hours = slices.Clone(e.Hours)
		for i := range e.Hours {
			if len(e.Hours[i].Fragments) == 0 {
				e.Hours[i].Fragments = nil
			}
		}
		if len(e.Hours) == 0 {
			e.Hours = nil
		}
		if len(e.Quarantined) == 0 {
			e.Quarantined = nil
		}
		if len(e.Rejects) == 0 {
			e.Rejects = nil
		}
	}
	return reflect.DeepEqual(a, b)
}
