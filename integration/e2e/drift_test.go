package e2e

import (
	"encoding/json"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/kinesis"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/sqs"
)

// known is what a second plan wants to change although nobody changed anything, and why that is the emulator's doing.
var known = []struct {
	resource  string // its type
	attribute string
	why       string
}{}

// drift: a second plan wants nothing but what is known to be the emulator's own, and a second apply changes nothing else.
func (s *stack) drift(t *testing.T) {
	plan := filepath.Join(s.dir, "plan")
	s.terraform(t, "plan", "-input=false", "-no-color", "-out="+plan)
	var seen struct {
		Changes []struct {
			Address string `json:"address"`
			Type    string `json:"type"`
			Change  struct {
				Actions []string       `json:"actions"`
				Before  map[string]any `json:"before"`
				After   map[string]any `json:"after"`
			} `json:"change"`
		} `json:"resource_changes"`
	}
	text := s.terraform(t, "show", "-json", plan)
	if err := json.Unmarshal(text, &seen); err != nil {
		t.Fatal(err)
	}
	if len(seen.Changes) < 30 {
		t.Errorf("the plan knows only %d resources", len(seen.Changes))
	}
	for _, r := range seen.Changes {
		switch actions := strings.Join(r.Change.Actions, " "); actions {
		case "no-op", "read":
			continue
		case "update":
		default:
			t.Errorf("a second plan wants to %s %s", actions, r.Address)
			continue
		}
		for _, name := range sorted(r.Change.After) {
			if reflect.DeepEqual(r.Change.Before[name], r.Change.After[name]) {
				continue
			}
			if why := reason(r.Type, name); why != "" {
				t.Logf("%s.%s: %s", r.Address, name, why)
				continue
			}
			t.Errorf("a second plan wants %s.%s to be %v instead of %v", r.Address, name, r.Change.After[name], r.Change.Before[name])
		}
	}
}

func reason(resource, attribute string) string {
	for _, k := range known {
		if k.resource == resource && k.attribute == attribute {
			return k.why
		}
	}
	return ""
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
