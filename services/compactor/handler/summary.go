package handler

import (
	"log/slog"
	"time"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/shared/telemetry"
)

// Summary is what was done, in the log and as the answer to an invocation by hand.
type Summary struct {
	Version    int       `json:"version"`
	More       bool      `json:"more"`           // work is left, and can go on at once
	Next       string    `json:"next,omitempty"` // RFC 3339: when something more will be due
	Partitions int       `json:"partitions"`
	Minors     int       `json:"minors"`
	Majors     int       `json:"majors"`
	Repaired   int       `json:"repaired"`
	Lost       int       `json:"lost"`
	Reindexed  int       `json:"reindexed"`
	Evolved    int       `json:"evolved"`
	Fragments  int64     `json:"fragments"`
	Events     int64     `json:"events"`
	Duplicates int64     `json:"duplicates"`
	Conflicts  int64     `json:"conflicts"`
	Erased     int64     `json:"erased"`
	Swept      int       `json:"swept"`
	Deleted    int       `json:"deleted"`
	SetAside   []trouble `json:"set_aside,omitempty"`
	Broken     []trouble `json:"broken,omitempty"`
}

// trouble is a partition set aside, or an object that cannot be merged.
type trouble struct {
	Name  string `json:"name"`
	Error string `json:"error"`
}

// maxTroubles is how many are named of each kind, and maxTrouble how many bytes are told of each; all are counted. One error may join
// those of a thousand objects.
const (
	maxTroubles = 20
	maxTrouble  = 2 << 10
)

func troubleOf(name string, err error) trouble {
	return trouble{name, telemetry.Cut(err.Error(), maxTrouble)}
}

func summaryOf(r compactor.Result) Summary {
	s := Summary{
		Version: Version, More: r.More, Partitions: r.Partitions, Minors: r.Minors, Majors: r.Majors, Repaired: r.Repaired, Lost: r.Lost,
		Reindexed: r.Reindexed, Evolved: r.Evolved, Fragments: r.Fragments, Events: r.Events, Duplicates: r.Duplicates, Conflicts: r.Conflicts,
		Erased: r.Erased, Swept: r.Swept, Deleted: r.Deleted,
	}
	if next := r.Next(); !next.IsZero() {
		s.Next = next.UTC().Format(time.RFC3339)
	}
	for _, f := range r.SetAside[:min(len(r.SetAside), maxTroubles)] {
		s.SetAside = append(s.SetAside, troubleOf(f.Partition.String(), f.Err))
	}
	for _, b := range r.Broken[:min(len(r.Broken), maxTroubles)] {
		s.Broken = append(s.Broken, troubleOf(b.Key, b.Err))
	}
	return s
}

// worked notes what workers are measured by. Write amplification is a ratio of sums: over many invocations it is
// BytesWritten / (BytesWritten - BytesRewritten).
func (v *invocation) worked(r compactor.Result) {
	v.metrics = []telemetry.Metric{
		telemetry.Count("Partitions", r.Partitions), telemetry.Count("Parts", r.Minors+r.Majors), telemetry.Count("EventsWritten", r.Events),
		telemetry.Count("DuplicatesDropped", r.Duplicates), telemetry.Count("Conflicts", r.Conflicts), telemetry.Bytes("BytesRead", r.BytesIn),
		telemetry.Bytes("BytesWritten", r.BytesNew+r.BytesMoved), telemetry.Bytes("BytesRewritten", r.BytesMoved),
		telemetry.Count("SetAside", len(r.SetAside)), telemetry.Count("BrokenFragments", len(r.Broken)), telemetry.Count("LocationsRepaired", r.Repaired),
	}
	if r.BytesNew > 0 {
		v.metrics = append(v.metrics, telemetry.Ratio("WriteAmplification", r.WriteAmplification()))
	}
	v.attrs = append(v.attrs, slog.Any("work", summaryOf(r)))
}
