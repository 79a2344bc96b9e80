package e2e

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/lambda"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/scheduler"
	"github.com/aws/aws-sdk-go-v2/service/sqs"

	"github.com/lakebed/lakebed/services/lakebed/doctor"
)

// patient is a deployment with what changes it.
type patient struct {
	*stack
	t         *testing.T
	lambda    *lambda.Client
	s3        *s3.Client
	sqs       *sqs.Client
	dynamo    *dynamodb.Client
	glue      *glue.Client
	scheduler *scheduler.Client
	metrics   *cloudwatch.Client
	mapping   *string
	zips      string // the folder of those that are to be deployed
}

// doctor: nothing is found in a deployment as Terraform makes it, and of each thing that somebody changes in it just that.
func (s *stack) doctor(t *testing.T) {
	c := s.Config()
	p := &patient{
		stack: s, t: t, zips: "bin", lambda: lambda.NewFromConfig(c), s3: s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }), sqs: sqs.NewFromConfig(c),
		dynamo: dynamodb.NewFromConfig(c), glue: glue.NewFromConfig(c), scheduler: scheduler.NewFromConfig(c), metrics: cloudwatch.NewFromConfig(c),
	}
	mappings, err := p.lambda.ListEventSourceMappings(t.Context(), &lambda.ListEventSourceMappingsInput{FunctionName: &s.out.Ingest.Function})
	if err != nil || len(mappings.EventSourceMappings) != 1 {
		t.Fatalf("%d mappings, %v", len(mappings.EventSourceMappings), err)
	}
	p.mapping = mappings.EventSourceMappings[0].UUID
	p.faulty(nil)
	if found := p.examine(t); len(found) != 1 || found[doctor.DeadLetters.Name] == "" {
		t.Errorf("where a task was set aside: %v", found)
	}
	p.bury()
	if found := p.examine(t); len(found) > 0 {
		t.Errorf("of a healthy deployment: %v", found)
	}
	for _, m := range ailments {
		t.Run(strings.ReplaceAll(m.what, " ", "_"), func(t *testing.T) {
			p.t = t
			mend := func() {}
			if m.plant != nil {
				mend = m.plant(p)
			}
			found := p.examine(t, m.args...)
			mend()
			if _, is := found[m.code.Name]; !is || len(found) > 1+len(m.also) {
				t.Errorf("found %v, want %s %v", found, m.code.Name, m.also)
			}
			for _, code := range m.also {
				if found[code.Name] == "" {
					t.Errorf("found %v, want also %s", found, code.Name)
				}
			}
		})
	}
	p.t = t
	defer s.proxy.Set(nil)
	if found := p.examine(t); len(found) > 0 {
		t.Errorf("after all that: %v", found)
	}
}

// examine runs the command, and gives what it found by code.
func (p *patient) examine(t *testing.T, args ...string) map[string]string {
	t.Helper()
	args = append([]string{"doctor", "--lake", p.out.Lake, "--output", "json", "--zips", p.zips}, args...)
	text, code, words := p.try(t, []string{"AWS_ENDPOINT_URL=" + p.stack.proxy.URL}, p.stack.lakebed, args...)
	var findings []struct {
		Code, Severity, Resource, Found, Means, Remedy string
	}
	if err := json.Unmarshal(text, &findings); err != nil {
		t.Fatalf("exit code %d: %v\n%s%s", code, err, text, words)
	}
	if (code == 3) != (len(findings) > 0) || code != 0 && code != 3 {
		t.Errorf("exit code %d with %d findings", code, len(findings))
	}
	found := map[string]string{}
	for _, f := range findings {
		if f.Severity == "" || f.Resource == "" || f.Found == "" || f.Means == "" || f.Remedy == "" {
			t.Errorf("it says too little: %+v", f)
		}
		if strings.HasSuffix(f.Resource, "-errors") {
			continue // alarms that the functions raise which were made to fail
		}
		found[f.Code] = f.Resource + ": " + f.Found
	}
	return found
}
