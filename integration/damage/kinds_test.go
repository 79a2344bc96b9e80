package damage

import (
	"iter"
	"maps"
	"testing"
)

// kind is one of the things that a lake is made of.
type kind struct {
	name     string
	hour     int                               // the one that it belongs to; 0: none, or all
	key      func(t *testing.T, l lake) string // of the object that is damaged
	flip     int                               // the byte that is flipped, from the end where it is below 0; 0: the one in the middle
	also     string                            // another name of it
	instead  func(t *testing.T, l lake) []byte // another of its kind
	holds    events                            // of a fragment that waits
	live     bool                              // events_live is asked, too
	ingested bool                              // and something is ingested
	outcomes map[string]string                 // by damage
}

func nth(n int, prefix string, texts ...string) func(*testing.T, lake) string {
	return func(t *testing.T, l lake) string { return l.key(t, n, prefix, texts...) }
}

func bytesOf(n int, prefix string, texts ...string) func(*testing.T, lake) []byte {
	return func(t *testing.T, l lake) []byte { return l.read(t, l.key(t, n, prefix, texts...)) }
}

func text(s string) func(*testing.T, lake) []byte {
	return func(*testing.T, lake) []byte { return []byte(s) }
}

func keysOf[K comparable, V any](m map[K]V) iter.Seq[K] { return maps.Keys(m) }

