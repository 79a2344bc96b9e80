package host

import (
	"context"
	"fmt"

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
// is not stays where it is. An object of which all was stored before is passed over, so that replaying twice changes nothing.
func (s *Stream) Replay(ctx context.Context, r Replay, done func(key string, result ingest.Result)) error {
	replayed, err := Replayed(ctx, s.lake)
	if err != nil {
		return err
	}
	for o, err := range s.lake.Bucket.List(ctx, layout.Quarantine, "") {
		if err != nil {
			return fmt.Errorf("list quarantine: %w", err)
		}
		at, err := layout.ParseReject(o.Key)
		if err != nil || replayed[o.Key] {
			continue
		}
		if reason := event.Reason(at.Reason); r.Reason != "" && reason != r.Reason || r.Reason == "" && reason == event.IDConflict {
			continue
		}
		result, err := s.replay(ctx, o.Key, r.DryRun)
		if err != nil {
			return fmt.Errorf("replay %s: %w", o.Key, err)
		}
		done(o.Key, result)
	}
	return nil
}

func (s *Stream) replay(ctx context.Context, key string, dry bool) (ingest.Result, error) {
	rejects, err := quarantine.Read(ctx, s.lake.Bucket, key)
	if err != nil || len(rejects) == 0 {
		return ingest.Result{}, err
	}
	d := ingest.Delivery{Shard: rejects[0].Shard, Replay: key}
	for _, r := range rejects {
		d.Records = append(d.Records, ingest.Record{Sequence: r.Sequence, Position: r.Position, Arrival: r.Arrival, Data: r.Data})
	}
	if dry {
		return s.try(d)
	}
	return s.ingester.Ingest(ctx, d)
}

// try tells what would become of a delivery, as far as decoding goes.
func (s *Stream) try(d ingest.Delivery) (ingest.Result, error) {
	decoder, err := event.NewDecoder(s.lake.Settings.Mapping, s.lake.Settings.MaxFuture)
	if err != nil {
		return ingest.Result{}, err
	}
	result := ingest.Result{Quarantined: map[event.Reason]int64{}}
	for _, r := range d.Records {
		decoder.Decode(r.Data, r.Arrival, func(event.Event) { result.Stored++ }, func(x event.Rejection) { result.Quarantined[x.Reason]++ })
		decoder.Reset()
		result.Received++
	}
	return result, nil
}

// Replayed gives the keys of the quarantine objects of which a replay stored everything.
func Replayed(ctx context.Context, l *Lake) (map[string]bool, error) {
	done := map[string]bool{}
	err := ledger.Each(ctx, l.Bucket, func(_ string, e ledger.Entry) error {
		if e.Replay != "" && len(e.Quarantined) == 0 {
			done[e.Replay] = true
		}
		return nil
	}, func(string, error) {})
	return done, err
}
