package split

import (
	"context"
	"errors"
	"io"
	"testing"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/quarantine"
	"github.com/lakebed/lakebed/shared/verify"
)

// start is when the events happened, in three hours from it on, and when they arrived.
var start = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// Of the lake's policy.
const (
	grace = 4 * time.Hour
	live  = 2 * time.Hour
	query = 30 * time.Minute
)

// lake is a lake in memory with both services.
type lake struct {
	t         *testing.T
	clock     time.Time
	store     *bucket.Memory
	catalog   catalog.Catalog
	claims    claims.Claims
	knobs     uint8
	scratch   string
	compactor *compactor.Compactor
}

func newLake(t *testing.T, scratch string, knobs uint8) *lake {
	t.Helper()
	l := &lake{t: t, clock: start.Add(10 * time.Minute), catalog: catalog.NewMemory(), knobs: knobs, scratch: scratch}
	l.store = bucket.NewMemory(l.now)
	l.forget()
	var err error
	l.compactor, err = compactor.New(l.store, l.catalog, compactor.Config{
		Policy: compactor.Policy{
			Target: []int64{1, 1 << 20}[knobs>>3&1], Close: 15 * time.Minute, MajorParts: 1, MajorShare: 0.1, Anew: []int64{0, 1 << 10}[knobs>>5&1], Grace: grace, Live: live, LongestQuery: query,
		},
		Mapping: event.DefaultMapping, Scratch: scratch, Memory: 1 << 10, Parallel: 1, Now: l.now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// now never gives one time twice.
func (l *lake) now() time.Time {
	l.clock = l.clock.Add(time.Millisecond)
	return l.clock
}

// forget loses the claims.
func (l *lake) forget() {
	l.claims = claims.NewMemory(claims.Options{Now: l.now})
	if l.knobs>>4&1 != 0 {
		l.claims = owners{}
	}
}

// owners is the global strategy in the simplest way: the first record of a batch that claims an id owns it, stored or not.
type owners map[event.ID]owner

type owner struct {
	event.Origin
	body uint64
}

// Claim implements claims.Claims.
func (o owners) Claim(_ context.Context, b claims.Batch) ([]claims.Verdict, error) {
	verdicts := make([]claims.Verdict, len(b.Claims))
	fresh, own := map[event.ID]bool{}, map[event.ID]bool{}
	for _, c := range b.Claims {
		at := event.Origin{Shard: b.Shard, Sequence: c.Sequence, Position: c.Position}
		if _, known := o[c.ID]; !known {
			o[c.ID], fresh[c.ID] = owner{at, c.Body}, true
		}
		own[c.ID] = own[c.ID] || o[c.ID].Origin == at
	}
	for n, c := range b.Claims {
		switch {
		case fresh[c.ID]:
			verdicts[n] = claims.Fresh
		case own[c.ID]:
			verdicts[n] = claims.Own
		case o[c.ID].body == c.Body:
			verdicts[n] = claims.Duplicate
		default:
			verdicts[n] = claims.Conflict
		}
	}
	return verdicts, nil
}

// Settle implements claims.Claims.
func (o owners) Settle(context.Context, claims.Batch) error { return nil }

// errBroken is what a store that breaks off gives.
var errBroken = errors.New("broken off")

// brittle breaks off at a write, before it or after, and stays broken.
type brittle struct {
	bucket.Bucket
	writes int // that succeed
	lands  bool
}

// Put implements bucket.Bucket.
func (b *brittle) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	b.writes--
	if b.writes >= 0 {
		return b.Bucket.Put(ctx, key, body, c)
	}
	if b.writes == -1 && b.lands {
		_, _ = b.Bucket.Put(ctx, key, body, c)
	}
	return bucket.Object{}, errBroken
}

// deliver has records of one shard ingested, and tells whether that was reported as done.
func (l *lake) deliver(b bucket.Bucket, shard string, records []ingest.Record) bool {
	l.t.Helper()
	i, err := ingest.New(b, l.claims, ingest.Config{
		Mapping: event.DefaultMapping, MaxFuture: 24 * time.Hour, Lanes: 1 << (l.knobs & 1), Gzip: l.knobs>>1&1 != 0, Parallel: 1,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	_, err = i.Ingest(l.t.Context(), ingest.Delivery{Shard: shard, Records: records})
	if err != nil && !errors.Is(err, errBroken) {
		l.t.Fatal(err)
	}
	return err == nil
}

// compact does what is due now.
func (l *lake) compact() compactor.Result {
	l.t.Helper()
	r, err := l.compactor.Round(l.t.Context(), time.Time{}, nil)
	if err != nil || len(r.SetAside)+len(r.Broken) > 0 {
		l.t.Fatalf("compact: %v, %v, %v", err, r.SetAside, r.Broken)
	}
	return r
}

// settle compacts until nothing is due, once the hours are closed and again once the grace is over, and has the lake verified.
func (l *lake) settle() {
	l.t.Helper()
	for range 3 {
		l.clock = l.clock.Add(grace + 12*time.Hour)
		for n := 0; ; n++ {
			if r := l.compact(); !r.Progress() {
				break
			}
			if n == 50 {
				l.t.Fatal("no end after 50 rounds")
			}
		}
	}
	r, err := verify.Run(l.t.Context(), verify.Lake{
		Bucket: l.store, Catalog: l.catalog, Mapping: event.DefaultMapping, Grace: grace, Live: live, LongestQuery: query, Now: l.now(), Memory: 1 << 20, Parallel: 1,
	}, nil)
	if err != nil || len(r.Breaches) > 0 {
		l.t.Errorf("verify: %+v, %v", r.Breaches, err)
	}
	for o, err := range l.store.List(l.t.Context(), layout.Raw, "") {
		l.t.Errorf("%s is left, %v", o.Key, err)
	}
}

// events gives the lines that a reader of the table sees, by their ids.
func (l *lake) events() map[event.ID][]string {
	l.t.Helper()
	partitions, err := l.catalog.Partitions(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	d := decoder(l.t)
	all := map[event.ID][]string{}
	for _, p := range partitions {
		for o, err := range l.store.List(l.t.Context(), p.Location, "") {
			if err != nil {
				l.t.Fatal(err)
			}
			lines, err := part.Open(l.t.Context(), l.store, o.Key, true)
			if err != nil {
				l.t.Fatal(err)
			}
			for lines.Next() {
				e, err := d.Inspect(lines.Bytes())
				if err != nil || layout.PartitionOf(e.Time) != p.Hour {
					l.t.Fatalf("%s holds %q, %v", o.Key, lines.Bytes(), err)
				}
				all[e.Fingerprint.ID] = append(all[e.Fingerprint.ID], string(lines.Bytes()))
			}
			if err := errors.Join(lines.Err(), lines.Close()); err != nil {
				l.t.Fatal(err)
			}
		}
	}
	return all
}

// rejects gives the quarantined records.
func (l *lake) rejects() []quarantine.Reject {
	l.t.Helper()
	var all []quarantine.Reject
	for o, err := range l.store.List(l.t.Context(), layout.Quarantine, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		some, err := quarantine.Read(l.t.Context(), l.store, o.Key)
		if err != nil {
			l.t.Fatal(err)
		}
		all = append(all, some...)
	}
	return all
}

func decoder(t *testing.T) *event.Decoder {
	t.Helper()
	d, err := event.NewDecoder(event.DefaultMapping, 24*time.Hour)
	if err != nil {
		t.Fatal(err)
	}
	return d
}
