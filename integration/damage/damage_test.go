package damage

import (
	"fmt"
	"path"
	"slices"
	"strings"
	"testing"
)

// damages are what is done to an object, given its bytes and those of another of its kind. Nil: it is deleted.
var damages = map[string]func(body, other []byte) []byte{
	"flipped": func(body, _ []byte) []byte { return flip(body, len(body)/2) },
	"header":  func(body, _ []byte) []byte { return flip(body, 24) }, // within what a part says of itself
	"halved":  func(body, _ []byte) []byte { return body[:len(body)/2] },
	"emptied": func(_, _ []byte) []byte { return []byte{} },
	"deleted": func(_, _ []byte) []byte { return nil },
	"swapped": func(_, other []byte) []byte { return other },
}

func flip(body []byte, at int) []byte {
	body = slices.Clone(body)
	body[at] ^= 1 << 2
	return body
}

// TestDamage does each damage to an object of each kind, runs the commands one after the other, and wants the outcome that the table gives;
// and once the object is put back as it was, that everything goes on and nothing is missing.
func TestDamage(t *testing.T) {
	w := newWhole(t)
	for _, k := range kinds {
		for _, damage := range slices.Sorted(keysOf(damages)) {
			want, ok := k.outcomes[damage]
			if !ok {
				if damage != "header" {
					t.Errorf("no outcome is told of %s, %s", k.name, damage)
				}
				continue
			}
			t.Run(k.name+" "+damage, func(t *testing.T) {
				t.Parallel()
				c := cell{whole: whole{w.copied(t), w.merged, w.waiting}, kind: k}
				c.key = k.key(t, c.lake)
				good := c.read(t, c.key)
				bad := damages[damage](good, k.instead(t, c.lake))
				if damage == "flipped" && k.flip != 0 {
					bad = flip(good, (k.flip+len(good))%len(good))
				}
				if bad == nil {
					c.remove(t, c.key)
				} else {
					c.write(t, c.key, bad)
				}
				if got := c.observe(t); !slices.Contains(strings.Split(want, " | "), got) {
					t.Errorf("got  %s\nwant %s", got, want)
				}
				c.write(t, c.key, good)
				c.mended(t)
			})
		}
	}
}

// cell is one damage to one object.
type cell struct {
	whole
	kind kind
	key  string
}

// fresh are events that come while the lake is damaged.
var fresh = some("fresh", 14, 50)

// observe runs what people run, in one line: what each came to. A ? says that the object was not named.
func (c *cell) observe(t *testing.T) string {
	t.Helper()
	found, shown := c.verify(t), c.query(t, "events")
	seen := []string{"verify " + found, "events " + shown}
	if c.kind.live {
		seen = append(seen, "live "+c.query(t, "events_live"))
	}
	taken := "ok"
	if c.kind.ingested {
		taken = c.ingest(t)
		seen = append(seen, "ingest "+taken)
	}
	merged := c.compact(t)
	then := c.then(t, taken, merged)
	seen = append(seen, "compact "+merged, "then "+then)
	if shown == unsaid && found == "clean" && then != "right" {
		t.Errorf("events are missing, and nothing says so")
	}
	if found != "clean" {
		seen = append(seen, "rebuild "+c.rebuild(t), "verify "+c.verify(t))
	}
	return strings.Join(seen, "; ")
}

// named puts a ? behind an outcome that does not say at which object, or below which prefix of it and a few others.
func (c *cell) named(r ran, outcome string) string {
	if r.says(c.key) || r.says(path.Dir(c.key)+"/") || c.kind.also != "" && r.says(c.kind.also) {
		return outcome
	}
	return outcome + "?"
}

// verify gives the codes of what is found, breaches first; it wants the exit code to fit.
func (c *cell) verify(t *testing.T) string {
	t.Helper()
	r := c.run(t, "verify")
	var codes []string
	breaches := false
	for line := range strings.Lines(r.words) {
		what, rest, _ := strings.Cut(line, ": ")
		code, _, _ := strings.Cut(rest, ":")
		switch what {
		case "breach":
			breaches = true
			codes = append(codes, code)
		case "warning":
			codes = append(codes, "("+code+")")
		}
	}
	slices.Sort(codes)
	found := strings.Join(slices.Compact(codes), ",")
	switch {
	case r.code == 0 && found == "":
		return "clean"
	case breaches == (r.code == 3) && found != "":
		return c.named(r, found)
	case r.code != 1 && r.code != 2 && r.code != 6:
		t.Error(r)
	}
	return c.named(r, fmt.Sprint("fails ", r.code))
}

