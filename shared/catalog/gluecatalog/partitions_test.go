package gluecatalog

import (
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// TestPartitionsPaged: all pages are read, without columns; only those that are behind are read once more, with theirs.
func TestPartitionsPaged(t *testing.T) {
	var c *Catalog
	table := known("a", "b")
	table.Columns[1].Type.Kind = schema.Long
	now := declared(table)
	pages := map[string][]object{}
	c, s := open(t, func(x call) (any, string) {
		switch x.op {
		case "GetPartitions":
			if x.in["ExcludeColumnSchema"] != true {
				t.Error("columns are asked for")
			}
			if x.in["NextToken"] == nil {
				return object{"Partitions": pages[""], "NextToken": "2"}, ""
			}
			return object{"Partitions": pages["2"]}, ""
		case "BatchGetPartition":
			return object{
				"Partitions":      []object{registered(c, entry(hour+1, field("a", schema.String)), true)},
				"UnprocessedKeys": []object{{"Values": valuesOf(hour)}, {"Values": valuesOf(hour + 3)}},
			}, ""
		case "GetPartition":
			if reflect.DeepEqual(x.in["PartitionValues"], []any{hour.Date(), hour.Hour()}) {
				return object{"Partition": registered(c, entry(hour, field("b", schema.String)), true)}, ""
			}
			return nil, "EntityNotFoundException"
		}
		return stored(t, c, "7", table), ""
	})
	crawled := object{"Values": []string{"2026", "raw"}}
	pages[""] = []object{registered(c, entry(hour+2, now...), false), crawled, registered(c, entry(hour+1, now[0]), false)}
	pages["2"] = []object{
		registered(c, entry(hour, field("b", schema.String)), false), registered(c, entry(hour+3, now[0]), false), registered(c, entry(hour-1), false)}
	found, err := c.Partitions(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := []catalog.Partition{entry(hour, field("b", schema.String)), entry(hour+1, field("a", schema.String)), entry(hour+2, now...)}
	// The last page's hour-1 is behind as well; no answer tells of it, as if it had been dropped meanwhile.
	for i, p := range found {
		if p.Version == "" {
			t.Errorf("%s has no version", p.Hour)
		}
		found[i].Version = ""
	}
	if !reflect.DeepEqual(found, want) {
		t.Errorf("got\n%+v\nwant\n%+v", found, want)
	}
	if s.ops() != "GetPartitions GetPartitions GetTable BatchGetPartition GetPartition GetPartition" {
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
