package command

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/event"
)

func newReplay(e *env) *cobra.Command {
	var reason string
	var dry, failures bool
	c := &cobra.Command{
		Use:   "replay [--failures [DIR|FILE|s3://...]...]",
		Short: "Deliver quarantined records once more, after their cause was mended, or what Lambda gave up",
		Long: `Takes quarantined records through ingest again. What is good now is stored; what is not stays in quarantine. Replaying twice
changes nothing. An object that cannot be read is named, and the others go on. Records whose id belongs to another event (id_conflict)
are replayed only when --reason names them.

With --failures it takes the batches that Lambda gave up instead, from the invocation records in the failure destination of the ingest
function: files, directories or s3://bucket/prefix; without a name, the lake's setting failures. They are delivered as themselves and stay
where they are, and doing it twice changes nothing.`,
		Example: `  lakebed replay --lake s3://bucket/lake --failures
  lakebed replay --lake ./lake --failures ./invocation-records`,
		RunE: func(c *cobra.Command, places []string) error {
			if reason != "" && !event.Reason(reason).Valid() {
				return &usageError{fmt.Errorf("--reason %q: want one of %v", reason, event.Reasons())}
			}
			if reason != "" && failures {
				return &usageError{errors.New("--reason and --failures: what Lambda gave up has no reason; leave one of them out")}
			}
			if len(places) > 0 && !failures {
				return &usageError{fmt.Errorf("%s: places are for --failures", places[0])}
			}
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			if failures && len(places) == 0 {
				if l.Settings.Cloud.Failures == "" {
					return &usageError{errors.New("--failures: name the places, as the lake has no setting failures")}
				}
				places = []string{l.Settings.Cloud.Failures}
			}
			stream, err := l.Replays(c.Context())
			if err != nil {
				return err
			}
			defer stream.Close()
			if failures {
				return e.failures(c.Context(), stream, places, dry)
			}
			return e.replay(c.Context(), stream, host.Replay{Reason: event.Reason(reason), DryRun: dry})
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "only those with this reason")
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what would become of them")
	c.Flags().BoolVar(&failures, "failures", false, "what Lambda gave up, instead of what is in quarantine")
	return c
}

// replay delivers what is in quarantine, and prints the report. What cannot be read is named on stderr.
func (e *env) replay(ctx context.Context, s *host.Stream, what host.Replay) error {
	var total totals
	objects, unread := 0, 0
	err := s.Replay(ctx, what, func(key string, r ingest.Result, err error) {
		if err != nil {
			unread++
			fmt.Fprintf(e.err, "cannot be read: %s: %s\n", key, err)
			return
		}
		objects++
		total.add(r)
	})
	if err != nil {
		return err
	}
	err = e.record(append([]field{{"objects", objects}, {"unreadable", unread}, {"dry_run", what.DryRun}}, total.fields()[:4]...))
	if err == nil && unread > 0 {
		err = fmt.Errorf("%d objects cannot be read, as said above: restore them or move them away, then replay again", unread)
	}
	return err
}
