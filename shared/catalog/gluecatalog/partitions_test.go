package gluecatalog

import (
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// TestPartitionsPaged: all pages are read, without columns. Of those that are behind, one of each kind is read once more, with its columns; where
// that one has been changed since, all of the kind.
func TestPartitionsPaged(t *testing.T) {
	var c *Catalog
	table := known("a", "b")
	table.Columns[1].Type.Kind = schema.Long
	now := declared(table)
	a, b, x := field("a", schema.String), field("b", schema.String), field("x", schema.String)
	pages, alone := map[string][]object{}, map[layout.Partition]object{}
	c, s := open(t, func(in call) (any, string) {
		switch in.op {
		case "GetPartitions":
			if in.in["ExcludeColumnSchema"] != true {
				t.Error("columns are asked for")
			}
			if in.in["NextToken"] == nil {
				return object{"Partitions": pages[""], "NextToken": "2"}, ""
			}
			return object{"Partitions": pages["2"]}, ""
		case "BatchGetPartition":
			return object{"Partitions": []object{alone[hour+4]}, "UnprocessedKeys": []object{{"Values": valuesOf(hour + 5)}, {"Values": valuesOf(hour + 6)}}}, ""
		case "GetPartition":
			for h, p := range alone {
				if reflect.DeepEqual(in.in["PartitionValues"], []any{h.Date(), h.Hour()}) {
					return object{"Partition": p}, ""
				}
			}
			return nil, "EntityNotFoundException"
		}
		return stored(t, c, "7", table), ""
	})
	crawled := object{"Values": []string{"2026", "raw"}}
	for _, e := range []catalog.Partition{entry(hour+2, now...), entry(hour+1, a), entry(hour+4, x), entry(hour+5, x)} {
		pages[""] = append(pages[""], registered(c, e, false), crawled)
	}
	for _, e := range []catalog.Partition{entry(hour, b), entry(hour+3, a), entry(hour+6, x), entry(hour - 1)} {
		pages["2"] = append(pages["2"], registered(c, e, false))
	}
	alone[hour+1], alone[hour], alone[hour+5] = registered(c, entry(hour+1, a), true), registered(c, entry(hour, b), true), registered(c, entry(hour+5, x), true)
	alone[hour+4] = registered(c, entry(hour+4, x), true) // and changed by hand: its mark says no more what it has
	alone[hour+4]["StorageDescriptor"].(object)["Columns"] = columnsOf([]schema.Field{b})
	found, err := c.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	// Those of hour-1 and hour+6 are dropped meanwhile.
	want := []catalog.Partition{entry(hour, b), entry(hour+1, a), entry(hour+2, now...), entry(hour+3, a), entry(hour+4, b), entry(hour+5, x)}
	for i, p := range found {
		if p.Version == "" {
			t.Errorf("%s has no version", p.Hour)
		}
		found[i].Version = ""
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("got\n%+v\nwant\n%+v", found, want)
	}
	ops := strings.Fields(s.ops())
	slices.Sort(ops)
	if got := strings.Join(ops, " "); got != "BatchGetPartition"+strings.Repeat(" GetPartition", 7)+" GetPartitions GetPartitions GetTable" {
		t.Errorf("called %s", s.ops())
	}
}

// TestPartitionChanged: what others set is told such that the compactor reports it, or writes it anew.
func TestPartitionChanged(t *testing.T) {
	now := time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	table := known("a")
	sd := func(x object) object { return x["StorageDescriptor"].(object) }
	own := layout.Location(hour, layout.FirstGeneration)
	tests := map[string]struct {
		change    func(object)
		location  string
		published time.Time
		columns   []schema.Field
	}{
		"untouched":        {func(object) {}, own, at, declared(table)},
		"other columns":    {func(x object) { sd(x)["Columns"] = columnsOf([]schema.Field{field("z", schema.Bool)}) }, own, at, []schema.Field{field("z", schema.Bool)}},
		"unknown type":     {func(x object) { sd(x)["Columns"] = []object{{"Name": "a", "Type": "timestamp"}} }, own, at, []schema.Field{field("a", schema.Null)}},
		"another lake":     {func(x object) { sd(x)["Location"] = "s3://elsewhere/x/" }, "s3://elsewhere/x/", now, nil},
		"another prefix":   {func(x object) { sd(x)["Location"] = "s3://bucket/lake2/" + own }, "s3://bucket/lake2/" + own, now, nil},
		"another Location": {func(x object) { sd(x)["Location"] = "s3://bucket/lake/" + own + "x/" }, own + "x/", now, nil},
		"by hand":          {func(x object) { x["Parameters"] = object{} }, own, now, nil},
		"damaged":          {func(x object) { x["Parameters"].(map[string]string)[publishedKey] = "soon" }, own, now, nil},
		"no storage":       {func(x object) { x["StorageDescriptor"] = nil }, "", now, nil},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			for _, which := range [][]layout.Partition{{hour}, {hour, hour + 1}} {
				var c *Catalog
				c, _ = open(t, func(x call) (any, string) {
					p := registered(c, entry(hour, declared(table)...), true)
					test.change(p)
					switch x.op {
					case "GetPartition":
						return object{"Partition": p}, ""
					case "BatchGetPartition":
						return object{"Partitions": []object{p}}, ""
					}
					return stored(t, c, "7", table), ""
				})
				c.now = func() time.Time { return now }
				found, err := c.Partitions(t.Context(), which...)
				if err != nil || len(found) != 1 {
					t.Fatalf("found %d, %v", len(found), err)
				}
				got := found[0]
				if got.Location != test.location || !got.PublishedAt.Equal(test.published) || got.Version == "" || !schema.Equal(got.Columns, test.columns) {
					t.Errorf("got %+v", got)
				}
			}
		})
	}
}

// TestForeignLocationStays: who only brings up columns leaves a Location that is not the lake's as it is.
func TestForeignLocationStays(t *testing.T) {
	var at []string
	c, _ := open(t, func(x call) (any, string) {
		var in struct {
			PartitionInputList []struct{ StorageDescriptor struct{ Location string } }
		}
		x.to(t, &in)
		for _, p := range in.PartitionInputList {
			at = append(at, p.StorageDescriptor.Location)
		}
		return object{}, ""
	})
	p, q := entry(hour), entry(hour+1)
	p.Location = "s3://elsewhere/x/"
	if err := c.SetPartitions(t.Context(), []catalog.Partition{p, q}); err != nil {
		t.Fatal(err)
	}
	if want := []string{p.Location, "s3://bucket/lake/" + q.Location}; !slices.Equal(at, want) {
		t.Errorf("set to %v, want %v", at, want)
	}
}

// TestHourOf: two spellings are two partitions in Glue, and only one of them is an hour.
func TestHourOf(t *testing.T) {
	if got, ok := hourOf(valuesOf(hour)); !ok || got != hour {
		t.Errorf("got %v, %t", got, ok)
	}
	for _, values := range [][]string{nil, {"2026-11-23"}, {"2026-11-23", "8"}, {"2026-11-23", "24"}, {"1969-11-23", "08"}, {"2026-11-23", "08", "x"}, {"", ""}} {
		if got, ok := hourOf(values); ok {
			t.Errorf("%q is read as %s", values, got)
		}
	}
}
