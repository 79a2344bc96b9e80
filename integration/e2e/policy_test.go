package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/integration/policy"
	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/services/scaler/streams"
	"github.com/lakebed/lakebed/shared/layout"
)

// service is what Lambda itself does with a function's role, so that no call of the function shows it.
var service = map[string][]string{
	"ingest": {
		"logs:CreateLogStream", "logs:PutLogEvents",
		"kinesis:DescribeStream", "kinesis:DescribeStreamSummary", "kinesis:GetRecords", "kinesis:GetShardIterator", "kinesis:ListShards", "kinesis:ListStreams", "kinesis:SubscribeToShard",
	},
	"compactor": {"logs:CreateLogStream", "logs:PutLogEvents", "sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes", "sqs:ChangeMessageVisibility"},
	"scaler":    {"logs:CreateLogStream", "logs:PutLogEvents"},
}

// everywhere are actions for which IAM knows no resource.
var everywhere = []string{"cloudwatch:GetMetricData"}

// rare is what a function does only when something went wrong or much time has passed, with what shows it.
var rare = map[string]map[string]string{
	"ingest": {
		"s3:GetObject on raw/":                   "integration/faults, 07: whose object lies there after a lost reply",
		"s3:GetObject on quarantine/":            "the same",
		"s3:GetObject on ledger/new/":            "the same",
		"s3:AbortMultipartUpload on raw/":        "s3bucket: an object of more than 8 MiB whose upload fails",
		"s3:AbortMultipartUpload on quarantine/": "the same",
		"s3:AbortMultipartUpload on ledger/new/": "the same",
		"s3:PutObject on aws/lambda/":            "Lambda's failure destination",
		"s3:ListBucket":                          "Lambda's failure destination, and a missing object told from a forbidden one",
	},
	"compactor": {
		"s3:AbortMultipartUpload on events/":     "integration/faults, 56",
		"s3:AbortMultipartUpload on index/":      "the same",
		"s3:AbortMultipartUpload on quarantine/": "the same",
		"s3:AbortMultipartUpload on ledger/":     "the same",
		"glue:BatchGetPartition":                 "integration/contract: partitions whose columns are behind the table's",
		"s3:GetObject on quarantine/":            "whose object lies there after a lost reply",
		"s3:PutObject on quarantine/":            "services/compactor: a conflict of ids",
		"s3:DeleteObject on events/":             "services/compactor: a successor that was not finished",
		"s3:DeleteObject on index/":              "integration/faults, 51: the indexes of a generation that was swept",
		"s3:GetObject on ledger/new/":            "shared/ledger: entries are rolled up once their hour is past",
		"s3:DeleteObject on ledger/new/":         "the same",
		"s3:GetObject on ledger/":                "the same",
		"s3:GetObject on erasures/":              "services/compactor: what is erased is dropped",
		"s3:GetObject on visit/":                 "whose mark lies there after a lost reply",
		"s3:PutObject on visit/":                 "services/compactor: an hour that is rewritten is marked until it is swept",
		"s3:DeleteObject on visit/":              "the same",
		"s3:AbortMultipartUpload on visit/":      "as of the others",
		"s3:PutObject on ledger/":                "the same",
	},
}

// areas are the parts of a bucket that roles are told apart by.
var areas = []string{layout.Raw, layout.Events, layout.Indexes, layout.Quarantine, layout.LedgerNew, layout.Ledger, layout.Erasures, layout.Visits, "aws/lambda/", ""}

func areaOf(key string) string {
	for _, area := range areas {
		if strings.HasPrefix(key, area) {
			return area
		}
	}
	return ""
}

// use is one thing that a function does: an action, and where.
type use struct{ action, area string }

func (u use) String() string {
	if strings.HasPrefix(u.action, "s3:") && u.action != "s3:ListBucket" {
		return u.action + " on " + u.area
	}
	return u.action
}

// actions gives what IAM is asked for one call.
func actions(c proxy.Call) []string {
	if c.Op == "BatchExecuteStatement" {
		return []string{"dynamodb:PartiQLInsert"}
	}
	return []string{c.Action()}
}

