package contract

import (
	"bytes"
	"crypto/sha512"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/integration/emulator"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// glues are the emulators of Glue.
var glues = map[string]func(*testing.T) aws.Config{
	"Ministack": func(t *testing.T) aws.Config { return emulator.Ministack(t).Config() },
	"Moto": func(t *testing.T) aws.Config {
		c := emulator.Moto(t).Config()
		c.HTTPClient = &comparing{}
		return c
	},
}

var databases atomic.Int64

// database makes a new one, and the catalog of a lake's table in it, which is not there yet.
func database(t *testing.T, client *glue.Client) gluecatalog.Config {
	t.Helper()
	name := fmt.Sprint("lake", databases.Add(1))
	if _, err := client.CreateDatabase(t.Context(), &glue.CreateDatabaseInput{DatabaseInput: &types.DatabaseInput{Name: &name}}); err != nil {
		t.Fatal(err)
	}
	return gluecatalog.Config{Database: name, Table: "events", Lake: cloud.Lake{Bucket: "bucket", Prefix: "some/lake/"}}
}

func TestGlue(t *testing.T) {
	for name, start := range glues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := glue.NewFromConfig(start(t))
			catalogtest.Run(t, catalogtest.Options{InTable: true}, func(t *testing.T) catalog.Catalog {
				return gluecatalog.New(client, database(t, client))
			})
		})
	}
}

// comparing does for moto what AWS and ministack do: an update of a table whose VersionId is not the stored one is refused.
type comparing struct{ mu sync.Mutex }

// Do implements the SDK's client.
func (c *comparing) Do(r *http.Request) (*http.Response, error) {
	if !strings.HasSuffix(r.Header.Get("X-Amz-Target"), ".UpdateTable") {
		return http.DefaultClient.Do(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		return nil, err
	}
	var in struct {
		DatabaseName string
		VersionId    string
		TableInput   struct{ Name string }
	}
	if err := json.Unmarshal(body, &in); err != nil {
		return nil, err
	}
	question, err := json.Marshal(map[string]string{"DatabaseName": in.DatabaseName, "Name": in.TableInput.Name})
	if err != nil {
		return nil, err
	}
	answer, err := http.DefaultClient.Do(with(r, ".GetTable", question))
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var stored struct{ Table struct{ VersionId string } }
	if err := json.NewDecoder(answer.Body).Decode(&stored); err != nil {
		return nil, err
	}
	if in.VersionId != stored.Table.VersionId {
		text := `{"__type":"ConcurrentModificationException","Message":"Update table failed due to concurrent modifications."}`
		return &http.Response{StatusCode: http.StatusBadRequest, Header: http.Header{}, Body: io.NopCloser(strings.NewReader(text)), Request: r}, nil
	}
	return http.DefaultClient.Do(with(r, ".UpdateTable", body))
}

// with is the request with another operation and body; emulators do not look at the signature.
func with(r *http.Request, operation string, body []byte) *http.Request {
	other := r.Clone(r.Context())
	target, _, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	other.Header.Set("X-Amz-Target", target+operation)
	other.Body, other.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	return other
}

// TestGlueWide: a record of several parameters, and more partitions than calls can carry, set twice.
func TestGlueWide(t *testing.T) {
	for name, start := range glues {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			client := glue.NewFromConfig(start(t))
			config := database(t, client)
			c := gluecatalog.New(client, config)
			var wide catalog.Table
			for i := range 4000 {
				name := fmt.Sprintf("%x", sha512.Sum512([]byte{byte(i), byte(i >> 8)}))
				wide.Columns = append(wide.Columns, catalog.Column{Field: schema.Field{Name: name, Spelling: name, Type: schema.Type{Kind: schema.Long}}})
			}
			set, err := c.SetTable(t.Context(), wide)
			if err != nil {
				t.Fatal(err)
			}
			if got, err := c.Table(t.Context()); err != nil || !reflect.DeepEqual(got, set) {
				t.Errorf("read back %d columns, %v", len(got.Columns), err)
			}
			out, err := client.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: &config.Database, Name: &config.Table})
			if err != nil || out.Table.Parameters["lakebed.schema.1"] == "" {
				t.Errorf("it is in one parameter: %v", err)
			}
			for _, version := range []string{"", "v"} {
				var all []catalog.Partition
				for h := range layout.Partition(330) {
					p := catalog.Partition{Hour: hour + h, Location: layout.Location(hour+h, "gen-0001"), Version: version}
					if version != "" {
						p.Columns = []schema.Field{wide.Columns[0].Field}
					}
					all = append(all, p)
				}
				if err := c.SetPartitions(t.Context(), all); err != nil {
					t.Fatal(err)
				}
				found, err := c.Partitions(t.Context())
				if err != nil || len(found) != len(all) {
					t.Fatalf("found %d, %v", len(found), err)
				}
				for i, p := range found {
					if p.Hour != all[i].Hour || p.Location != all[i].Location || len(p.Columns) != len(all[i].Columns) {
						t.Errorf("got %+v", p)
					}
				}
			}
		})
	}
}
