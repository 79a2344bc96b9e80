package ingest

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/claimstest"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
)

var arrival = time.Date(2026, 11, 23, 8, 30, 0, 0, time.UTC)

// lake is where a test's deliveries go.
type lake struct {
	t      *testing.T
	bucket bucket.Bucket
	claims claims.Claims
	config Config
}

func newLake(t *testing.T) *lake {
	return &lake{t, bucket.NewMemory(time.Now), claims.NewMemory(claims.Options{}), Config{Mapping: event.DefaultMapping, MaxFuture: 24 * time.Hour, Lanes: 1, Parallel: 4}}
}

func (l *lake) ingest(d Delivery) (Result, error) {
	l.t.Helper()
	i, err := New(l.bucket, l.claims, l.config)
	if err != nil {
		l.t.Fatal(err)
	}
	return i.Ingest(l.t.Context(), d)
}

func (l *lake) ok(d Delivery) Result {
	l.t.Helper()
	r, err := l.ingest(d)
	if err != nil {
		l.t.Fatal(err)
	}
	l.closes()
	return r
}

// closes checks every entry of the ledger, and that what it counts is there.
func (l *lake) closes() {
	l.t.Helper()
	fragments := map[string]int64{}
	err := ledger.Each(l.t.Context(), l.bucket, func(key string, e ledger.Entry) error {
		for _, h := range e.Hours {
			for _, f := range h.Fragments {
				fragments[layout.Raw+h.Partition+"/"+f.Name] = f.Lines
			}
		}
		for _, key := range e.Rejects {
			if _, err := quarantine.Read(l.t.Context(), l.bucket, key); err != nil {
				l.t.Error(err)
			}
		}
		return e.Check()
	}, func(key string, err error) { l.t.Error(key, err) })
	if err != nil {
		l.t.Error(err)
	}
	for key, n := range fragments {
		if got := len(l.lines(key)); int64(got) != n {
			l.t.Errorf("%s has %d lines, the ledger says %d", key, got, n)
		}
	}
}

func (l *lake) lines(key string) []string {
	l.t.Helper()
	lines, err := part.Open(context.Background(), l.bucket, key, strings.HasSuffix(key, ".gz"))
	if err != nil {
		l.t.Fatal(err)
	}
	var all []string
	for lines.Next() {
		all = append(all, string(lines.Bytes()))
	}
	if err := errors.Join(lines.Err(), lines.Close()); err != nil {
		l.t.Fatal(err)
	}
	return all
}

// objects gives all that lies below a prefix.
func (l *lake) objects(prefix string) map[string]string {
	l.t.Helper()
	all := map[string]string{}
	for o, err := range l.bucket.List(context.Background(), prefix, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		body, _, err := l.bucket.Get(context.Background(), o.Key, bucket.Range{})
		if err != nil {
			l.t.Fatal(err)
		}
		text, err := io.ReadAll(body)
		if err != nil {
			l.t.Fatal(err)
		}
		all[o.Key] = string(text)
	}
	return all
}

// stored counts how often each event's id stands in the fragments.
func (l *lake) stored() map[string]int {
	l.t.Helper()
	n := map[string]int{}
	for key := range l.objects(layout.Raw) {
		for _, line := range l.lines(key) {
			var e struct {
				ID string `json:"event_uuid"`
			}
			if err := json.Unmarshal([]byte(line), &e); err != nil {
				l.t.Fatal(err)
			}
			n[e.ID]++
		}
	}
	return n
}

func good(id string) string {
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":"2026-11-23T08:01:00Z","event_name":"lesson:started"}`, id)
}

// delivery numbers records from first on.
func delivery(shard string, first int, data ...string) Delivery {
	d := Delivery{Shard: shard}
	for i, text := range data {
		d.Records = append(d.Records, Record{Sequence: fmt.Sprint(first + i), Arrival: arrival, Data: []byte(text)})
	}
	return d
}

