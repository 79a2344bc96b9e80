package faults

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/aws/aws-sdk-go-v2/service/dynamodb"
	dynamodbtypes "github.com/aws/aws-sdk-go-v2/service/dynamodb/types"

	"github.com/lakebed/lakebed/integration/mapping"
	"github.com/lakebed/lakebed/integration/proxy"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/ingest/envelope"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/claims/dynamoclaims"
	"github.com/lakebed/lakebed/shared/layout"
)

var writerFaults = []fault{
	{1, "crash before the first put", dies("shard", 1, proxy.Op("PutObject", "/"), proxy.Before)},
	{2, "crash between puts", dies("shard", 2, proxy.Op("PutObject", layout.Raw), proxy.Before)},
	{2, "crash after a put", dies("shard", 2, proxy.Op("PutObject", layout.Raw), proxy.After)},
	{3, "crash before the claims are settled", dies("shard", 1, writesClaims, proxy.Before)},
	{4, "crash after the claim, before the put", dies("global", 1, proxy.Op("PutObject", layout.Raw), proxy.Before)},
	{4, "crash halfway through the claims", dies("global", 1, writesClaims, proxy.After)},
	{5, "crash before the reply", dies("shard", 1, writesClaims, proxy.After)},
	{6, "a put lands after the next try", landsLate},
	{7, "the reply of a put is lost", answers(1, proxy.Op("PutObject", layout.Raw), proxy.Fault{Lose: proxy.After})},
	{8, "conflicting requests", refused(2, proxy.Op("PutObject", layout.Raw), 409, "ConditionalRequestConflict")},
	{9, "slow down", refused(3, proxy.Op("PutObject", layout.Raw), 503, "SlowDown")},
	{9, "internal error", refused(3, proxy.Op("PutObject", layout.LedgerNew), 500, "InternalError")},
	{9, "request timeout", refused(2, proxy.Op("PutObject", layout.Raw), 400, "RequestTimeout")},
	{9, "connection reset", answers(1, proxy.Op("PutObject", layout.Raw), proxy.Fault{Lose: proxy.Before})},
	{9, "slow down for ever", slowForEver},
	{10, "forbidden once", refused(1, proxy.Op("PutObject", layout.Raw), 403, "AccessDenied")},
	{10, "key disabled for ever", forbiddenForEver},
	{10, "forbidden to account", refused(1, proxy.Op("PutObject", layout.LedgerNew), 403, "AccessDenied")},
	{11, "delivered again, cut otherwise", cutOtherwise},
	{12, "one event in two shards", twoShards},
	{13, "out of order", outOfOrder},
	{14, "two invocations at once", twoInvocations},
	{15, "claims throttled", refused(3, writesClaims, 400, "ProvisionedThroughputExceededException")},
	{15, "own claims found on a retry", dies("global", 1, proxy.Op("PutObject", layout.LedgerNew), proxy.After)},
	{16, "claims lost", claimsLost},
	{20, "bad lists of failures", badLists},
	{21, "retries exhausted, then replayed", exhausted},
	{22, "aggregated records", aggregated},
}

func writesClaims(c proxy.Call) bool {
	return c.Service == "dynamodb" && slices.Contains([]string{"PutItem", "BatchWriteItem", "BatchExecuteStatement", "TransactWriteItems"}, c.Op)
}

// dies kills the function at a call, before or after its effect, and lets the event source mapping go on.
func dies(claims string, n int, at func(proxy.Call) bool, side proxy.Side) func(*testing.T, *world, string) {
	return func(t *testing.T, w *world, name string) {
		l := w.newLake(t, name, claims)
		l.deliver(t, l.spread("0", "before", 20, 3))
		l.proxy.Set(proxy.Nth(n, at, proxy.Fault{Lose: side, Do: l.ingest.Kill}))
		l.deliver(t, l.spread("0", "at", 30, 3))
		if l.ingest.Starts() < 2 {
			t.Error("the function did not die")
		}
		l.converge(t)
	}
}

// answers puts one fault into a call, which the function survives.
func answers(n int, at func(proxy.Call) bool, f proxy.Fault) func(*testing.T, *world, string) {
	return func(t *testing.T, w *world, name string) {
		l := w.newLake(t, name, "shard")
		var met atomic.Bool
		f.Do = func() { met.Store(true) }
		l.proxy.Set(proxy.Nth(n, at, f))
		l.deliver(t, l.spread("0", "at", 30, 3))
		if !met.Load() {
			t.Error("the fault was not met")
		}
		l.converge(t)
	}
}

