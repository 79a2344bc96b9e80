// Package catalogtest is the acceptance suite of catalogs: what every implementation has to do alike.
package catalogtest

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// Options say what an implementation can do.
type Options struct {
	Compares bool // SetPartitions refuses a stale Version; else the last writer wins
	InTable  bool // partitions lie in the table: it has to be there first, and keeps what a reader's type does not tell of their columns
}

// Run holds the catalogs that open makes, each of them empty, to the contract of catalog.Catalog.
func Run(t *testing.T, o Options, open func(t *testing.T) catalog.Catalog) {
	tests := map[string]func(*testing.T, catalog.Catalog){
		"Empty":                 empty,
		"TableRoundTrip":        tableRoundTrip,
		"TableStale":            tableStale,
		"TableRace":             tableRace,
		"PartitionsRoundTrip":   partitionsRoundTrip,
		"PartitionsOrder":       partitionsOrder,
		"PartitionsIndependent": partitionsIndependent,
		"PartitionsTogether":    partitionsTogether,
		"InvalidHour":           invalidHour,
		"KeepsItsOwn":           keepsItsOwn,
		"Cancelled":             cancelled,
	}
	if o.Compares {
		tests["PartitionStale"] = partitionStale
		tests["PartitionRace"] = partitionRace
	} else {
		tests["PartitionLastWriter"] = partitionLastWriter
	}
	makesTable := map[string]bool{
		"Empty": true, "TableRoundTrip": true, "TableStale": true, "TableRace": true, "PartitionsIndependent": true, "KeepsItsOwn": true,
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			c := open(t)
			if o.InTable && !makesTable[name] {
				setTable(t, c, table())
			}
			test(t, c)
		})
	}
}

var (
	at   = time.Date(2026, 11, 23, 8, 15, 0, 123_456_000, time.UTC)
	hour = layout.PartitionOf(at)
)

// fields are of every kind.
func fields() []schema.Field {
	text := schema.Type{Kind: schema.String}
	return []schema.Field{
		{Name: "event_uuid", Spelling: "event_uuid", Type: text},
		{Name: "createdat", Spelling: "createdAt", Type: schema.Type{Kind: schema.Int}},
		{Name: "long", Spelling: "long", Type: schema.Type{Kind: schema.Long}},
		{Name: "price", Spelling: "price", Type: schema.Type{Kind: schema.Double}},
		{Name: "ok", Spelling: "ok", Type: schema.Type{Kind: schema.Bool}},
		{Name: "tags", Spelling: "tags", Type: schema.Type{Kind: schema.Array, Elem: &text}},
		{Name: "user", Spelling: "User", Type: schema.Type{Kind: schema.Struct, Fields: []schema.Field{
			{Name: "name", Spelling: "Name", Type: text},
			{Name: "ids", Spelling: "ids", Type: schema.Type{Kind: schema.Array, Elem: &schema.Type{Kind: schema.Int}}},
		}}},
	}
}

func table() catalog.Table {
	t := catalog.Table{Followed: true}
	for i, f := range fields() {
		c := catalog.Column{Field: f, Since: at.Add(time.Duration(i) * time.Hour)}
		for j := range i % 3 {
			c.Changes = append(c.Changes, catalog.Change{From: "bigint", At: c.Since.Add(time.Duration(j+1) * time.Minute)})
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}

func partition(h layout.Partition) catalog.Partition {
	return catalog.Partition{
		Hour: h, Location: "events/" + h.String() + "/gen-0001/", Columns: fields(), PublishedAt: at, WrittenAt: at.Add(time.Minute),
	}
}

func get(t *testing.T, c catalog.Catalog, h layout.Partition) catalog.Partition {
	t.Helper()
	found, err := c.Partitions(t.Context(), h)
	if err != nil || len(found) != 1 {
		t.Fatalf("partition %s: found %d, %v", h, len(found), err)
	}
	return found[0]
}

func set(t *testing.T, c catalog.Catalog, partitions ...catalog.Partition) {
	t.Helper()
	if err := c.SetPartitions(t.Context(), partitions); err != nil {
		t.Fatal(err)
	}
}

func setTable(t *testing.T, c catalog.Catalog, table catalog.Table) catalog.Table {
	t.Helper()
	stored, err := c.SetTable(t.Context(), table)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// same compares all but the versions.
func same(t *testing.T, got, want any) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got\n%+v\nwant\n%+v", got, want)
	}
}

func empty(t *testing.T, c catalog.Catalog) {
	got, err := c.Table(t.Context())
	if err != nil || got.Version != "" || len(got.Columns) != 0 || got.Followed {
		t.Errorf("table %+v, %v", got, err)
	}
	for _, which := range [][]layout.Partition{nil, {hour}} {
		found, err := c.Partitions(t.Context(), which...)
		if err != nil || len(found) != 0 {
			t.Errorf("partitions %v, %v", found, err)
		}
	}
	set(t, c)
}

func tableRoundTrip(t *testing.T, c catalog.Catalog) {
	stored := setTable(t, c, table())
	if stored.Version == "" {
		t.Error("a stored table has no version")
	}
	got, err := c.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, stored)
	want := table()
	want.Version = got.Version
	same(t, got, want)
	want.Columns = want.Columns[:2]
	want.Followed = false
	again := setTable(t, c, want)
	if again.Version == got.Version {
		t.Error("the version does not change")
	}
	got, err = c.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, again)
}

