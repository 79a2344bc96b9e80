package explorer

import (
	"encoding/json"
	"slices"
	"strconv"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

// listing is one content of the catalog. It never changes; equal ones are one. Versions count the writes, so that no content comes back under
// a version that it had before.
type listing struct {
	id      uint32
	table   catalog.Table
	entries []catalog.Partition // by hour
	writes  int                 // of the table

	tableHash, entriesHash uint64
}

func (l *listing) partitions(which []layout.Partition) []catalog.Partition {
	var found []catalog.Partition
	for _, e := range l.entries {
		if len(which) == 0 || slices.Contains(which, e.Hour) {
			found = append(found, e)
		}
	}
	return found
}

func (l *listing) entry(hour layout.Partition) (catalog.Partition, bool) {
	for _, e := range l.entries {
		if e.Hour == hour {
			return e, true
		}
	}
	return catalog.Partition{}, false
}

// listings holds every content of the catalog that was met.
type listings struct {
	compares bool // whether partitions are compared before they are set, as in a file; else the last writer wins, as in Glue
	known    map[sum]*listing
	written  map[sum]*listing // by what was there and the request, what came of it
}

// write does a request that sets something, each on each content once.
func (c *listings) write(in *listing, r *request) (*listing, error) {
	at := sum{uint64(in.id), r.hash}
	to, known := c.written[at]
	if !known {
		if r.op == setTable {
			to = c.setTable(in, r.table)
		} else {
			to = c.setPartition(in, r.entry)
		}
		c.written[at] = to
	}
	if to == nil {
		return in, catalog.ErrStale
	}
	return to, nil
}

func (c *listings) intern(l listing) *listing {
	table, err := json.Marshal(l.table)
	if err != nil {
		panic(err) // plain values
	}
	entries, err := json.Marshal(l.entries)
	if err != nil {
		panic(err)
	}
	l.tableHash, l.entriesHash = sumOf(table)[0], sumOf(entries)[0]
	at := sum{l.tableHash, l.entriesHash}
	known := c.known[at]
	if known == nil {
		l.id = uint32(len(c.known))
		known = &l
		c.known[at] = known
	}
	return known
}

// setTable gives nil where the write is stale.
func (c *listings) setTable(in *listing, t catalog.Table) *listing {
	if t.Version != in.table.Version {
		return nil
	}
	next := *in
	next.writes++
	t.Version = strconv.Itoa(next.writes)
	next.table = t
	return c.intern(next)
}

// setPartition does, too.
func (c *listings) setPartition(in *listing, p catalog.Partition) *listing {
	old, _ := in.entry(p.Hour)
	if c.compares && p.Version != old.Version {
		return nil
	}
	p.Version = "set"
	if c.compares {
		n, _ := strconv.Atoi(old.Version)
		p.Version = strconv.Itoa(n + 1)
	}
	next := *in
	next.entries = slices.DeleteFunc(slices.Clone(in.entries), func(e catalog.Partition) bool { return e.Hour == p.Hour })
	next.entries = append(next.entries, p)
	slices.SortFunc(next.entries, func(a, b catalog.Partition) int { return int(a.Hour - b.Hour) })
	return c.intern(next)
}
