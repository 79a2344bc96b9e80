package compactor

import (
	"context"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// types gives the declared columns, after checking that every partition has them too.
func (l *lake) types() map[string]string {
	l.t.Helper()
	table, err := l.cat.Table(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	all, err := l.cat.Partitions(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, p := range all {
		if !schema.Equal(p.Columns, declared(table)) {
			l.t.Errorf("%s has other columns than the table", p.Hour)
		}
	}
	m := map[string]string{}
	for _, f := range declared(table) {
		m[f.Name] = f.Type.Hive()
	}
	return m
}

func TestEvolve(t *testing.T) {
	l := newLake(t)
	for i, c := range []struct{ event, column, want string }{
		{`"n":null`, "n", ""},
		{`"n":1`, "n", "bigint"},
		{`"n":2.5`, "n", "double"},
		{`"n":"x"`, "n", "string"},
		{`"n":7`, "n", "string"},
		{`"big":9007199254740993`, "big", "bigint"},
		{`"big":0.5`, "big", "string"}, // not every integer was exact
		{`"s":{"a":1}`, "s", "struct<a:bigint>"},
		{`"s":{"b":[{"c":true}]}`, "s", "struct<a:bigint,b:array<struct<c:boolean>>>"},
		{`"s":[]`, "s", "string"},
		{`"dt":"mine"`, "dt", ""},
	} {
		p := hour + layout.Partition(i%3) // old partitions follow
		l.put(p, "", false, lineOf(p, string(rune('a'+i)), ","+c.event))
		l.settle()
		l.check()
		if got := l.types()[c.column]; got != c.want {
			t.Errorf("after %s, %s is %q, want %q", c.event, c.column, got, c.want)
		}
	}
	table, err := l.cat.Table(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range table.Columns {
		if c.Name == "n" && (len(c.Changes) != 2 || c.Changes[0].From != "bigint" || c.Changes[1].From != "double" || c.Since.IsZero()) {
			t.Errorf("the history of n is %+v", c)
		}
	}
}

// The catalog can read what a part holds before readers see the part.
func TestEvolveBeforeCommit(t *testing.T) {
	l := newLake(t)
	l.events(hour+1, 1) // another partition, which is to follow
	l.settle()
	l.put(hour, "", false, lineOf(hour, "a", `,"fresh":true`))
	l.bucket = &intruder{l.store, "part-00001.json.gz", func() {
		if got := l.types()["fresh"]; got != "boolean" {
			t.Errorf("when the part is created, its column is %q", got)
		}
	}}
	l.settle()
	l.check()
}

// A change of the table that was broken off before every partition followed is finished by whoever merges next.
func TestEvolveBrokenOff(t *testing.T) {
	l := newLake(t)
	for i := range 5 {
		l.events(hour+layout.Partition(i), 1)
	}
	l.settle()
	whole := l.cat
	for n := 1; n < 12; n++ {
		faults := faulty.New(nil)
		sets := 0
		faults.Set(func(op faulty.Op, _ string) (faulty.When, error) {
			if op == faulty.SetPartition || op == faulty.SetTable {
				if sets++; sets >= n {
					return faulty.Before, nil
				}
			}
			return faulty.Never, nil
		})
		l.cat = catalogtest.NewFaulty(whole, faults)
		l.put(hour, "", false, lineOf(hour, string(rune('a'+n)), `,"x`+string(rune('a'+n))+`":1`))
		l.compactor().Work(t.Context(), Task{Partition: hour}, time.Time{})
		l.cat = whole
		l.settle()
		l.check()
		if got := l.types()["x"+string(rune('a'+n))]; got != "bigint" {
			t.Errorf("broken off at write %d: the column is %q", n, got)
		}
	}
}

// The same protocol over a catalog that cannot compare, as Glue: nothing is lost or doubled in the bucket, and the Location is right in
// the end.
func TestLastWriterWins(t *testing.T) {
	t.Parallel()
	build := func() *lake {
		l := newLake(t)
		l.cat = catalog.NewMemoryLastWriter()
		l.config.Policy.Bound, l.config.Policy.Target = 50*time.Millisecond, 3000
		l.parts(3)
		l.put(hour, "", false, l.want[hour]["e0-2"], lineOf(hour, "late", `,"n":1.5,"new":{"x":true}`))
		l.put(hour+1, "", true, lineOf(hour+1, "next", ""))
		return l
	}
	for n := 1; ; n += 5 {
		l := build()
		whole := l.cat
		faults := faulty.Crash(n, faulty.Late, nil)
		l.bucket, l.cat = faulty.NewBucket(l.store, faults), catalogtest.NewFaulty(whole, faults)
		for _, d := range days {
			l.clock.pass(d)
			if _, err := l.compactor().Round(context.Background(), time.Time{}, nil); err != nil || faults.Count() >= n {
				break
			}
		}
		l.bucket, l.cat = l.store, whole
		l.clock.pass(time.Minute)
		l.round()
		faults.Land() // far beyond the bound: what readers see may be old until the next run
		l.play(false)
		if _, err := l.compactor().RoundOfAll(t.Context(), time.Time{}, nil); err != nil {
			t.Fatal(err)
		}
		l.done()
		if t.Failed() {
			t.Fatalf("operation %d", n)
		}
		if faults.Count() < n {
			break
		}
	}
}
