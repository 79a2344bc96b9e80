package handler

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/credentials"
	"github.com/aws/aws-sdk-go-v2/service/glue"

	"github.com/lakebed/lakebed/shared/catalog/gluecatalog"
	"github.com/lakebed/lakebed/shared/cloud"
)

// object is JSON.
type object = map[string]any

// fakeGlue is a Glue of one table, as far as the catalog asks, that counts its calls. A page of a listing has as many partitions as Glue's may have.
type fakeGlue struct {
	mu         sync.Mutex
	table      object
	version    int
	partitions map[string]object // by their values
	calls      map[string]int
}

const gluePage = 1000

func (g *fakeGlue) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	g.mu.Lock()
	defer g.mu.Unlock()
	_, op, _ := strings.Cut(r.Header.Get("X-Amz-Target"), ".")
	var in object
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	g.calls[op]++
	out := g.answer(op, in)
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	if out == nil {
		w.WriteHeader(http.StatusBadRequest)
		out = object{"__type": "EntityNotFoundException"}
	}
	_ = json.NewEncoder(w).Encode(out)
}

// answer gives nil for what is not there.
func (g *fakeGlue) answer(op string, in object) object {
	switch op {
	case "GetTable":
		if g.table == nil {
			return nil
		}
		return object{"Table": g.table}
	case "CreateTable", "UpdateTable":
		g.version++
		g.table, _ = in["TableInput"].(object)
		g.table["VersionId"], g.table["DatabaseName"] = strconv.Itoa(g.version), "db"
	case "BatchCreatePartition":
		for _, p := range in["PartitionInputList"].([]any) {
			g.set(p)
		}
	case "BatchUpdatePartition":
		for _, e := range in["Entries"].([]any) {
			g.set(e.(object)["PartitionInput"])
		}
	case "GetPartition":
		p := g.partitions[fmt.Sprint(in["PartitionValues"])]
		if p == nil {
			return nil
		}
		return object{"Partition": p}
	case "BatchGetPartition":
		var found []object
		for _, v := range in["PartitionsToGet"].([]any) {
			if p := g.partitions[fmt.Sprint(v.(object)["Values"])]; p != nil {
				found = append(found, p)
			}
		}
		return object{"Partitions": found}
	case "GetPartitions":
		return g.page(in)
	}
	return object{}
}

func (g *fakeGlue) set(p any) { g.partitions[fmt.Sprint(p.(object)["Values"])] = p.(object) }

// page lists without columns.
func (g *fakeGlue) page(in object) object {
	keys := slices.Sorted(maps.Keys(g.partitions))
	if token, more := in["NextToken"].(string); more {
		at, _ := slices.BinarySearch(keys, token)
		keys = keys[at:]
	}
	out := object{}
	if len(keys) > gluePage {
		out["NextToken"], keys = keys[gluePage], keys[:gluePage]
	}
	var found []object
	for _, key := range keys {
		p := maps.Clone(g.partitions[key])
		s := maps.Clone(p["StorageDescriptor"].(object))
		delete(s, "Columns")
		p["StorageDescriptor"] = s
		found = append(found, p)
	}
	out["Partitions"] = found
	return out
}

// told gives the calls since the last time, and how many there were.
func (g *fakeGlue) told() (string, int) {
	g.mu.Lock()
	defer g.mu.Unlock()
	var all []string
	n := 0
	for _, op := range slices.Sorted(maps.Keys(g.calls)) {
		all, n = append(all, fmt.Sprintf("%d %s", g.calls[op], op)), n+g.calls[op]
	}
	clear(g.calls)
	return fmt.Sprintf("%d calls: %s", n, strings.Join(all, ", ")), n
}

func newGlue(t *testing.T, hours int) (*wide, *fakeGlue) {
	t.Helper()
	g := &fakeGlue{partitions: map[string]object{}, calls: map[string]int{}}
	server := httptest.NewServer(g)
	t.Cleanup(server.Close)
	client := glue.NewFromConfig(aws.Config{
		Region: "us-east-1", BaseEndpoint: aws.String(server.URL), Credentials: credentials.NewStaticCredentialsProvider("a", "b", ""),
	})
	l := newWide(t, gluecatalog.New(client, gluecatalog.Config{Database: "db", Table: "events", Lake: cloud.Lake{Bucket: "bucket", Prefix: "lake/"}}), hours)
	l.bound = time.Second
	g.told()
	return l, g
}

// In Glue, too, a plan and a round of 10 dirty hours ask the same whether there are 100 hours or 3,000; and where the table gets a column, each 100
// hours that follow cost fewer than 3 calls.
func TestCallsOfGlue(t *testing.T) {
	const dirty = 10
	var same []string
	for _, hours := range []int{100, 3000} {
		l, g := newGlue(t, hours)
		l.soil(dirty, "")
		l.plan(dirty)
		plan, _ := g.told()
		l.round(dirty)
		round, _ := g.told()
		t.Logf("of %d hours %d are dirty: a plan has %s; a round has %s", hours, dirty, plan, round)
		same = append(same, plan+round)

		l.soil(1, `,"new":true`)
		r, err := l.handler().Compactor.Round(t.Context(), time.Time{}, nil)
		if err != nil || r.Minors != 1 || len(r.SetAside) > 0 {
			t.Fatalf("got %+v, %v", r, err)
		}
		column, n := g.told()
		t.Logf("of %d hours one brings a column, which all follow: %s", hours, column)
		for key, p := range g.partitions {
			if columns, _ := p["StorageDescriptor"].(object)["Columns"].([]any); len(columns) != 3 {
				t.Fatalf("%s has %d columns", key, len(columns))
			}
		}
		if most := 120 + 3*hours/100; n > most {
			t.Errorf("%d calls for a column that %d hours follow, want at most %d", n, hours, most)
		}
	}
	if same[0] != same[1] {
		t.Errorf("the calls follow what there is: %q", same)
	}
}
