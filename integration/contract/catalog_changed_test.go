package contract

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

var hour = layout.PartitionOf(time.Date(2025, 11, 23, 8, 0, 0, 0, time.UTC))

// glueLake is a lake in memory whose catalog is in Glue, with the table that Terraform makes.
type glueLake struct {
	t      *testing.T
	client *glue.Client
	config gluecatalog.Config
	bucket bucket.Bucket
	in     *ingest.Ingester
	worker *compactor.Compactor
	cat    *gluecatalog.Catalog // the operator's
	hand   *compactor.Compactor
	stored int
}

func newGlueLake(t *testing.T, client *glue.Client) *glueLake {
	t.Helper()
	l := &glueLake{t: t, client: client, config: database(t, client), bucket: bucket.NewMemory(time.Now)}
	text := func(s string) types.Column { return types.Column{Name: aws.String(s), Type: aws.String("string")} }
	_, err := client.CreateTable(t.Context(), &glue.CreateTableInput{DatabaseName: &l.config.Database, TableInput: &types.TableInput{
		Name: &l.config.Table, Description: aws.String("by Terraform"), TableType: aws.String("EXTERNAL_TABLE"),
		PartitionKeys: []types.Column{text("dt"), text("hour")},
		Parameters:    map[string]string{"EXTERNAL": "TRUE", "classification": "json", "typeOfData": "file"},
		StorageDescriptor: &types.StorageDescriptor{
			Location:    aws.String("s3://bucket/some/lake/events/"),
			InputFormat: aws.String("org.apache.hadoop.mapred.TextInputFormat"), OutputFormat: aws.String("org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"),
			SerdeInfo: &types.SerDeInfo{
				SerializationLibrary: aws.String("org.openx.data.jsonserde.JsonSerDe"), Parameters: map[string]string{"case.insensitive": "TRUE", "mine": "kept"}},
		},
	}})
	if err != nil {
		t.Fatal(err)
	}
	deployed := l.config
	deployed.Deployed = true
	l.worker = l.compactor(gluecatalog.New(client, deployed))
	l.cat = gluecatalog.New(client, l.config)
	l.hand = l.compactor(l.cat)
	l.in, err = ingest.New(l.bucket, claims.NewMemory(claims.Options{}), ingest.Config{Mapping: event.DefaultMapping, Lanes: 1, Parallel: 1})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func (l *glueLake) compactor(cat catalog.Catalog) *compactor.Compactor {
	l.t.Helper()
	c, err := compactor.New(l.bucket, cat, compactor.Config{
		Policy: compactor.Policy{
			Target: 1 << 20, Close: 1e6 * time.Hour, MajorParts: 8, MajorShare: 0.1, Bound: 300 * time.Millisecond, Grace: 4 * time.Hour,
			Live: 2 * time.Hour, LongestQuery: 30 * time.Minute,
		},
		Mapping: event.DefaultMapping, Scratch: l.t.TempDir(), Memory: 1 << 20, Parallel: 1, Now: time.Now,
	})
	if err != nil {
		l.t.Fatal(err)
	}
	return c
}

// store ingests an event with one more field.
func (l *glueLake) store(more string) {
	l.t.Helper()
	l.stored++
	text := fmt.Sprintf(`{"event_uuid":"e%d","created_at":%q,"event_name":"a:b",%s}`, l.stored, hour.Start().Format(time.RFC3339), more)
	d := ingest.Delivery{Shard: "shardId-0", Records: []ingest.Record{{Sequence: fmt.Sprint(l.stored), Arrival: time.Now(), Data: []byte(text)}}}
	if _, err := l.in.Ingest(l.t.Context(), d); err != nil {
		l.t.Fatal(err)
	}
}

// work gives what set the partition aside.
func (l *glueLake) work() error {
	l.t.Helper()
	r := l.worker.Work(l.t.Context(), compactor.Task{Partition: hour}, time.Time{})
	for _, b := range r.Broken {
		l.t.Errorf("%s: %v", b.Key, b.Err)
	}
	if len(r.SetAside) > 0 {
		return r.SetAside[0].Err
	}
	return nil
}

// mend does what `lakebed rebuild` does.
func (l *glueLake) mend() error {
	l.t.Helper()
	if _, err := l.cat.Table(l.t.Context()); errors.Is(err, catalog.ErrCorrupt) {
		if err := l.cat.Clear(l.t.Context()); err != nil {
			return err
		}
	}
	r, err := l.hand.Rebuild(l.t.Context(), func(layout.Partition) {})
	for _, f := range r.SetAside {
		err = errors.Join(err, f.Err)
	}
	return err
}

// change has somebody else change the table.
func (l *glueLake) change(how func(*types.TableInput)) {
	l.t.Helper()
	out, err := l.client.GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: &l.config.Database, Name: &l.config.Table})
	if err != nil {
		l.t.Fatal(err)
	}
	old := out.Table
	in := types.TableInput{
		Name: old.Name, Description: old.Description, Parameters: old.Parameters, PartitionKeys: old.PartitionKeys,
		StorageDescriptor: old.StorageDescriptor, TableType: old.TableType,
	}
	how(&in)
	if _, err := l.client.UpdateTable(l.t.Context(), &glue.UpdateTableInput{DatabaseName: &l.config.Database, TableInput: &in, VersionId: old.VersionId}); err != nil {
		l.t.Fatal(err)
	}
}

