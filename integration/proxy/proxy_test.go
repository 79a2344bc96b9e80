package proxy

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/cloudwatch"
	metrics "github.com/aws/aws-sdk-go-v2/service/cloudwatch/types"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"
	"github.com/aws/aws-sdk-go-v2/service/s3/types"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/aws/smithy-go"
)

// The operations are told apart as the SDK sends them.
func TestClassify(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	defer target.Close()
	p := New(t, target.URL)
	c := aws.Config{Region: "us-east-1", BaseEndpoint: &p.URL, AppID: "ingest", RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	bucket, key, id := aws.String("lake"), aws.String("a/b c"), aws.String("id")
	objects := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true })
	_, _ = objects.PutObject(t.Context(), &s3.PutObjectInput{Bucket: bucket, Key: key, Body: strings.NewReader("x")})
	_, _ = objects.GetObject(t.Context(), &s3.GetObjectInput{Bucket: bucket, Key: key})
	_, _ = objects.HeadObject(t.Context(), &s3.HeadObjectInput{Bucket: bucket, Key: key})
	_, _ = objects.ListObjectsV2(t.Context(), &s3.ListObjectsV2Input{Bucket: bucket, Prefix: key})
	_, _ = objects.CreateMultipartUpload(t.Context(), &s3.CreateMultipartUploadInput{Bucket: bucket, Key: key})
	_, _ = objects.UploadPart(t.Context(), &s3.UploadPartInput{Bucket: bucket, Key: key, UploadId: id, PartNumber: aws.Int32(1), Body: strings.NewReader("x")})
	_, _ = objects.CompleteMultipartUpload(t.Context(), &s3.CompleteMultipartUploadInput{Bucket: bucket, Key: key, UploadId: id})
	_, _ = objects.AbortMultipartUpload(t.Context(), &s3.AbortMultipartUploadInput{Bucket: bucket, Key: key, UploadId: id})
	_, _ = objects.DeleteObjects(t.Context(), &s3.DeleteObjectsInput{Bucket: bucket, Delete: &types.Delete{Objects: []types.ObjectIdentifier{{Key: aws.String("x")}, {Key: aws.String("y")}}}})
	_, _ = glue.NewFromConfig(c).BatchUpdatePartition(t.Context(), &glue.BatchUpdatePartitionInput{DatabaseName: aws.String("d"), TableName: aws.String("t"), Entries: []gluetypes.BatchUpdatePartitionRequestEntry{}})
	_, _ = dynamodb.NewFromConfig(c).PutItem(t.Context(), &dynamodb.PutItemInput{TableName: aws.String("t"), Item: map[string]dynamodbtypes.AttributeValue{}})
	_, _ = dynamodb.NewFromConfig(c).BatchExecuteStatement(t.Context(), &dynamodb.BatchExecuteStatementInput{
		Statements: []dynamodbtypes.BatchStatementRequest{{Statement: aws.String(`INSERT INTO "t2" VALUE {'pk': ?}`)}}})
	_, _ = ssm.NewFromConfig(c).PutParameter(t.Context(), &ssm.PutParameterInput{Name: aws.String("/p"), Value: aws.String("x")})
	_, _ = cloudwatch.NewFromConfig(c).GetMetricData(t.Context(), &cloudwatch.GetMetricDataInput{StartTime: aws.Time(time.Now()), EndTime: aws.Time(time.Now()), MetricDataQueries: []metrics.MetricDataQuery{}})
	want := []string{
		"ingest s3:PutObject lake/a/b c", "ingest s3:GetObject lake/a/b c", "ingest s3:GetObject lake/a/b c", "ingest s3:ListBucket lake",
		"ingest s3:PutObject lake/a/b c", "ingest s3:PutObject lake/a/b c", "ingest s3:PutObject lake/a/b c", "ingest s3:AbortMultipartUpload lake/a/b c",
		"ingest s3:DeleteObject lake/x", "ingest s3:DeleteObject lake/y", "ingest glue:BatchUpdatePartition d.t", "ingest dynamodb:PutItem t",
		"ingest dynamodb:BatchExecuteStatement t2", "ingest ssm:PutParameter /p", "ingest cloudwatch:GetMetricData ",
	}
	var got []string
	for _, c := range p.Trace() {
		got = append(got, fmt.Sprintf("%s %s %s", c.Caller, c.Action(), strings.TrimSuffix(c.Resource, "/")))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got  %q\nwant %q", got, want)
	}
}

