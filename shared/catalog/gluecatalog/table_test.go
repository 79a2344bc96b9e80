package gluecatalog

import (
	"errors"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

func known(names ...string) catalog.Table {
	var t catalog.Table
	for _, name := range names {
		t.Columns = append(t.Columns, catalog.Column{Field: field(name, schema.String), Since: at})
	}
	return t
}

// update is what UpdateTable is sent.
type update struct {
	VersionId   string
	SkipArchive bool
	TableInput  struct {
		Description       string
		Parameters        map[string]string
		StorageDescriptor struct{ Columns []struct{ Name, Type string } }
	}
}

// TestSetTable: Glue compares the version that was read; what is not Lakebed's stays; an undeclared column is only in the record.
func TestSetTable(t *testing.T) {
	var c *Catalog
	var sent update
	now := known("a")
	c, s := open(t, func(x call) (any, string) {
		if x.op == "UpdateTable" {
			x.to(t, &sent)
			return object{}, ""
		}
		out := stored(t, c, "7", now)
		if sent.VersionId != "" {
			out["Table"].(object)["Parameters"] = sent.TableInput.Parameters
			out["Table"].(object)["VersionId"] = "8"
		}
		return out, ""
	})
	was, err := c.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	was.Columns = append(was.Columns, known("b").Columns...)
	was.Columns = append(was.Columns, catalog.Column{Field: field("later", schema.Null), Since: at})
	now = was
	set, err := c.SetTable(t.Context(), was)
	if err != nil || set.Version == was.Version || !strings.HasPrefix(set.Version, "8/") {
		t.Errorf("version %q after %q, %v", set.Version, was.Version, err)
	}
	if sent.VersionId != "7" || !sent.SkipArchive || sent.TableInput.Description != "of others" || sent.TableInput.Parameters["theirs"] != "kept" {
		t.Errorf("sent %+v", sent)
	}
	if columns := sent.TableInput.StorageDescriptor.Columns; len(columns) != 2 || columns[1].Name != "b" || columns[1].Type != "string" {
		t.Errorf("declared %+v", columns)
	}
	if s.ops() != "GetTable GetTable UpdateTable GetTable" {
		t.Errorf("called %s", s.ops())
	}
}

// TestNew: of a table that is marked as new, and has no record, the columns are nobody's: those of the first SetTable take their place, but for
// text columns that it lacks, which stay.
func TestNew(t *testing.T) {
	marked := func(c *Catalog, parameters map[string]string, columns ...types.Column) object {
		return object{"Table": object{
			"Name": "events", "DatabaseName": "db", "TableType": external, "VersionId": "1", "Parameters": parameters, "PartitionKeys": keys(),
			"StorageDescriptor": described(storage(c.url(layout.Events), columns)),
		}}
	}
	column := func(name, hive string) types.Column { return types.Column{Name: &name, Type: &hive} }
	id := column("id", "struct<a:string>")
	var c *Catalog
	var sent update
	c, _ = open(t, func(x call) (any, string) {
		if x.op == "UpdateTable" {
			sent = update{}
			x.to(t, &sent)
		}
		if sent.VersionId == "" {
			return marked(c, map[string]string{newKey: "true", "theirs": "kept"}, id, column("a", "string"), column("b", "string")), ""
		}
		var columns []types.Column
		for _, one := range sent.TableInput.StorageDescriptor.Columns {
			columns = append(columns, column(one.Name, one.Type))
		}
		return marked(c, sent.TableInput.Parameters, columns...), ""
	})
	was, err := c.Table(t.Context())
	if err != nil || len(was.Columns) != 0 || was.Followed {
		t.Fatalf("got %+v, %v", was, err)
	}
	if was, err = c.SetTable(t.Context(), was); err != nil { // nothing is known of an hour without events
		t.Fatal(err)
	}
	if columns := sent.TableInput.StorageDescriptor.Columns; len(columns) != 3 || columns[0].Name != "id" {
		t.Errorf("its columns are %v before there is an event", columns)
	}
	was.Columns = []catalog.Column{{Field: field("a", schema.Long), Since: at}}
	if set, err := c.SetTable(t.Context(), was); err != nil || len(set.Columns) != 2 {
		t.Fatal(set, err)
	}
	if p := sent.TableInput.Parameters; p[newKey] != "" || p["theirs"] != "kept" {
		t.Errorf("its parameters are %v", p)
	}
	if columns := sent.TableInput.StorageDescriptor.Columns; len(columns) != 2 || columns[0].Type != "bigint" || columns[1].Name != "b" {
		t.Errorf("its columns are %v", columns)
	}
	if now, err := c.Table(t.Context()); err != nil || len(now.Columns) != 2 {
		t.Errorf("read again: %+v, %v", now, err)
	}

	record, err := pack(known("b"), "r")
	if err != nil {
		t.Fatal(err)
	}
	record[newKey] = "true"
	for name, parameters := range map[string]map[string]string{"without the mark": {}, "with a record that has other columns": record} {
		c, _ := open(t, func(call) (any, string) { return marked(c, parameters, id), "" })
		if _, err := c.Table(t.Context()); !errors.Is(err, catalog.ErrCorrupt) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// TestSetTableRefused: how UpdateTable and CreateTable end is told apart.
func TestSetTableRefused(t *testing.T) {
	tests := map[string]struct {
		code   string // of the write
		landed bool   // all the same
		new    bool   // there is no table yet
		is     error
		text   string
	}{
		"another was faster":      {code: "ConcurrentModificationException", is: catalog.ErrStale},
		"dropped meanwhile":       {code: "EntityNotFoundException", is: catalog.ErrStale},
		"an echo of its own":      {code: "ConcurrentModificationException", landed: true},
		"no access":               {code: "AccessDeniedException", text: "AccessDenied"},
		"made meanwhile":          {code: "AlreadyExistsException", new: true, is: catalog.ErrStale},
		"an echo of its creation": {code: "AlreadyExistsException", new: true, landed: true},
		"no database":             {code: "EntityNotFoundException", new: true, text: "database db is not there"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var c *Catalog
			written := update{}
			c, _ = open(t, func(x call) (any, string) {
				if x.op != "GetTable" {
					if test.landed {
						x.to(t, &written)
					}
					return nil, test.code
				}
				out := stored(t, c, "7", known("a"))
				if written.TableInput.Parameters != nil {
					out["Table"].(object)["Parameters"] = written.TableInput.Parameters
				} else if test.new {
					return nil, "EntityNotFoundException"
				}
				return out, ""
			})
			was, err := c.Table(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			_, err = c.SetTable(t.Context(), was)
			switch {
			case test.landed:
				if err != nil {
					t.Error(err)
				}
			case err == nil || !errors.Is(err, test.is) && test.is != nil || !strings.Contains(err.Error(), test.text):
				t.Errorf("got %v, want %v %q", err, test.is, test.text)
			case test.is == nil && errors.Is(err, catalog.ErrStale):
				t.Errorf("%v is not stale", err)
			}
		})
	}
}

// TestTableChanged: what somebody made of the table is named, and who may mend it.
func TestTableChanged(t *testing.T) {
	sd := func(x object) object { return x["StorageDescriptor"].(object) }
	column := func(name, kind string) types.Column { return types.Column{Name: &name, Type: &kind} }
	tests := map[string]struct {
		change func(object)
		is     error
		text   string
	}{
		"untouched":        {func(object) {}, nil, ""},
		"without slash":    {func(x object) { sd(x)["Location"] = "s3://bucket/lake/events" }, nil, ""},
		"column added":     {func(x object) { sd(x)["Columns"] = append(sd(x)["Columns"].([]types.Column), column("theirs", "int")) }, catalog.ErrCorrupt, `"theirs"`},
		"column dropped":   {func(x object) { sd(x)["Columns"] = []types.Column{column("a", "string")} }, catalog.ErrCorrupt, `"b" is gone`},
		"type changed":     {func(x object) { sd(x)["Columns"] = []types.Column{column("a", "string"), column("b", "int")} }, catalog.ErrCorrupt, `"b" is int`},
		"order changed":    {func(x object) { sd(x)["Columns"] = []types.Column{column("b", "string"), column("a", "string")} }, catalog.ErrCorrupt, "order"},
		"record gone":      {func(x object) { x["Parameters"] = object{} }, catalog.ErrCorrupt, `"a" that Lakebed did not declare`},
		"record damaged":   {func(x object) { x["Parameters"].(map[string]string)[recordKey+"0"] = "?" }, catalog.ErrCorrupt, recordKey},
		"another SerDe":    {func(x object) { sd(x)["SerdeInfo"] = object{"SerializationLibrary": "csv"} }, catalog.ErrCorrupt, `"csv"`},
		"no SerDe":         {func(x object) { sd(x)["SerdeInfo"] = nil }, catalog.ErrCorrupt, "SerDe"},
		"another input":    {func(x object) { sd(x)["InputFormat"] = "orc" }, catalog.ErrCorrupt, `"orc"`},
		"projection":       {func(x object) { x["Parameters"].(map[string]string)[projectionKey] = "TRUE" }, catalog.ErrCorrupt, "projection"},
		"newer record":     {func(x object) { x["Parameters"].(map[string]string)[formatKey] = "2" }, errors.ErrUnsupported, "newer"},
		"another Location": {func(x object) { sd(x)["Location"] = "s3://bucket/other/events/" }, catalog.ErrForeign, "s3://bucket/other/events/"},
		"another folder":   {func(x object) { sd(x)["Location"] = "s3://bucket/lake/raw/" }, catalog.ErrForeign, "Location"},
		"another bucket":   {func(x object) { sd(x)["Location"] = "s3://bucket2/lake/events/" }, catalog.ErrForeign, "Location"},
		"no storage":       {func(x object) { x["StorageDescriptor"] = nil }, catalog.ErrForeign, "Location"},
		"a view":           {func(x object) { x["TableType"] = "VIRTUAL_VIEW" }, catalog.ErrForeign, "VIRTUAL_VIEW"},
		"Iceberg":          {func(x object) { x["Parameters"].(map[string]string)[tableFormatKey] = "ICEBERG" }, catalog.ErrForeign, "ICEBERG"},
		"partition keys":   {func(x object) { x["PartitionKeys"] = keys()[:1] }, catalog.ErrForeign, "(dt string)"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			var c *Catalog
			c, s := open(t, func(call) (any, string) {
				out := stored(t, c, "7", known("a", "b"))
				test.change(out["Table"].(object))
				return out, ""
			})
			_, err := c.Table(t.Context())
			if test.text == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.text) || !strings.Contains(err.Error(), "db.events") {
				t.Errorf("got %v, want %q", err, test.text)
			}
			for _, class := range []error{catalog.ErrCorrupt, catalog.ErrForeign} {
				if errors.Is(err, class) != errors.Is(test.is, class) {
					t.Errorf("%v is %v: %t", err, class, errors.Is(err, class))
				}
			}
			_, setErr := c.SetTable(t.Context(), catalog.Table{Version: "7/r7"})
			clearErr := error(nil)
			if !errors.Is(test.is, catalog.ErrCorrupt) {
				clearErr = c.Clear(t.Context())
				if clearErr == nil {
					t.Error("it was cleared")
				}
			}
			if setErr == nil || strings.Contains(s.ops(), "UpdateTable") {
				t.Errorf("set: %v, calls %s", setErr, s.ops())
			}
		})
	}
}

// TestDropped: a table that was deployed and is not there is reported, and never made anew.
func TestDropped(t *testing.T) {
	c, s := open(t, func(call) (any, string) { return nil, "EntityNotFoundException" })
	if got, err := c.Table(t.Context()); err != nil || got.Version != "" {
		t.Errorf("table %+v, %v", got, err)
	}
	c.config.Deployed = true
	_, readErr := c.Table(t.Context())
	_, setErr := c.SetTable(t.Context(), catalog.Table{})
	for _, err := range []error{readErr, setErr} {
		if !errors.Is(err, catalog.ErrCorrupt) || !strings.Contains(err.Error(), "dropped") {
			t.Errorf("got %v", err)
		}
	}
	if err := c.Clear(t.Context()); err != nil || s.ops() != "GetTable GetTable GetTable GetTable" {
		t.Errorf("clear: %v, calls %s", err, s.ops())
	}
}
