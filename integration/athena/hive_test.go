package athena

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

const (
	hiveTable = "events_hive"
	hiveSerDe = "org.apache.hive.hcatalog.data.JsonSerDe"
)

// hiveOf makes, or brings up to date, a second table over the partitions of `events` with these columns, read by the JSON SerDe of Hive, and gives its
// name. Columns, and members of structs, that are rescued conflicts can only be read by the OpenX SerDe (see strict).
func (l *lake) hiveOf(fields []schema.Field) string {
	l.t.Helper()
	client := glue.NewFromConfig(l.site.Config())
	got, err := client.GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: &l.name, Name: aws.String("events")})
	if err != nil {
		l.t.Fatal(err)
	}
	described := *got.Table.StorageDescriptor
	described.SerdeInfo = &types.SerDeInfo{SerializationLibrary: aws.String(hiveSerDe)}
	described.Columns = nil
	for _, f := range fields {
		described.Columns = append(described.Columns, types.Column{Name: aws.String(f.Name), Type: aws.String(f.Type.Hive())})
	}
	_, _ = client.DeleteTable(l.t.Context(), &glue.DeleteTableInput{DatabaseName: &l.name, Name: aws.String(hiveTable)}) // the first time there is none
	if _, err := client.CreateTable(l.t.Context(), &glue.CreateTableInput{DatabaseName: &l.name, TableInput: &types.TableInput{
		Name: aws.String(hiveTable), TableType: got.Table.TableType, PartitionKeys: got.Table.PartitionKeys, StorageDescriptor: &described,
	}}); err != nil {
		l.t.Fatal(err)
	}
	var inputs []types.PartitionInput
	for hour, location := range l.locations() {
		there := described
		there.Location = aws.String(location)
		inputs = append(inputs, types.PartitionInput{Values: strings.Fields(hour), StorageDescriptor: &there})
	}
	for some := range slices.Chunk(inputs, 100) {
		out, err := client.BatchCreatePartition(l.t.Context(), &glue.BatchCreatePartitionInput{DatabaseName: &l.name, TableName: aws.String(hiveTable), PartitionInputList: some})
		if err != nil || len(out.Errors) > 0 {
			l.t.Fatal(err, out)
		}
	}
	return hiveTable
}

// fields are the declared columns, as Lakebed's own record in Glue has them.
func (l *lake) fields() []schema.Field {
	l.t.Helper()
	table, err := gluecatalog.New(glue.NewFromConfig(l.site.Config()), gluecatalog.Config{Database: l.name, Table: "events", Lake: l.at()}).Table(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	fields := make([]schema.Field, len(table.Columns))
	for i, c := range table.Columns {
		fields[i] = c.Field
	}
	return schema.Declared(fields)
}

func (l *lake) at() cloud.Lake {
	l.t.Helper()
	at, err := cloud.ParseLake(cloud.Scheme + bucketName + "/" + l.name)
	if err != nil {
		l.t.Fatal(err)
	}
	return at
}

// strict are the declared columns without rescued conflicts: a string column, member or element in which something else than strings and nulls is
// stored. The catalog does not tell them from columns of plain strings, as a string forgets what it was made of, so the stored lines are asked.
func (l *lake) strict() []schema.Field {
	l.t.Helper()
	all := schema.Type{Kind: schema.Struct, Fields: l.fields()}
	rescued := map[string]bool{}
	l.lines(func(line []byte) {
		rescues(all, decoded(l.t, string(line)), "", rescued)
	})
	kept, _ := without(all, "", rescued)
	return kept.Fields
}

// lines calls do for every line that the table `events` shows.
func (l *lake) lines(do func([]byte)) {
	l.t.Helper()
	b := s3bucket.New(cloud.S3(l.site.Config()), l.at())
	root := cloud.Scheme + bucketName + "/" + l.name + "/"
	for _, location := range l.locations() {
		for o, err := range b.List(l.t.Context(), strings.TrimPrefix(location, root), "") {
			if err != nil {
				l.t.Fatal(err)
			}
			lines, err := part.Open(l.t.Context(), b, o.Key, true)
			if err != nil {
				l.t.Fatal(err)
			}
			for lines.Next() {
				do(lines.Bytes())
			}
			if err := cmp.Or(lines.Err(), lines.Close()); err != nil {
				l.t.Fatal(o.Key, err)
			}
		}
	}
}

// rescues notes the paths at which a value is not what its string type says.
func rescues(t schema.Type, v any, path string, found map[string]bool) {
	switch v := v.(type) {
	case nil:
	case []any:
		if t.Kind == schema.Array {
			for _, e := range v {
				rescues(*t.Elem, e, path+"[]", found)
			}
			return
		}
		found[path] = true
	case map[string]any:
		if t.Kind == schema.Struct {
			for key, member := range v {
				name := schema.Fold(key)
				if i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == name }); i >= 0 {
					rescues(t.Fields[i].Type, member, path+"."+name, found)
				}
			}
			return
		}
		found[path] = true
	case string:
	default:
		if t.Kind == schema.String {
			found[path] = true
		}
	}
}

