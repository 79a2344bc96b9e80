package explorer

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
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
	"github.com/lakebed/lakebed/shared/schema"
)

// lake is a real one in memory, in which a scenario's first state is made by the real code, undisturbed.
type lake struct {
	t       *testing.T
	at      int32 // the clock
	store   *bucket.Memory
	catalog catalog.Catalog
	policy  compactor.Policy
	seq     int
	mute    bool // the catalog takes no Location,
	hold    bool // or the bucket no seal: it is under way
	flying  *request
}

func newLake(t *testing.T, s *scenario) *lake {
	l := &lake{t: t, at: 10 * minute, policy: s.policy}
	l.policy.Bound = 0 // nobody disturbs, and nothing is to wait for
	l.store = bucket.NewMemory(func() time.Time { return timeOf(l.at) })
	l.catalog = catalog.NewMemory()
	if s.policy.Bound > 0 {
		l.catalog = catalog.NewMemoryLastWriter()
	}
	return l
}

// line is an event of the hour.
func line(id, more string) string {
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":%q,"event_name":"n"%s}`, id, timeOf(60).Format(time.RFC3339), more)
}

func lines(ids ...string) []string {
	all := make([]string, len(ids))
	for i, id := range ids {
		all[i] = line(id, "")
	}
	return all
}

func idOf(line []byte) string {
	var e struct {
		ID string `json:"event_uuid"`
	}
	if json.Unmarshal(line, &e) != nil {
		return "?"
	}
	return e.ID
}

// ingest stores a delivery of these lines.
func (l *lake) ingest(lanes int, lines ...string) {
	l.t.Helper()
	l.seq++
	i, err := ingest.New(l.store, claims.None{}, ingest.Config{Mapping: event.DefaultMapping, MaxFuture: 24 * time.Hour, Lanes: lanes, Parallel: 1})
	if err == nil {
		_, err = i.Ingest(l.t.Context(), delivery{l.seq, lanes, lines}.delivery())
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// work has a compactor visit the hour until it has nothing to do, or can do nothing.
func (l *lake) work(change func(*compactor.Policy)) {
	l.t.Helper()
	p := l.policy
	if change != nil {
		change(&p)
	}
	c, err := compactor.New(held{l.store, l}, muted{l.catalog, l}, compactor.Config{
		Policy: p, Mapping: event.DefaultMapping, Scratch: l.t.TempDir(), Memory: 1 << 20, Parallel: 1, Now: func() time.Time { return timeOf(l.at) },
	})
	if err != nil {
		l.t.Fatal(err)
	}
	for range 10 {
		r := c.Work(l.t.Context(), compactor.Task{Partition: hour}, time.Time{})
		if (l.mute || l.hold) && len(r.SetAside) > 0 {
			return
		}
		if len(r.SetAside) > 0 {
			l.t.Fatal(r.SetAside)
		}
		if !r.Progress() && !l.mute {
			return
		}
	}
	l.t.Fatal("the lake was not made ready")
}

// halfway leaves the hour as a compactor does that died between a seal and the write of the Location.
func (l *lake) halfway() {
	l.t.Helper()
	for _, id := range []string{"a", "b"} {
		l.ingest(1, lines(id)...)
		l.merge()
	}
	l.at, l.mute = 80*minute, true
	l.work(nil)
	l.mute = false
	l.at = 90 * minute
}

// widen gives the table a column, as a compactor does that died before the hours followed.
func (l *lake) widen(name string) {
	l.t.Helper()
	t, err := l.catalog.Table(l.t.Context())
	if err == nil {
		t.Columns = append(t.Columns, catalog.Column{Field: schema.Field{Name: name, Spelling: name, Type: schema.Type{Kind: schema.Bool}}})
		t.Followed = false
		_, err = l.catalog.SetTable(l.t.Context(), t)
	}
	if err != nil {
		l.t.Fatal(err)
	}
}

// merge makes a part of what waits, and nothing else.
func (l *lake) merge() { l.work(mergesOnly) }

func mergesOnly(p *compactor.Policy) { p.MajorParts, p.MajorShare = 1000, 2 }

type muted struct {
	catalog.Catalog
	lake *lake
}

var errMute = errors.New("no answer")

func (m muted) SetPartitions(ctx context.Context, all []catalog.Partition) error {
	if m.lake.mute {
		return errMute
	}
	return m.Catalog.SetPartitions(ctx, all)
}

type held struct {
	bucket.Bucket
	lake *lake
}

func (h held) Put(ctx context.Context, key string, body io.Reader, c bucket.Condition) (bucket.Object, error) {
	data, err := io.ReadAll(body)
	if err != nil {
		return bucket.Object{}, err
	}
	if p := parse(data); h.lake.hold && p != nil && p.Kind == "seal" {
		h.lake.flying = &request{op: put, key: key, body: data, when: c}
		return bucket.Object{}, errMute
	}
	return h.Bucket.Put(ctx, key, bytes.NewReader(data), c)
}

// take gives the lake as an explorer's state.
func (x *explorer) take(l *lake) state {
	s := state{store: x.stores.empty, clock: l.at, faults: x.scenario.faults}
	for o, err := range l.store.List(l.t.Context(), "", "") {
		if err != nil {
			l.t.Fatal(err)
		}
		body, _, err := l.store.Get(l.t.Context(), o.Key, bucket.Range{})
		if err != nil {
			l.t.Fatal(err)
		}
		data, err := io.ReadAll(body)
		if err != nil {
			l.t.Fatal(err)
		}
		s.store = x.stores.put(s.store, o.Key, x.stores.content(data), seconds(o.Modified.Sub(hour.Start())))
	}
	t, err := l.catalog.Table(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	entries, err := l.catalog.Partitions(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	first := x.listings.intern(listing{})
	if len(t.Columns) > 0 {
		t.Version = ""
		first = x.listings.setTable(first, t)
	}
	for _, e := range entries {
		e.Version = ""
		first = x.listings.setPartition(first, e)
	}
	s.catalog = first
	if l.flying != nil {
		l.flying.content = x.stores.content(l.flying.body)
		l.flying.seal()
		s.late[0] = late{l.flying, l.at + seconds(x.scenario.policy.Bound)}
	}
	g := x.look(s.store)
	s.accepted, s.committed = g.raw|g.current, g.current
	return s
}

// laneOf gives the lane of an id where there are two.
func laneOf(t *testing.T, id string) layout.Lane {
	t.Helper()
	d, err := event.NewDecoder(event.DefaultMapping, 0)
	if err != nil {
		t.Fatal(err)
	}
	e, err := d.Identify([]byte(line(id, "")))
	if err != nil {
		t.Fatal(err)
	}
	return layout.LaneOf(e, 2)
}

// idIn gives an id of a lane.
func idIn(t *testing.T, lane layout.Lane, letter string) string {
	for n := 0; ; n++ {
		if id := fmt.Sprintf("%s%d", letter, n); laneOf(t, id) == lane {
			return id
		}
	}
}
