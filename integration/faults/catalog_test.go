package faults

import (
	"bytes"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/layout"
)

var catalogFaults = []fault{
	{67, "Glue refuses calls", glueRefuses},
	{67, "Glue refuses single partitions", glueRefusesItems},
	{67, "a write to Glue does not land", neverLands},
	{67, "the last writer set a Location back", setBack},
	{68, "the table is dropped", dropped},
	{68, "a column that is not ours", foreignColumn},
	{68, "a Location outside the lake", foreignLocation},
}

// glueRefuses: calls fail some times, every other one after it took effect.
func glueRefuses(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	for i, code := range []string{"ThrottlingException", "OperationTimeoutException", "InternalServiceException", "ConcurrentModificationException"} {
		l.deliver(t, l.widening(code, 5))
		var times atomic.Int32
		l.proxy.Set(func(c proxy.Call) proxy.Fault {
			if c.Service != "glue" || code == "ConcurrentModificationException" && c.Op != "UpdateTable" || int(times.Load()) >= 2*i+2 {
				return proxy.Fault{}
			}
			if times.Add(1)%2 == 0 {
				return proxy.Fault{Lose: proxy.After}
			}
			return proxy.Fault{Answer: proxy.Refuse("glue", 400, code)}
		})
		for range 3 {
			_, _ = work(t.Context(), l.compactor, at)
		}
		if n := times.Load(); n < 2 {
			t.Errorf("%s was met %d times", code, n)
		}
	}
	l.proxy.Set(nil)
	l.drain(t)
}

// widening makes events with a column that the table does not have yet.
func (l *lake) widening(column string, n int) []mapping.Record {
	records := l.events("0", column, n)
	for i := range records {
		records[i].Data = bytes.Replace(records[i].Data, []byte(`"note"`), fmt.Appendf(nil, `%q:1,"note"`, column), 1)
	}
	return records
}

// glueRefusesItems: HTTP 200, with an error for the partition. What passes by itself is tried again; anything else is told.
func glueRefusesItems(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	var met atomic.Int32
	codes := []string{"InvalidInputException", "InternalServiceException"}
	l.proxy.Set(func(c proxy.Call) proxy.Fault {
		n := int(met.Load())
		if n == len(codes) || c.Op != "BatchCreatePartition" && c.Op != "BatchUpdatePartition" {
			return proxy.Fault{}
		}
		met.Add(1)
		return proxy.Fault{Answer: &proxy.Answer{
			Status: 200, Header: map[string][]string{"Content-Type": {"application/x-amz-json-1.1"}},
			Body: fmt.Appendf(nil, `{"Errors":[{"PartitionValues":[%q,%q],"PartitionValueList":[%q,%q],"ErrorDetail":{"ErrorCode":%q,"ErrorMessage":"injected"}}]}`,
				at.Date(), at.Hour(), at.Date(), at.Hour(), codes[n]),
		}}
	})
	l.deliver(t, l.events("0", "at", 5))
	l.converge(t)
	if n := met.Load(); n != 2 {
		t.Errorf("the fault was met %d times", n)
	}
	l.compactor.Says(t, 0, codes[0])
}

// neverLands: a write to Glue that is held up is given up within the bound, as one that landed later could set a Location back; the same visit
// looks again and decides anew.
func neverLands(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.twoParts(t)
	update, hook := hold(1, proxy.Op("BatchUpdatePartition", ""))
	l.proxy.Set(hook)
	l.compactor.Timeout = 20 * time.Second
	time.Sleep(2 * bound) // until the generation may be sealed
	if _, err := work(t.Context(), l.compactor, at); err != nil {
		t.Errorf("the visit: %v", err)
	}
	await(t, "the write", update.met)
	if got := *l.partition(t).StorageDescriptor.Location; !strings.Contains(got, "gen-0002") {
		t.Errorf("Location is %s", got)
	}
	update.land(t)
	l.drain(t)
}

// setBack: an update of a zombie, which Glue cannot compare, names an old generation; the next visit repairs it.
func setBack(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.twoParts(t)
	l.drain(t)
	now := l.partition(t)
	if !strings.Contains(*now.StorageDescriptor.Location, "gen-0002") {
		t.Fatalf("Location is %s", *now.StorageDescriptor.Location)
	}
	before := *now.StorageDescriptor.Location
	old := *now
	sd := *now.StorageDescriptor
	sd.Location = aws.String(before[:strings.LastIndex(before, "gen-")] + "gen-0001/")
	old.StorageDescriptor = &sd
	l.update(t, old)
	if r := l.verify(t); r.Whole() {
		t.Error("verify does not see it")
	}
	from := len(l.compactor.Log())
	if _, err := work(t.Context(), l.compactor, at); err != nil {
		t.Error(err)
	}
	if got := *l.partition(t).StorageDescriptor.Location; got != before {
		t.Errorf("Location is %s", got)
	}
	l.compactor.Says(t, from, `"LocationsRepaired":1`)
	l.converge(t)
}