func tableStale(t *testing.T, c catalog.Catalog) {
	first := setTable(t, c, table())
	second := setTable(t, c, first)
	for _, version := range []string{"", first.Version, "nonsense"} {
		stale := catalog.Table{Version: version}
		if _, err := c.SetTable(t.Context(), stale); !errors.Is(err, catalog.ErrStale) {
			t.Errorf("set table of version %q: %v, want ErrStale", version, err)
		}
	}
	got, err := c.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, second)
}

// tableRace: of several who evolve the same table one succeeds; who reads again gets through in the end.
func tableRace(t *testing.T, c catalog.Catalog) {
	const hands, each = 5, 5
	var group sync.WaitGroup
	for hand := range hands {
		group.Go(func() {
			for n := 0; n < each; {
				current, err := c.Table(t.Context())
				if err != nil {
					t.Error(err)
					return
				}
				name := fmt.Sprintf("c%d_%d", hand, n)
				current.Columns = append(current.Columns, catalog.Column{
					Field: schema.Field{Name: name, Spelling: name, Type: schema.Type{Kind: schema.Bool}}, Since: at})
				if _, err = c.SetTable(t.Context(), current); err == nil {
					n++
				} else if !errors.Is(err, catalog.ErrStale) {
					t.Error(err)
					return
				}
			}
		})
	}
	group.Wait()
	got, err := c.Table(t.Context())
	if err != nil || len(got.Columns) != hands*each {
		t.Errorf("table has %d columns, %v, want %d", len(got.Columns), err, hands*each)
	}
}

func partitionsRoundTrip(t *testing.T, c catalog.Catalog) {
	set(t, c, partition(hour))
	got := get(t, c, hour)
	if got.Version == "" {
		t.Error("a registered partition has no version")
	}
	want := partition(hour)
	want.Version = got.Version
	same(t, got, want)
	want.Location = "events/" + hour.String() + "/gen-0002-abc/"
	want.Columns = want.Columns[:1]
	want.PublishedAt = at.Add(time.Hour)
	set(t, c, want)
	got = get(t, c, hour)
	if got.Version == want.Version {
		t.Error("the version does not change")
	}
	want.Version = got.Version
	same(t, got, want)
}

func partitionsOrder(t *testing.T, c catalog.Catalog) {
	hours := []layout.Partition{hour + 30, hour, hour - 1, hour + 1, 0, hour - 10000}
	var all []catalog.Partition
	for _, h := range hours {
		all = append(all, partition(h))
	}
	set(t, c, all...)
	slices.Sort(hours)
	tests := []struct{ which, want []layout.Partition }{
		{nil, hours},
		{[]layout.Partition{hour + 30, hour, hour + 30, hour + 77}, []layout.Partition{hour, hour + 30}},
		{[]layout.Partition{hour + 77}, nil},
	}
	for _, test := range tests {
		found, err := c.Partitions(t.Context(), test.which...)
		if err != nil {
			t.Fatal(err)
		}
		var got []layout.Partition
		for _, p := range found {
			got = append(got, p.Hour)
		}
		if !slices.Equal(got, test.want) {
			t.Errorf("partitions %v, want %v", got, test.want)
		}
	}
}

// partitionsIndependent: setting one leaves the others and the table as they are.
func partitionsIndependent(t *testing.T, c catalog.Catalog) {
	stored := setTable(t, c, table())
	set(t, c, partition(hour), partition(hour+1))
	before := get(t, c, hour)
	set(t, c, get(t, c, hour+1))
	same(t, get(t, c, hour), before)
	got, err := c.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	same(t, got, stored)
}

// partitionsTogether: more than one call to Glue can carry.
func partitionsTogether(t *testing.T, c catalog.Catalog) {
	var all []catalog.Partition
	for i := range 230 {
		p := partition(hour + layout.Partition(i))
		p.Columns = p.Columns[:1]
		all = append(all, p)
	}
	set(t, c, all...)
	found, err := c.Partitions(t.Context())
	if err != nil || len(found) != len(all) {
		t.Errorf("found %d partitions, %v, want %d", len(found), err, len(all))
	}
}

