package dynamoclaims

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/shared/claims"
)

// insertSize is how many statements a call may hold
// (https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/ql-reference.multiplestatements.batching.html).
const insertSize = 25

// insert claims ids that have no item. A statement fails alone.
func (g *Global) insert(ctx context.Context, b claims.Batch, groups []*group) error {
	statement := fmt.Sprintf(`INSERT INTO "%s" VALUE {'%s': ?, '%s': ?, '%s': ?, '%s': ?, '%s': ?}`,
		strings.ReplaceAll(g.table, `"`, `""`), keyName, sortName, ownerName, bodyName, expiresName)
	in := &dynamodb.BatchExecuteStatementInput{ReturnConsumedCapacity: types.ReturnConsumedCapacityTotal}
	for _, group := range groups {
		a := g.itemOf(b, group)
		in.Statements = append(in.Statements, types.BatchStatementRequest{
			Statement: &statement, Parameters: []types.AttributeValue{a[keyName], a[sortName], a[ownerName], a[bodyName], a[expiresName]},
		})
	}
	out, err := g.client.BatchExecuteStatement(ctx, in)
	if err != nil {
		return fmt.Errorf("insert %d claims: %w", len(groups), err)
	}
	if len(out.Responses) != len(groups) {
		return fmt.Errorf("insert %d claims: got %d answers", len(groups), len(out.Responses))
	}
	g.count(func(u *Usage) { u.Writes++; u.WriteUnits += units(out.ConsumedCapacity...) })
	var unsettled error
	for k, r := range out.Responses {
		switch {
		case r.Error == nil:
			groups[k].state = fresh
			g.count(func(u *Usage) { u.Written++ })
		case r.Error.Code == types.BatchStatementErrorCodeEnumDuplicateItem:
			groups[k].state = exists
		case passing(r.Error.Code):
			unsettled = fmt.Errorf("%w: insert: %s: %s", errUnsettled, r.Error.Code, aws.ToString(r.Error.Message))
		default:
			return fmt.Errorf("insert claim %s: %s: %s", idKey(groups[k].id), r.Error.Code, aws.ToString(r.Error.Message))
		}
	}
	return unsettled
}

// passing tells the errors of a statement that another try may not meet.
func passing(code types.BatchStatementErrorCodeEnum) bool {
	switch code {
	case types.BatchStatementErrorCodeEnumProvisionedThroughputExceeded, types.BatchStatementErrorCodeEnumThrottlingError,
		types.BatchStatementErrorCodeEnumRequestLimitExceeded, types.BatchStatementErrorCodeEnumInternalServerError,
		types.BatchStatementErrorCodeEnumTransactionConflict:
		return true
	}
	return false
}

// itemOf is the item by which a group owns its id.
func (g *Global) itemOf(b claims.Batch, of *group) attributes {
	first := of.first(b)
	return attributes{
		keyName: text(idKey(of.id)), sortName: text(onlySort), ownerName: text(ownerOf(b.Shard, first)), bodyName: text(bodyOf(first)),
		expiresName: unix(g.now().Add(g.keep)),
	}
}

// takeOver claims one id whose item is past its time, if that is still the item that was read.
func (g *Global) takeOver(ctx context.Context, b claims.Batch, groups []*group) error {
	group := groups[0]
	out, err := g.client.PutItem(ctx, &dynamodb.PutItemInput{
		TableName: &g.table, Item: g.itemOf(b, group),
		ConditionExpression:       aws.String("#owner = :owner AND #expires = :expires"),
		ExpressionAttributeNames:  map[string]string{"#owner": ownerName, "#expires": expiresName},
		ExpressionAttributeValues: attributes{":owner": text(group.found.text), ":expires": unix(group.found.expires)},
		ReturnConsumedCapacity:    types.ReturnConsumedCapacityTotal,
	})
	var changed *types.ConditionalCheckFailedException
	switch {
	case errors.As(err, &changed): // by another record, by TTL, or by this very call, whose reply was lost
		group.state = undecided
		return nil
	case err != nil:
		return fmt.Errorf("take over claim %s: %w", idKey(group.id), err)
	}
	group.state = fresh
	g.count(func(u *Usage) { u.Writes++; u.Written++; u.WriteUnits += unitsOf(out.ConsumedCapacity) })
	return nil
}
