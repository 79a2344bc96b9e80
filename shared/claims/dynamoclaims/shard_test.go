package dynamoclaims

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

// page answers a query with a batch of one id for each of some seconds before noon.
func page(more bool, seconds ...int) string {
	var items []string
	last := ""
	for _, before := range seconds {
		at := noon.Add(-time.Duration(before) * time.Second)
		i := claims.Item{Shard: "s", First: fmt.Sprint(1000 - before), Last: fmt.Sprint(1000 - before), At: at, IDs: []event.Fingerprint{{ID: event.ID{byte(before)}}}}
		key := itemOf(i, 1, at)[sortName]
		items = append(items, fmt.Sprintf(`{"sk":{"S":%q},"batch":{"B":%q}}`, textOf(attributes{"k": key}, "k"), base64.StdEncoding.EncodeToString(i.Pack())))
		last = `,"LastEvaluatedKey":{"pk":{"S":"shard#s"},"sk":{"S":"` + textOf(attributes{"k": key}, "k") + `"}}`
	}
	if !more {
		last = ""
	}
	return `{"Items":[` + strings.Join(items, ",") + `]` + last + `}`
}

func ask(before int) claims.Batch {
	return claims.Batch{Shard: "s", First: "1", Last: "1", Claims: []claims.Claim{{Fingerprint: event.Fingerprint{ID: event.ID{byte(before)}}, Sequence: "1"}}}
}

// TestShardPages: a read that fails between two pages concludes nothing, and the next one takes it all; what was read is not kept for longer
// than it may come again.
func TestShardPages(t *testing.T) {
	now := noon
	s := &script{answers: map[string][]string{"Query": {
		page(true, 1, 2), `{"__type":"x#AccessDeniedException","message":"no"}`,
		page(true, 1, 2), page(false, 30, 60),
		page(false, 0, 1, 2), page(false),
	}}}
	c := NewShard(s.client(t), "t", claims.Options{Now: func() time.Time { return now }})
	if _, err := c.Claim(t.Context(), ask(1)); err == nil || !strings.Contains(err.Error(), "read claims of shard s") {
		t.Fatalf("no page, no error: %v", err)
	}
	if k := c.known["s"]; k.window.Len() != 0 || len(k.seen) != 0 || !k.next.IsZero() {
		t.Errorf("half a read was taken: %+v", k)
	}
	for _, before := range []int{60, 0} {
		got, err := c.Claim(t.Context(), ask(before))
		if err != nil || got[0] != claims.Duplicate {
			t.Errorf("%d s before: %v, %v", before, got, err)
		}
	}
	if k := c.known["s"]; k.window.Len() != 5 || len(k.seen) != 3 || !k.next.Equal(noon.Add(-overlap)) {
		t.Errorf("%d ids, %v from %s on", k.window.Len(), k.seen, k.next)
	}
	queries := s.asked["Query"]
	for n, since := range []string{"11:55:00", "11:55:00", "11:55:00", "11:55:00", "11:59:57"} {
		if !strings.Contains(queries[n], `":since":{"S":"2026-11-23T`+since+`.000000000Z"}`) || !strings.Contains(queries[n], `"ConsistentRead":true`) {
			t.Errorf("query %d: %s", n, queries[n])
		}
		if further := strings.Contains(queries[n], "ExclusiveStartKey"); further != (n%2 == 1) {
			t.Errorf("query %d: %s", n, queries[n])
		}
	}
}

// TestShardForgets: shards are forgotten in the order of their last use, and never the one that is asked about.
func TestShardForgets(t *testing.T) {
	s := &script{answers: map[string][]string{"Query": {page(false)}}}
	c := NewShard(s.client(t), "t", claims.Options{Limit: 3 * leastShard, Now: func() time.Time { return noon }})
	for _, shard := range []string{"a", "b", "c", "a", "d", "e"} {
		b := ask(1)
		b.Shard = shard
		if _, err := c.Claim(t.Context(), b); err != nil {
			t.Fatal(err)
		}
	}
	if len(c.known) != 3 || c.known["a"] == nil || c.known["d"] == nil || c.known["e"] == nil {
		t.Errorf("known are %v", c.known)
	}
	c.limit = 1
	c.forget(c.known["a"])
	if len(c.known) != 1 || c.known["a"] == nil {
		t.Errorf("known are %v", c.known)
	}
}
