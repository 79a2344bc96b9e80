package catalog

import (
	"fmt"
	"time"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// tableRecord is table.json, and what Glue keeps in the table's parameters.
type tableRecord struct {
	Columns  []columnRecord `json:"columns"`
	Followed bool           `json:"followed"`
}

// columnRecord names its field: were it embedded, a JSON form of schema.Field would take the place of the column's.
type columnRecord struct {
	Field   schema.Field   `json:"field"`
	Since   time.Time      `json:"since"`
	Changes []changeRecord `json:"changes,omitempty"`
}

type changeRecord struct {
	From string    `json:"from"`
	At   time.Time `json:"at"`
}

// partitionRecord is a partition's file.
type partitionRecord struct {
	Partition   string         `json:"partition"`
	Location    string         `json:"location"`
	Columns     []schema.Field `json:"columns"`
	PublishedAt time.Time      `json:"published_at"`
	WrittenAt   time.Time      `json:"written_at"`
}

// PackTable gives all but the Version as JSON.
func PackTable(t Table) ([]byte, error) {
	r := tableRecord{Followed: t.Followed}
	for _, c := range t.Columns {
		column := columnRecord{Field: c.Field, Since: c.Since.UTC()}
		for _, change := range c.Changes {
			column.Changes = append(column.Changes, changeRecord{change.From, change.At.UTC()})
		}
		r.Columns = append(r.Columns, column)
	}
	return json.MarshalIndent(r, "", " ")
}

// UnpackTable is the inverse of PackTable.
func UnpackTable(text []byte) (Table, error) {
	var r tableRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return Table{}, err
	}
	t := Table{Followed: r.Followed}
	for _, c := range r.Columns {
		column := Column{Field: c.Field, Since: c.Since}
		for _, change := range c.Changes {
			column.Changes = append(column.Changes, Change(change))
		}
		t.Columns = append(t.Columns, column)
	}
	return t, nil
}

func packPartition(p Partition) ([]byte, error) {
	return json.Marshal(partitionRecord{p.Hour.String(), p.Location, p.Columns, p.PublishedAt.UTC(), p.WrittenAt.UTC()})
}

// unpackPartition also checks that the record is hour's, so that a file in a wrong place is noticed.
func unpackPartition(text []byte, hour layout.Partition) (Partition, error) {
	var r partitionRecord
	if err := json.Unmarshal(text, &r); err != nil {
		return Partition{}, err
	}
	if r.Partition != hour.String() {
		return Partition{}, fmt.Errorf("it is of %q", r.Partition)
	}
	return Partition{Hour: hour, Location: r.Location, Columns: r.Columns, PublishedAt: r.PublishedAt, WrittenAt: r.WrittenAt}, nil
}