func TestStores(t *testing.T) {
	l := newLake(t)
	late := `{"event_uuid":"d","created_at":1600000000}`
	r := l.ok(delivery("s", 1, good("a"), good("b")+"\n"+good("c"), late, good("a"), "nonsense"))
	if r.Received != 6 || r.Stored != 4 || r.Duplicates != 1 || r.Quarantined[event.NotJSON] != 1 || r.Fragments != 2 {
		t.Errorf("got %+v", r)
	}
	if len(r.Copies) != 1 || r.Copies[0].Sequence != "4" {
		t.Errorf("copies are %+v", r.Copies)
	}
	for key := range l.objects(layout.Raw) {
		f, err := layout.ParseFragment(key)
		if err != nil || f.First != "1" || f.Last != "5" || f.Shard != "s" {
			t.Errorf("%s: %+v, %v", key, f, err)
		}
		for _, line := range l.lines(key) {
			if !strings.Contains(line, `"created_datetime":"`) {
				t.Errorf("not transformed: %s", line)
			}
		}
	}
	for key := range l.objects(layout.Quarantine) {
		rejects, err := quarantine.Read(t.Context(), l.bucket, key)
		if err != nil || len(rejects) != 1 || string(rejects[0].Data) != "nonsense" || rejects[0].Sequence != "5" || !rejects[0].Arrival.Equal(arrival) {
			t.Errorf("%s: %+v, %v", key, rejects, err)
		}
	}
}

func TestLanesAndGzip(t *testing.T) {
	l := newLake(t)
	l.config.Lanes, l.config.Gzip = 4, true
	var data []string
	for i := range 100 {
		data = append(data, good(fmt.Sprint("e", i)))
	}
	if r := l.ok(delivery("s", 1, data...)); r.Fragments != 4 {
		t.Errorf("%d fragments", r.Fragments)
	}
	if got := l.stored(); len(got) != 100 {
		t.Errorf("%d events", len(got))
	}
	for key := range l.objects(layout.Raw) {
		f, err := layout.ParseFragment(key)
		if err != nil || !f.Gzip || len(f.Lane) != 2 {
			t.Errorf("%s: %+v, %v", key, f, err)
		}
	}
}

// The lines of a compressed fragment stand by name, in the order in which the names came, then by time, then as they came.
func TestGzipArranges(t *testing.T) {
	l := newLake(t)
	l.config.Lanes, l.config.Gzip = 4, true
	var data []string
	for n := range 500 {
		data = append(data, fmt.Sprintf(`{"event_uuid":"e%03d","created_at":"2026-11-23T0%d:%02d:00Z","event_name":"n%d"}`, n, 7+n%2, n*11%60, n*7%10))
	}
	if r := l.ok(delivery("s", 1, data...)); r.Fragments != 8 || r.Stored != 500 {
		t.Errorf("got %+v", r)
	}
	for key := range l.objects(layout.Raw) {
		type sent struct {
			ID   string `json:"event_uuid"`
			At   string `json:"created_at"`
			Name string `json:"event_name"`
		}
		var got []sent
		for _, line := range l.lines(key) {
			var s sent
			if err := json.Unmarshal([]byte(line), &s); err != nil {
				t.Fatal(err)
			}
			got = append(got, s)
		}
		want := slices.SortedFunc(slices.Values(got), func(x, y sent) int { return strings.Compare(x.ID, y.ID) })
		first := map[string]string{}
		for _, s := range slices.Backward(want) {
			first[s.Name] = s.ID
		}
		slices.SortStableFunc(want, func(x, y sent) int {
			return cmp.Or(strings.Compare(first[x.Name], first[y.Name]), strings.Compare(x.At, y.At))
		})
		if !slices.Equal(got, want) {
			t.Errorf("%s: the lines are %v, want %v", key, got, want)
		}
	}
}

// 11: the same delivery writes the same objects, with the same bytes; cut differently, it doubles nothing that compaction cannot tell.
func TestDeliveredAgain(t *testing.T) {
	l := newLake(t)
	data := []string{good("a"), good("b"), "bad", good("c"), good("a")}
	whole := delivery("s", 1, data...)
	first := l.ok(whole)
	before := l.objects("")
	again := l.ok(whole)
	if after := l.objects(""); !maps.Equal(before, after) {
		t.Errorf("the bucket changed: %v, then %v", slices.Sorted(maps.Keys(before)), slices.Sorted(maps.Keys(after)))
	}
	if first.Stored != again.Stored || first.Duplicates != again.Duplicates {
		t.Errorf("got %+v, then %+v", first, again)
	}
	for _, cut := range []int{1, 2, 4} { // bisected
		l.ok(Delivery{Shard: "s", Records: whole.Records[:cut]})
		l.ok(Delivery{Shard: "s", Records: whole.Records[cut:]})
	}
	if got := l.stored(); len(got) != 3 {
		t.Errorf("events are %v", got)
	}
}

