package gluecatalog

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// maxGet is how many partitions BatchGetPartition takes.
const maxGet = 1000

// Partitions implements catalog.Catalog. Columns that are the table's are given as the table has them; others as Glue tells them, see
// fieldsOf. Entries may share them. When all are read, a partition's columns are known by their hash, so that a change of theirs by hand shows only in those named.
//
// A Location outside the lake is given as the URL that it is. An entry that others made, or whose Location others set, is given without
// columns, and as published and written just now: it will be written anew before anybody relies on when that was. What is no hour, such
// as a crawler may register, is passed over.
func (c *Catalog) Partitions(ctx context.Context, which ...layout.Partition) ([]catalog.Partition, error) {
	var found []*types.Partition
	var err error
	if len(which) == 0 {
		found, err = c.all(ctx)
	} else {
		hours := slices.Clone(which)
		slices.Sort(hours)
		found, err = c.named(ctx, slices.Compact(hours))
	}
	if err != nil {
		return nil, fmt.Errorf("read partitions of %s: %w", c.name(), err)
	}
	if len(found) == 0 {
		return nil, nil
	}
	t, err := c.Table(ctx) // after them: columns that it does not have any more are behind, whichever came first
	if err != nil {
		return nil, fmt.Errorf("read partitions of %s: %w", c.name(), err)
	}
	entries, err := c.entries(ctx, found, declared(t), len(which) == 0)
	if err != nil {
		return nil, fmt.Errorf("read partitions of %s: %w", c.name(), err)
	}
	slices.SortFunc(entries, func(a, b catalog.Partition) int { return cmp.Compare(a.Hour, b.Hour) })
	return entries, nil
}

// entries reads what Glue gave. Of those that were listed the columns are known by their hash only; where that is not the table's, they are
// read once more: of one for each hash, as 10,000 partitions that are behind are so in the same way, and their columns may be many.
func (c *Catalog) entries(ctx context.Context, found []*types.Partition, table []schema.Field, listed bool) ([]catalog.Partition, error) {
	want := columnsOf(table)
	now := hash(want)
	var entries []catalog.Partition
	behind := map[string][]catalog.Partition{}
	for _, p := range found {
		hour, ok := hourOf(p.Values)
		if !ok {
			continue
		}
		e, marked := c.entry(hour, p)
		switch mark := p.Parameters[columnsKey]; {
		case !marked:
		case listed && mark != now:
			behind[mark] = append(behind[mark], e)
			continue
		case listed, sameColumns(p.StorageDescriptor.Columns, want):
			e.Columns = table // shared, as there may be 10,000
		default:
			e.Columns = fieldsOf(p.StorageDescriptor.Columns)
		}
		entries = append(entries, e)
	}
	for _, mark := range slices.Sorted(maps.Keys(behind)) {
		others, err := c.behind(ctx, mark, behind[mark], table)
		if err != nil {
			return nil, err
		}
		entries = append(entries, others...)
	}
	return entries, nil
}

// behind gives listed entries that bear one mark with their columns: the first's are all's, unless somebody has changed or dropped it since; then
// each is read.
func (c *Catalog) behind(ctx context.Context, mark string, group []catalog.Partition, table []schema.Field) ([]catalog.Partition, error) {
	first, err := c.named(ctx, []layout.Partition{group[0].Hour})
	if err != nil {
		return nil, err
	}
	if len(first) == 1 && first[0].StorageDescriptor != nil && hash(first[0].StorageDescriptor.Columns) == mark {
		columns := fieldsOf(first[0].StorageDescriptor.Columns)
		for i := range group {
			group[i].Columns = columns
		}
		return group, nil
	}
	hours := make([]layout.Partition, len(group))
	for i, e := range group {
		hours[i] = e.Hour
	}
	again, err := c.named(ctx, hours)
	if err != nil {
		return nil, err
	}
	return c.entries(ctx, again, table, false)
}

// entry reads all but the columns. It tells whether the entry is as Lakebed wrote it.
func (c *Catalog) entry(hour layout.Partition, p *types.Partition) (e catalog.Partition, marked bool) {
	location := ""
	if p.StorageDescriptor != nil {
		location = c.key(aws.ToString(p.StorageDescriptor.Location))
	}
	published, err1 := time.Parse(time.RFC3339Nano, p.Parameters[publishedKey])
	written, err2 := time.Parse(time.RFC3339Nano, p.Parameters[writtenKey])
	version := p.Parameters[revisionKey]
	if p.StorageDescriptor == nil || err1 != nil || err2 != nil || version == "" || p.Parameters[locationKey] != location {
		now := c.now().UTC()
		return catalog.Partition{Hour: hour, Location: location, PublishedAt: now, WrittenAt: now, Version: "not Lakebed's"}, false
	}
	return catalog.Partition{Hour: hour, Location: location, PublishedAt: published, WrittenAt: written, Version: version}, true
}

// hourOf reads a partition's values of dt and hour.
func hourOf(values []string) (layout.Partition, bool) {
	if len(values) != len(keys()) {
		return 0, false
	}
	t, err := time.Parse("2006-01-02 15", values[0]+" "+values[1])
	hour := layout.PartitionOf(t)
	return hour, err == nil && hour.Valid() && slices.Equal(valuesOf(hour), values)
}

func valuesOf(hour layout.Partition) []string { return []string{hour.Date(), hour.Hour()} }

// all gives every partition without its columns, which would be the bulk of it.
func (c *Catalog) all(ctx context.Context) ([]*types.Partition, error) {
	in := glue.GetPartitionsInput{DatabaseName: &c.config.Database, TableName: &c.config.Table, ExcludeColumnSchema: aws.Bool(true)}
	pages := glue.NewGetPartitionsPaginator(c.client, &in)
	var found []*types.Partition
	for pages.HasMorePages() {
		page, err := pages.NextPage(ctx, c.inTime)
		if isNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range page.Partitions {
			found = append(found, &page.Partitions[i])
		}
	}
	return found, nil
}

// named gives those of the hours that are registered, with their columns.
func (c *Catalog) named(ctx context.Context, hours []layout.Partition) ([]*types.Partition, error) {
	if len(hours) == 1 {
		p, err := c.one(ctx, valuesOf(hours[0]))
		if p == nil || err != nil {
			return nil, err
		}
		return []*types.Partition{p}, nil
	}
	var found []*types.Partition
	for some := range slices.Chunk(hours, maxGet) {
		in := glue.BatchGetPartitionInput{DatabaseName: &c.config.Database, TableName: &c.config.Table}
		for _, hour := range some {
			in.PartitionsToGet = append(in.PartitionsToGet, types.PartitionValueList{Values: valuesOf(hour)})
		}
		out, err := c.client.BatchGetPartition(ctx, &in, c.inTime)
		if isNotFound(err) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		for i := range out.Partitions {
			found = append(found, &out.Partitions[i])
		}
		for _, left := range out.UnprocessedKeys {
			p, err := c.one(ctx, left.Values)
			if err != nil {
				return nil, err
			}
			if p != nil {
				found = append(found, p)
			}
		}
	}
	return found, nil
}

// one gives a partition, nil when it is not registered.
func (c *Catalog) one(ctx context.Context, values []string) (*types.Partition, error) {
	in := glue.GetPartitionInput{DatabaseName: &c.config.Database, TableName: &c.config.Table, PartitionValues: values}
	out, err := c.client.GetPartition(ctx, &in, c.inTime)
	if isNotFound(err) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	return out.Partition, nil
}
