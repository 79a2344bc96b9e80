// Package cloudcli tests the command on a lake in S3 as a user runs it: the built binary, an emulator of AWS, real input.
package cloudcli

import (
	"bytes"
	"encoding/json"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	ddb "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	gluetypes "github.com/aws/aws-sdk-go-v2/service/glue/types"
	"github.com/aws/aws-sdk-go-v2/service/s3"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/integration/program"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

func TestMain(m *testing.M) { program.Main(m) }

// What Terraform makes, as far as the command needs it.
const (
	bucketName  = "lake"
	database    = "lakebed"
	claimsTable = "lakebed-claims"
)

// lake is one in an emulator's S3, which lies in a prefix of its own.
type lake struct {
	t      *testing.T
	aws    *emulator.AWS
	url    string
	table  string
	bucket *s3bucket.Bucket
	env    []string
}

// account starts an emulator with a bucket, a Glue database and a table of claims, and no lake yet.
func account(t *testing.T) *emulator.AWS {
	t.Helper()
	a := emulator.Ministack(t)
	if _, err := cloud.S3(a.Config()).CreateBucket(t.Context(), &s3.CreateBucketInput{Bucket: aws.String(bucketName)}); err != nil {
		t.Fatal(err)
	}
	if _, err := glue.NewFromConfig(a.Config()).CreateDatabase(t.Context(), &glue.CreateDatabaseInput{
		DatabaseInput: &gluetypes.DatabaseInput{Name: aws.String(database)},
	}); err != nil {
		t.Fatal(err)
	}
	key := func(name string, kind ddb.KeyType) ddb.KeySchemaElement {
		return ddb.KeySchemaElement{AttributeName: aws.String(name), KeyType: kind}
	}
	text := func(name string) ddb.AttributeDefinition {
		return ddb.AttributeDefinition{AttributeName: aws.String(name), AttributeType: ddb.ScalarAttributeTypeS}
	}
	if _, err := dynamodb.NewFromConfig(a.Config()).CreateTable(t.Context(), &dynamodb.CreateTableInput{
		TableName: aws.String(claimsTable), BillingMode: ddb.BillingModePayPerRequest,
		KeySchema:            []ddb.KeySchemaElement{key("pk", ddb.KeyTypeHash), key("sk", ddb.KeyTypeRange)},
		AttributeDefinitions: []ddb.AttributeDefinition{text("pk"), text("sk")},
	}); err != nil {
		t.Fatal(err)
	}
	return a
}

// newLake makes a lake as Terraform does; more are lines of its lakebed.yaml.
func newLake(t *testing.T, a *emulator.AWS, name string, more ...string) *lake {
	t.Helper()
	l := &lake{t: t, aws: a, url: cloud.Scheme + bucketName + "/" + name, table: strings.ReplaceAll(name, "-", "_")}
	at, err := cloud.ParseLake(l.url)
	if err != nil {
		t.Fatal(err)
	}
	l.bucket = s3bucket.New(cloud.S3(a.Config()), at)
	l.env = append(a.Environ(), "LAKEBED_LAKE="+l.url, "XDG_CACHE_HOME="+t.TempDir(), "TMPDIR="+t.TempDir())
	lines := slices.Concat([]string{"format: 1", "database: " + database, "table: " + l.table, "claims_table: " + claimsTable, "catalog_bound: 2s"}, more)
	l.put(layout.Config, strings.Join(lines, "\n")+"\n")
	return l
}

func (l *lake) put(key, body string) {
	l.t.Helper()
	if _, err := l.bucket.Put(l.t.Context(), key, strings.NewReader(body), bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}

// keys are those below a prefix.
func (l *lake) keys(prefix string) []string {
	l.t.Helper()
	var keys []string
	for o, err := range l.bucket.List(l.t.Context(), prefix, "") {
		if err != nil {
			l.t.Fatal(err)
		}
		keys = append(keys, o.Key)
	}
	return keys
}

// result is one run of the binary.
type result struct {
	t          *testing.T
	out, words bytes.Buffer
	code       int
}

// run runs lakebed on the lake, with stdin from in ("" for none).
func (l *lake) run(in string, args ...string) *result {
	l.t.Helper()
	return run(l.t, l.env, in, args...)
}

func run(t *testing.T, env []string, in string, args ...string) *result {
	t.Helper()
	bin, err := program.Build()
	if err != nil {
		t.Fatal(err)
	}
	r := &result{t: t}
	cmd := exec.CommandContext(t.Context(), bin, args...)
	cmd.Env = append(os.Environ(), env...)
	cmd.Stdout, cmd.Stderr = &r.out, &r.words
	if in != "" {
		f, err := os.Open(in)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		cmd.Stdin = f
	}
	var exit *exec.ExitError
	if err := cmd.Run(); err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	r.code = cmd.ProcessState.ExitCode()
	return r
}

// ok runs lakebed and wants it to succeed.
func (l *lake) ok(in string, args ...string) *result {
	l.t.Helper()
	r := l.run(in, append(args, "-o", "json")...)
	if r.code != 0 {
		l.t.Fatalf("lakebed %s: exit code %d\n%s\n%s", strings.Join(args, " "), r.code, r.words.String(), r.out.String())
	}
	return r
}

// rows gives the objects that a command printed.
func (r *result) rows() []map[string]any {
	r.t.Helper()
	text := bytes.TrimSpace(r.out.Bytes())
	if bytes.HasPrefix(text, []byte("{")) {
		text = slices.Concat([]byte("["), text, []byte("]"))
	}
	var rows []map[string]any
	if err := json.Unmarshal(text, &rows); err != nil {
		r.t.Fatalf("not JSON: %v\n%s", err, r.out.String())
	}
	return rows
}

// has wants counts in the one object that a command printed.
func (r *result) has(counts map[string]int) {
	r.t.Helper()
	rows := r.rows()
	if len(rows) != 1 {
		r.t.Fatalf("%d rows in %s", len(rows), r.out.String())
	}
	for key, want := range counts {
		if got, is := rows[0][key].(float64); !is || int(got) != want {
			r.t.Errorf("%s is %v, want %d (in %v)", key, rows[0][key], want, rows[0])
		}
	}
}

// says wants words on stderr.
func (r *result) says(words ...string) {
	r.t.Helper()
	for _, w := range words {
		if !strings.Contains(r.words.String(), w) {
			r.t.Errorf("it does not say %q: %s", w, r.words.String())
		}
	}
}

// number gives the one number that a query finds.
func (l *lake) number(query string, flags ...string) int {
	l.t.Helper()
	rows := l.ok("", append([]string{"query", query}, flags...)...).rows()
	if len(rows) == 1 {
		for _, v := range rows[0] {
			if n, is := v.(float64); is {
				return int(n)
			}
		}
	}
	l.t.Fatalf("%s gives %v", query, rows)
	return 0
}

// whole wants the lake to keep its promises.
func (l *lake) whole() {
	l.t.Helper()
	if r := l.run("", "verify"); r.code != 0 {
		l.t.Errorf("verify: exit code %d\n%s%s", r.code, r.words.String(), r.out.String())
	}
}

// file writes a file of events.
func file(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}
