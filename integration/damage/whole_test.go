package damage

import (
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// What compaction is told, so that the lake has a bit of everything: nothing waits for a grace, and parts are put together or not.
var (
	atOnce   = []string{"--grace", "0s", "--longest-query", "0s", "--live", "0s"}
	apart    = []string{"--major-parts", "1000", "--major-share", "2"}
	together = []string{"--major-parts", "1", "--major-share", "0"}
	forgets  = []string{"--claim-window", "1ns"} // so that copies go past ingest
)

// whole is a small lake that has every kind of object, and the events that are in it; waiting are those that are not merged yet.
type whole struct {
	lake
	merged, waiting events
}

func (w whole) all() events { return slices.Concat(w.merged, w.waiting) }

// newWhole makes it by the program alone:
//
//	hour 07: four parts, put together one after the other, so that their headers are noted, and a fragment that waits
//	hour 08: two parts that were put together, so that there are a seal, swept slots and a second generation
//	hour 09: a part, whose fragments are swept
//	hour 10: two parts, of which the second has its fragment still
//	hour 11: a part, and two plain fragments that wait, one of them with copies of what is merged
//	hour 12: gzip fragments that wait, and a backfilled one; no part
//	hour 13: rewritten by an erasure, the old generation not swept yet
//
// and quarantined records, ledger entries rolled up and new.
func newWhole(t *testing.T) whole {
	t.Helper()
	w := whole{lake: lake(filepath.Join(t.TempDir(), "lake"))}
	run := func(command string, args ...[]string) {
		w.ok(t, append([]string{command}, slices.Concat(args...)...)...)
	}
	put := func(flags []string, lines ...string) {
		run("ingest", fields, forgets, flags, []string{file(t, lines...)})
	}
	a07, b07 := some("a07", 7, 160), some("b07", 7, 50)
	a08, b08, a09, a10, b10 := some("a08", 8, 200), some("b08", 8, 200), some("a09", 9, 300), some("a10", 10, 200), some("b10", 10, 100)
	a11, b11, c11, a12, b12, c12 := some("a11", 11, 200), some("b11", 11, 150), some("c11", 11, 120), some("a12", 12, 150), some("b12", 12, 120), some("c12", 12, 100)
	a13 := some("a13", 13, 300).byErased()

	for n := range 4 {
		put(nil, a07[40*n:40*n+40].text())
		run("compact", together, atOnce)
	}
	put(nil, a08.text(), a09.text(), a10.text(), a13.text(), "not JSON\n", "nor this\n", `{"id":"timeless"}`+"\n")
	run("compact", apart, atOnce)
	put(nil, b08.text())
	run("compact", together, atOnce)
	run("compact", apart, atOnce, []string{"--now", time.Now().Add(2 * time.Hour).UTC().Format(time.RFC3339)}) // nothing is dirty: the ledger is rolled up
	put(nil, b10.text(), a11.text(), "broken again\n")
	run("compact", apart)
	run("erase", apart, []string{"--field", "who", "--value", erasedOne})
	put(nil, b07.text(), b11.text(), a11[:50].text())
	put(nil, c11.text())
	put([]string{"--fragment-encoding", "gzip"}, a12.text(), "one more\n")
	put([]string{"--fragment-encoding", "gzip"}, b12.text())
	run("backfill", [][]string{{file(t, c12.text())}}...)

	w.merged = slices.Concat(a07, a08, b08, a09, a10, b10, a11, a13.but(erasedOne))
	w.waiting = slices.Concat(b07, b11, c11, a12, b12, c12)
	return w
}