// location has somebody else change the partition's.
func (l *glueLake) location(url string) {
	l.t.Helper()
	values := []string{hour.Date(), hour.Hour()}
	out, err := l.client.GetPartition(l.t.Context(), &glue.GetPartitionInput{
		DatabaseName: &l.config.Database, TableName: &l.config.Table, PartitionValues: values})
	if err != nil {
		l.t.Fatal(err)
	}
	p := types.PartitionInput{Values: values, Parameters: out.Partition.Parameters, StorageDescriptor: out.Partition.StorageDescriptor}
	p.StorageDescriptor.Location = &url
	failed, err := l.client.BatchUpdatePartition(l.t.Context(), &glue.BatchUpdatePartitionInput{
		DatabaseName: &l.config.Database, TableName: &l.config.Table,
		Entries: []types.BatchUpdatePartitionRequestEntry{{PartitionInput: &p, PartitionValueList: values}}})
	if err != nil || len(failed.Errors) > 0 {
		l.t.Fatal(err, failed)
	}
}

// shown wants readers to see the first generation, with these columns, in the table and in the partition.
func (l *glueLake) shown(columns ...string) {
	l.t.Helper()
	out, err := l.client.GetTable(l.t.Context(), &glue.GetTableInput{DatabaseName: &l.config.Database, Name: &l.config.Table})
	if err != nil {
		l.t.Fatal(err)
	}
	p, err := l.client.GetPartition(l.t.Context(), &glue.GetPartitionInput{
		DatabaseName: &l.config.Database, TableName: &l.config.Table, PartitionValues: []string{hour.Date(), hour.Hour()}})
	if err != nil {
		l.t.Fatal(err)
	}
	if got, want := aws.ToString(p.Partition.StorageDescriptor.Location), "s3://bucket/some/lake/events/dt=2025-11-23/hour=08/gen-0001/"; got != want {
		l.t.Errorf("readers are shown %s, want %s", got, want)
	}
	for _, s := range []*types.StorageDescriptor{out.Table.StorageDescriptor, p.Partition.StorageDescriptor} {
		var got []string
		for _, c := range s.Columns {
			got = append(got, *c.Name+" "+*c.Type)
		}
		if strings.Join(got, ", ") != strings.Join(columns, ", ") {
			l.t.Errorf("columns are %q, want %q", got, columns)
		}
	}
}

