package gluecatalog

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

const (
	serde        = "org.openx.data.jsonserde.JsonSerDe"
	inputFormat  = "org.apache.hadoop.mapred.TextInputFormat"
	outputFormat = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
	external     = "EXTERNAL_TABLE"
)

// storage is how readers read what lies at a location. The SerDe matches keys without regard to case, so that no column needs a mapping to
// the spelling of its key; it must not pass over malformed lines, as there are none but by damage.
func storage(location string, columns []types.Column) *types.StorageDescriptor {
	return &types.StorageDescriptor{
		Location: aws.String(location), Columns: columns, InputFormat: aws.String(inputFormat), OutputFormat: aws.String(outputFormat),
		SerdeInfo: &types.SerDeInfo{
			SerializationLibrary: aws.String(serde),
			Parameters:           map[string]string{"case.insensitive": "TRUE", "serialization.format": "1"},
		},
	}
}

// keys are the partition keys.
func keys() []types.Column {
	return []types.Column{{Name: aws.String("dt"), Type: aws.String("string")}, {Name: aws.String("hour"), Type: aws.String("string")}}
}

// url is where a key of the lake lies; what is a URL already stays as it is.
func (c *Catalog) url(key string) string {
	if strings.Contains(key, "://") {
		return key
	}
	return cloud.Scheme + c.config.Lake.Bucket + "/" + c.config.Lake.Prefix + key
}

// key is the inverse of url.
func (c *Catalog) key(url string) string {
	if key, ok := strings.CutPrefix(url, cloud.Scheme+c.config.Lake.Bucket+"/"+c.config.Lake.Prefix); ok {
		return key
	}
	return url
}

// foreign tells why a table is not this lake's.
func (c *Catalog) foreign(t *types.Table) error {
	location := ""
	if t.StorageDescriptor != nil {
		location = aws.ToString(t.StorageDescriptor.Location)
	}
	what := ""
	switch want := c.url(layout.Events); {
	case aws.ToString(t.TableType) != external:
		what = fmt.Sprintf("its type is %q, not %q", aws.ToString(t.TableType), external)
	case t.Parameters[tableFormatKey] != "":
		what = fmt.Sprintf("its format is %s", t.Parameters[tableFormatKey])
	case strings.TrimSuffix(location, "/") != strings.TrimSuffix(want, "/"):
		what = fmt.Sprintf("its Location is %q, not %q", location, want)
	case !sameColumns(t.PartitionKeys, keys()):
		what = "its partition keys are " + list(t.PartitionKeys) + ", not " + list(keys())
	default:
		return nil
	}
	return fmt.Errorf("%s: %w", what, catalog.ErrForeign)
}

// read gives this lake's table if it is as Lakebed left it.
func (c *Catalog) read(t *types.Table) (catalog.Table, error) {
	if err := c.foreign(t); err != nil {
		return catalog.Table{}, err
	}
	if f := t.Parameters[formatKey]; f != "" && f != format {
		return catalog.Table{}, fmt.Errorf("its record has the format %.20q, this Lakebed knows %s: use a newer one", f, format)
	}
	known, err := unpack(t.Parameters)
	if err != nil {
		return catalog.Table{}, fmt.Errorf("its parameters %s*: %w: %w", recordKey, catalog.ErrCorrupt, err)
	}
	want := columnsOf(declared(known))
	if isNew(t, known) {
		want = t.StorageDescriptor.Columns
	}
	if what := changed(t, want); what != "" {
		return catalog.Table{}, fmt.Errorf("%s: %w", what, catalog.ErrCorrupt)
	}
	known.Version = version(t)
	return known, nil
}

// isNew tells whether a table has still the columns that Terraform made it with, for the view and for queries to find: those of the first events
// take their place, and the mark goes with them.
func isNew(t *types.Table, known catalog.Table) bool {
	return t.Parameters[newKey] != "" && len(known.Columns) == 0
}

// promised are columns, and those text columns of a new table that the first events lack, since the view would fail without them.
func promised(t *types.Table, columns []catalog.Column) []catalog.Column {
	if len(columns) == 0 {
		return nil
	}
	all := slices.Clone(columns)
	for _, c := range t.StorageDescriptor.Columns {
		name := aws.ToString(c.Name)
		if aws.ToString(c.Type) == "string" && !slices.ContainsFunc(all, func(one catalog.Column) bool { return one.Name == name }) {
			all = append(all, catalog.Column{
				Field: schema.Field{Name: name, Spelling: name, Type: schema.Type{Kind: schema.String}}, Since: columns[0].Since,
			})
		}
	}
	return all
}

// changed tells in what a table is not as Lakebed leaves it.
func changed(t *types.Table, want []types.Column) string {
	s := t.StorageDescriptor
	library := ""
	if s.SerdeInfo != nil {
		library = aws.ToString(s.SerdeInfo.SerializationLibrary)
	}
	switch {
	case library != serde:
		return fmt.Sprintf("its SerDe is %q, not %s", library, serde)
	case aws.ToString(s.InputFormat) != inputFormat:
		return fmt.Sprintf("its input format is %q, not %s", aws.ToString(s.InputFormat), inputFormat)
	case strings.EqualFold(t.Parameters[projectionKey], "true"):
		return "it has partition projection, which shows other files than the partitions' Locations"
	}
	return differ(s.Columns, want)
}

// differ names the first column that is not as wanted.
func differ(got, want []types.Column) string {
	at := map[string]string{}
	for _, c := range want {
		at[aws.ToString(c.Name)] = aws.ToString(c.Type)
	}
	for _, c := range got {
		name, kind := aws.ToString(c.Name), aws.ToString(c.Type)
		was, ok := at[name]
		switch {
		case !ok:
			return fmt.Sprintf("it has a column %q that Lakebed did not declare", name)
		case was != kind:
			return fmt.Sprintf("its column %q is %.80s, declared as %.80s", name, kind, was)
		}
		delete(at, name)
	}
	if len(at) > 0 {
		return fmt.Sprintf("its column %q is gone", slices.Min(slices.Collect(maps.Keys(at))))
	}
	if !sameColumns(got, want) {
		return "its columns are in another order"
	}
	return ""
}

func sameColumns(a, b []types.Column) bool {
	return slices.EqualFunc(a, b, func(x, y types.Column) bool {
		return aws.ToString(x.Name) == aws.ToString(y.Name) && aws.ToString(x.Type) == aws.ToString(y.Type)
	})
}

func list(columns []types.Column) string {
	names := []string{}
	for _, c := range columns {
		names = append(names, aws.ToString(c.Name)+" "+aws.ToString(c.Type))
	}
	return "(" + strings.Join(names, ", ") + ")"
}
