// Package faults runs the built functions, as Lambda would, against an AWS emulator behind a proxy that breaks what it is told to: each test
// carries the number of the fault that it injects, and ends with every accepted event counted in what Glue points to.
package faults

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/function"
	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// What all lakes of these tests share.
const (
	bucketName = "lakebed-faults"
	database   = "lakebed_faults"
	bound      = 2 * time.Second // a look and its write have to fit in, also on a machine that is busy with other things
	grace      = 5 * time.Second
)

// hour is the one in which events happen, unless a test says otherwise.
var hour = time.Date(2026, 11, 23, 8, 0, 0, 0, time.UTC)

// programs is where the built functions lie: a folder that is removed when the tests have ended.
var programs string

// bootstraps builds both functions once.
var bootstraps = sync.OnceValues(func() (dir string, err error) {
	if dir, err = os.MkdirTemp("", "lakebed-functions-*"); err != nil {
		return "", err
	}
	programs = dir
	for _, service := range []string{"ingest", "compactor"} {
		c := exec.Command("go", "build", "-tags", "lambda.norpc,nethttpomithttp2", "-o", filepath.Join(dir, service), "./lambda")
		c.Dir = filepath.Join("..", "..", "services", service)
		if out, err := c.CombinedOutput(); err != nil {
			return "", fmt.Errorf("build %s: %w\n%s", service, err, out)
		}
	}
	return dir, nil
})

func TestMain(m *testing.M) {
	code := m.Run()
	if programs != "" {
		_ = os.RemoveAll(programs)
	}
	os.Exit(code)
}

// world is the emulator, with what all lakes share.
type world struct {
	*emulator.AWS
	s3     *s3.Client
	dynamo *dynamodb.Client
	glue   *glue.Client
}

func newWorld(t *testing.T) *world {
	t.Helper()
	a := emulator.Ministack(t)
	w := &world{a, cloud.S3(a.Config()), dynamodb.NewFromConfig(a.Config()), glue.NewFromConfig(a.Config())}
	if _, err := w.s3.CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.glue.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String(database)}}); err != nil {
		t.Fatal(err)
	}
	return w
}

// lake is one test's: a prefix, a Glue table and a table of claims of its own.
type lake struct {
	*world
	name      string
	at        cloud.Lake
	bucket    *s3bucket.Bucket
	catalog   *gluecatalog.Catalog
	proxy     *proxy.Proxy // before everything that the functions call
	ingest    *function.Function
	compactor *function.Function
	merger    *function.Function // a compactor that only merges fragments,
	saver     *function.Function // and one that sweeps nothing
	mapping   *mapping.Mapping
	discarded []mapping.Discarded
	accepted  map[string]int // ids that must be in the lake, once each
	next      map[string]int64
}

// newLake makes one with a strategy of claims; env goes to both functions.
func (w *world) newLake(t *testing.T, name, claims string, env ...string) *lake {
	t.Helper()
	dir, err := bootstraps()
	if err != nil {
		t.Fatal(err)
	}
	l := &lake{world: w, name: name, at: cloud.Lake{Bucket: bucketName, Prefix: name + "/"}, accepted: map[string]int{}, next: map[string]int64{}}
	l.bucket = s3bucket.New(w.s3, l.at)
	l.catalog = gluecatalog.New(w.glue, gluecatalog.Config{Database: database, Table: name, Lake: l.at})
	w.makeClaims(t, name)
	l.makeTable(t)
	l.proxy = proxy.New(t, w.Endpoint)
	env = append(append(w.Environ(), "AWS_ENDPOINT_URL="+l.proxy.URL, "LAKEBED_LAKE="+l.at.String(), "LAKEBED_STREAM=s",
		"LAKEBED_CLAIMS="+claims, "LAKEBED_CLAIMS_TABLE="+name,
		"LAKEBED_DATABASE="+database, "LAKEBED_TABLE="+name, "LAKEBED_QUEUE_URL="+w.Endpoint+"/000000000000/none",
		"LAKEBED_CLOSE_AFTER=0s", "LAKEBED_MAJOR_PARTS=1", "LAKEBED_MAJOR_SHARE=0", "LAKEBED_LIVE=0s", "LAKEBED_LONGEST_QUERY=1s",
		"LAKEBED_GRACE="+grace.String(), "LAKEBED_CATALOG_BOUND="+bound.String(), "LAKEBED_MEMORY=2MiB"), env...)
	l.ingest = l.function(t, filepath.Join(dir, "ingest"), env)
	l.compactor = l.function(t, filepath.Join(dir, "compactor"), env)
	l.merger = l.another(t, l.compactor, "LAKEBED_MAJOR_PARTS=1000", "LAKEBED_MAJOR_SHARE=2", "LAKEBED_GRACE=1h")
	l.saver = l.another(t, l.compactor, "LAKEBED_GRACE=1h")
	l.mapping = &mapping.Mapping{
		Stream: "s", BatchSize: 100, Retries: 5, Bisect: true, Partial: true, Now: time.Now, Invoke: l.ingest.Invoke,
		Discard: func(_ context.Context, d mapping.Discarded) error {
			l.discarded = append(l.discarded, d)
			return nil
		},
	}
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("ingest printed:\n%s", tail(l.ingest.Log()))
			t.Logf("compactor printed:\n%s", tail(l.compactor.Log()))
		}
	})
	return l
}