func (l *lake) partition(t *testing.T) *types.Partition {
	t.Helper()
	p, err := l.glue.GetPartition(t.Context(), &glue.GetPartitionInput{
		DatabaseName: aws.String(database), TableName: &l.name, PartitionValues: []string{at.Date(), at.Hour()},
	})
	if err != nil {
		t.Fatal(err)
	}
	return p.Partition
}

func (l *lake) update(t *testing.T, p types.Partition) {
	t.Helper()
	out, err := l.glue.BatchUpdatePartition(t.Context(), &glue.BatchUpdatePartitionInput{
		DatabaseName: aws.String(database), TableName: &l.name, Entries: []types.BatchUpdatePartitionRequestEntry{{
			PartitionValueList: p.Values,
			PartitionInput:     &types.PartitionInput{Values: p.Values, StorageDescriptor: p.StorageDescriptor, Parameters: p.Parameters},
		}},
	})
	if err != nil || len(out.Errors) > 0 {
		t.Fatalf("update: %v, %+v", err, out)
	}
}

// dropped: a worker does not hide it by a table that shows only what it visits; made anew by rebuild, from the bucket, it shows everything.
func dropped(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.twoParts(t)
	if _, err := l.glue.DeleteTable(t.Context(), &glue.DeleteTableInput{DatabaseName: aws.String(database), Name: &l.name}); err != nil {
		t.Fatal(err)
	}
	l.deliver(t, l.events("0", "after", 5))
	l.refuses(t, "dropped", "lakebed rebuild")
	l.makeTable(t)
	c, err := compactor.New(l.bucket, l.catalog, compactor.Config{
		Policy:  compactor.Policy{Target: 1 << 20, MajorParts: 1, Bound: bound, Grace: grace, LongestQuery: time.Second},
		Mapping: mapped, Memory: 1 << 20, Parallel: 1, Now: time.Now,
	})
	if err != nil {
		t.Fatal(err)
	}
	if r, err := c.Rebuild(t.Context(), func(layout.Partition) {}); err != nil || len(r.SetAside) > 0 {
		t.Fatalf("rebuild: %v, %v", r.SetAside, err)
	}
	l.drain(t)
}

// foreignColumn: somebody changes the table's columns. Nothing is compacted on top of it, the error names the table and the way out, and
// once it is set right the hour goes on.
func foreignColumn(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.deliver(t, l.events("0", "before", 5))
	l.converge(t)
	table, err := l.glue.GetTable(t.Context(), &glue.GetTableInput{DatabaseName: aws.String(database), Name: &l.name})
	if err != nil {
		t.Fatal(err)
	}
	input := types.TableInput{
		Name: table.Table.Name, StorageDescriptor: table.Table.StorageDescriptor, PartitionKeys: table.Table.PartitionKeys,
		Parameters: table.Table.Parameters, TableType: table.Table.TableType,
	}
	right := *input.StorageDescriptor
	wrong := right
	wrong.Columns = append(append([]types.Column{}, right.Columns...), types.Column{Name: aws.String("somebodys"), Type: aws.String("int")})
	set := func(sd *types.StorageDescriptor) {
		input.StorageDescriptor = sd
		if _, err := l.glue.UpdateTable(t.Context(), &glue.UpdateTableInput{DatabaseName: aws.String(database), TableInput: &input}); err != nil {
			t.Fatal(err)
		}
	}
	set(&wrong)
	l.deliver(t, l.events("0", "meanwhile", 5))
	l.refuses(t, "somebodys", "rebuild")
	set(&right)
	l.drain(t)
}

// refuses has the compactor set the partition aside, with words.
func (l *lake) refuses(t *testing.T, words ...string) {
	t.Helper()
	from := len(l.compactor.Log())
	_, _ = work(t.Context(), l.compactor, at)
	for _, word := range append(words, `"SetAside":1`) {
		l.compactor.Says(t, from, word)
	}
}

// foreignLocation: a partition that points out of the lake is nobody's to repair.
func foreignLocation(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.deliver(t, l.events("0", "before", 5))
	l.converge(t)
	right := *l.partition(t)
	wrong := right
	sd := *right.StorageDescriptor
	sd.Location = aws.String("s3://somebodys-bucket/somewhere/")
	wrong.StorageDescriptor = &sd
	l.update(t, wrong)
	l.deliver(t, l.events("0", "meanwhile", 5))
	l.refuses(t, "somebodys-bucket", "rebuild")
	l.update(t, right)
	l.drain(t)
}
