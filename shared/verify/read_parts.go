package verify

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"

	"github.com/cespare/xxhash/v2"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/schema"
)

// readParts reads every line of the current generation.
func (v *visit) readParts(ctx context.Context) error {
	s := v.state
	columns := s.entry.Columns
	if s.entry.Version == "" {
		columns = fields(s.table)
	}
	g := s.current()
	v.partial = g.holed
	told := int64(0) // lines as the headers say
	for _, d := range g.data() {
		read := &reading{visit: v, slot: d, fits: v.fits(columns)}
		if err := read.part(ctx); err != nil {
			return err
		}
		v.parts++
		v.partBytes += d.object.Size
		v.events += read.events
		v.sum += read.sum
		told += d.Lines
		v.dropped += d.Duplicates
		v.conflicts += d.Conflicts
		v.erased += d.Erased
	}
	v.merged = told
	if sum := v.events + v.dropped + v.conflicts + v.erased; sum != told && !g.holed {
		v.add(Accounts, s.hour, layout.Location(s.hour, g.name), "%d lines merged are not %d events + %d duplicates + %d conflicts + %d erased",
			told, v.events, v.dropped, v.conflicts, v.erased)
	}
	return nil
}

// reading is a part being read.
type reading struct {
	*visit
	slot   *slot
	fits   *schema.Checker
	found  findings
	events int64
	sum    uint64
}

// part reads the part in step with its index. Of one whose stream is broken nothing else is told: its lines say nothing.
func (r *reading) part(ctx context.Context) error {
	d, hour := r.slot, r.state.hour
	x := r.startIndex(ctx)
	defer x.stop()
	_, err := r.eachLine(ctx, d.object.Key, true, func(n int64, line []byte) error {
		r.line(x, n, line)
		return nil
	})
	var bad *damage
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		r.moved = true
	case errors.As(err, &bad):
		r.add(PartBroken, hour, d.object.Key, "%s", bad)
	case err != nil:
		return err
	}
	if err != nil {
		// Its index, when it is whole, still knows the ids.
		d.broken, r.events, r.sum = true, d.Events, 0
		r.sifting = false
		d.exact, err = x.end(d.Events)
		r.partial = r.partial || !d.exact
		return err
	}
	if r.events != d.Events {
		r.found.add(PartCount, hour, d.object.Key, "its header counts %d events, it has %d lines", d.Events, r.events)
	}
	r.merge(&r.found)
	if d.exact, err = x.end(r.events); err == nil && !d.exact && d.head != nil {
		r.add(IndexBroken, hour, d.indexKey(), "it does not hold the fingerprints of %s in their order", d.object.Key)
	}
	return err
}

func (r *reading) line(x *twin, n int64, line []byte) {
	r.events++
	key := r.slot.object.Key
	e, err := r.decoder.Inspect(line)
	if err != nil {
		r.found.add(LineInvalid, r.state.hour, key, "line %d: %s", n, err)
		x.pass()
		return
	}
	if detail := misplaced(e, r.state.hour, r.slot.Lane); detail != "" {
		r.found.add(LineMisplaced, r.state.hour, key, "line %d: %s", n, detail)
	}
	if err := r.fits.Fits(line); err != nil {
		r.found.add(LineUnreadable, r.state.hour, key, "line %d: %s", n, err)
	}
	if r.matches(line, e) {
		r.found.add(Unerased, r.state.hour, key, "line %d: the event with the id %s is to be erased", n, name(e.Fingerprint.ID))
	}
	x.compare(e.Fingerprint)
	r.sum += digest(e.Fingerprint)
	r.siftStored(e.Fingerprint.ID, key, n)
}

// misplaced tells why an event does not belong into an hour and lane.
func misplaced(e event.Event, hour layout.Partition, lane layout.Lane) string {
	if p := layout.PartitionOf(e.Time); p != hour {
		return fmt.Sprintf("the event's time lies in %s", p)
	}
	if l := layout.LaneOf(e.Fingerprint.ID, 1<<len(lane)); l != lane {
		return fmt.Sprintf("the event's id falls into lane %s", l)
	}
	return ""
}

// digest is what an event adds to the checksum of a table.
func digest(f event.Fingerprint) uint64 {
	var b [24]byte
	copy(b[:16], f.ID[:])
	binary.LittleEndian.PutUint64(b[16:], f.Body)
	return xxhash.Sum64(b[:])
}

func hex16(n uint64) string { return fmt.Sprintf("%016x", n) }
