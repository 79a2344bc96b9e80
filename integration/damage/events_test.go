package damage

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// one is an event of the tests.
type one struct {
	id    string
	hour  int
	value int
	who   string
}

type events []one

const day = "2026-11-20"

// erasedOne is who is erased from the lake.
const erasedOne = "gone@example.com"

// some makes n events of an hour, whose ids begin with a name.
func some(name string, hour, n int) events {
	all := make(events, n)
	for i := range all {
		all[i] = one{fmt.Sprintf("%s-%05d", name, i), hour, 1000*hour + i*i%997, fmt.Sprintf("user%d@example.com", i*i%89)}
	}
	return all
}

// byErased makes every third of them of the one who is erased.
func (es events) byErased() events {
	es = slices.Clone(es)
	for i := range es {
		if i%3 == 0 {
			es[i].who = erasedOne
		}
	}
	return es
}

// but gives the events that are not of someone.
func (es events) but(who string) events {
	return slices.DeleteFunc(slices.Clone(es), func(e one) bool { return e.who == who })
}

// of gives those of the hours for which the function is true.
func (es events) of(hour func(int) bool) events {
	return slices.DeleteFunc(slices.Clone(es), func(e one) bool { return !hour(e.hour) })
}

// text is the events as NDJSON.
func (es events) text() string {
	var b strings.Builder
	for i, e := range es {
		fmt.Fprintf(&b, `{"id":%q,"at":"%sT%02d:%02d:%02dZ","kind":"lesson:done","v":%d,"who":%q,"note":"%x"}`+"\n",
			e.id, day, e.hour, i/60%60, i%60, e.value, e.who, uint32(i*2654435761))
	}
	return b.String()
}

// file is a file with lines.
func file(t *testing.T, lines ...string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(strings.Join(lines, "")), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// perHour is a query's beginning, whose answer perHour of the events gives: how many there are, how many ids, and what a column adds up to.
const perHour = "select hour, count(*) as n, count(distinct id) as ids, sum(v)::bigint as total from "

func (es events) perHour() string {
	n, total := map[int]int{}, map[int]int{}
	for _, e := range es {
		n[e.hour]++
		total[e.hour] += e.value
	}
	b := "hour,n,ids,total\n"
	for hour := range 24 {
		if n[hour] > 0 {
			b += fmt.Sprintf("%02d,%d,%d,%d\n", hour, n[hour], n[hour], total[hour])
		}
	}
	return b
}

// without gives the events that are not among others.
func (es events) without(others events) events {
	gone := map[string]bool{}
	for _, e := range others {
		gone[e.id] = true
	}
	return slices.DeleteFunc(slices.Clone(es), func(e one) bool { return gone[e.id] })
}
