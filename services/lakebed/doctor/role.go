package doctor

import (
	"context"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/iam"
	"github.com/aws/aws-sdk-go-v2/service/iam/types"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/layout"
)

// need is what a role has to be allowed on a resource.
type need struct {
	resource string
	actions  []string
}

// some stands for any name in a folder.
const some = "any"

// givenUp is where in a bucket Lambda puts what it gives up: https://docs.aws.amazon.com/lambda/latest/dg/kinesis-on-failure-destination.html
const givenUp = "aws/lambda/"

// roles asks IAM whether the functions may do what they do. A key's own policy, or an organisation's, it does not tell.
func (x *examination) roles(ctx context.Context) {
	s := x.Settings.Cloud
	if x.ingest != nil {
		claims := map[config.Claims][]string{
			config.ShardClaims:  {"dynamodb:Query", "dynamodb:PutItem"},
			config.GlobalClaims: {"dynamodb:PartiQLInsert", "dynamodb:PutItem", "dynamodb:BatchGetItem"},
		}[s.Claims]
		needs := []need{
			{x.ingest.bucketARN(x.at.Bucket, ""), []string{"s3:ListBucket"}},
			{x.ingest.bucketARN(x.failures(), givenUp+some), []string{"s3:PutObject"}}, // Lambda does it, with this role
			{x.ingest.arn("dynamodb", "table/"+s.ClaimsTable), claims},
			{x.streamARN, []string{"kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards"}},
		}
		for _, folder := range []string{layout.Raw, layout.Quarantine, layout.LedgerNew} {
			needs = append(needs, need{x.lakeARN(x.ingest, folder+some), []string{"s3:PutObject", "s3:GetObject"}})
		}
		x.role(ctx, x.ingest, needs)
	}
	if x.worker != nil {
		queue := ""
		if url := x.worker.env()["LAKEBED_QUEUE_URL"]; url != "" {
			queue = x.worker.arn("sqs", url[strings.LastIndexByte(url, '/')+1:])
		}
		successor := layout.Slot{Generation: layout.FirstGeneration.Successor("00000000"), Number: 1} // which may turn out to be nobody's
		needs := []need{
			{x.worker.bucketARN(x.at.Bucket, ""), []string{"s3:ListBucket"}},
			{x.lakeARN(x.worker, layout.Raw+some), []string{"s3:GetObject", "s3:DeleteObject"}},
			{x.lakeARN(x.worker, layout.Events+some), []string{"s3:GetObject", "s3:PutObject"}},
			{x.lakeARN(x.worker, successor.Key()), []string{"s3:DeleteObject"}},
			{x.lakeARN(x.worker, layout.Indexes+some), []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}},
			{x.lakeARN(x.worker, layout.Quarantine+some), []string{"s3:GetObject", "s3:PutObject"}},
			{x.lakeARN(x.worker, layout.Visits+some), []string{"s3:GetObject", "s3:PutObject", "s3:DeleteObject"}},
			{x.lakeARN(x.worker, layout.LedgerNew+some), []string{"s3:GetObject", "s3:DeleteObject"}},
			{x.lakeARN(x.worker, layout.Rollup{}.Key()), []string{"s3:GetObject", "s3:PutObject"}},
			{x.lakeARN(x.worker, layout.Erasures+some), []string{"s3:GetObject"}},
			{queue, []string{"sqs:SendMessage", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"}},
		}
		for _, of := range []string{"catalog", "database/" + s.Database, "table/" + s.Database + "/" + s.Table} { // Glue asks for all three
			needs = append(needs, need{x.worker.arn("glue", of), []string{
				"glue:GetTable", "glue:UpdateTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition",
				"glue:BatchUpdatePartition",
			}})
		}
		x.role(ctx, x.worker, needs)
	}
}

// role asks resource by resource: of several at once IAM tells less.
func (x *examination) role(ctx context.Context, f *function, needs []need) {
	client, role := iam.NewFromConfig(*x.AWS), aws.ToString(f.Role)
	for _, n := range needs {
		if len(n.actions) == 0 || n.resource == "" {
			continue
		}
		pages := iam.NewSimulatePrincipalPolicyPaginator(client, &iam.SimulatePrincipalPolicyInput{
			PolicySourceArn: &role, ActionNames: n.actions, ResourceArns: []string{n.resource},
		})
		for pages.HasMorePages() {
			page, err := pages.NextPage(ctx)
			if !x.read(err, role) {
				return
			}
			for _, r := range page.EvaluationResults {
				x.want(r.EvalDecision == types.PolicyEvaluationDecisionTypeAllowed, RoleLacks, role, "%s of %s: %s",
					aws.ToString(r.EvalActionName), n.resource, r.EvalDecision)
			}
		}
	}
}

// arn names what lies in the function's account and region.
func (f *function) arn(service, resource string) string {
	parts := strings.SplitN(aws.ToString(f.FunctionArn), ":", 6) // arn:partition:lambda:region:account:function:name
	if len(parts) < 6 {
		return ""
	}
	return strings.Join([]string{parts[0], parts[1], service, parts[3], parts[4], resource}, ":")
}

// bucketARN names a bucket, or an object in it, in the function's partition.
func (f *function) bucketARN(bucket, key string) string {
	partition, _, _ := strings.Cut(strings.TrimPrefix(aws.ToString(f.FunctionArn), "arn:"), ":")
	name := "arn:" + partition + ":s3:::" + bucket
	if key != "" {
		name += "/" + key
	}
	return name
}

// lakeARN names an object of the lake.
func (x *examination) lakeARN(f *function, key string) string {
	return f.bucketARN(x.at.Bucket, x.at.Prefix+key)
}