// kinds is the table of what happens. Where the byte in the middle is another each time, several outcomes are told, with a bar between them.
var kinds = []kind{
	{
		name: "pending fragment", hour: 11, key: nth(-1, "raw/", "hour=11"),
		instead: bytesOf(-2, "raw/", "hour=11"), holds: some("c11", 11, 120), live: true,
		outcomes: map[string]string{
			"flipped": "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
			"halved":  "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
			"emptied": "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
			"deleted": "verify fragment_missing; events right; live unlike, unsaid; compact ok; then lacks; rebuild ok; verify fragment_missing",
			"swapped": "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
		},
	},
	{
		name: "pending gzip fragment", hour: 12, flip: -20, key: nth(-1, "raw/", "hour=12", ".gz"),
		instead: bytesOf(-2, "raw/", "hour=12", ".gz"), holds: some("b12", 12, 120), live: true,
		outcomes: map[string]string{
			"flipped": "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
			"halved":  "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
			"emptied": "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
			"deleted": "verify fragment_missing; events right; live unlike, unsaid; compact ok; then lacks; rebuild ok; verify fragment_missing",
			"swapped": "verify fragment_broken; events right; live lacks, warns; compact passes over; then lacks; rebuild ok; verify fragment_broken",
		},
	},
	{
		name: "merged fragment", hour: 10, key: nth(0, "raw/", "hour=10"),
		instead: bytesOf(0, "raw/", "hour=11"), live: true,
		outcomes: map[string]string{
			"flipped": "verify fragment_broken; events right; live right, warns; compact ok; then right; rebuild ok; verify fragment_broken",
			"halved":  "verify fragment_broken; events right; live right, warns; compact ok; then right; rebuild ok; verify fragment_broken",
			"emptied": "verify fragment_broken; events right; live right, warns; compact ok; then right; rebuild ok; verify fragment_broken",
			"deleted": "verify clean; events right; live right; compact ok; then right",
			"swapped": "verify fragment_broken; events right; live right, warns; compact ok; then right; rebuild ok; verify fragment_broken",
		},
	},
	{
		name: "part", hour: 9, key: nth(0, "events/", "hour=09"),
		instead: bytesOf(0, "events/", "hour=11"),
		outcomes: map[string]string{
			"flipped": "verify part_broken; events fails; compact ok; then fails; rebuild sets aside; verify part_broken",
			"header":  "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify part_broken; events fails; compact ok; then fails; rebuild sets aside; verify part_broken",
			"emptied": "verify slot_unreadable; events fails; compact ok; then fails; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify fragment_missing?; events fails; compact ok; then fails; rebuild ok; verify fragment_missing?",
			"swapped": "verify (index_missing),fragment_missing,line_misplaced; events unlike, unsaid; compact ok; then unlike, unsaid; rebuild sets aside; verify (index_missing),fragment_missing,line_misplaced",
		},
	},
	{
		name: "part beside fragments", hour: 11, key: nth(0, "events/", "hour=11"),
		instead: bytesOf(0, "events/", "hour=09"), live: true,
		outcomes: map[string]string{
			"flipped": "verify part_broken; events fails; live fails; compact sets aside; then fails; rebuild sets aside; verify part_broken",
			"header":  "verify slot_unreadable; events right; live right; compact sets aside; then waits; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify part_broken; events fails; live fails; compact sets aside; then fails; rebuild sets aside; verify part_broken",
			"emptied": "verify slot_unreadable; events fails; live fails; compact sets aside; then fails; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify clean; events unlike, unsaid; live right; compact ok; then right",
			"swapped": "verify (index_missing),line_misplaced; events unlike, unsaid; live unlike, unsaid; compact sets aside; then unlike, unsaid; rebuild sets aside; verify (index_missing),line_misplaced",
		},
	},
	{
		name: "part of several", hour: 10, key: nth(1, "events/", "hour=10"),
		instead: bytesOf(0, "events/", "hour=10"),
		outcomes: map[string]string{
			"flipped": "verify part_broken; events fails; compact sets aside; then fails; rebuild sets aside; verify part_broken",
			"header":  "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify part_broken; events fails; compact sets aside; then fails; rebuild sets aside; verify part_broken",
			"emptied": "verify slot_unreadable; events fails; compact sets aside; then fails; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify clean; events unlike, unsaid; compact ok; then right",
			"swapped": "verify (index_missing),id_twice; events unlike, unsaid; compact sets aside; then unlike, unsaid; rebuild sets aside; verify (index_missing),id_twice",
		},
	},
	{
		name: "part of parts", hour: 8, key: nth(0, "events/", "hour=08", "gen-0002"),
		instead: bytesOf(0, "events/", "hour=09"),
		outcomes: map[string]string{
			"flipped": "verify part_broken; events unlike, unsaid; compact ok; then unlike, unsaid; rebuild sets aside; verify part_broken",
			"header":  "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify part_broken; events fails; compact ok; then fails; rebuild sets aside; verify part_broken",
			"emptied": "verify slot_unreadable; events fails; compact ok; then fails; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify successor_missing; events fails; compact ok; then fails; rebuild sets aside; verify successor_missing",
			"swapped": "verify (index_missing),fragment_missing,line_misplaced; events unlike, unsaid; compact ok; then unlike, unsaid; rebuild sets aside; verify (index_missing),fragment_missing,line_misplaced",
		},
	},
	{
		name: "seal", hour: 8, key: nth(-1, "events/", "hour=08", "gen-0001"),
		instead: bytesOf(-1, "events/", "hour=13", "gen-0001"),
		outcomes: map[string]string{
			"flipped": "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"header":  "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"emptied": "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify seal_wrong; events right; compact ok; then right; rebuild sets aside; verify seal_wrong",
			"swapped": "verify successor_missing; events right; compact ok; then right; rebuild sets aside; verify successor_missing",
		},
	},
	{
		name: "seal of what is not swept", hour: 13, key: nth(-1, "events/", "hour=13", "gen-0001"),
		instead: bytesOf(-1, "events/", "hour=08", "gen-0001"),
		outcomes: map[string]string{
			"flipped": "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"header":  "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"emptied": "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify (unerased),seal_wrong; events right; compact sets aside; then right; rebuild sets aside; verify (unerased),seal_wrong",
			"swapped": "verify successor_missing; events right; compact sets aside; then right; rebuild sets aside; verify successor_missing",
		},
	},
	{
		name: "swept slot", hour: 8, key: nth(0, "events/", "hour=08", "gen-0001"),
		instead: bytesOf(0, "events/", "hour=09"),
		outcomes: map[string]string{
			"flipped": "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"header":  "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"emptied": "verify slot_unreadable; events right; compact ok; then right; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify slot_missing; events right; compact ok; then right; rebuild sets aside; verify slot_missing",
			"swapped": "verify clean; events right; compact ok; then right",
		},
	},
	{
		name: "old part", hour: 13, key: nth(0, "events/", "hour=13", "gen-0001"),
		instead: bytesOf(0, "events/", "hour=09"),
		outcomes: map[string]string{
			"flipped": "verify clean; events right; compact ok; then right",
			"header":  "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"halved":  "verify clean; events right; compact ok; then right",
			"emptied": "verify slot_unreadable; events right; compact sets aside; then right; rebuild sets aside; verify slot_unreadable",
			"deleted": "verify slot_missing; events right; compact sets aside; then right; rebuild sets aside; verify slot_missing",
			"swapped": "verify clean; events right; compact ok; then right",
		},
	},
	{
		name: "index", hour: 11, key: nth(0, "index/", "hour=11"),
		instead: bytesOf(0, "index/", "hour=09"), live: true,
		outcomes: map[string]string{
			"flipped": "verify (index_broken); events right; live right; compact ok; then right; rebuild ok; verify clean",
			"halved":  "verify (index_broken); events right; live right; compact ok; then right; rebuild ok; verify clean",
			"emptied": "verify (index_broken); events right; live right; compact ok; then right; rebuild ok; verify clean",
			"deleted": "verify (index_missing); events right; live right; compact ok; then right; rebuild ok; verify clean",
			"swapped": "verify (index_broken); events right; live right; compact ok; then right; rebuild ok; verify clean",
		},
	},
	{
		name: "index of several", hour: 10, key: nth(1, "index/", "hour=10"),
		instead: bytesOf(0, "index/", "hour=09"),
		outcomes: map[string]string{
			"flipped": "verify (index_broken); events right; compact ok; then right; rebuild ok; verify clean",
			"halved":  "verify (index_broken); events right; compact ok; then right; rebuild ok; verify clean",
			"emptied": "verify (index_broken); events right; compact ok; then right; rebuild ok; verify clean",
			"deleted": "verify (index_missing); events right; compact ok; then right; rebuild ok; verify clean",
			"swapped": "verify (index_broken); events right; compact ok; then right; rebuild ok; verify clean",
		},
	},
	{
		name: "noted headers", hour: 7, key: nth(0, "index/", "hour=07", "headers"),
		instead: bytesOf(0, "index/", "hour=09"),
		outcomes: map[string]string{
			"flipped": "verify clean; events right; compact ok; then right",
			"halved":  "verify clean; events right; compact ok; then right",
			"emptied": "verify clean; events right; compact ok; then right",
			"deleted": "verify clean; events right; compact ok; then right",
			"swapped": "verify clean; events right; compact ok; then right",
		},
	},
	{
		name: "quarantined records", hour: 0, key: nth(0, "quarantine/"),
		instead: bytesOf(-1, "quarantine/"),
		outcomes: map[string]string{
			"flipped": "verify reject_broken; events right; compact ok; then right; rebuild ok; verify reject_broken",
			"halved":  "verify reject_broken; events right; compact ok; then right; rebuild ok; verify reject_broken",
			"emptied": "verify reject_broken; events right; compact ok; then right; rebuild ok; verify reject_broken",
			"deleted": "verify reject_missing; events right; compact ok; then right; rebuild ok; verify reject_missing",
			"swapped": "verify reject_broken; events right; compact ok; then right; rebuild ok; verify reject_broken",
		},
	},
	{
		name: "ledger entry", hour: 0, key: nth(-1, "ledger/new/", "local"),
		instead: bytesOf(0, "ledger/new/", "local"),
		outcomes: map[string]string{
			"flipped": "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken | verify ledger_broken,ledger_open; events right; compact ok; then right; rebuild ok; verify ledger_broken,ledger_open | verify fragment_missing,ledger_broken; events right; compact ok; then right; rebuild ok; verify fragment_missing,ledger_broken | verify ledger_broken,reject_missing; events right; compact ok; then right; rebuild ok; verify ledger_broken,reject_missing | verify fragment_missing,ledger_broken,ledger_open; events right; compact ok; then right; rebuild ok; verify fragment_missing,ledger_broken,ledger_open",
			"halved":  "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken",
			"emptied": "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken",
			"deleted": "verify clean; events right; compact ok; then right",
			"swapped": "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken",
		},
	},
	{
		name: "ledger rollup", hour: 0, key: nth(0, "ledger/", "rollup"),
		instead: bytesOf(-1, "ledger/"),
		outcomes: map[string]string{
			"flipped": "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken | verify ledger_broken,ledger_open; events right; compact ok; then right; rebuild ok; verify ledger_broken,ledger_open | verify fragment_missing,ledger_broken; events right; compact ok; then right; rebuild ok; verify fragment_missing,ledger_broken | verify ledger_broken,reject_missing; events right; compact ok; then right; rebuild ok; verify ledger_broken,reject_missing | verify fragment_missing,ledger_broken,ledger_open; events right; compact ok; then right; rebuild ok; verify fragment_missing,ledger_broken,ledger_open",
			"halved":  "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken",
			"emptied": "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken",
			"deleted": "verify clean; events right; compact ok; then right",
			"swapped": "verify ledger_broken; events right; compact ok; then right; rebuild ok; verify ledger_broken",
		},
	},
	{
		name: "table", hour: 0, key: nth(0, ".lakebed/catalog/table.json"),
		flip: 1, instead: bytesOf(0, ".lakebed/catalog/dt="), ingested: true,
		outcomes: map[string]string{
			"flipped": "verify fails 1; events fails; ingest ok; compact sets all aside; then fails; rebuild ok; verify clean",
			"halved":  "verify fails 1; events fails; ingest ok; compact sets all aside; then fails; rebuild ok; verify clean",
			"emptied": "verify fails 1; events fails; ingest ok; compact sets all aside; then fails; rebuild ok; verify clean",
			"deleted": "verify (catalog_behind)?; events fails?; ingest ok; compact ok; then right; rebuild ok; verify clean",
			"swapped": "verify (catalog_behind)?; events fails?; ingest ok; compact ok; then right; rebuild ok; verify clean",
		},
	},
	{
		name: "partition", hour: 11, key: nth(0, ".lakebed/catalog/dt=", "hour=11"),
		flip: 50, also: "dt=2026-11-20/hour=11", instead: bytesOf(0, ".lakebed/catalog/dt=", "hour=09"), live: true,
		outcomes: map[string]string{
			"flipped": "verify location; events fails; live fails; compact sets aside; then fails; rebuild ok; verify clean",
			"halved":  "verify fails 1; events fails; live fails; compact sets aside; then all fail; rebuild ok; verify clean",
			"emptied": "verify fails 1; events fails; live fails; compact sets aside; then all fail; rebuild ok; verify clean",
			"deleted": "verify unregistered; events fails; live fails; compact ok; then right; rebuild ok; verify clean",
			"swapped": "verify fails 1; events fails; live fails; compact sets aside; then all fail; rebuild ok; verify clean",
		},
	},
	{
		name: "claims", hour: 0, key: nth(0, ".lakebed/claims.db"),
		instead: bytesOf(0, "events/"), ingested: true,
		outcomes: map[string]string{
			"flipped": "verify clean; events right; ingest ok; compact ok; then right | verify clean; events right; ingest fails 1; compact ok; then right",
			"halved":  "verify clean; events right; ingest ok; compact ok; then right | verify clean; events right; ingest fails 1; compact ok; then right",
			"emptied": "verify clean; events right; ingest ok; compact ok; then right",
			"deleted": "verify clean; events right; ingest ok; compact ok; then right",
			"swapped": "verify clean; events right; ingest fails 1; compact ok; then right",
		},
	},
	{
		name: "settings", hour: 0, key: nth(0, "lakebed.yaml"),
		instead: text("format: 1\nid_field: event_uuid\ntime_field: created_at\nname_field: event_name\n"), live: true, ingested: true,
		outcomes: map[string]string{
			"flipped": "verify fails 2; events fails; live fails; ingest fails 2; compact fails 2; then fails; rebuild fails 2; verify fails 2",
			"halved":  "verify fails 2; events fails; live fails; ingest fails 2; compact fails 2; then fails; rebuild fails 2; verify fails 2",
			"emptied": "verify fails 2; events fails; live fails; ingest fails 2; compact fails 2; then fails; rebuild fails 2; verify fails 2",
			"deleted": "verify fails 1; events fails; live fails; ingest fails 1; compact fails 1; then fails; rebuild fails 1; verify fails 1",
			"swapped": "verify line_invalid?; events right; live unlike, unsaid; ingest quarantines; compact passes over?; then all wait; rebuild sets aside?; verify line_invalid?",
		},
	},
	{
		name: "tombstones", hour: 0, key: nth(0, "erasures/", ".json"),
		instead: bytesOf(0, "backfill/"), live: true,
		outcomes: map[string]string{
			"flipped": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"halved":  "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"emptied": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"deleted": "verify clean; events right; live right; compact ok; then right",
			"swapped": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
		},
	},
	{
		name: "key of the tombstones", hour: 0, key: nth(0, "erasures/key"),
		instead: text("01234567890123456789012345678901"), live: true,
		outcomes: map[string]string{
			"flipped": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"halved":  "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"emptied": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"deleted": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
			"swapped": "verify erasure_broken; events right; live right; compact sets all aside; then all wait; rebuild ok; verify erasure_broken",
		},
	},
	{
		name: "mark of a rewritten hour", hour: 13, key: nth(0, "visit/"),
		instead: bytesOf(0, "backfill/"),
		outcomes: map[string]string{
			"flipped": "verify clean; events right; compact ok; then right",
			"halved":  "verify clean; events right; compact ok; then right",
			"emptied": "verify clean; events right; compact ok; then right",
			"deleted": "verify clean; events right; compact ok; then right",
			"swapped": "verify clean; events right; compact ok; then right",
		},
	},
	{
		name: "mark of a backfill", hour: 0, key: nth(0, "backfill/"),
		instead: bytesOf(0, "erasures/"),
		outcomes: map[string]string{
			"flipped": "verify clean; events right; compact ok; then right",
			"halved":  "verify clean; events right; compact ok; then right",
			"emptied": "verify clean; events right; compact ok; then right",
			"deleted": "verify clean; events right; compact ok; then right",
			"swapped": "verify clean; events right; compact ok; then right",
		},
	},
}