// policies: whatever the functions did was allowed, whatever they may do they did or have a reason for, and all else is denied.
func (s *stack) policies(t *testing.T) {
	calls := s.proxy.Trace()
	for function, text := range map[string]string{"ingest": s.out.Policies["ingest"], "compactor": s.out.Policies["compactor"], "scaler": s.scaler.Policy} {
		document, err := policy.Parse(text)
		if err != nil {
			t.Fatalf("%s: %v", function, err)
		}
		all := []policy.Policy{document}
		used := s.used(t, function, all, calls)
		if len(used) < 4 {
			t.Errorf("%s did only %v", function, used)
		}
		for _, u := range s.universe(calls) {
			if used[u] || rare[function][u.String()] != "" || slices.Contains(service[function], u.action) {
				continue
			}
			for _, r := range s.requests(u.action, s.example(u)) {
				ok, err := policy.Allows(all, r)
				if err != nil {
					t.Error(err)
				}
				if ok {
					t.Errorf("%s may %s, and never did", function, u)
				}
			}
		}
		s.named(t, function, document)
	}
}

// used is what a function did, all of which its policies are to allow.
func (s *stack) used(t *testing.T, function string, all []policy.Policy, calls []proxy.Call) map[use]bool {
	t.Helper()
	used := map[use]bool{}
	for _, c := range calls {
		if c.Caller != "lakebed-"+function {
			continue
		}
		for _, action := range actions(c) {
			used[use{action, s.area(c)}] = true
			for _, r := range s.requests(action, c) {
				if ok, err := policy.Allows(all, r); err != nil || !ok {
					t.Errorf("%s made %s and may not: %s on %s, %v", function, c, r.Action, r.Resource, err)
				}
			}
		}
	}
	return used
}

// named: every action in a policy is used, Lambda's own, or has a reason; no resource is everything, unless no action has any.
func (s *stack) named(t *testing.T, function string, p policy.Policy) {
	t.Helper()
	calls := map[string]bool{}
	for _, u := range s.universe(nil) {
		calls[u.action] = true
	}
	for _, st := range p.Statements {
		for _, action := range st.Actions {
			if !calls[action] && !slices.Contains(service[function], action) {
				t.Errorf("%s: statement %s allows %s, which nothing here knows", function, st.Sid, action)
			}
		}
		bounded := slices.ContainsFunc(st.Actions, func(action string) bool { return !slices.Contains(everywhere, action) })
		for _, r := range st.Resources {
			if r == "*" && bounded || strings.HasPrefix(r, "arn:aws:s3:::*") {
				t.Errorf("%s: statement %s is about %s", function, st.Sid, r)
			}
		}
	}
}

// universe is everything that any function could want, and more that it should not.
func (s *stack) universe(calls []proxy.Call) []use {
	found := map[use]bool{}
	for _, c := range calls {
		for _, action := range actions(c) {
			found[use{action, s.area(c)}] = true
		}
	}
	for _, area := range areas {
		for _, action := range []string{"s3:PutObject", "s3:GetObject", "s3:DeleteObject", "s3:AbortMultipartUpload"} {
			found[use{action, area}] = true
		}
	}
	for _, action := range []string{
		"s3:ListBucket", "s3:DeleteBucket", "s3:PutBucketPolicy", "s3:PutLifecycleConfiguration", "s3:DeleteObjectVersion", "s3:PutObjectAcl",
		"dynamodb:PutItem", "dynamodb:Query", "dynamodb:GetItem", "dynamodb:BatchGetItem", "dynamodb:DeleteItem", "dynamodb:UpdateItem", "dynamodb:Scan", "dynamodb:PartiQLInsert", "dynamodb:DeleteTable",
		"glue:GetDatabase", "glue:GetTable", "glue:CreateTable", "glue:UpdateTable", "glue:DeleteTable", "glue:GetPartition", "glue:GetPartitions", "glue:BatchGetPartition", "glue:BatchCreatePartition",
		"glue:BatchUpdatePartition", "glue:CreatePartition", "glue:UpdatePartition", "glue:DeletePartition", "glue:BatchDeletePartition",
		"sqs:SendMessage", "sqs:PurgeQueue", "sqs:DeleteQueue", "lambda:InvokeFunction", "iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey",
		"kinesis:PutRecord", "kinesis:PutRecords", "kinesis:GetRecords", "kinesis:DescribeStreamSummary", "kinesis:UpdateShardCount", "kinesis:UpdateStreamMode",
		"kinesis:SplitShard", "kinesis:MergeShards", "kinesis:DeleteStream", "kinesis:DecreaseStreamRetentionPeriod",
		"ssm:GetParameter", "ssm:GetParametersByPath", "ssm:PutParameter", "ssm:DeleteParameter", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData", "cloudwatch:DeleteAlarms",
	} {
		found[use{action, ""}] = true
	}
	all := make([]use, 0, len(found))
	for u := range found {
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b use) int { return strings.Compare(a.String(), b.String()) })
	return all
}

