package verify

import (
	"slices"
	"strings"
	"testing"

	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
)

// harmless tells whether a slot says the same as before: no reader looks at a gzip header's time and system or at the length of our field,
// and a name of the statement may be misspelt where its value was none. Of what is sealed or swept only the kind and the successor count.
func harmless(key string, was, is []byte, at int) bool {
	if gz := strings.HasSuffix(key, ".gz"); gz && (at >= 4 && at < 10 || at == len(is)-9) {
		return true // the last byte before the checksum has bits that fill it up
	}
	if !strings.HasPrefix(key, layout.Events) || at >= 504 {
		return false
	}
	h, err := part.ParseHeader(is)
	g := must(part.ParseHeader(was))
	h.Version, g.Version = 0, 0
	switch {
	case err != nil || h.Kind != g.Kind || h.Next != g.Next:
		return false
	case h.Kind != part.Data:
		return true
	case h.Lane == "":
		g.Lane = "" // a wider lane says less
	}
	return h == g
}

// Whichever byte of a lake is damaged, it is found out.
func TestEveryByteCounts(t *testing.T) {
	t.Parallel()
	l := full(t)
	n := 0
	for _, key := range l.keys("") {
		if key == layout.Config {
			continue // its reader checks it
		}
		body := l.get(key)
		for at := 0; at < len(body); at += 1 + n%37 {
			n++
			bad := slices.Clone(body)
			bad[at] ^= 1 << (n % 8)
			if harmless(key, body, bad, at) {
				continue
			}
			l.put(key, bad)
			if r := l.run(); len(r.Breaches)+len(r.Warnings) == 0 {
				t.Errorf("nothing is found when byte %d of %s is %q, not %q: %.300q", at, key, bad[at], body[at], bad)
			}
		}
		l.put(key, body)
	}
	t.Logf("%d damages", n)
}