// 12: the same event in another shard is a duplicate while it is remembered; 17: with another body it is kept apart.
func TestOtherShard(t *testing.T) {
	l := newLake(t)
	l.ok(delivery("s1", 1, good("a")))
	changed := strings.Replace(good("a"), "started", "ended", 1)
	r := l.ok(delivery("s2", 9, good("a"), changed, good("b")))
	if r.Duplicates != 1 || r.Quarantined[event.IDConflict] != 1 || r.Stored != 1 {
		t.Errorf("got %+v", r)
	}
	found := false
	for key := range l.objects(layout.Quarantine) {
		rejects, err := quarantine.Read(t.Context(), l.bucket, key)
		if err != nil {
			t.Fatal(err)
		}
		found = found || string(rejects[0].Data) == changed
	}
	if !found {
		t.Error("the event with the other body is not in quarantine as it came")
	}
}

// 17, within one delivery.
func TestConflictInOneDelivery(t *testing.T) {
	l := newLake(t)
	if r := l.ok(delivery("s", 1, good("a"), strings.Replace(good("a"), "started", "ended", 1), good("a"))); r.Stored != 1 || r.Duplicates != 1 || r.Quarantined[event.IDConflict] != 1 {
		t.Errorf("got %+v", r)
	}
}

// 26-41 among others: every bad line between two good ones costs itself alone.
func TestPoisonBetweenGoodLines(t *testing.T) {
	for i, bad := range []struct {
		data   string
		reason event.Reason
	}{
		{"", event.Empty}, {" \n\t", event.Empty}, {"\xef\xbb\xbf{}", event.Encoding}, {"{\"a\":\"\xff\"}", event.Encoding}, {`{"a":"\ud800"}`, event.Encoding},
		{"{\"a\":\"\x00\"}", event.NotJSON}, {`{"a":1,"a":2}`, event.DuplicateKey}, {`{"a":1,"A":2}`, event.DuplicateKey},
		{strings.Repeat(`{"a":`, 65) + "1" + strings.Repeat("}", 65), event.TooDeep}, {`{"a":NaN}`, event.NotJSON}, {`{"a":01}`, event.NotJSON},
		{`[1]`, event.NotObject}, {`null`, event.NotObject}, {`{"a":`, event.NotJSON}, {"\x1f\x8b\x08\x00", event.Compressed}, {"\x28\xb5\x2f\xfd", event.Compressed},
		{`{"created_at":1600000000}`, event.IDMissing}, {`{"event_uuid":{},"created_at":1600000000}`, event.IDInvalid}, {`{"event_uuid":"","created_at":1600000000}`, event.IDInvalid},
		{`{"event_uuid":"x"}`, event.TimeMissing}, {`{"event_uuid":"x","created_at":"soon"}`, event.TimeInvalid}, {`{"event_uuid":"x","created_at":1}`, event.TimeRange},
		{`{"event_uuid":"x","created_at":"2036-01-01T00:00:00Z"}`, event.TimeRange}, {`{"event_uuid":"x","created_at":"9999-12-31T23:59:59Z"}`, event.TimeRange},
	} {
		t.Run(fmt.Sprint(i, bad.reason), func(t *testing.T) {
			l := newLake(t)
			r := l.ok(delivery("s", 1, good("a"), bad.data, good("b")))
			if r.Stored != 2 || r.Quarantined[bad.reason] != 1 || r.Received != 3 {
				t.Fatalf("got %+v", r)
			}
			for key := range l.objects(layout.Quarantine) {
				if !strings.Contains(key, "/"+string(bad.reason)+"/") {
					t.Errorf("quarantined as %s", key)
				}
				rejects, err := quarantine.Read(t.Context(), l.bucket, key)
				if err != nil || string(rejects[0].Data) != bad.data {
					t.Errorf("kept as %q, %v", rejects[0].Data, err)
				}
			}
			if got := l.stored(); got["a"] != 1 || got["b"] != 1 {
				t.Errorf("stored %v", got)
			}
		})
	}
}

