package athena

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/s3bucket"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
)

// lake is one of the site's: its name is that of its database and its prefix.
type lake struct {
	t    *testing.T
	site *site
	name string
	env  []string
}

// newLake opens the lake as Terraform would have; more are lines of its lakebed.yaml. Every hour is closed at once, and rewritten only when a test says so.
func newLake(t *testing.T, s *site, name string, more ...string) *lake {
	t.Helper()
	l := &lake{t: t, site: s, name: name}
	url := cloud.Scheme + bucketName + "/" + name
	at, err := cloud.ParseLake(url)
	if err != nil {
		t.Fatal(err)
	}
	lines := append([]string{
		"format: 1", "database: " + name, "table: events", "claims: none", "catalog_bound: 2s",
		"close_after: 0s", "major_parts: 100", "major_share: 1", "grace: 1h", "parallel: 4",
	}, more...)
	if _, err := s3bucket.New(cloud.S3(s.Config()), at).Put(t.Context(), layout.Config, strings.NewReader(strings.Join(lines, "\n")+"\n"), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	l.env = append(s.Environ(), "LAKEBED_LAKE="+url, "XDG_CACHE_HOME="+t.TempDir(), "TMPDIR="+t.TempDir())
	return l
}

// run runs lakebed on the lake and gives the objects that it prints.
func (l *lake) run(in io.Reader, args ...string) []map[string]any {
	l.t.Helper()
	rows, err := l.try(l.t.Context(), in, args...)
	if err != nil {
		l.t.Fatal(err)
	}
	return rows
}

// try is run, for those that do not end the test.
func (l *lake) try(ctx context.Context, in io.Reader, args ...string) ([]map[string]any, error) {
	c := exec.CommandContext(ctx, l.site.lakebed, append(args, "-o", "json")...)
	c.Env = append(os.Environ(), l.env...)
	c.Stdin = in
	var out, words bytes.Buffer
	c.Stdout, c.Stderr = &out, &words
	if err := c.Run(); err != nil {
		return nil, fmt.Errorf("lakebed %s: %w\n%s\n%s", strings.Join(args, " "), err, words.String(), out.String())
	}
	text := bytes.TrimSpace(out.Bytes())
	if len(text) == 0 {
		return nil, nil
	}
	if text[0] != '[' {
		text = append(append([]byte{'['}, text...), ']')
	}
	var rows []map[string]any
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&rows); err != nil {
		return nil, fmt.Errorf("not JSON: %w\n%s", err, text)
	}
	return rows, nil
}

// count runs lakebed and gives a number of the one object that it prints.
func (l *lake) count(key string, in io.Reader, args ...string) int {
	l.t.Helper()
	rows := l.run(in, args...)
	if len(rows) == 1 {
		if n, is := rows[0][key].(json.Number); is {
			if i, err := n.Int64(); err == nil {
				return int(i)
			}
		}
	}
	l.t.Fatalf("lakebed %s: no %s in %v", strings.Join(args, " "), key, rows)
	return 0
}

// columns are those of the table events in Glue, without the partition's.
func (l *lake) columns() []types.Column {
	l.t.Helper()
	out, err := glue.NewFromConfig(l.site.Config()).GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: aws.String(l.name), Name: aws.String("events")})
	if err != nil {
		l.t.Fatal(err)
	}
	return out.Table.StorageDescriptor.Columns
}

// locations are those of the partitions in Glue, by hour.
func (l *lake) locations() map[string]string {
	l.t.Helper()
	out, err := glue.NewFromConfig(l.site.Config()).GetPartitions(l.t.Context(), &glue.GetPartitionsInput{DatabaseName: aws.String(l.name), TableName: aws.String("events")})
	if err != nil {
		l.t.Fatal(err)
	}
	found := map[string]string{}
	for _, p := range out.Partitions {
		found[strings.Join(p.Values, " ")] = aws.ToString(p.StorageDescriptor.Location)
	}
	return found
}