// invalidHour: one that cannot be does not keep the others.
func invalidHour(t *testing.T, c catalog.Catalog) {
	err := c.SetPartitions(t.Context(), []catalog.Partition{partition(hour), partition(-1), partition(hour + 1)})
	if err == nil || errors.Is(err, catalog.ErrStale) {
		t.Errorf("set partition -1: %v", err)
	}
	found, err := c.Partitions(t.Context())
	if err != nil || len(found) != 2 {
		t.Errorf("found %d partitions, %v", len(found), err)
	}
}

// keepsItsOwn: what a caller does with what it gave or got does not reach the catalog.
func keepsItsOwn(t *testing.T, c catalog.Catalog) {
	given, p := table(), partition(hour)
	setTable(t, c, given)
	set(t, c, p)
	spoil := func(t catalog.Table, p catalog.Partition) {
		t.Columns[0].Name = "spoilt"
		t.Columns[2].Changes[0].From = "spoilt"
		p.Columns[0].Name = "spoilt"
	}
	spoil(given, p)
	for range 2 {
		got, err := c.Table(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		same(t, got.Columns, table().Columns)
		p := get(t, c, hour)
		same(t, p.Columns, fields())
		spoil(got, p)
	}
}

func partitionStale(t *testing.T, c catalog.Catalog) {
	set(t, c, partition(hour))
	first := get(t, c, hour)
	set(t, c, first)
	second := get(t, c, hour)
	for _, version := range []string{"", first.Version, "nonsense"} {
		stale, other := partition(hour), partition(hour+1)
		stale.Version = version
		err := c.SetPartitions(t.Context(), []catalog.Partition{stale, other})
		if !errors.Is(err, catalog.ErrStale) || !strings.Contains(err.Error(), hour.String()) {
			t.Errorf("set partition of version %q: %v, want ErrStale and its name", version, err)
		}
		same(t, get(t, c, hour), second)
		if version == "" {
			get(t, c, hour+1)
		}
	}
	gone := partition(hour + 2)
	gone.Version = first.Version
	if err := c.SetPartitions(t.Context(), []catalog.Partition{gone}); !errors.Is(err, catalog.ErrStale) {
		t.Errorf("set an unregistered partition that had a version: %v, want ErrStale", err)
	}
}

// partitionRace: of many who register one hour, or replace what all of them read, one succeeds.
func partitionRace(t *testing.T, c catalog.Catalog) {
	const hands = 10
	for range 5 {
		found, err := c.Partitions(t.Context(), hour)
		if err != nil {
			t.Fatal(err)
		}
		base := partition(hour)
		if len(found) == 1 {
			base = found[0]
		}
		var group sync.WaitGroup
		var wins, winner atomic.Int32
		for hand := range hands {
			group.Go(func() {
				p := base
				p.Location = strconv.Itoa(hand)
				err := c.SetPartitions(t.Context(), []catalog.Partition{p})
				if err == nil {
					wins.Add(1)
					winner.Store(int32(hand))
				} else if !errors.Is(err, catalog.ErrStale) {
					t.Error(err)
				}
			})
		}
		group.Wait()
		if wins.Load() != 1 {
			t.Errorf("%d of %d writers succeeded", wins.Load(), hands)
		}
		if got := get(t, c, hour).Location; got != strconv.Itoa(int(winner.Load())) {
			t.Errorf("Location is %s and the winner %d", got, winner.Load())
		}
	}
}

func partitionLastWriter(t *testing.T, c catalog.Catalog) {
	for i, version := range []string{"", "nonsense", ""} {
		p := partition(hour)
		p.Version, p.Location = version, strconv.Itoa(i)
		set(t, c, p)
		if got := get(t, c, hour).Location; got != p.Location {
			t.Errorf("Location is %s, want the last writer's, %s", got, p.Location)
		}
	}
}

func cancelled(t *testing.T, c catalog.Catalog) {
	set(t, c, partition(hour))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_, tableErr := c.Table(ctx)
	_, setTableErr := c.SetTable(ctx, table())
	_, oneErr := c.Partitions(ctx, hour)
	_, allErr := c.Partitions(ctx)
	setErr := c.SetPartitions(ctx, []catalog.Partition{partition(hour + 1)})
	for i, err := range []error{tableErr, setTableErr, oneErr, allErr, setErr} {
		if !errors.Is(err, context.Canceled) {
			t.Errorf("call %d: %v, want context.Canceled", i, err)
		}
	}
	if found, err := c.Partitions(t.Context()); err != nil || len(found) != 1 {
		t.Errorf("found %d partitions, %v", len(found), err)
	}
}
