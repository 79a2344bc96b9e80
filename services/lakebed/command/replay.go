package command

import (
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
changes nothing. Records whose id belongs to another event (id_conflict) are replayed only when --reason names them.

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
			var total totals
			objects := 0
			err = stream.Replay(c.Context(), host.Replay{Reason: event.Reason(reason), DryRun: dry}, func(_ string, r ingest.Result) {
				objects++
				total.add(r)
			})
			if err != nil {
				return err
			}
			return e.record(append([]field{{"objects", objects}, {"dry_run", dry}}, total.fields()[:4]...))
		},
	}
	c.Flags().StringVar(&reason, "reason", "", "only those with this reason")
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what would become of them")
	c.Flags().BoolVar(&failures, "failures", false, "what Lambda gave up, instead of what is in quarantine")
	return c
}
