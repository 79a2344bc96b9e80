package host

import (
	"testing"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/claims"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// An erased record is not delivered again; the others of its object are, and an object that holds nothing else is passed over.
func TestReplayPassesOverErased(t *testing.T) {
	l := memoryLake()
	i, err := l.Ingester(claims.None{})
	if err != nil {
		t.Fatal(err)
	}
	s := &Stream{lake: l, ingester: i}
	put := func(seq string, data ...string) string {
		var all []quarantine.Reject
		for n, d := range data {
			all = append(all, quarantine.Reject{Reason: event.NotJSON, Shard: "s", Sequence: seq, Position: n, Arrival: noon, Data: []byte(d)})
		}
		key, err := quarantine.Put(t.Context(), l.Bucket, layout.Span{Shard: "s", First: seq, Last: seq}, all)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	half, all := put("1", eventOf(1, noon), eventOf(2, noon)), put("2", eventOf(3, noon))
	for key, what := range map[string]string{half: eventOf(2, noon), all: eventOf(3, noon)} {
		if n, err := quarantine.Erase(t.Context(), l.Bucket, key, func(r quarantine.Reject) bool { return string(r.Data) == what }); n != 1 || err != nil {
			t.Fatalf("%s: %d, %v", key, n, err)
		}
	}
	for _, dry := range []bool{true, false} {
		got := map[string]ingest.Result{}
		err := s.Replay(t.Context(), Replay{DryRun: dry}, func(key string, r ingest.Result) { got[key] = r })
		if h, a := got[half], got[all]; err != nil || h.Received != 1 || h.Stored != 1 || a.Received != 0 {
			t.Errorf("dry %v: %v, %+v", dry, err, got)
		}
	}
}