// function makes another environment of a function, with the lake's proxy or, where env says so, another.
func (l *lake) function(t *testing.T, bootstrap string, env []string) *function.Function {
	t.Helper()
	return (&function.Function{Bootstrap: bootstrap, Env: env, Timeout: 60 * time.Second, Memory: 512}).Start(t)
}

// another makes one more environment of a function, as a concurrent invocation gets.
func (l *lake) another(t *testing.T, f *function.Function, env ...string) *function.Function {
	t.Helper()
	return l.function(t, f.Bootstrap, append(append([]string{}, f.Env...), env...))
}

func tail(log string) string {
	const most = 3000
	if len(log) > most {
		return "…" + log[len(log)-most:]
	}
	return log
}

func (w *world) makeClaims(t *testing.T, table string) {
	t.Helper()
	_, err := w.dynamo.CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: &table, BillingMode: dynamodbtypes.BillingModePayPerRequest,
		AttributeDefinitions: []dynamodbtypes.AttributeDefinition{
			{AttributeName: aws.String("pk"), AttributeType: dynamodbtypes.ScalarAttributeTypeS},
			{AttributeName: aws.String("sk"), AttributeType: dynamodbtypes.ScalarAttributeTypeS}},
		KeySchema: []dynamodbtypes.KeySchemaElement{
			{AttributeName: aws.String("pk"), KeyType: dynamodbtypes.KeyTypeHash},
			{AttributeName: aws.String("sk"), KeyType: dynamodbtypes.KeyTypeRange}},
	})
	if err != nil {
		t.Fatal(err)
	}
}

// makeTable makes the Glue table as Terraform does.
func (l *lake) makeTable(t *testing.T) {
	t.Helper()
	key := func(name string) gluetypes.Column { return gluetypes.Column{Name: &name, Type: aws.String("string")} }
	_, err := l.glue.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: aws.String(database), TableInput: &gluetypes.TableInput{
		Name: &l.name, TableType: aws.String("EXTERNAL_TABLE"), PartitionKeys: []gluetypes.Column{key("dt"), key("hour")},
		Parameters: map[string]string{"classification": "json", "typeOfData": "file", "EXTERNAL": "TRUE"},
		StorageDescriptor: &gluetypes.StorageDescriptor{
			Location: aws.String(l.at.String() + "/" + layout.Events), Columns: []gluetypes.Column{},
			InputFormat:  aws.String("org.apache.hadoop.mapred.TextInputFormat"),
			OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			SerdeInfo: &gluetypes.SerDeInfo{SerializationLibrary: aws.String("org.openx.data.jsonserde.JsonSerDe"),
				Parameters: map[string]string{"case.insensitive": "TRUE", "serialization.format": "1"}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
}

// json is an event of a time.
func json(id string, at time.Time) string {
	return fmt.Sprintf(`{"event_uuid":%q,"created_at":%q,"event_name":"order:paid","amount":%d,"note":"é %s"}`, id, at.Format(time.RFC3339), len(id), strings.Repeat("x", 40))
}

// events makes n records of a shard, whose ids begin with prefix, and expects each in the lake once.
func (l *lake) events(shard, prefix string, n int) []mapping.Record {
	return l.spread(shard, prefix, n, 1)
}

// spread makes events over several hours.
func (l *lake) spread(shard, prefix string, n, hours int) []mapping.Record {
	all := make([]mapping.Record, n)
	for i := range all {
		id := fmt.Sprintf("%s-%s-%d", l.name, prefix, i)
		l.accepted[id] = 1
		all[i] = l.record(shard, json(id, hour.Add(time.Duration(i%hours)*time.Hour)))
	}
	return all
}

// record makes the next record of a shard.
func (l *lake) record(shard, data string) mapping.Record {
	l.next[shard]++
	return mapping.Record{Sequence: mapping.Sequence(l.next[shard]), Key: "k", Data: []byte(data), Arrival: time.Now().Truncate(time.Millisecond)}
}

// deliver takes records through the event source mapping, retries included, and wants all of them taken.
func (l *lake) deliver(t *testing.T, records []mapping.Record) {
	l.deliverTo(t, mapping.Shard(0), records)
}

func (l *lake) deliverTo(t *testing.T, shard string, records []mapping.Record) {
	t.Helper()
	before := len(l.discarded)
	if err := l.mapping.Deliver(t.Context(), shard, records); err != nil {
		t.Fatal(err)
	}
	if n := len(l.discarded) - before; n > 0 {
		t.Fatalf("%d batches were discarded\n%s", n, tail(l.ingest.Log()))
	}
}

// work has a compactor visit a partition once.
func work(ctx context.Context, f *function.Function, p layout.Partition) ([]byte, error) {
	return f.Invoke(ctx, fmt.Appendf(nil, `{"version":1,"do":"work","partition":%q}`, p))
}

// mapped is how the tests' events carry their fields.
var mapped = event.DefaultMapping
