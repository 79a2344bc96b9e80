package ingest

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"maps"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/ingest/kpl"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// witness notes by whom each id was settled.
type witness struct {
	claims.Claims
	owners map[event.ID]event.Origin
}

func (w *witness) Settle(ctx context.Context, b claims.Batch) error {
	for _, c := range b.Claims {
		w.owners[c.ID] = event.Origin{Shard: b.Shard, Sequence: c.Sequence, Position: c.Position}
	}
	return w.Claims.Settle(ctx, b)
}

func (l *lake) witness() *witness {
	w := &witness{l.claims, map[event.ID]event.Origin{}}
	l.claims = w
	return w
}

func idOf(t *testing.T, id string) event.ID {
	t.Helper()
	got, err := event.ParseID(id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// rejects gives what lies in quarantine, by key.
func (l *lake) rejects() map[string][]quarantine.Reject {
	l.t.Helper()
	all := map[string][]quarantine.Reject{}
	for key := range l.objects(layout.Quarantine) {
		var err error
		if all[key], err = quarantine.Read(context.Background(), l.bucket, key); err != nil {
			l.t.Fatal(err)
		}
	}
	return all
}

// replay delivers all of quarantine once more, as the host does.
func (l *lake) replay() (sum Result) {
	l.t.Helper()
	all := l.rejects()
	for _, key := range slices.Sorted(maps.Keys(all)) {
		d := Delivery{Shard: all[key][0].Shard, Replay: key}
		for _, r := range all[key] {
			d.Records = append(d.Records, Record{Sequence: r.Sequence, Position: r.Position, Arrival: r.Arrival, Data: r.Data})
		}
		r := l.ok(d)
		sum.Received += r.Received
		sum.Stored += r.Stored
		sum.Duplicates += r.Duplicates
	}
	return sum
}

func future(id string) string {
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":"2026-11-30T00:00:00Z"}`, id)
}

// 22: every event of an aggregate has a position of its own, whatever else is in its record.
func TestAggregate(t *testing.T) {
	l := newLake(t)
	w := l.witness()
	aggregate := kpltest.Encode(
		kpltest.Record{Key: "p", Data: []byte(good("a"))},
		kpltest.Record{Key: "q", Data: []byte(good("b") + "\n" + good("c") + "\n")},
		kpltest.Record{Key: "q", Data: nil},
		kpltest.Record{Key: "p", Hash: "340282366920938463463374607431768211455", Data: []byte("bad\n" + good("d"))}, // outside the shard, maybe: it counts
		kpltest.Record{Key: "p", Data: []byte(good("a"))},
		kpltest.Record{Key: "p", Data: []byte(good("e"))},
	)
	d := delivery("s", 7, good("x"), string(aggregate), good("y"))
	tried, err := (&Ingester{}).Try(Delivery{})
	if err != nil || tried.Received != 0 {
		t.Errorf("tried nothing: %+v, %v", tried, err)
	}
	i, err := New(l.bucket, l.claims, l.config)
	if err != nil {
		t.Fatal(err)
	}
	if tried, err = i.Try(d); err != nil || tried.Received != 10 || tried.Stored != 8 || tried.Quarantined[event.Empty] != 1 || len(l.objects("")) != 0 {
		t.Errorf("tried: %+v, %v", tried, err)
	}
	if r := l.ok(d); r.Received != 10 || r.Stored != 7 || r.Duplicates != 1 || r.Quarantined[event.Empty] != 1 || r.Quarantined[event.NotJSON] != 1 ||
		r.Copies[0].Sequence != "8" || r.Copies[0].Position != 6 {
		t.Errorf("got %+v", r)
	}
	want := map[event.ID]event.Origin{}
	for id, at := range map[string]event.Origin{
		"x": {Sequence: "7"}, "a": {Sequence: "8"}, "b": {Sequence: "8", Position: 1}, "c": {Sequence: "8", Position: 2},
		"d": {Sequence: "8", Position: 5}, "e": {Sequence: "8", Position: 7}, "y": {Sequence: "9"},
	} {
		at.Shard = "s"
		want[idOf(t, id)] = at
	}
	if !maps.Equal(w.owners, want) {
		t.Errorf("owners are %v, want %v", w.owners, want)
	}
	for key, rejects := range l.rejects() {
		position, data := 3, ""
		if rejects[0].Reason == event.NotJSON {
			position, data = 4, "bad"
		}
		if len(rejects) != 1 || rejects[0].Position != position || string(rejects[0].Data) != data || rejects[0].Sequence != "8" {
			t.Errorf("%s: %+v", key, rejects)
		}
	}
	before := l.objects("")
	l.ok(d)
	if !maps.Equal(before, l.objects("")) {
		t.Error("delivered again, the bucket changed")
	}
	for cut := 1; cut < 3; cut++ { // bisected
		l.ok(Delivery{Shard: "s", Records: d.Records[:cut]})
		l.ok(Delivery{Shard: "s", Records: d.Records[cut:]})
	}
	if got := l.stored(); len(got) != 7 {
		t.Errorf("stored %v", got)
	}
}

// 22: a broken aggregate costs itself alone: it is kept whole, byte by byte, and replaying it does no harm.
func TestBrokenAggregate(t *testing.T) {
	whole := kpltest.Events(good("x"), good("z"))
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	for name, data := range map[string][]byte{
		"sum":          flipped,
		"cut off":      whole[:len(whole)-5],
		"magic":        whole[:4],
		"no records":   kpltest.Seal([]byte("\x0a\x01p")),
		"no protobuf":  kpltest.Seal([]byte(good("x") + "\n" + good("z"))),
		"index":        kpltest.Seal([]byte("\x0a\x01p\x1a\x06\x08\x07\x1a\x02{}")),
		"nested":       kpltest.Events(good("x"), string(whole)),
		"nested first": kpltest.Events(string(whole), good("x")),
		"white space":  append([]byte("\n"), whole...),
		"line behind":  append(bytes.Clone(whole), "\n"+good("x")...),
	} {
		t.Run(name, func(t *testing.T) {
			l := newLake(t)
			check := func() {
				t.Helper()
				if got := l.stored(); len(got) != 2 || got["a"] != 1 || got["b"] != 1 {
					t.Errorf("stored %v", got)
				}
				all := l.rejects()
				if len(all) != 1 {
					t.Fatalf("%d quarantine objects", len(all))
				}
				for key, rejects := range all {
					r := rejects[0]
					if !strings.Contains(key, "/kpl_broken/") || len(rejects) != 1 || !bytes.Equal(r.Data, data) || r.Position != 0 || r.Sequence != "2" || r.Detail == "" {
						t.Errorf("%s: %+v", key, rejects)
					}
				}
			}
			if r := l.ok(delivery("s", 1, good("a"), string(data), good("b"))); r.Received != 3 || r.Stored != 2 || r.Quarantined[event.KPLBroken] != 1 {
				t.Errorf("got %+v", r)
			}
			check()
			if r := l.replay(); r.Received != 1 || r.Stored != 0 {
				t.Errorf("replayed: %+v", r)
			}
			check()
		})
	}
}

// A panic of our own decoder costs the record that caused it, and is told.
func TestAggregateThatPanics(t *testing.T) {
	decode := decodeAggregate
	t.Cleanup(func() { decodeAggregate = decode })
	decodeAggregate = func([]byte) (kpl.Aggregate, error) { panic("mine") }
	l := newLake(t)
	data := kpltest.Events(good("x"))
	if r := l.ok(delivery("s", 1, good("a"), string(data), good("b"))); r.Stored != 2 || r.Quarantined[event.KPLBroken] != 1 {
		t.Errorf("got %+v", r)
	}
	for key, rejects := range l.rejects() {
		if len(rejects) != 1 || !bytes.Equal(rejects[0].Data, data) || !strings.Contains(rejects[0].Detail, "panic: mine") {
			t.Errorf("%s: %+v", key, rejects)
		}
	}
	decodeAggregate = decode
	if r := l.replay(); r.Stored != 1 {
		t.Errorf("once mended, a replay gives %+v", r)
	}
}

// I5, 22: what replay brings back is who it would have been at first, be it a piece of a sub-record or an aggregate that was thought broken.
func TestReplayKeepsIdentity(t *testing.T) {
	data := []string{
		string(kpltest.Events(future("a"), good("b")+"\n"+future("c")+"\n"+good("d"), "", future("e"))),
		future("f") + future("g") + good("h"),
		string(kpltest.Events(good("i")+"bad", future("j"))),
	}
	at := func(spoil func(*lake), mend func(*lake)) (map[event.ID]event.Origin, map[string]int) {
		l := newLake(t)
		l.config.MaxFuture = 1000 * time.Hour
		w := l.witness()
		spoil(l)
		mend(l)
		l.config.MaxFuture = 1000 * time.Hour
		for range 2 { // twice is once
			l.replay()
		}
		return w.owners, l.stored()
	}
	first := func(l *lake) { l.ok(delivery("s", 1, data...)) }
	want, stored := at(first, func(*lake) {})
	if len(want) != 10 {
		t.Fatalf("%d owners", len(want))
	}
	for name, spoil := range map[string]func(*lake){
		"pieces": func(l *lake) {
			l.config.MaxFuture = time.Hour
			first(l)
		},
		"whole": func(l *lake) { // as a program would that cannot read the format
			var rejects []quarantine.Reject
			for n, r := range delivery("s", 1, data...).Records {
				rejects = append(rejects, quarantine.Reject{Reason: event.KPLBroken, Shard: "s", Sequence: fmt.Sprint(n + 1), Arrival: arrival, Data: r.Data})
			}
			if _, err := quarantine.Put(t.Context(), l.bucket, layout.Span{Shard: "s", First: "1", Last: "3"}, rejects); err != nil {
				t.Fatal(err)
			}
		},
	} {
		got, n := at(spoil, func(*lake) {})
		if !reflect.DeepEqual(got, want) {
			t.Errorf("%s: owners are %v, want %v", name, got, want)
		}
		if !maps.Equal(n, stored) {
			t.Errorf("%s: stored %v, want %v", name, n, stored)
		}
	}
}

// A rejected piece that begins as an aggregate does was none when it came, and is none when it is replayed.
func TestPieceLikeAggregate(t *testing.T) {
	whole := string(kpltest.Events(good("x"), good("z")))
	l := newLake(t)
	r := l.ok(delivery("s", 1, good("a")+"\n"+whole, string(kpltest.Events(good("b")+" "+whole, good("c")))))
	if r.Stored != 3 || r.Received != 5 || r.Quarantined[event.KPLBroken] != 0 {
		t.Errorf("got %+v", r)
	}
	before := l.rejects()
	for range 2 {
		if r := l.replay(); r.Received != 2 || r.Stored != 0 {
			t.Errorf("replayed: %+v", r)
		}
	}
	if !reflect.DeepEqual(l.rejects(), before) {
		t.Errorf("quarantine was %v, is %v", before, l.rejects())
	}
}

// 22, 24: 10,000 tiny sub-records; one of 1 MiB; a record of 10 MiB, aggregated or not.
func TestAggregateSizes(t *testing.T) {
	tiny := make([]string, 10_000)
	for k := range tiny {
		tiny[k] = fmt.Sprintf(`{"event_uuid":"%d","created_at":1795422600}`, k)
	}
	long := func(id string, size int) string {
		return strings.TrimSuffix(good(id), "}") + `,"comment":"` + strings.Repeat("x", size) + `"}`
	}
	l := newLake(t)
	w := l.witness()
	r := l.ok(delivery("s", 1, string(kpltest.Events(tiny...)), string(kpltest.Events(good("a"), long("b", 1<<20), good("c"))), long("d", 10<<20-200), string(kpltest.Events(long("e", 10<<20-200)))))
	if r.Stored != 10_005 || r.Received != r.Stored {
		t.Errorf("%d of %d stored, %v", r.Stored, r.Received, r.Quarantined)
	}
	seen := map[event.Origin]bool{}
	for _, at := range w.owners {
		seen[at] = true
	}
	if len(seen) != 10_005 {
		t.Errorf("%d identities", len(seen))
	}
	for k, id := range map[int]string{0: "0", 9_999: "9999"} {
		if at := w.owners[idOf(t, id)]; at.Position != k {
			t.Errorf("%s is at %d", id, at.Position)
		}
	}
}

// 23: what is compressed is not looked into, alone or in an aggregate: it is kept as it came, and its size when unpacked costs nothing.
func TestCompressed(t *testing.T) {
	var bomb bytes.Buffer
	z := gzip.NewWriter(&bomb)
	for range 64 {
		if _, err := z.Write(make([]byte, 1<<20)); err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	one := bomb.String()
	for name, data := range map[string]string{"bomb": one, "members": one + one, "garbage behind": one + "\n" + good("x"), "zstd": "\x28\xb5\x2f\xfd" + one} {
		l := newLake(t)
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		r := l.ok(delivery("s", 1, good("a"), data, string(kpltest.Events(good("b"), data, good("c")))))
		runtime.ReadMemStats(&after)
		if r.Stored != 3 || r.Received != 5 || r.Quarantined[event.Compressed] != 2 {
			t.Errorf("%s: got %+v", name, r)
		}
		if used := after.TotalAlloc - before.TotalAlloc; used > 32<<20 {
			t.Errorf("%s: took %d bytes", name, used)
		}
		for key, rejects := range l.rejects() {
			if len(rejects) != 2 || string(rejects[0].Data) != data || string(rejects[1].Data) != data || rejects[1].Position != 1 {
				t.Errorf("%s: %s", name, key)
			}
		}
	}
}

// 50: no payload makes the rejects of a delivery, and the memory that they take, unbounded. A record with too many is kept whole, its good
// events with it; the others go on.
func TestTooManyPieces(t *testing.T) {
	l := newLake(t)
	w := l.witness()
	crowd := strings.Repeat("[]", maxRejects+1) + good("x")
	d := delivery("s", 1, good("a"), "bad", crowd, good("b")+"bad", string(kpltest.Encode(make([]kpltest.Record, maxRejects+1)...)), string(kpltest.Events("bad", good("c"))), strings.Repeat("[]", maxRejects-5), "bad", good("d"))
	r := l.ok(d)
	if r.Stored != 4 || r.Quarantined[event.TooManyPieces] != 3 || r.Quarantined[event.NotJSON] != 3 || r.Quarantined[event.NotObject] != maxRejects-5 || r.Received != maxRejects+5 {
		t.Errorf("got %+v", r)
	}
	kept := 0
	for _, rejects := range l.rejects() {
		for _, r := range rejects {
			if r.Reason == event.TooManyPieces && r.Position == 0 && (string(r.Data) == crowd || r.Sequence == "5" || r.Sequence == "8") {
				kept++
			}
		}
	}
	if kept != 3 {
		t.Errorf("%d records are kept whole", kept)
	}
	l.replay()
	if got := l.stored(); len(got) != 4 || got["a"] != 1 || got["c"] != 1 || w.owners[idOf(t, "c")].Position != 1 {
		t.Errorf("stored %v", got)
	}
}

// FuzzAggregate delivers any bytes as a record, and as an aggregate's message: nothing panics, the ledger closes, the neighbours are stored,
// and replaying what was rejected, with nothing mended, stores nothing and leaves it where it is.
func FuzzAggregate(f *testing.F) {
	for _, seed := range []string{
		string(kpltest.Events(good("a"), "bad", "", good("c")+good("d"))),
		string(kpltest.Events(good("a") + string(kpltest.Events(good("x"))))),
		good("a") + " " + string(kpltest.Events(good("x"))),
		" \n" + string(kpltest.Events(good("x"))),
	} {
		f.Add([]byte(seed))
		f.Add([]byte(seed[4 : len(seed)-16]))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		l := &lake{t, bucket.NewMemory(time.Now), claims.NewMemory(claims.Options{}), Config{Mapping: event.DefaultMapping, MaxFuture: time.Hour, Lanes: 1, Parallel: 1}}
		r := l.ok(delivery("s", 1, good("first"), string(data), string(kpltest.Seal(data)), good("last")))
		if r.Received < 4 {
			t.Errorf("got %+v", r)
		}
		stored, before := l.stored(), l.rejects()
		if stored["first"] == 0 || stored["last"] == 0 {
			t.Errorf("stored %v", stored)
		}
		if again := l.replay(); again.Stored != 0 || again.Duplicates != 0 {
			t.Errorf("first %+v, then %+v", r, again)
		}
		if after := l.rejects(); len(after) < len(before) {
			t.Errorf("of %d quarantine objects %d are left", len(before), len(after))
		}
	})
}
