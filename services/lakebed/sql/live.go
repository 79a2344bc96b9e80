package sql

import (
	"encoding/json"
	"fmt"
	"strings"

	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// liveTable is the query of events_live. An id's copies all lie in one partition, so the fragments are held against the parts of their
// own partitions only, and a condition on dt and hour reaches every file that is read.
func (s *Session) liveTable(parts []string, l look) string {
	events := withLost(s.table(layout.Events, parts, l.wide), columnsOf(l.wide), l.lost)
	fragments, partitions := s.recent(l)
	if len(fragments) == 0 || len(l.wide) == 0 {
		return events
	}
	keys := make([]string, len(fragments))
	for i, f := range fragments {
		keys[i] = f.Key()
	}
	var beside []string
	for _, slot := range l.parts {
		if partitions[slot.Partition] {
			beside = append(beside, slot.Key())
		}
	}
	id, columns := identified(l.wide, s.lake.IDField)
	fresh := fmt.Sprintf("SELECT * FROM (%s) QUALIFY row_number() OVER (PARTITION BY dt, hour, %s ORDER BY \"#order\") = 1",
		s.read(layout.Raw, keys, append(columns, id, column{value: fileColumn, name: `"#order"`})), idColumn)
	known := s.read(layout.Events, beside, []column{id})
	names := make([]string, 0, len(l.wide)+2)
	for _, f := range l.wide {
		names = append(names, duck.Name(f.Name))
	}
	names = append(names, "dt", "hour")
	return fmt.Sprintf("%s UNION ALL SELECT %s FROM (%s) AS fresh WHERE NOT EXISTS (SELECT 1 FROM (%s) AS known WHERE "+
		"known.dt = fresh.dt AND known.hour = fresh.hour AND known.%s = fresh.%s)",
		events, strings.Join(names, ", "), fresh, known, idColumn, idColumn)
}

// identified gives the column of the id at a dotted path, and the columns with the one in which it lies read as JSON: the id need not be
// declared itself. Ids are compared as their text, UUIDs in lower case (see event.ParseID).
func identified(fields []schema.Field, path string) (id column, columns []column) {
	top, rest, nested := strings.Cut(path, ".")
	pointer := "$"
	if nested {
		pointer = "/" + strings.ReplaceAll(strings.NewReplacer("~", "~0", "/", "~1").Replace(rest), ".", "/")
	}
	text := fmt.Sprintf("json_extract_string(%s, %s)", duck.Name(top), duck.Text(pointer))
	id = column{
		key: top, typed: "JSON", name: idColumn,
		value: fmt.Sprintf("CASE WHEN regexp_full_match(%s, '[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}') THEN lower(%s) "+
			"WHEN %s = '-0' THEN '0' ELSE %s END", text, text, text, text),
	}
	columns = columnsOf(fields)
	for i, f := range fields {
		if spelling(f) != top {
			continue
		}
		// The id's own entry reads the key; this one makes the column of it.
		columns[i].key = ""
		if f.Type.Kind == schema.String {
			columns[i].value = fmt.Sprintf("json_extract_string(%s, '$')", duck.Name(top))
			continue
		}
		shape, _ := json.Marshal(f.Type.DuckDB()) // a string always encodes
		columns[i].value = fmt.Sprintf("json_transform(%s, %s)", duck.Name(top), duck.Text(string(shape)))
	}
	return id, columns
}