// refused answers some calls with an error.
func refused(times int, at func(proxy.Call) bool, status int, code string) func(*testing.T, *world, string) {
	return func(t *testing.T, w *world, name string) {
		l := w.newLake(t, name, "shard")
		var met atomic.Int32
		service := "s3"
		if strings.HasSuffix(code, "Exception") {
			service = "dynamodb"
		}
		l.proxy.Set(proxy.From(1, times, at, proxy.Fault{Answer: proxy.Refuse(service, status, code), Do: func() { met.Add(1) }}))
		l.deliver(t, l.spread("0", "at", 30, 3))
		if n := int(met.Load()); n < times {
			t.Errorf("the fault was met %d times", n)
		}
		l.converge(t)
		if n := len(l.keys(t, layout.Quarantine)); n > 0 {
			t.Errorf("%d objects in quarantine: an error of the store is nobody's poison", n)
		}
	}
}

// landsLate: an invocation times out while a put is under way, which lands after the next try has ended.
func landsLate(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.ingest.Timeout = 3 * time.Second
	put, hook := hold(2, proxy.Op("PutObject", layout.Raw))
	l.proxy.Set(hook)
	l.deliver(t, l.spread("0", "at", 30, 3))
	if !strings.Contains(l.ingest.Log(), "deadline exceeded") {
		t.Error("no invocation gave up")
	}
	put.land(t)
	l.converge(t)
	l.deliver(t, l.events("0", "later", 5))
	l.converge(t)
}

// slowForEver: the function gives up in time, the batch fails, and comes again once the store has recovered.
func slowForEver(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.ingest.Timeout = 10 * time.Second
	l.proxy.Set(proxy.From(1, 0, proxy.Op("PutObject", layout.Raw), proxy.Fault{Answer: proxy.Refuse("s3", 503, "SlowDown")}))
	records := l.events("0", "at", 10)
	start := time.Now()
	_, err := l.ingest.Invoke(t.Context(), mapping.Event("s", mapping.Shard(0), records))
	if err == nil || !strings.Contains(err.Error(), "put "+layout.Raw) {
		t.Errorf("the batch ended with %v", err)
	}
	if took := time.Since(start); took > l.ingest.Timeout || l.ingest.Starts() != 1 {
		t.Errorf("it gave up after %s, in %d processes: want an error before the time-out", took, l.ingest.Starts())
	}
	l.proxy.Set(nil)
	l.deliver(t, records)
	l.converge(t)
}

func forbiddenForEver(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.proxy.Set(proxy.From(1, 0, proxy.Op("PutObject", layout.Raw), proxy.Fault{Answer: proxy.Refuse("s3", 403, "KMS.DisabledException")}))
	records := l.events("0", "at", 10)
	if _, err := l.ingest.Invoke(t.Context(), mapping.Event("s", mapping.Shard(0), records)); err == nil || !strings.Contains(err.Error(), "raw/") {
		t.Errorf("the batch ended with %v, want the key that could not be written", err)
	}
	if n := len(l.keys(t, layout.Quarantine)) + len(l.keys(t, layout.LedgerNew)); n > 0 {
		t.Errorf("%d objects say that something was dealt with", n)
	}
	l.proxy.Set(nil)
	l.deliver(t, records)
	l.converge(t)
}

// cutOtherwise: a batch comes twice, in part, with more, and bisected.
func cutOtherwise(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	records := l.spread("0", "at", 40, 2)
	l.deliver(t, records[:20])
	keys := l.keys(t, layout.Raw)
	l.deliver(t, records[:20])
	if again := l.keys(t, layout.Raw); len(keys) != 2 || !slices.Equal(again, keys) {
		t.Errorf("the same batch is stored as %v and then as %v", keys, again)
	}
	for _, cut := range [][2]int{{5, 15}, {0, 30}, {10, 40}, {0, 40}} {
		l.deliver(t, records[cut[0]:cut[1]])
	}
	l.mapping.BatchSize = 7
	l.deliver(t, records)
	l.mapping.BatchSize = 100
	l.proxy.Set(proxy.From(1, 2, proxy.Op("PutObject", layout.Raw), proxy.Fault{Lose: proxy.After, Do: l.ingest.Kill}))
	l.deliver(t, l.spread("0", "bisected", 40, 2))
	l.converge(t)
}