// without is a type less what lies at the paths; nothing may be left.
func without(t schema.Type, path string, rescued map[string]bool) (schema.Type, bool) {
	if rescued[path] {
		return t, false
	}
	switch t.Kind {
	case schema.Array:
		elem, some := without(*t.Elem, path+"[]", rescued)
		return schema.Type{Kind: t.Kind, Elem: &elem}, some
	case schema.Struct:
		kept := schema.Type{Kind: t.Kind}
		for _, f := range t.Fields {
			if member, some := without(f.Type, path+"."+f.Name, rescued); some {
				kept.Fields = append(kept.Fields, schema.Field{Name: f.Name, Spelling: f.Spelling, Type: member})
			}
		}
		return kept, len(kept.Fields) > 0
	}
	return t, true
}

// shown is a value as a type shows it: members that are not declared are left out.
func shown(t schema.Type, v any) any {
	switch v := v.(type) {
	case []any:
		if t.Kind == schema.Array {
			list := make([]any, len(v))
			for i := range v {
				list[i] = shown(*t.Elem, v[i])
			}
			return list
		}
	case map[string]any:
		if t.Kind == schema.Struct {
			object := map[string]any{}
			for key, member := range v {
				if i := slices.IndexFunc(t.Fields, func(f schema.Field) bool { return f.Name == schema.Fold(key) }); i >= 0 {
					object[key] = shown(t.Fields[i].Type, member)
				}
			}
			return object
		}
	}
	return v
}

// sameThroughHive wants every column that is no rescued conflict, whole, to be the same through both SerDes, row by row. It gives the number of rows.
func (l *lake) sameThroughHive(id, where string) int {
	l.t.Helper()
	fields := l.strict()
	openX, hive := l.rows("events", id, where, fields), l.rows(l.hiveOf(fields), id, where, fields)
	l.t.Logf("%d of %d columns of %d rows through both SerDes", len(fields), len(l.fields()), len(openX))
	if len(openX) != len(hive) {
		l.t.Errorf("%d rows through OpenX, %d through Hive", len(openX), len(hive))
	}
	different := map[string]int{}
	for key, one := range openX {
		for i, f := range fields {
			if other := hive[key]; other == nil {
				l.t.Errorf("Hive has no %s", key)
			} else if a, b := plain(shown(f.Type, one[i])), plain(other[i]); !reflect.DeepEqual(a, b) {
				if different[f.Name]++; different[f.Name] == 1 {
					l.t.Errorf("%s of %s: %s through OpenX, %s through Hive", f.Name, key, encoded(a), encoded(b))
				}
			}
		}
	}
	if len(different) > 0 {
		l.t.Errorf("rows that differ, by column: %v", different)
	}
	return len(openX)
}

// rows reads columns of a table through Trino, by id.
func (l *lake) rows(table, id, where string, fields []schema.Field) map[string][]any {
	l.t.Helper()
	exprs := []string{fmt.Sprintf("json_format(CAST(%s AS json))", quoted(id))}
	for _, f := range fields {
		exprs = append(exprs, fmt.Sprintf("json_format(CAST(%s AS json))", quoted(f.Name)))
	}
	if where != "" {
		where = " WHERE " + where
	}
	rows := map[string][]any{}
	for _, row := range l.site.query(l.t, l.name, "SELECT "+strings.Join(exprs, ", ")+" FROM "+table+where) {
		for i := range row {
			if text, is := row[i].(string); is {
				row[i] = decoded(l.t, text)
			}
		}
		key := fmt.Sprint(row[0])
		if rows[key] != nil {
			l.t.Errorf("%s gives %s twice", table, key)
		}
		rows[key] = row[1:]
	}
	return rows
}
