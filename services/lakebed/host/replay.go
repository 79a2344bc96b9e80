package host

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/ledger"
	"github.com/lakebed/lakebed/shared/quarantine"
)

// Replay is what a replay is to do.
type Replay struct {
	Reason event.Reason // "" for all but id_conflict, which no change of code or settings mends
	DryRun bool
}

// Replay delivers quarantined records once more, as themselves: same shard, sequence number and arrival. What is good now is stored; what
// is not stays where it is. What is erased is passed over. What a replay has dealt with is passed over, so that replaying twice changes nothing.
// An object that cannot be read is told to done, and the others go on.
func (s *Stream) Replay(ctx context.Context, r Replay, done func(key string, result ingest.Result, unread error)) error {
	live, err := s.lake.quarantined(ctx, func(Unread) {}) // it is read once more below, and told there
	if err != nil {
		return err
	}
	for o, err := range s.lake.Bucket.List(ctx, layout.Quarantine, "") {
		if err != nil {
			return fmt.Errorf("list quarantine: %w", err)
		}
		at, err := layout.ParseReject(o.Key)
		if n, known := live[o.Key]; err != nil || known && n == 0 {
			continue
		}
		if reason := event.Reason(at.Reason); r.Reason != "" && reason != r.Reason || r.Reason == "" && reason == event.IDConflict {
			continue
		}
		rejects, err := quarantine.Read(ctx, s.lake.Bucket, o.Key)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case err != nil:
			done(o.Key, ingest.Result{}, err)
			continue
		}
		result, err := s.replay(ctx, o.Key, rejects, r.DryRun)
		if err != nil {
			return fmt.Errorf("replay %s: %w", o.Key, err)
		}
		done(o.Key, result, nil)
	}
	return nil
}

// replay delivers the rejects of the object at key.
func (s *Stream) replay(ctx context.Context, key string, rejects []quarantine.Reject, dry bool) (ingest.Result, error) {
	if len(rejects) == 0 {
		return ingest.Result{}, nil
	}
	d := ingest.Delivery{Shard: rejects[0].Shard, Replay: key}
	for _, r := range rejects {
		if r.Erased {
			continue
		}
		d.Records = append(d.Records, ingest.Record{Sequence: r.Sequence, Position: r.Position, Arrival: r.Arrival, Data: r.Data})
	}
	if len(d.Records) == 0 {
		return ingest.Result{}, nil
	}
	if dry {
		return s.ingester.Try(d)
	}
	return s.ingester.Ingest(ctx, d)
}

// quarantined gives, for each quarantine object, how many records in it are still to be dealt with: none when a replay of it left the
// rest, if any, in another object. One that cannot be read where that is needed is told to unread, and is not among them.
func (l *Lake) quarantined(ctx context.Context, unread func(Unread)) (map[string]int64, error) {
	count := map[string]int64{}
	dealt := map[string]bool{}
	var bad error
	err := ledger.Each(ctx, l.Bucket, func(_ string, e ledger.Entry) error {
		for _, key := range e.Rejects { // one for each reason
			if at, err := layout.ParseReject(key); err == nil {
				count[key] = e.Quarantined[at.Reason]
			}
		}
		if e.Replay != "" && !slices.Contains(e.Rejects, e.Replay) {
			dealt[e.Replay] = true
		}
		return nil
	}, func(key string, err error) { bad = fmt.Errorf("read %s: %w", key, err) })
	if err = errors.Join(err, bad); err != nil {
		return nil, err
	}
	for o, err := range l.Bucket.List(ctx, layout.Quarantine, "") { // compaction's conflicts are in no entry
		if err != nil {
			return nil, fmt.Errorf("list quarantine: %w", err)
		}
		if _, err := layout.ParseReject(o.Key); err != nil || count[o.Key] > 0 || dealt[o.Key] {
			continue
		}
		rejects, err := quarantine.Read(ctx, l.Bucket, o.Key)
		switch {
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case err != nil:
			delete(count, o.Key)
			unread(Unread{o.Key, err})
		default:
			count[o.Key] = int64(len(rejects))
		}
	}
	for key := range dealt {
		count[key] = 0
	}
	return count, nil
}