// 50: one delivery cannot make the number of objects unbounded.
func TestTooManyHours(t *testing.T) {
	l := newLake(t)
	var data strings.Builder
	for i := range maxHours + 5 {
		fmt.Fprintf(&data, `{"event_uuid":"e%d","created_at":%d}`+"\n", i, 700_000_000+3600*i)
	}
	r := l.ok(delivery("s", 1, data.String()))
	if r.Stored != maxHours || r.Quarantined[event.TooManyHours] != 5 {
		t.Errorf("%d stored, quarantined %v", r.Stored, r.Quarantined)
	}
}

// Wherever a delivery fails, before or after the operation took effect, coming again makes it whole. 1-7, 9, 10.
func TestFailAnywhere(t *testing.T) {
	data := []string{good("a"), good("b"), "bad", `{"event_uuid":"d","created_at":1600000000}`, good("a")}
	for _, when := range []faulty.When{faulty.Before, faulty.After, faulty.Midway, faulty.Late} {
		for n := 1; ; n++ {
			l := newLake(t)
			l.config.Parallel = 1
			faults := faulty.Crash(n, when, nil)
			whole, known := l.bucket, l.claims
			l.bucket, l.claims = faulty.NewBucket(whole, faults), claimstest.NewFaulty(known, faults)
			_, err := l.ingest(delivery("s", 1, data...))
			l.bucket, l.claims = whole, known
			if faults.Count() < n {
				if n < 6 {
					t.Fatalf("only %d operations", n)
				}
				break // every operation has failed once
			}
			if err == nil {
				t.Fatalf("operation %d failed, the delivery did not", n)
			}
			if n%2 == 0 {
				faults.Land() // 6: a write that lands before the next try, or after it
			}
			r := l.ok(delivery("s", 1, data...))
			faults.Land()
			if r.Stored != 3 || r.Duplicates != 1 || r.Quarantined[event.NotJSON] != 1 {
				t.Errorf("operation %d, %v: got %+v", n, when, r)
			}
			if got := l.stored(); got["a"] != 1 || got["b"] != 1 || got["d"] != 1 || len(got) != 3 {
				t.Errorf("operation %d, %v: stored %v", n, when, got)
			}
		}
	}
}

// An event is claimed as stored only when it is: a delivery that fails before leaves no claim, and another record with the id is stored.
func TestNoClaimWithoutStore(t *testing.T) {
	l := newLake(t)
	whole := l.bucket
	l.bucket = faulty.NewBucket(whole, faulty.Once(1, faulty.Before, nil))
	if _, err := l.ingest(delivery("s1", 1, good("a"))); !errors.Is(err, faulty.ErrInjected) {
		t.Fatal(err)
	}
	l.bucket = whole
	if r := l.ok(delivery("s2", 5, good("a"))); r.Stored != 1 {
		t.Errorf("got %+v", r)
	}
}

func TestBadDelivery(t *testing.T) {
	l := newLake(t)
	for name, d := range map[string]Delivery{
		"shard":    delivery("../x", 1, good("a")),
		"sequence": {Shard: "s", Records: []Record{{Sequence: "x", Arrival: arrival, Data: []byte(good("a"))}}},
		"arrival":  {Shard: "s", Records: []Record{{Sequence: "1", Data: []byte(good("a"))}}},
	} {
		if _, err := l.ingest(d); err == nil {
			t.Errorf("a bad %s passes", name)
		}
	}
	if r := l.ok(Delivery{Shard: "s"}); r.Received != 0 {
		t.Errorf("got %+v", r)
	}
	if n := len(l.objects("")); n != 0 {
		t.Errorf("%d objects", n)
	}
	for name, spoil := range map[string]func(*Config){
		"lanes": func(c *Config) { c.Lanes = 3 }, "parallel": func(c *Config) { c.Parallel = 0 }, "mapping": func(c *Config) { c.Mapping.ID = "" },
	} {
		c := l.config
		spoil(&c)
		if _, err := New(l.bucket, l.claims, c); err == nil {
			t.Errorf("a bad %s passes", name)
		}
	}
}
