package gluecatalog

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/aws/retry"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// object is JSON.
type object = map[string]any

// scripted is a Glue that answers as told.
type scripted struct {
	mu     sync.Mutex
	calls  []call
	answer func(call) (any, string) // the body, or an error's code
}

type call struct {
	op   string
	in   object
	text []byte
}

// to reads the call's input as another type has it.
func (c call) to(t *testing.T, v any) {
	t.Helper()
	if err := json.Unmarshal(c.text, v); err != nil {
		t.Error(err)
	}
}

func (s *scripted) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	c := call{op: op}
	d := json.NewDecoder(r.Body)
	var raw json.RawMessage
	if d.Decode(&raw) == nil {
		c.text = raw
		_ = json.Unmarshal(raw, &c.in)
	}
	s.calls = append(s.calls, c)
	out, code := s.answer(c)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if code != "" {
		w.WriteHeader(http.StatusBadRequest)
		out = object{"__type": code, "Message": "as told"}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// ops are the names of the calls so far.
func (s *scripted) ops() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var ops []string
	for _, c := range s.calls {
		ops = append(ops, c.op)
	}
	return strings.Join(ops, " ")
}

// open gives a catalog in a scripted Glue. The client itself tries once; the catalog waits no time between its own tries.
func open(t *testing.T, answer func(call) (any, string)) (*Catalog, *scripted) {
	t.Helper()
	s := &scripted{answer: answer}
	server := httptest.NewServer(s)
	t.Cleanup(server.Close)
	client := glue.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
		Retryer: func() aws.Retryer { return retry.AddWithMaxAttempts(retry.NewStandard(), 1) },
	})
	c := New(client, Config{Database: "db", Table: "events", Lake: cloud.Lake{Bucket: "bucket", Prefix: "lake/"}})
	c.sleep = func(ctx context.Context, _ time.Duration) error { return ctx.Err() }
	return c, s
}

// retrying is the client with retries of its own, without a pause between them.
func retrying(c *glue.Client) *glue.Client {
	o := c.Options()
	o.Retryer = retry.NewStandard(func(o *retry.StandardOptions) {
		o.MaxAttempts = 20
		o.Backoff = retry.BackoffDelayerFunc(func(int, error) (time.Duration, error) { return 0, nil })
	})
	return glue.New(o)
}

const hour layout.Partition = 498_728

var at = time.Date(2026, 11, 23, 8, 15, 0, 123_456_000, time.UTC)

func field(name string, kind schema.Kind) schema.Field {
	return schema.Field{Name: name, Spelling: name, Type: schema.Type{Kind: kind}}
}

func entry(h layout.Partition, columns ...schema.Field) catalog.Partition {
	return catalog.Partition{
		Hour: h, Location: layout.Location(h, layout.FirstGeneration), Columns: columns, PublishedAt: at, WrittenAt: at.Add(time.Minute),
	}
}

// stored is Glue's answer for a table of these columns, and what others gave it.
func stored(t *testing.T, c *Catalog, version string, known catalog.Table) object {
	t.Helper()
	parameters, err := pack(known, "r"+version)
	if err != nil {
		t.Fatal(err)
	}
	parameters["theirs"] = "kept"
	return object{"Table": object{
		"Name": "events", "DatabaseName": "db", "TableType": external, "VersionId": version, "Parameters": parameters, "Description": "of others",
		"PartitionKeys": keys(), "StorageDescriptor": described(storage(c.url(layout.Events), columnsOf(declared(known)))),
	}}
}

// described is a storage descriptor as JSON has it.
func described(s *types.StorageDescriptor) object {
	return object{
		"Location": s.Location, "Columns": s.Columns, "InputFormat": s.InputFormat, "OutputFormat": s.OutputFormat,
		"SerdeInfo": object{"SerializationLibrary": s.SerdeInfo.SerializationLibrary, "Parameters": s.SerdeInfo.Parameters},
	}
}

// registered is a partition as Glue stores what SetPartitions sends.
func registered(c *Catalog, p catalog.Partition, columns bool) object {
	in, _ := c.input(p)
	s := described(in.StorageDescriptor)
	if !columns {
		s["Columns"] = nil
	}
	return object{"Values": in.Values, "Parameters": in.Parameters, "StorageDescriptor": s}
}
