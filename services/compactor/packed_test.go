package compactor

import (
	"bytes"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/event"
	format "github.com/lakebed/lakebed/shared/fragment"
	"github.com/lakebed/lakebed/shared/index"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// members gives what a compressed fragment holds behind the headers.
func (l *lake) members(f layout.Fragment) [][]byte {
	l.t.Helper()
	all, err := format.Parse(l.get(f.Key()), f.Hash, l.config.Mapping)
	if err != nil {
		l.t.Fatal(err)
	}
	var data [][]byte
	for _, m := range all {
		data = append(data, m.Data)
	}
	return data
}

// lines gives n new events.
func (l *lake) lines(n int, more string) []string {
	lines := make([]string, n)
	for i := range lines {
		lines[i] = lineOf(hour, fmt.Sprintf("p%d-%d", l.seq, i), fmt.Sprintf(`,"n":%d%s`, i, more))
	}
	return lines
}

// A compressed fragment goes into the part as it is; of one that has a copy the members with copies are compressed anew, and no others. The table
// knows the columns of both.
func TestPackedFragments(t *testing.T) {
	l := newLake(t)
	l.config.Memory = 8 << 20
	first := l.put(hour, "", true, l.lines(100, `,"a":1,"only":true`)...)
	some := l.lines(5000, `,"b":{"c":"x"}`)
	some[4999] = l.want[hour]["p0-7"]
	mixed := l.put(hour, "", true, some...)
	l.put(hour, "", false, lineOf(hour, "plain", `,"d":[1]`))
	l.put(hour, "", true, lineOf(hour, "p0-8", `,"n":"another"`), lineOf(hour, "last", `,"a":1.5`))
	r := l.settle()
	l.check()
	if r.Minors != 1 || r.Events != 100+4999+1+1 || r.Duplicates != 1 || r.Conflicts != 1 {
		t.Errorf("got %+v", r)
	}
	body := l.get(l.keys(l.location(hour))[0])
	if !bytes.Contains(body, l.members(first)[0]) {
		t.Error("a fragment without copies is compressed anew")
	}
	all := l.members(mixed)
	for n, m := range all {
		if copied := bytes.Contains(body, m); copied != (n < len(all)-1) {
			t.Errorf("member %d of %d: copied %v", n+1, len(all), copied)
		}
	}
	types := l.types()
	if types["a"] != "double" || types["only"] != "boolean" || types["b"] != "struct<c:string>" || types["d"] != "array<bigint>" || types["n"] != "bigint" {
		t.Errorf("columns are %v", types)
	}
}

// Of many chunks nearly all members are copied, too: the sieve lets few lines of new events through.
func TestPackedFragmentsOfManyChunks(t *testing.T) {
	l := newLake(t)
	l.config.Memory = 256 << 10 // some 600 lines
	l.events(hour, 5000)
	l.settle()
	var all [][]byte
	for range 40 {
		all = append(all, l.members(l.put(hour, "", true, l.lines(600, "")...))...)
	}
	if r := l.round(); r.Minors != 1 || r.Events != 24_000 {
		t.Errorf("got %+v", r)
	}
	l.check()
	body, copied := l.get(l.keys(l.location(hour))[1]), 0
	for _, m := range all {
		if bytes.Contains(body, m) {
			copied++
		}
	}
	if copied < len(all)-2 {
		t.Errorf("%d of %d members were copied", copied, len(all))
	}
}

// An index has the ids of its part's lines in their order, and every line is accounted for, whatever fragments, memory and sizes come together.
func TestIndexFollowsLines(t *testing.T) {
	for seed := range 24 {
		l := newLake(t)
		l.config.Memory = []int64{1 << 10, 8 << 10, 64 << 10, 1 << 20}[seed%4]
		l.config.Policy.Anew = []int64{0, 300, 8 << 10}[seed%3]
		l.config.Policy.Target = []int64{1 << 20, 20_000}[seed/2%2]
		var all []string
		for k := range 25 {
			l.foreign = (seed+k)%5 == 0
			some := l.lines([]int{1, 20, 300, 1500}[(seed+k*7)%4], fmt.Sprintf(`,"event_name":"n%d","pad":%q`, k%3, strings.Repeat("y", seed*k%50)))
			if k%3 == 1 { // a copy
				some[len(some)/2] = all[k*seed*31%len(all)]
			}
			if k%6 == 2 { // a conflict
				some = append(some, strings.Replace(all[k*seed*17%len(all)], `,"n":`, `,"m":`, 1))
			}
			all = append(all, some...)
			if l.put(hour, "", (seed+k)%3 != 0, some...); k == 12 {
				l.round()
			}
		}
		if r := l.settle(); len(r.SetAside)+len(r.Broken) > 0 {
			t.Fatalf("seed %d: %+v", seed, r)
		}
		l.check()
		accounted := int64(0)
		for _, p := range l.look(l.visit()).current().data() {
			l.indexed(p)
			accounted += p.Events + p.Duplicates + p.Conflicts + p.Erased
		}
		if accounted != int64(len(all)) {
			t.Fatalf("seed %d: %d lines are accounted for of %d", seed, accounted, len(all))
		}
	}
}

// allIndexed is indexed of each part that readers see.
func (l *lake) allIndexed() {
	l.t.Helper()
	s, err := l.compactor().visit(hour, new(Result)).look(l.t.Context())
	if err != nil {
		l.t.Fatal(err)
	}
	for _, d := range s.current().data() {
		l.indexed(d)
	}
}

// indexed wants that a part's index is that of its lines.
func (l *lake) indexed(p *slot) {
	l.t.Helper()
	d, err := event.NewDecoder(l.config.Mapping, 0)
	if err != nil {
		l.t.Fatal(err)
	}
	lines, err := part.Open(l.t.Context(), l.store, p.object.Key, true)
	if err != nil {
		l.t.Fatal(err)
	}
	defer lines.Close()
	if _, err := index.Each(l.t.Context(), l.store, p.indexKey(), func(page []event.Fingerprint) error {
		for _, f := range page {
			if !lines.Next() {
				return errors.New("the part has fewer lines")
			}
			if got, err := fingerprint(d, lines.Bytes()); err != nil || got != f {
				return fmt.Errorf("line %d is another: %w", lines.Count(), err)
			}
		}
		return nil
	}); err != nil || lines.Next() || lines.Count() != p.Events {
		l.t.Errorf("%s has %d lines, its header says %d: %v", p.object.Key, lines.Count(), p.Events, err)
	}
}

// Small members are compressed anew, together.
func TestPackedSmall(t *testing.T) {
	l := newLake(t)
	l.config.Policy.Anew = 64 << 10
	var fragments []layout.Fragment
	for range 20 {
		fragments = append(fragments, l.put(hour, "", true, l.lines(100, "")...))
	}
	l.settle()
	l.check()
	body := l.get(l.keys(l.location(hour))[0])
	for _, f := range fragments {
		if bytes.Contains(body, l.members(f)[0]) {
			t.Fatal("a small member is copied")
		}
	}
}

// Columns that are too many to be told are observed.
func TestPackedManyColumns(t *testing.T) {
	l := newLake(t)
	var many strings.Builder
	for i := range 900 {
		fmt.Fprintf(&many, `,"%x":1`, uint64(i+1)*0x9e3779b97f4a7c15)
	}
	f := l.put(hour, "", true, lineOf(hour, "a", many.String()))
	if m, err := format.Parse(l.get(f.Key()), f.Hash, l.config.Mapping); err != nil || len(m[0].Columns) != 0 {
		t.Fatalf("its columns are told (%v)", err)
	}
	l.settle()
	l.check()
	if got := l.types()["9e3779b97f4a7c15"]; got != "bigint" {
		t.Errorf("column is %q", got)
	}
	if body := l.get(l.keys(l.location(hour))[0]); !bytes.Contains(body, l.members(f)[0]) {
		t.Error("it is compressed anew")
	}
}

// Nothing is copied where something may have to be erased.
func TestPackedErased(t *testing.T) {
	l := newLake(t)
	l.put(hour, "", true, append(l.lines(100, ""), lineOf(hour, "gone", fmt.Sprintf(`,"user":{"mail":%q}`, secret)))...)
	l.forget()
	l.bury(hour.End())
	if r := l.settle(); r.Erased != 1 || r.Events != 100 {
		t.Errorf("got %+v", r)
	}
	l.check()
}

// Other programs' gzip, and what was written under another mapping, is read line by line.
func TestForeignFragments(t *testing.T) {
	l := newLake(t)
	l.foreign = true
	some := l.lines(100, "")
	l.put(hour, "", true, some...)
	l.put(hour, "", true, append(l.lines(100, ""), some[3])...)
	l.foreign = false
	l.config.Mapping.ID = "created_at" // whoever wrote it
	moved := l.packed([]byte(lineOf(hour, "x", "")+"\n"), []string{lineOf(hour, "x", "")})
	l.config.Mapping.ID = "event_uuid"
	f := l.put(hour, "", true, lineOf(hour, "x", ""))
	l.set(f.Key(), moved)
	r := l.settle()
	l.check()
	if r.Events != 201 || r.Duplicates != 1 {
		t.Errorf("got %+v", r)
	}
}

// A fragment with more lines than memory has room for comes behind one that is still packed: each keeps its text.
func TestHugeBehindPacked(t *testing.T) {
	l := newLake(t)
	l.foreign = true
	l.config.Memory, l.config.Policy.Anew = 64<<10, 64<<10
	for n, lines := range []int{80, 500} {
		all := make([]string, lines)
		for i := range all {
			all[i] = lineOf(hour, fmt.Sprintf("%d-%05d", n, i), fmt.Sprintf(`,"pad":"%0420d"`, i))
		}
		l.put(hour, "", true, all...)
	}
	l.settle()
	l.check()
}

// A merge puts the same conflicts into the same objects, however it found them out.
func TestConflictsAreTheSameObjects(t *testing.T) {
	var keys [][]string
	for _, memory := range []int64{1 << 20, 4 << 10} { // all at once, and by the sieve
		l := newLake(t)
		l.config.Memory = memory
		l.put(hour, "", false, lineOf(hour, "old", ""))
		l.settle()
		for n := range 20 {
			l.put(hour, "", n%2 == 0,
				lineOf(hour, "old", fmt.Sprintf(`,"v":%d`, n)), lineOf(hour, fmt.Sprint("x", n), `,"pad":"`+strings.Repeat("x", 500)+`"`), lineOf(hour, fmt.Sprint("x", n), `,"v":1`))
		}
		l.settle()
		l.check()
		keys = append(keys, l.keys(layout.Quarantine))
	}
	if len(keys[0]) != 20 || !slices.Equal(keys[0], keys[1]) {
		t.Errorf("%d and %d objects:\n%s\n%s", len(keys[0]), len(keys[1]), keys[0], keys[1])
	}
}

// Two workers with different memory put the same events in another order. The index that stays is that of the part that stays.
func TestTwinsInAnotherOrder(t *testing.T) {
	l := newLake(t)
	for n := range 40 {
		lines := make([]string, 30)
		for i := range lines {
			lines[i] = lineOf(hour, fmt.Sprint(n, "-", i), fmt.Sprintf(`,"event_name":"name-%d","pad":"%0200d"`, i, n))
		}
		l.put(hour, "", n%2 == 0, lines...)
	}
	met := false
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.Put && strings.HasPrefix(key, layout.Indexes) && !met { // the other does all that this one is about to do
			met = true
			config := l.config
			config.Memory = 16 << 10
			other, err := New(l.store, l.cat, config)
			if err != nil {
				t.Error(err)
			} else if r := other.Work(t.Context(), Task{Partition: hour}, time.Time{}); r.Minors != 1 || len(r.SetAside) > 0 {
				t.Errorf("the other: %+v", r)
			}
		}
		return faulty.Never, nil
	}))
	if r := l.round(); r.Lost != 1 || r.Minors != 0 {
		t.Errorf("got %+v", r)
	}
	l.check()
	l.allIndexed()
}

