package contract

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/claimstest"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
)

// onClaimTables runs a test on each implementation of DynamoDB that there is.
func onClaimTables(t *testing.T, test func(*testing.T, *claimTables)) {
	for name, start := range map[string]func(testing.TB) *emulator.AWS{"ministack": emulator.Ministack, "moto": emulator.Moto} {
		t.Run(name, func(t *testing.T) {
			c := &claimTables{config: start(t).Config(), transport: http.DefaultTransport}
			if name == "moto" {
				c.moto, c.transport = true, insertClaims{}
			}
			c.client = c.through(nil)
			test(t, c)
		})
	}
}

// claimTables makes tables of an emulator.
type claimTables struct {
	config    aws.Config
	moto      bool
	transport http.RoundTripper
	client    *dynamodb.Client
	number    atomic.Int32
}

// fewer is a tenth for moto, which takes as long for one item as ministack does for ten.
func (c *claimTables) fewer(n int) int {
	if c.moto {
		return n / 10
	}
	return n
}

// claimFault stands between a client and the emulator.
type claimFault func(r *http.Request, next http.RoundTripper) (*http.Response, error)

// claimTransport is a transport under a fault.
type claimTransport struct {
	fault claimFault
	next  http.RoundTripper
}

func (c claimTransport) RoundTrip(r *http.Request) (*http.Response, error) { return c.fault(r, c.next) }

// through is a client whose requests meet a fault, and which does not wait before it retries.
func (c *claimTables) through(fault claimFault) *dynamodb.Client {
	transport := c.transport
	if fault != nil {
		transport = claimTransport{fault, transport}
	}
	return dynamodb.NewFromConfig(c.config, func(o *dynamodb.Options) {
		o.Retryer = retry.NewStandard(func(s *retry.StandardOptions) {
			s.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
		})
		o.HTTPClient = &http.Client{Transport: transport}
	})
}

// table makes a table as Terraform does.
func (c *claimTables) table(t *testing.T) string {
	t.Helper()
	name := fmt.Sprintf("claims-%d", c.number.Add(1))
	_, err := c.client.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &name, BillingMode: types.BillingModePayPerRequest,
		KeySchema: []types.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: types.KeyTypeHash}, {AttributeName: aws.String("sk"), KeyType: types.KeyTypeRange}},
		AttributeDefinitions: []types.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: types.ScalarAttributeTypeS}, {AttributeName: aws.String("sk"), AttributeType: types.ScalarAttributeTypeS}},
	})
	var made *types.ResourceInUseException // by a try whose reply came too late
	if err != nil && !errors.As(err, &made) {
		t.Fatal(err)
	}
	return name
}

// items are those of a table.
func (c *claimTables) items(t *testing.T, table string) []map[string]types.AttributeValue {
	t.Helper()
	var all []map[string]types.AttributeValue
	for pages := dynamodb.NewScanPaginator(c.client, &dynamodb.ScanInput{TableName: &table, ConsistentRead: aws.Bool(true)}); pages.HasMorePages(); {
		page, err := pages.NextPage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, page.Items...)
	}
	return all
}

func (c *claimTables) put(t *testing.T, table string, item map[string]types.AttributeValue) {
	t.Helper()
	if _, err := c.client.PutItem(t.Context(), &dynamodb.PutItemInput{TableName: &table, Item: item}); err != nil {
		t.Fatal(err)
	}
}

// claimBatch makes a batch as Kinesis would: n records from a number on, each with an id of its own that begins at id.
func claimBatch(shard string, first, n, id int) claims.Batch {
	sequence := func(i int) string { return fmt.Sprintf("4959033827149025660855969253836157109592157598913%07d", i) }
	b := claims.Batch{Shard: shard, First: sequence(first), Last: sequence(first + n - 1)}
	for i := range n {
		c := claims.Claim{Sequence: sequence(first + i)}
		binary.BigEndian.PutUint64(c.ID[8:], uint64(id+i))
		c.Body = uint64(id + i)
		b.Claims = append(b.Claims, c)
	}
	return b
}

const claimShard = "shardId-000000000007"

// wantClaims holds that all verdicts on a batch are the one wanted.
func wantClaims(t *testing.T, c claims.Claims, b claims.Batch, want claims.Verdict) {
	t.Helper()
	got, err := c.Claim(t.Context(), b)
	if err != nil {
		t.Fatal(err)
	}
	if other := slices.IndexFunc(got, func(v claims.Verdict) bool { return v != want }); len(got) != len(b.Claims) || other >= 0 {
		t.Fatalf("%d verdicts, number %d of them is not %v: %v", len(got), other, want, got[max(other, 0)])
	}
}

func settleClaims(t *testing.T, c claims.Claims, b claims.Batch) {
	t.Helper()
	if err := c.Settle(t.Context(), b); err != nil {
		t.Fatal(err)
	}
}

func TestClaims(t *testing.T) {
	onClaimTables(t, func(t *testing.T, c *claimTables) {
		t.Run("shard", func(t *testing.T) {
			claimstest.Run(t, claimstest.Options{}, func(t *testing.T) claims.Claims {
				return dynamoclaims.NewShard(c.client, c.table(t), claims.Options{})
			})
		})
		t.Run("global", func(t *testing.T) {
			claimstest.Run(t, claimstest.Options{Ahead: true}, func(t *testing.T) claims.Claims {
				return dynamoclaims.NewGlobal(c.client, c.table(t), claims.Options{})
			})
		})
		for name, test := range map[string]func(*testing.T, *claimTables){
			"ShardReads": shardReads, "ShardExpires": shardExpires, "ShardClocks": shardClocks, "ShardOwner": shardOwner, "ShardLarge": shardLarge, "ShardLimit": shardLimit,
			"ShardDamaged": shardDamaged, "ShardLost": shardLost, "ShardFaults": shardFaults,
			"GlobalRace": globalRace, "GlobalExpires": globalExpires, "GlobalLarge": globalLarge, "GlobalReplyLost": globalReplyLost,
			"GlobalDamaged": globalDamaged, "GlobalCopies": globalCopies, "GlobalFaults": globalFaults, "Cost": claimCost,
		} {
			t.Run(name, func(t *testing.T) { test(t, c) })
		}
	})
}
