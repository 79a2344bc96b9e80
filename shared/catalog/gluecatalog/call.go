package gluecatalog

import (
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/layout"
)

const tooLarge = http.StatusRequestEntityTooLarge

// call creates or updates a batch of partitions. Glue reports the fault of a single entry under status 200.
func (c *Catalog) call(ctx context.Context, batch []*write) (map[layout.Partition]*types.ErrorDetail, error) {
	failed := map[layout.Partition]*types.ErrorDetail{}
	var lost error
	note := func(values []string, detail *types.ErrorDetail) {
		if detail == nil {
			detail = &types.ErrorDetail{}
		}
		hour, ok := hourOf(values)
		if !ok || !slices.ContainsFunc(batch, func(w *write) bool { return w.hour == hour }) { // whose it is nobody can tell: all count as failed
			lost = fmt.Errorf("for one of %d partitions: %s: %s", len(batch), aws.ToString(detail.ErrorCode), aws.ToString(detail.ErrorMessage))
		}
		failed[hour] = detail
	}
	if batch[0].create {
		in := glue.BatchCreatePartitionInput{DatabaseName: &c.config.Database, TableName: &c.config.Table}
		for _, w := range batch {
			in.PartitionInputList = append(in.PartitionInputList, w.input)
		}
		out, err := c.client.BatchCreatePartition(ctx, &in, c.inTime)
		if err != nil {
			return nil, err
		}
		for _, e := range out.Errors {
			note(e.PartitionValues, e.ErrorDetail)
		}
		return failed, lost
	}
	in := glue.BatchUpdatePartitionInput{DatabaseName: &c.config.Database, TableName: &c.config.Table}
	for _, w := range batch {
		entry := types.BatchUpdatePartitionRequestEntry{PartitionInput: &w.input, PartitionValueList: w.input.Values}
		in.Entries = append(in.Entries, entry)
	}
	out, err := c.client.BatchUpdatePartition(ctx, &in, c.inTime)
	if err != nil {
		return nil, err
	}
	for _, e := range out.Errors {
		note(e.PartitionValueList, e.ErrorDetail)
	}
	return failed, lost
}
