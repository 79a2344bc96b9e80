package sql

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/schema"
)

// Columns that the views use and do not show. No column of an event can have such a name (see schema.ColumnName).
const (
	fileColumn = `"#file"`
	idColumn   = `"#id"`
	whyColumn  = `"#why"`
)

// Names of the views.
const (
	Events     = "events"
	EventsRaw  = "events_raw"
	EventsLive = "events_live"
	Quarantine = "quarantine"
)

// rejectColumns are those of package quarantine. The time of arrival is text, as all times in the lake.
var rejectColumns = []schema.Field{
	{Name: "reason", Type: schema.Type{Kind: schema.String}},
	{Name: "detail", Type: schema.Type{Kind: schema.String}},
	{Name: "shard", Type: schema.Type{Kind: schema.String}},
	{Name: "sequence", Type: schema.Type{Kind: schema.String}},
	{Name: "position", Type: schema.Type{Kind: schema.Long}},
	{Name: "arrival", Type: schema.Type{Kind: schema.String}},
	{Name: "data", Type: schema.Type{Kind: schema.String}},
}

// viewsOf are the statements that make the views, in one transaction.
func (s *Session) viewsOf(l look) string {
	parts := make([]string, len(l.parts))
	for i, slot := range l.parts {
		parts[i] = slot.Key()
	}
	fragments := make([]string, len(l.fragments))
	for i, f := range l.fragments {
		fragments[i] = f.Key()
	}
	var b strings.Builder
	b.WriteString("BEGIN;\n")
	for _, view := range []struct {
		name, query string
		columns     []schema.Field
	}{
		{Events, withLost(s.table(layout.Events, parts, l.columns), columnsOf(l.columns), l.lost), l.columns},
		{EventsRaw, s.table(layout.Raw, fragments, l.wide), l.wide},
		{EventsLive, s.liveTable(parts, l), l.wide},
		{Quarantine, s.table(layout.Quarantine, l.rejects, rejectColumns), rejectColumns},
	} {
		if s.lake.Bring != nil && !s.named[view.name] {
			view.query = failing(columnsOf(view.columns), whyText, whyText, "the objects of "+view.name+" were not fetched: name it in the statement")
		}
		fmt.Fprintf(&b, "CREATE OR REPLACE VIEW %s AS %s;\n", view.name, view.query)
	}
	b.WriteString("COMMIT;")
	return b.String()
}

// column is one of a view: how it is read from a file, and what is made of it.
type column struct {
	key   string // in the JSON objects
	typed string // its type there; empty when it is not read but made
	value string // the view's expression
	name  string // the view's name for it
}

func columnsOf(fields []schema.Field) []column {
	columns := make([]column, len(fields))
	for i, f := range fields {
		columns[i] = column{key: spelling(f), typed: f.Type.DuckDB(), value: duck.Name(spelling(f)), name: duck.Name(f.Name)}
	}
	return columns
}

func spelling(f schema.Field) string {
	if f.Spelling == "" {
		return f.Name
	}
	return f.Spelling
}

// table is a query that reads the objects of keys below a top folder, with dt and hour.
func (s *Session) table(top string, keys []string, fields []schema.Field) string {
	return s.read(top, keys, columnsOf(fields))
}

func (s *Session) read(top string, keys []string, columns []column) string {
	if len(keys) == 0 || len(columns) == 0 {
		return none(columns)
	}
	shown := make([]string, 0, len(columns)+2)
	typed := make([]string, 0, len(columns))
	for _, c := range columns {
		if c.key != "" {
			typed = append(typed, duck.Text(c.key)+": "+duck.Text(c.typed))
		}
		shown = append(shown, c.value+" AS "+c.name)
	}
	dt, hour, partitioning := s.partitionColumns(top)
	// DuckDB would tell the compression by the name, but takes what follows a ? in a directory's for no part of it.
	root, files := unglob(s.lake.Root), map[string][]string{}
	for _, key := range keys {
		compression := "uncompressed"
		if strings.HasSuffix(key, ".gz") {
			compression = "gzip"
		}
		files[compression] = append(files[compression], duck.Text(root+"/"+key))
	}
	var reads []string
	for _, compression := range slices.Sorted(maps.Keys(files)) {
		// Without records and auto_detect DuckDB would read into the files when it makes the view. maximum_object_size counts the newline.
		reads = append(reads, fmt.Sprintf("SELECT %s, %s AS dt, %s AS hour FROM read_json([%s], columns={%s}, format='newline_delimited', auto_detect=false, records='true', "+
			"compression=%s, maximum_object_size=%d, filename=%s, %s)",
			strings.Join(shown, ", "), dt, hour, strings.Join(files[compression], ", "), strings.Join(typed, ", "),
			duck.Text(compression), part.MaxLine+1, duck.Text(strings.Trim(fileColumn, `"`)), partitioning))
	}
	return strings.Join(reads, " UNION ALL ")
}

// none is a query with the columns, dt and hour, and without rows.
func none(columns []column) string {
	return "SELECT " + casts("NULL", columns) + "CAST(NULL AS VARCHAR) AS dt, CAST(NULL AS VARCHAR) AS hour WHERE false"
}

// whyText is an expression for dt or hour in failing that cannot be read either.
const whyText = "CAST(" + whyColumn + " AS VARCHAR)"

// failing is a query with the columns, dt and hour, whose row cannot be read: a statement that comes to it fails and says why. Only a
// condition that the expressions of dt and hour do not meet leaves it out. The columns are the error itself and not NULL: of a NULL, DuckDB
// knows beforehand that it does not meet a condition, and would drop the row unread.
func failing(columns []column, dt, hour, why string) string {
	return fmt.Sprintf("SELECT %s%s AS dt, %s AS hour FROM (SELECT error(%s) AS %s) WHERE %s",
		casts(whyColumn, columns), dt, hour, duck.Text(why), whyColumn, whyColumn)
}

// casts lists the columns, each made of one expression.
func casts(expression string, columns []column) string {
	var b strings.Builder
	for _, c := range columns {
		fmt.Fprintf(&b, "CAST(%s AS %s) AS %s, ", expression, c.typed, c.name)
	}
	return b.String()
}

// unglob spells a path so that DuckDB takes it for itself, and for no pattern. Keys hold nothing of the kind.
func unglob(path string) string {
	segments := strings.Split(path, "/")
	for i, segment := range segments {
		if strings.ContainsAny(segment, "*?[") {
			segments[i] = unglobber.Replace(segment)
		}
	}
	return strings.Join(segments, "/")
}

var unglobber = strings.NewReplacer("*", "[*]", "?", "[?]", "[", "[[]")

// partitionColumns are the expressions for dt and hour. DuckDB takes them from the path, and then opens only the files that a condition
// on them leaves. It would take every other name=value in the path for a column too, over one of the events' own; so where the lake's
// own directory has a = they are cut out of the file's name, and a condition reads all files.
func (s *Session) partitionColumns(top string) (dt, hour, option string) {
	if !strings.Contains(s.lake.Root, "=") {
		return "dt", "hour", "hive_partitioning=true, hive_types_autocast=false, hive_types={'dt': 'VARCHAR', 'hour': 'VARCHAR'}"
	}
	at := utf8.RuneCountInString(s.lake.Root) + len("/") + len(top) + len(layout.PartitionPrefix) + 1 // SQL counts from 1
	return fmt.Sprintf("substr(%s, %d, 10)", fileColumn, at),
		fmt.Sprintf("substr(%s, %d, 2)", fileColumn, at+len("2006-01-02/hour=")), "hive_partitioning=false"
}