// A refusal is an error that the SDK knows, with the code that was told.
func TestRefuse(t *testing.T) {
	p := New(t, "http://127.0.0.1:1")
	c := aws.Config{Region: "us-east-1", BaseEndpoint: &p.URL, RetryMaxAttempts: 1, Credentials: credentials.NewStaticCredentialsProvider("a", "b", "")}
	for service, call := range map[string]func() error{
		"s3": func() error {
			_, err := s3.NewFromConfig(c, func(o *s3.Options) { o.UsePathStyle = true }).GetObject(t.Context(), &s3.GetObjectInput{Bucket: aws.String("lake"), Key: aws.String("k")})
			return err
		},
		"ssm": func() error {
			_, err := ssm.NewFromConfig(c).GetParameter(t.Context(), &ssm.GetParameterInput{Name: aws.String("/p")})
			return err
		},
		"cloudwatch": func() error {
			_, err := cloudwatch.NewFromConfig(c).ListMetrics(t.Context(), &cloudwatch.ListMetricsInput{})
			return err
		},
	} {
		p.Set(func(c Call) Fault { return Fault{Answer: Refuse(c.Service, 400, "ThrottlingException")} })
		err := call()
		if known := smithy.APIError(nil); !errors.As(err, &known) || known.ErrorCode() != "ThrottlingException" {
			t.Errorf("%s: %v", service, err)
		}
	}
}

func TestFaults(t *testing.T) {
	var served atomic.Int32
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		served.Add(1)
		_, _ = io.Copy(w, r.Body)
	}))
	defer target.Close()
	p := New(t, target.URL)
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // which would try again by itself
	call := func() (string, error) {
		r, err := client.Post(p.URL+"/lake/k?uploads", "", strings.NewReader("text"))
		if err != nil {
			return "", err
		}
		defer r.Body.Close()
		text, err := io.ReadAll(r.Body)
		return fmt.Sprintf("%d %s", r.StatusCode, text), err
	}
	for name, test := range map[string]struct {
		fault  Fault
		want   string
		lost   bool
		served int32
	}{
		"none":   {Fault{}, "200 text", false, 1},
		"answer": {Fault{Answer: &Answer{Status: 503, Body: []byte("no")}}, "503 no", false, 0},
		"before": {Fault{Lose: Before}, "", true, 0},
		"after":  {Fault{Lose: After}, "", true, 1},
		"edit":   {Fault{Edit: func(a *Answer, body []byte) { a.Body = bytes.ToUpper(a.Body); a.Header.Del("Content-Length") }}, "200 TEXT", false, 1},
	} {
		served.Store(0)
		p.Set(Nth(2, Op("CreateMultipartUpload", "k"), test.fault))
		if got, err := call(); got != "200 text" || err != nil {
			t.Errorf("%s: the first call gives %q, %v", name, got, err)
		}
		got, err := call()
		if got != test.want || (err != nil) != test.lost || served.Load() != 1+test.served {
			t.Errorf("%s: %q, %v, served %d", name, got, err, served.Load())
		}
	}
	t.Run("held for ever", func(t *testing.T) { // ends with its test all the same
		p := New(t, target.URL)
		p.Set(Nth(1, Any, Fault{Hold: make(chan struct{})}))
		r, err := (&http.Client{Timeout: 50 * time.Millisecond}).Get(p.URL)
		if err == nil {
			_ = r.Body.Close()
			t.Error("a held call was answered")
		}
	})
	release, landed := make(chan struct{}), make(chan struct{})
	served.Store(0)
	p.Set(Nth(1, Any, Fault{Hold: release, Edit: func(*Answer, []byte) { close(landed) }}))
	client.Timeout = 50 * time.Millisecond
	if _, err := call(); err == nil || served.Load() != 0 {
		t.Errorf("a held call gave %v, served %d", err, served.Load())
	}
	close(release)
	<-landed
	if served.Load() != 1 {
		t.Error("a held call did not land after its caller had gone")
	}
}