func twoShards(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.deliverTo(t, mapping.Shard(0), l.events("0", "at", 20))
	l.ingest.Says(t, 0, `"claims":{"reads":1,`)
	l.converge(t)
	l.deliverTo(t, mapping.Shard(1), l.events("1", "at", 20)) // the same ids, also after a part holds them
	l.deliverTo(t, mapping.Shard(2), l.events("2", "at", 20))
	l.converge(t)
	if r := l.whole(t); r.Duplicates+r.Dropped != 40 {
		t.Errorf("%d and %d of 40 copies are accounted for", r.Duplicates, r.Dropped)
	}
}

// outOfOrder: two invocations of one shard at a time, as a parallelization factor makes them, their batches interleaved and in disorder.
func outOfOrder(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	var batches [][]mapping.Record
	for i := range 10 {
		a := l.events("0", fmt.Sprint("a", i/2), 10) // each id in two batches
		batches = append(batches, a)
	}
	slices.Reverse(batches)
	var group sync.WaitGroup
	for hand := range 2 {
		f := l.another(t, l.ingest)
		group.Go(func() {
			for i := hand; i < len(batches); i += 2 {
				if _, err := f.Invoke(t.Context(), mapping.Event("s", mapping.Shard(0), batches[i])); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	l.converge(t)
}

// twoInvocations: the same batch in two environments at once, as after a time-out whose invocation lives on.
func twoInvocations(t *testing.T, w *world, name string) {
	for _, claims := range []string{"shard", "global"} {
		l := w.newLake(t, name+claims, claims)
		payload := mapping.Event("s", mapping.Shard(0), l.spread("0", "at", 50, 3))
		var group sync.WaitGroup
		for range 3 {
			f := l.another(t, l.ingest)
			group.Go(func() {
				if _, err := f.Invoke(t.Context(), payload); err != nil {
					t.Error(err)
				}
			})
		}
		group.Wait()
		l.converge(t)
	}
}

// claimsLost: the table is emptied, or set back to an old state; copies go through and compaction drops them.
func claimsLost(t *testing.T, w *world, name string) {
	for _, claims := range []string{"shard", "global"} {
		l := w.newLake(t, name+claims, claims)
		l.deliver(t, l.events("0", "at", 20))
		l.forgetClaims(t)
		l.ingest.Kill()
		l.deliver(t, l.events("0", "at", 20))
		if n := len(l.keys(t, layout.Raw)); n != 2 {
			t.Errorf("%d fragments, want the copies' as well", n)
		}
		l.converge(t)
		if r := l.whole(t); r.Dropped != 20 {
			t.Errorf("compaction dropped %d copies, want 20", r.Dropped)
		}
	}
}

func (l *lake) forgetClaims(t *testing.T) {
	t.Helper()
	all, err := l.dynamo.Scan(t.Context(), &dynamodb.ScanInput{TableName: &l.name})
	if err != nil {
		t.Fatal(err)
	}
	if len(all.Items) == 0 {
		t.Fatal("there are no claims")
	}
	for _, item := range all.Items {
		key := map[string]dynamodbtypes.AttributeValue{"pk": item["pk"], "sk": item["sk"]}
		if _, err := l.dynamo.DeleteItem(t.Context(), &dynamodb.DeleteItemInput{TableName: &l.name, Key: key}); err != nil {
			t.Fatal(err)
		}
	}
}

// badLists: whatever a reply says of failures, what comes again is stored once. The mapping's own rules are tested with it.
func badLists(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	for i, list := range []string{
		`{"batchItemFailures":[{"itemIdentifier":"unknown"}]}`, `{"batchItemFailures":[{"itemIdentifier":""}]}`,
		`{"batchItemFailures":[{"itemIdentifier":null}]}`, `no JSON`,
	} {
		var spoilt atomic.Bool
		invoke := l.mapping.Invoke
		l.mapping.Bisect = i%2 == 0
		l.mapping.Invoke = func(ctx context.Context, payload []byte) ([]byte, error) {
			reply, err := l.ingest.Invoke(ctx, payload)
			if spoilt.CompareAndSwap(false, true) {
				return []byte(list), err
			}
			return reply, err
		}
		l.deliver(t, l.events("0", fmt.Sprint(i), 10))
		l.mapping.Invoke = invoke
	}
	records := l.events("0", "twice", 10)
	lowest := fmt.Sprintf(`{"batchItemFailures":[{"itemIdentifier":%q},{"itemIdentifier":%q},{"itemIdentifier":%q}]}`,
		records[7].Sequence, records[4].Sequence, records[7].Sequence)
	first := true
	l.mapping.Invoke = func(ctx context.Context, payload []byte) ([]byte, error) {
		reply, err := l.ingest.Invoke(ctx, payload)
		if first {
			first, reply = false, []byte(lowest)
		}
		return reply, err
	}
	l.deliver(t, records)
	l.converge(t)
}

// exhausted: the store is out for longer than the retries last. The failure destination holds the batch, and a replay brings it back.
func exhausted(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	l.mapping.Retries, l.mapping.Bisect = 1, false
	l.proxy.Set(proxy.From(1, 0, proxy.Op("PutObject", layout.Raw), proxy.Fault{Answer: proxy.Refuse("s3", 403, "AccessDenied")}))
	if err := l.mapping.Deliver(t.Context(), mapping.Shard(0), l.events("0", "at", 20)); err != nil {
		t.Fatal(err)
	}
	l.mapping.MaxAge = time.Minute
	old := l.events("0", "old", 20)
	for i := range old {
		old[i].Arrival = old[i].Arrival.Add(-time.Hour)
	}
	if err := l.mapping.Deliver(t.Context(), mapping.Shard(0), old); err != nil {
		t.Fatal(err)
	}
	if len(l.discarded) != 2 || l.discarded[0].Condition != "RetryAttemptsExhausted" || l.discarded[1].Condition != "RecordAgeExceeded" {
		t.Fatalf("discarded %d batches", len(l.discarded))
	}
	l.proxy.Set(nil)
	for range 2 { // twice is as once
		for _, d := range l.discarded {
			deliveries, err := envelope.DecodeFailure(bytes.NewReader(d.Invocation("s", time.Now())))
			if err != nil || len(deliveries) != 1 || len(deliveries[0].Records) != 20 {
				t.Fatalf("%d deliveries, %v", len(deliveries), err)
			}
			l.replay(t, deliveries[0])
		}
	}
	l.converge(t)
}

// replay takes a delivery through ingest as the command line does.
func (l *lake) replay(t *testing.T, d ingest.Delivery) {
	t.Helper()
	i, err := ingest.New(l.bucket, dynamoclaims.NewShard(l.dynamo, l.name, claims.Options{}), ingest.Config{Mapping: mapped, MaxFuture: time.Hour, Lanes: 1, Parallel: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := i.Ingest(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

// aggregated: a producer library's aggregates, good and broken, between plain records.
func aggregated(t *testing.T, w *world, name string) {
	l := w.newLake(t, name, "shard")
	sub := func(prefix string, n int) []kpltest.Record {
		all := make([]kpltest.Record, n)
		for i := range all {
			id := fmt.Sprintf("%s-%s-%d", name, prefix, i)
			l.accepted[id] = 1
			all[i] = kpltest.Record{Key: fmt.Sprint("k", i%3), Hash: fmt.Sprint(i * 1000), Data: []byte(json(id, hour))}
		}
		return all
	}
	good := kpltest.Encode(sub("good", 20)...)
	badSum := bytes.Clone(good)
	badSum[len(badSum)-1] ^= 1
	nested := kpltest.Encode(kpltest.Record{Key: "k", Data: []byte(json("around", hour))}, kpltest.Record{Key: "k", Data: good})
	var records []mapping.Record
	for _, data := range [][]byte{
		good, badSum, kpltest.Encode(), nested, kpltest.Encode(sub("tiny", 1000)...), good[:len(good)/2],
	} {
		records = append(records, l.events("0", fmt.Sprint("plain", len(records)), 1)...)
		records = append(records, l.record("0", string(data)))
	}
	l.deliver(t, records)
	l.deliver(t, records)
	l.converge(t)
	if r := l.whole(t); r.Rejected() != 4 {
		t.Errorf("%d records in quarantine, want the 4 broken ones: %v", r.Rejected(), r.Quarantined)
	}
}