// TestGlueChanged: what somebody does to the catalog sets the partition aside with an error that says what to do, harms nothing in the bucket,
// and is mended by doing that.
func TestGlueChanged(t *testing.T) {
	first := []string{
		"event_uuid string", "created_at string", "event_name string", "n bigint", "created_datetime string", "event_type string", "event_subtype string"}
	all := slices.Concat(first, []string{"user struct<name:string>"})
	tests := map[string]struct {
		change func(*glueLake)
		aside  []string        // what the error says
		hand   func(*glueLake) // what a person has to do before `lakebed rebuild`
		kept   string
	}{
		"nothing": {change: func(*glueLake) {}, kept: "by Terraform"},
		"column added": {
			change: func(l *glueLake) {
				l.change(func(in *types.TableInput) {
					in.StorageDescriptor.Columns = append(in.StorageDescriptor.Columns, types.Column{Name: aws.String("theirs"), Type: aws.String("int")})
				})
			},
			aside: []string{".events", `"theirs"`, "lakebed rebuild"}, kept: "by Terraform",
		},
		"columns and record dropped": {
			change: func(l *glueLake) {
				l.change(func(in *types.TableInput) { in.Parameters = map[string]string{}; in.StorageDescriptor.SerdeInfo = nil })
			},
			aside: []string{".events", "SerDe", "lakebed rebuild"}, kept: "by Terraform",
		},
		"table dropped": {
			change: func(l *glueLake) {
				if _, err := l.client.DeleteTable(l.t.Context(), &glue.DeleteTableInput{DatabaseName: &l.config.Database, Name: &l.config.Table}); err != nil {
					l.t.Fatal(err)
				}
			},
			aside: []string{".events", "dropped", "lakebed rebuild"},
		},
		"table moved": {
			change: func(l *glueLake) {
				l.change(func(in *types.TableInput) { in.StorageDescriptor.Location = aws.String("s3://bucket/other/events/") })
			},
			aside: []string{".events", "s3://bucket/other/events/", "restore"}, kept: "by Terraform",
			hand: func(l *glueLake) {
				if err := l.cat.Clear(l.t.Context()); !errors.Is(err, catalog.ErrForeign) {
					l.t.Errorf("clear: %v, want ErrForeign", err)
				}
				l.change(func(in *types.TableInput) {
					in.StorageDescriptor.Location = aws.String("s3://bucket/some/lake/events/")
				})
			},
		},
		"partition moved": {
			change: func(l *glueLake) { l.location("s3://bucket/other/events/dt=2025-11-23/hour=08/gen-0001/") },
			aside:  []string{"s3://bucket/other/events/", "lakebed rebuild"}, kept: "by Terraform",
		},
	}
	for emulator, start := range glues {
		t.Run(emulator, func(t *testing.T) {
			t.Parallel()
			client := glue.NewFromConfig(start(t))
			for name, test := range tests {
				t.Run(name, func(t *testing.T) {
					t.Parallel()
					l := newGlueLake(t, client)
					l.store(`"n":1`)
					if err := l.work(); err != nil {
						t.Fatal(err)
					}
					l.shown(first...)
					test.change(l)
					l.store(`"user":{"name":"x"}`)
					err := l.work()
					if (err == nil) != (test.aside == nil) {
						t.Fatalf("set aside: %v", err)
					}
					for _, text := range test.aside {
						if !strings.Contains(err.Error(), text) {
							t.Errorf("set aside: %v, want %s", err, text)
						}
					}
					if test.hand != nil {
						test.hand(l)
					}
					if err := errors.Join(l.mend(), l.work()); err != nil {
						t.Fatal(err)
					}
					l.shown(all...)
					l.change(func(in *types.TableInput) {
						if aws.ToString(in.Description) != test.kept {
							t.Errorf("its description is %q", aws.ToString(in.Description))
						}
					})
					parts := 0
					for o, err := range l.bucket.List(t.Context(), layout.Events, "") {
						if err != nil {
							t.Fatal(err)
						}
						t.Log(o.Key)
						parts++
					}
					if parts != 2 {
						t.Errorf("%d parts, want 2", parts)
					}
				})
			}
		})
	}
}
