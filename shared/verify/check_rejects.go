package verify

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/segmentio/encoding/json"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/erasure"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// checkRejects reads the quarantine of the window's arrival hours, and wants it to hold what the ledger counts.
func (r *run) checkRejects(ctx context.Context, w *window) error {
	in, err := r.newReader()
	if err != nil {
		return err
	}
	var found findings
	missing := maps.Clone(w.rejects)
	from := ""
	if w.from.Valid() {
		from = layout.Quarantine + w.from.String()
	}
	for o, err := range r.Bucket.List(ctx, layout.Quarantine, from) {
		if err != nil {
			return fmt.Errorf("list %s: %w", layout.Quarantine, err)
		}
		at, err := layout.ParseReject(o.Key)
		if err != nil {
			continue // the survey names it
		}
		if at.Arrival >= w.to {
			break
		}
		c := &rejects{findings: &found, at: at, key: o.Key, set: r.tombstonesOf(at.Arrival)}
		if err := c.read(ctx, in); err != nil {
			return err
		}
		want, listed := w.rejects[o.Key]
		if listed && c.whole && want.lines != unknown && want.lines != c.records {
			found.add(RejectLines, at.Arrival, o.Key, "%s counts %d records in it, it has %d", want.entry, want.lines, c.records)
		}
		if !c.gone {
			delete(missing, o.Key)
		}
	}
	if err := r.tellRejects(ctx, missing, &found); err != nil {
		return err
	}
	r.note(&found)
	return nil
}

// tellRejects names the objects that the ledger lists and a second look does not find.
func (r *run) tellRejects(ctx context.Context, missing map[string]item, found *findings) error {
	for _, key := range slices.Sorted(maps.Keys(missing)) {
		at, err := layout.ParseReject(key)
		if err != nil || r.Retention > 0 && r.Now.After(at.Arrival.End().Add(r.Retention)) {
			continue
		}
		body, _, err := r.Bucket.Get(ctx, key, bucket.Range{Length: 1})
		switch {
		case errors.Is(err, bucket.ErrNotFound):
			found.add(RejectMissing, at.Arrival, key, "%s counts %s in it, and it is not there", missing[key].entry, records(missing[key].lines))
		case err != nil:
			return fmt.Errorf("open %s: %w", key, err)
		default:
			_ = body.Close()
		}
	}
	return nil
}

func records(n int64) string {
	if n == unknown {
		return "records"
	}
	return fmt.Sprintf("%d records", n)
}

// rejects is one quarantine object being read.
type rejects struct {
	*findings
	at      layout.Reject
	key     string
	records int64
	set     *erasure.Set // nil for none that can match
	erased  int64        // of records: then the hash in the name is that of what was
	whole   bool
	gone    bool // since it was listed
}

// matches tells whether a tombstone matches a record that came before the time that it is for, as far as the record is JSON.
func (c *rejects) matches(x *quarantine.Reject) bool {
	if c.set == nil || x.Erased {
		return false
	}
	until, found, _ := c.set.In(x.Data)
	return found && x.Arrival.Before(until)
}

func (c *rejects) read(ctx context.Context, in *reader) error {
	sum, err := in.eachLine(ctx, c.key, false, func(n int64, line []byte) error {
		c.records++
		var x quarantine.Reject
		if err := json.Unmarshal(line, &x); err != nil {
			return &damage{fmt.Errorf("line %d: %w", n, err)}
		}
		if x.Erased {
			c.erased++
		}
		if c.matches(&x) {
			c.add(Unerased, c.at.Arrival, c.key, "line %d: the record is to be erased", n)
		}
		switch {
		case string(x.Reason) != c.at.Reason:
			c.add(RejectBroken, c.at.Arrival, c.key, "line %d: its reason is %q", n, x.Reason)
		case x.Erased && (len(x.Data) > 0 || x.Detail != ""):
			c.add(RejectBroken, c.at.Arrival, c.key, "line %d: it is marked as erased, and holds bytes of the record", n)
		case !x.Erased && len(x.Data) == 0 && x.Reason != event.Empty:
			c.add(RejectBroken, c.at.Arrival, c.key, "line %d: the record's bytes are not there", n)
		}
		return nil
	})
	var bad *damage
	switch {
	case errors.Is(err, bucket.ErrNotFound):
		c.gone = true
	case errors.As(err, &bad):
		c.add(RejectBroken, c.at.Arrival, c.key, "%s", bad)
	case err != nil:
		return err
	case sum != c.at.Hash && c.erased == 0:
		c.add(RejectBroken, c.at.Arrival, c.key, "its content has the hash %s", hex16(sum))
	default:
		c.whole = true
	}
	return nil
}
