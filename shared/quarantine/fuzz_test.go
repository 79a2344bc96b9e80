package quarantine

import (
	"bytes"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// FuzzPut quarantines any bytes, one reject a line of them and one of all: they read as they were, under the same name when they come again, which
// tells the hash of what lies there. After an erasure those that match hold nothing more, and the others are as they were.
func FuzzPut(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n\xff\x00\n\n\"x"), "not UTF-8 at 3: \"<&>\u2028\"", int64(1795422600123), uint16(3))
	f.Add([]byte("\xf3\x89\x9a\xc2"), "", int64(0), uint16(1))
	f.Add([]byte{}, "\x00", int64(253402300799999), uint16(0))
	f.Fuzz(func(t *testing.T, data []byte, detail string, ms int64, erased uint16) {
		at := time.UnixMilli(ms)
		if !layout.PartitionOf(at).Valid() {
			return
		}
		detail = strings.ToValidUTF8(detail, "?") // as the decoder's details are
		var all []Reject
		for i, piece := range append(bytes.Split(data, []byte{'\n'}), data) {
			all = append(all, Reject{Reason: event.Encoding, Detail: detail, Shard: "s", Sequence: "7", Position: i, Arrival: at, Data: piece})
		}
		b := bucket.NewMemory(time.Now)
		span := layout.Span{Shard: "s", First: "1", Last: "7"}
		key, err := Put(t.Context(), b, span, all)
		if err != nil {
			t.Fatal(err)
		}
		if again, err := Put(t.Context(), b, span, all); err != nil || again != key {
			t.Errorf("put again as %s, %v; was %s", again, err, key)
		}
		stored := text(t, b, key)
		if name, err := layout.ParseReject(key); err != nil || name.Hash != xxhash.Sum64String(stored) || name.Arrival != layout.PartitionOf(at) || name.Span != span {
			t.Errorf("%s: %v", key, err)
		}
		expect(t, b, key, all)

		gone := func(r Reject) bool { return erased>>(r.Position%16)&1 != 0 }
		n := 0
		for i := range all {
			if gone(all[i]) {
				all[i].Erased, all[i].Data, all[i].Detail = true, nil, ""
				n++
			}
		}
		if got, err := Erase(t.Context(), b, key, gone); err != nil || got != n {
			t.Errorf("erased %d, %v; want %d", got, err, n)
		}
		expect(t, b, key, all)
	})
}

func expect(t *testing.T, b bucket.Bucket, key string, want []Reject) {
	t.Helper()
	got, err := Read(t.Context(), b, key)
	if err != nil || !slices.EqualFunc(got, want, same) {
		t.Errorf("read %+v, %v; want %+v", got, err, want)
	}
}

func same(a, b Reject) bool {
	if !a.Arrival.Equal(b.Arrival) || !bytes.Equal(a.Data, b.Data) {
		return false
	}
	a.Arrival, a.Data, b.Arrival, b.Data = time.Time{}, nil, time.Time{}, nil
	return a.Reason == b.Reason && a.Detail == b.Detail && a.Shard == b.Shard && a.Sequence == b.Sequence && a.Position == b.Position && a.Erased == b.Erased
}

// FuzzRead reads any bytes as an object. What is read, and put as new, is read alike; an erasure that matches nothing changes nothing, and one
// that cannot read the object leaves it as it was.
func FuzzRead(f *testing.F) {
	f.Add([]byte(`{"reason":"empty","detail":"","shard":"s","sequence":"1","position":0,"arrival":"2026-11-23T08:00:00Z","data":""}` + "\n"))
	f.Add([]byte(`{"reason":"empty","data":"e30=","erased":true,"arrival":"2026-11-23T08:00:00+14:00"}` + "\n{}\n"))
	f.Add([]byte("{\"data\":\"e30\"}\n"))
	f.Add([]byte("{\"data\":[123,125]}\n"))
	f.Add([]byte("{}\n{\"reason\":\"empty\"}"))
	f.Fuzz(func(t *testing.T, object []byte) {
		b := bucket.NewMemory(time.Now)
		x := keyOf(object)
		if _, err := b.Put(t.Context(), x, bytes.NewReader(object), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		rejects, err := Read(t.Context(), b, x)
		asked := 0
		n, wrong := Erase(t.Context(), b, x, func(Reject) bool { asked++; return false })
		if n != 0 || (wrong == nil) != (err == nil) || text(t, b, x) != string(object) {
			t.Errorf("read %v; erased %d, %v", err, n, wrong)
		}
		if err != nil || len(rejects) == 0 || !layout.PartitionOf(rejects[0].Arrival).Valid() || !rejects[0].Reason.Valid() {
			return
		}
		for i := range rejects {
			if rejects[i].Erased {
				asked++
			}
			if year := rejects[i].Arrival.UTC().Year(); year < 0 || year > 9999 {
				return // no time that JSON can have
			}
		}
		if asked != len(rejects) {
			t.Errorf("asked of %d records of %d", asked, len(rejects))
		}
		key, err := Put(t.Context(), b, layout.Span{Shard: "s", First: "1", Last: "2"}, rejects)
		if err != nil {
			t.Fatal(err)
		}
		expect(t, b, key, rejects)
	})
}
