package simulation

import "testing"

// everywhere is what must have happened at least once in a thousand worlds: each fault, and each branch of the code that commits. A
// simulation in which one of them stays at 0 does not test what it says.
var everywhere = []string{
	"steps", "faults", "events", "clocks that are off", "erasures", "erasures done", "verified", "replays", "bisected", "late writes landed", "rounds to rest", "queries: reader", "queries: live",

	"fault: producer sends again", "fault: id with another body", "fault: bad record", "fault: in two shards", "fault: reshard",
	"fault: delivered again, cut anew", "fault: delivered again after success", "fault: given up while it runs", "fault: task given twice", "fault: little time",
	"fault: crash of ingest", "fault: crash of worker", "fault: crash of round", "fault: crash of replay", "fault: crash of rebuild",
	"fault: stall of ingest", "fault: stall of worker", "fault: stall of round", "fault: stall of reader", "fault: stall of live",
	"fault: claim before its effect", "fault: claim reply lost", "fault: claim lands late",
	"fault: settle before its effect", "fault: settle reply lost", "fault: settle lands late",
	"fault: list before its effect", "fault: list halfway", "fault: get before its effect", "fault: get halfway",
	"fault: put before its effect", "fault: put reply lost", "fault: put lands late",
	"fault: delete before its effect", "fault: delete reply lost", "fault: delete lands late",
	"fault: table before its effect", "fault: partitions before its effect",
	"fault: set table before its effect", "fault: set table reply lost", "fault: set table lands late",
	"fault: set partition before its effect", "fault: set partition reply lost", "fault: set partition lands late",
	"fault: somebody sets a Location back", "fault: somebody loses the claims", "fault: somebody deletes the catalog", "fault: somebody deletes an index", "fault: somebody cuts an index",
	"fault: somebody restores a fragment", "fault: somebody deletes a part", "fault: somebody cuts a part", "fault: somebody flips a bit of a part",
	"fault: somebody deletes a fragment", "fault: somebody cuts a fragment", "fault: somebody flips a bit of a fragment",
	"catalog write: came too late to land",

	"put raw: done", "put raw: is there already", "put quarantine: is there already", "put ledger: is there already",
	"put events: done", "put events: is there already", "put events: has changed", "put index: done",
	"delete raw: done", "delete raw: has changed", "delete index: done", "delete events: done", "delete ledger: done",
	"set partition catalog: done", "set partition catalog: is stale",

	"compactor: minor", "compactor: major", "compactor: published", "compactor: repaired", "compactor: lost a race", "compactor: reindexed",
	"compactor: evolved", "compactor: swept", "compactor: deleted", "compactor: rolled up", "compactor: set aside", "compactor: passed over",
	"compactor: duplicate", "compactor: conflict",
	"create: slot is free", "create: own echo", "create: taken by another part", "create: taken by a seal",
	"seal: slot is free", "seal: own echo", "seal: lost to a part, which is copied",
}

func (c Counters) sometimes(t *testing.T) {
	t.Helper()
	for _, what := range everywhere {
		if c[what] == 0 {
			t.Errorf("it never happened: %s", what)
		}
	}
}