// query asks for all hours of a view.
func (c *cell) query(t *testing.T, view string) string {
	t.Helper()
	r := c.run(t, "query", "-o", "csv", "--live", "200000h", perHour+view+" group by 1 order by 1")
	all := c.merged
	if view == "events_live" {
		all = c.all()
	}
	switch {
	case r.code != 0:
		return c.named(r, "fails")
	case r.out == all.perHour() && r.words == "":
		return "right"
	case r.out == all.perHour():
		return c.named(r, "right, warns")
	case r.words != "":
		return c.named(r, "lacks, warns")
	}
	return unsaid
}

// unsaid is an answer that is not right and says nothing of it: DuckDB checks no checksum and reads whatever lies there, and an object that is
// gone is missed by nobody. Then it is for verify to name it, or for compaction to bring it back.
const unsaid = "unlike, unsaid"

func (c *cell) ingest(t *testing.T) string {
	t.Helper()
	r := c.run(t, "ingest", "-o", "json", file(t, fresh.text()))
	switch {
	case r.code != 0:
		return c.named(r, fmt.Sprint("fails ", r.code))
	case strings.Contains(r.out, fmt.Sprintf(`"stored":%d,`, len(fresh))):
		return "ok"
	}
	return "quarantines"
}

// compact merges what waits.
func (c *cell) compact(t *testing.T) string {
	t.Helper()
	r := c.run(t, "compact")
	hour := fmt.Sprintf("set aside: dt=%s/hour=%02d:", day, c.kind.hour)
	switch {
	case r.code == 0 && r.says("cannot be merged"):
		return c.named(r, "passes over")
	case r.code == 0:
		return "ok"
	case r.says(hour) && strings.Count(r.words, "set aside:") == 1:
		return c.named(r, "sets aside")
	case r.says("set aside"):
		return c.named(r, "sets all aside")
	}
	return c.named(r, fmt.Sprint("fails ", r.code))
}

// then tells what readers see after a compaction: waits is what they saw before, lacks is all but what a broken fragment holds. The hours that
// have no part in the damage must be whole and merged, unless nothing works at all.
func (c *cell) then(t *testing.T, taken, merged string) string {
	t.Helper()
	came := fresh
	if taken != "ok" || !c.kind.ingested {
		came = nil
	}
	elsewhere := func(hour int) bool { return hour != c.kind.hour }
	r := c.run(t, "query", "-o", "csv", perHour+"events group by 1 order by 1")
	outcome := unsaid
	for name, want := range map[string]events{
		"all wait": c.merged,
		"waits":    slices.Concat(c.merged, c.waiting.of(elsewhere), came),
		"lacks":    slices.Concat(c.all(), came).without(c.kind.holds),
		"right":    slices.Concat(c.all(), came),
	} {
		if r.code == 0 && r.out == want.perHour() && (outcome != "right") {
			outcome = name
		}
	}
	if outcome == "right" || c.kind.hour == 0 {
		if r.code != 0 {
			return c.named(r, "fails")
		}
		return outcome
	}
	want := slices.Concat(c.all(), came).of(elsewhere)
	others := c.run(t, "query", "-o", "csv", perHour+fmt.Sprintf("events where hour <> '%02d' group by 1 order by 1", c.kind.hour))
	switch {
	case others.code == 0 && others.out != want.perHour():
		t.Errorf("other hours: %swant\n%s", others, want.perHour())
	case others.code != 0:
		return c.named(r, "all fail")
	case r.code != 0:
		return c.named(r, "fails")
	}
	return outcome
}

func (c *cell) rebuild(t *testing.T) string {
	t.Helper()
	r := c.run(t, "rebuild")
	switch {
	case r.code == 0:
		return "ok"
	case r.says("set aside"):
		return c.named(r, "sets aside")
	}
	return c.named(r, fmt.Sprint("fails ", r.code))
}

// mended wants that all goes on: what came meanwhile is given again, is there once, as is everything else.
func (c *cell) mended(t *testing.T) {
	t.Helper()
	all := c.all()
	if c.kind.ingested {
		c.ok(t, "ingest", file(t, fresh.text()))
		all = append(all, fresh...)
	}
	c.ok(t, "compact")
	c.exact(t, all)
}