// place is where the lake's keys begin.
func (s *stack) place() string { return strings.TrimPrefix(s.out.Lake, "s3://") + "/" }

// area is where a call acts, for S3's objects.
func (s *stack) area(c proxy.Call) string {
	if c.Service != "s3" || c.Action() == "s3:ListBucket" {
		return ""
	}
	return areaOf(strings.TrimPrefix(c.Resource, s.place()))
}

// example is a call of a use.
func (s *stack) example(u use) proxy.Call {
	service, op, _ := strings.Cut(u.action, ":")
	c := proxy.Call{Service: service, Op: op}
	switch service {
	case "s3":
		c.Resource = s.place() + u.area + "x"
		if strings.HasSuffix(op, "Bucket") || strings.HasPrefix(op, "PutBucket") {
			c.Resource = s.out.Bucket
		}
	case "dynamodb":
		c.Resource = s.out.ClaimsTable
	case "glue":
		c.Resource = s.out.Database + ".events"
	case "sqs":
		c.Resource = s.out.Compactor.QueueURL
	case "kinesis":
		c.Resource = s.out.Stream
	case "ssm":
		c.Resource = streams.Parameter(s.out.Stream)
	}
	return c
}

const account = "us-east-1:000000000000:"

// requests gives what IAM checks for a call: Glue asks for the catalog, the database and the table
// (https://docs.aws.amazon.com/glue/latest/dg/glue-specifying-resource-arns.html).
func (s *stack) requests(action string, c proxy.Call) []policy.Request {
	one := func(arn string) []policy.Request { return []policy.Request{{Action: action, Resource: arn}} }
	switch c.Service {
	case "s3":
		if action == "s3:ListBucket" {
			return []policy.Request{{Action: action, Resource: "arn:aws:s3:::" + s.out.Bucket, Context: map[string]string{"s3:prefix": c.Prefix}}}
		}
		return one("arn:aws:s3:::" + strings.TrimSuffix(c.Resource, "/"))
	case "dynamodb":
		return one("arn:aws:dynamodb:" + account + "table/" + c.Resource)
	case "glue":
		database, table, _ := strings.Cut(c.Resource, ".")
		arn := "arn:aws:glue:" + account
		all := append(one(arn+"catalog"), one(arn+"database/"+database)...)
		if table != "" {
			all = append(all, one(arn+"table/"+database+"/"+table)...)
		}
		return all
	case "sqs":
		return one("arn:aws:sqs:" + account + c.Resource[strings.LastIndexByte(c.Resource, '/')+1:])
	case "kinesis":
		return one("arn:aws:kinesis:" + account + "stream/" + c.Resource)
	case "ssm":
		return one("arn:aws:ssm:" + account + "parameter" + c.Resource)
	}
	if slices.Contains(everywhere, action) {
		return one("*")
	}
	return one(fmt.Sprintf("arn:aws:%s:%sx", c.Service, account))
}
