package e2e

import (
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// drift: a second plan wants nothing but what is known to be the emulator's own (drift.txt in the environment has the list and the reasons), and a
// second apply goes through.
func (s *stack) drift(t *testing.T) {
	t.Logf("%s", s.run(t, s.variables(), "scripts/infra-drift.sh", environment))
	s.terraform(t, "apply", "-auto-approve", "-input=false", "-no-color")
}

// destroy leaves nothing of ours: this environment keeps nothing.
func (s *stack) destroy(t *testing.T) {
	s.terraform(t, "destroy", "-auto-approve", "-input=false", "-no-color")
	c := s.Config()
	ctx := t.Context()
	left := map[string]int{}
	if out, err := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).ListBuckets(ctx, &s3.ListBucketsInput{}); err == nil {
		left["buckets"] = len(out.Buckets)
	} else {
		t.Error(err)
	}
	if out, err := dynamodb.NewFromConfig(c).ListTables(ctx, &dynamodb.ListTablesInput{}); err == nil {
		left["tables of claims"] = len(out.TableNames)
	} else {
		t.Error(err)
	}
	if out, err := kinesis.NewFromConfig(c).ListStreams(ctx, &kinesis.ListStreamsInput{}); err == nil {
		left["streams"] = len(out.StreamNames)
	} else {
		t.Error(err)
	}
	if out, err := lambda.NewFromConfig(c).ListFunctions(ctx, &lambda.ListFunctionsInput{}); err == nil {
		left["functions"] = len(out.Functions)
	} else {
		t.Error(err)
	}
	if out, err := sqs.NewFromConfig(c).ListQueues(ctx, &sqs.ListQueuesInput{}); err == nil {
		left["queues"] = len(out.QueueUrls)
	} else {
		t.Error(err)
	}
	if out, err := glue.NewFromConfig(c).GetDatabases(ctx, &glue.GetDatabasesInput{}); err == nil {
		for _, d := range out.DatabaseList {
			if aws.ToString(d.Name) == s.out.Database {
				left["databases"]++
			}
		}
	} else {
		t.Error(err)
	}
	for what, n := range left {
		if n > 0 {
			t.Errorf("%d %s are left", n, what)
		}
	}
}
