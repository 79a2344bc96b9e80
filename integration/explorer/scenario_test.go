package explorer

import (
	"testing"

	"github.com/lakebed/lakebed/shared/verify"
)

var scenarios = []scenario{
	{
		name: "minor against minor", policy: policy, processes: []string{worker, worker, writer, reader},
		prepare: func(_ *testing.T, l *lake) {
			l.ingest(1, lines("z")...)
			l.merge()
			l.ingest(1, lines("a", "b")...)
		},
		delivery: func(*testing.T) delivery { return delivery{9, 1, lines("b", "c")} },
		faults:   1, least: 40_000,
		meets: []string{"a part lost its slot to one of its lane", "a create found what it was to make", "a write landed late", "a reader read all"},
	},
	{
		name: "first part", policy: policy, processes: []string{worker, worker},
		prepare: func(_ *testing.T, l *lake) {
			l.ingest(1, line("a", `,"n":1`))
		},
		faults: 1, least: 25_000,
		meets: []string{"the catalog refused a stale write", "a create found what it was to make"},
	},
	{
		name: "columns widen", policy: policy, processes: []string{worker, worker, writer},
		prepare: func(_ *testing.T, l *lake) {
			l.ingest(1, line("a", `,"n":1`))
			l.merge()
		},
		delivery: func(*testing.T) delivery { return delivery{9, 1, []string{line("b", `,"n":"x"`)}} },
		least:    2_000,
		meets:    []string{"the catalog refused a stale write"},
	},
	{
		name: "lane against lane", policy: policy, processes: []string{worker, worker, writer},
		prepare: func(t *testing.T, l *lake) {
			l.ingest(1, lines("z")...)
			l.merge()
			l.ingest(2, lines(idIn(t, "1", "a"))...)
		},
		delivery: func(t *testing.T) delivery { return delivery{9, 2, lines(idIn(t, "0", "b"), idIn(t, "1", "a"))} },
		faults:   1, least: 80_000,
		meets: []string{"a part lost its slot to another lane", "a part took the next slot"},
	},
	{
		name: "wide lane against narrow", policy: policy, processes: []string{worker, worker, writer},
		prepare: func(t *testing.T, l *lake) {
			l.ingest(1, lines("z")...)
			l.merge()
			l.ingest(2, lines(idIn(t, "1", "a"))...)
		},
		delivery: func(t *testing.T) delivery { return delivery{9, 1, lines(idIn(t, "1", "a"), "c")} },
		faults:   1, least: 5_000,
		meets: []string{"a part lost its slot to one of its lane"},
	},
	{
		name: "major against a late part", policy: policy, processes: []string{worker, worker, writer, reader},
		prepare: func(_ *testing.T, l *lake) {
			for _, id := range []string{"a", "b"} {
				l.ingest(1, lines(id)...)
				l.merge()
			}
			l.at = 80 * minute
		},
		delivery: func(*testing.T) delivery { return delivery{9, 1, lines("b", "c")} },
		least:    40_000,
		meets: []string{
			"a seal lost its slot to a part", "a seal came after the copy of the part that it lost to", "a part lost its slot to a seal",
			"a seal lost its slot to another", "an orphan was removed", "a generation was sealed",
		},
	},
	{
		// Two compactors, an ingest, a reader and a sweeper; what is to be swept is a fragment that was merged long ago.
		name: "everyone", policy: policy, processes: []string{worker, worker, writer, reader, sweeper},
		prepare: func(_ *testing.T, l *lake) {
			l.ingest(1, lines("a")...)
			l.merge()
			l.at = 120 * minute
		},
		delivery: func(*testing.T) delivery { return delivery{9, 1, lines("a", "b")} },
		least:    40_000, most: 3_000_000,
		meets:  []string{"a reader read all", "a fragment was deleted", "a create found what it was to make"},
		passes: []verify.Code{verify.Unswept},
	},
	{
		// A process that stalls anywhere for longer than the grace, and goes on.
		name: "zombies", policy: policy, processes: []string{worker, worker, reader},
		prepare: func(_ *testing.T, l *lake) {
			l.ingest(1, lines("a")...)
			l.merge()
			l.at = 80 * minute
			l.ingest(1, lines("a", "b")...)
		},
		clock: []int32{120 * minute},
		least: 40_000,
		meets: []string{
			"a slot was emptied", "a sweep met a changed slot", "a create met an emptied slot", "a fragment was deleted",
		},
	},
	{
		// Where two configurations disagree on whether a major compaction is due, one can delete the fragments on which the other relies to have
		// the old generation swept: it is left to whoever visits all hours.
		name: "a sweeper with another configuration", policy: policy, processes: []string{worker, sweeper},
		prepare: func(_ *testing.T, l *lake) {
			for _, id := range []string{"a", "b"} {
				l.ingest(1, lines(id)...)
				l.merge()
			}
			l.at = 80 * minute
		},
		clock: []int32{120 * minute},
		least: 1_000,
		meets: []string{"a slot was emptied"}, passes: []verify.Code{verify.Unswept},
	},
	{
		// What is noted of slots is true of what was there when it was looked at, and is written by whoever comes last.
		name: "slots are noted", policy: noting, processes: []string{worker, visitor},
		prepare: func(_ *testing.T, l *lake) {
			for _, id := range []string{"a", "b"} {
				l.ingest(1, lines(id)...)
				l.merge()
			}
			l.at = 80 * minute
			l.work(nil)
			l.ingest(1, lines("b", "c")...)
		},
		clock: []int32{120 * minute},
		least: 40_000,
		meets: []string{"slots were noted anew", "a slot was emptied", "a generation was sealed"},
	},
	{
		// A compactor died between a seal and the write of the Location, which two others repair.
		name: "repair against repair", policy: bounded, processes: []string{worker, worker},
		prepare: func(_ *testing.T, l *lake) {
			l.halfway()
			l.ingest(1, lines("c")...)
		},
		clock:  []int32{91 * minute, 92 * minute, 94 * minute, 96 * minute},
		faults: 1,
		fails:  func(_ string, r *request) bool { return r.op == setPartition },
		least:  10_000,
		meets:  []string{"a Location was set on", "a generation was sealed", "a part was added to a successor"},
	},
	{
		// Whoever decided the seal is dead, and its write is under way. Since then the table has got a column.
		name: "columns follow while a seal lands", policy: bounded, processes: []string{worker, visitor},
		prepare: func(_ *testing.T, l *lake) {
			for _, id := range []string{"a", "b"} {
				l.ingest(1, lines(id)...)
				l.merge()
			}
			l.at, l.hold = 80*minute, true
			l.work(nil)
			l.hold = false
			l.ingest(1, lines("c")...)
			l.widen("more")
		},
		clock:  []int32{81 * minute, 82 * minute, 86 * minute},
		faults: 1,
		fails:  func(m string, r *request) bool { return m == visitor && r.op == setPartition },
		least:  40_000,
		meets:  []string{"a Location was set on", "a Location was set back", "columns followed", "a write landed late", "a part was added to a successor"},
	},
	{
		name: "majors whose writes land late", policy: bounded, processes: []string{worker, worker},
		prepare: func(_ *testing.T, l *lake) {
			for _, id := range []string{"a", "b"} {
				l.ingest(1, lines(id)...)
				l.merge()
			}
			l.at = 80 * minute
		},
		clock:  []int32{82 * minute},
		faults: 1, least: 7_000,
		fails: func(_ string, r *request) bool {
			return r.op == setPartition || r.content != nil && r.content.parsed != nil && r.content.parsed.Kind == "seal"
		},
		meets: []string{
			"a generation was sealed", "a write landed late", "a deadline passed before put", "a deadline passed before set partition", "a create found what it was to make",
		},
	},
}
