package explorer

import (
	"errors"
	"strings"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/catalog"
)

// meet counts what a scenario is there for.
func (x *explorer) meet(what string, really bool) {
	if really && !x.resting {
		x.met[what]++
	}
}

// observe notes what a process's write met, in the bucket as it was before.
func (x *explorer) observe(s *state, before *store, n *node, err error, happened *lost) {
	r := n.request
	switch {
	case r.op == remove:
		x.meet("a deletion met another object", errors.Is(err, bucket.ErrChanged))
		if s.store != before {
			x.meet("a fragment was deleted", strings.HasPrefix(r.key, "raw/"))
			x.meet("an orphan was removed", strings.HasPrefix(r.key, "events/"))
		}
	case r.op == put && strings.HasSuffix(r.key, "/headers.json.gz"):
		there, known := before.get(r.key)
		x.meet("slots were noted", !known)
		x.meet("slots were noted anew", known && there.content != r.content)
	case r.op != put || r.content.parsed == nil || !strings.HasPrefix(r.key, "events/"):
	case r.when.Match != "":
		x.meet("a sweep met a changed slot", errors.Is(err, bucket.ErrChanged))
		x.meet("a slot was emptied", err == nil)
	case err == nil:
		seal := r.content.parsed.Kind == "seal"
		x.meet("a generation was sealed", seal)
		x.meet("a seal came after the copy of the part that it lost to", seal && n.lost&sealToPart != 0)
		x.meet("a part took the next slot", !seal && n.lost&partToPart != 0)
		x.meet("a part was added to a successor", !seal && !strings.Contains(r.key, "/gen-0001/") && !strings.HasSuffix(r.key, "/part-00001.json.gz"))
	case errors.Is(err, bucket.ErrExists):
		there, _ := before.get(r.key)
		x.observeTaken(r.content.parsed, there.content.parsed, happened)
	}
}

func (x *explorer) observeTaken(mine, there *parsed, happened *lost) {
	lanes := strings.HasPrefix(mine.Lane, there.Lane) || strings.HasPrefix(there.Lane, mine.Lane)
	switch {
	case mine.same(there):
		x.meet("a create found what it was to make", true)
	case mine.Kind == "seal" && there.Kind == "data":
		*happened |= sealToPart
		x.meet("a seal lost its slot to a part", true)
	case mine.Kind == "seal":
		x.meet("a seal lost its slot to another", there.Kind == "seal")
	case there.Kind == "seal":
		x.meet("a part lost its slot to a seal", true)
	case there.Kind == "swept":
		x.meet("a create met an emptied slot", true)
	case lanes:
		x.meet("a part lost its slot to one of its lane", true)
	default:
		*happened |= partToPart
		x.meet("a part lost its slot to another lane", true)
	}
}

// meetLocation notes what a write of the catalog did to the Location.
func (x *explorer) meetLocation(s *state, was catalog.Partition, r *request) {
	if r.entry.Hour != hour {
		return
	}
	chain := x.look(s.store).chain
	at := func(location string) int {
		for i, name := range chain {
			if strings.HasSuffix(location, "/"+name+"/") {
				return i
			}
		}
		return -1
	}
	from, to := at(was.Location), at(r.entry.Location)
	x.meet("a Location was set on", was.Location != "" && from < to)
	x.meet("a Location was set back", was.Location != "" && from > to)
	x.meet("columns followed", from == to && len(was.Columns) < len(r.entry.Columns))
}