// Whatever fragments hold, however they are compressed, and however little memory there is: of each id the first event stays, and each line is accounted for.
func TestAnyMixture(t *testing.T) {
	for seed := range uint64(150) {
		r := rand.New(rand.NewPCG(seed, 11))
		l := newLake(t)
		l.config.Memory = 4 << 10 << (2 * r.IntN(5))
		l.config.Policy.Target, l.config.Policy.Anew = 16<<10<<(3*r.IntN(3)), 1<<(8*r.IntN(3))
		lines, total := int64(0), Result{}
		for range 1 + r.IntN(3) {
			for range 1 + r.IntN(12) {
				ids, some := 1+r.IntN(5000), []string(nil)
				for range 1 + r.IntN([]int{30, 120, 900}[r.IntN(3)]) {
					id := r.IntN(ids)
					v := id % 600
					if r.IntN(20) == 0 {
						v++
					}
					some = append(some, lineOf(hour, fmt.Sprint("i", id), fmt.Sprintf(`,"pad":"%0*d"`, v, v)))
				}
				l.foreign = r.IntN(2) == 0
				l.put(hour, "", r.IntN(4) > 0, some...)
				lines += int64(len(some))
			}
			total.Add(l.settle())
		}
		l.check()
		l.allIndexed()
		if total.Lines != lines || total.Events+total.Duplicates+total.Conflicts != lines {
			t.Errorf("seed %d: of %d lines %d were read: %d events, %d duplicates, %d conflicts", seed, lines, total.Lines, total.Events, total.Duplicates, total.Conflicts)
		}
		if t.Failed() {
			t.Fatalf("seed %d", seed)
		}
	}
}
