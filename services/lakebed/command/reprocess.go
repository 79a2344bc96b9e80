package command

import (
	"errors"
	"fmt"
	"slices"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/host"
)

func newReprocess(e *env) *cobra.Command {
	var from, to hour
	var anew []string
	var dry bool
	c := &cobra.Command{
		Use:   "reprocess",
		Short: "Run the transform, which was changed since, over the events of closed hours",
		Long: `Runs the transform of this program over stored events, hour by hour. An hour in which any event comes out as another gets a new generation, which
readers see all at once; the old one is swept after the grace. Other hours are only read. What an event carries already stays as it is:
--anew names the fields that an earlier transform has added and this one is to add anew. They are taken off first where they stand at an
event's end in the order in which the transform adds them. A field that a producer itself wrote there, as the last one, cannot be told from
that if the transform added nothing behind it, and is taken off too. An event that the transform refuses is left as it is and counted. Id
and time never change.

It may be interrupted and repeated, and run beside ingest and compaction. Give the functions the new transform first: else what they
store meanwhile comes out of the old one.`,
		Example: `  lakebed reprocess --lake ./lake --from 2026-11-01 --to 2026-12-01 --dry-run
  lakebed reprocess --lake s3://bucket/lake --anew event_type,event_subtype`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			hours, err := hoursOf(from, to)
			if err != nil {
				return err
			}
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			for _, path := range []string{l.Settings.Mapping.ID, l.Settings.Mapping.Time} {
				if slices.Contains(anew, path) {
					return &usageError{fmt.Errorf("--anew %s: an event's id and time stay", path)}
				}
			}
			bar := e.progress("reprocessing", -1, false)
			r, err := l.Reprocess(c.Context(), hours, anew, dry, func(n, total int) { bar.of(int64(n), int64(total)) })
			bar.done()
			if err != nil {
				return err
			}
			if r.Open > 0 {
				fmt.Fprintf(e.err, "%d hours are not closed yet and were left alone\n", r.Open)
			}
			err = e.record([]field{
				{"hours", r.Hours}, {"hours_rewritten", r.Swapped}, {"events", r.Lines}, {"events_changed", r.Changed}, {"events_refused", r.Refused},
				{"bytes_rewritten", r.BytesMoved}, {"schema_changes", r.Evolved}, {"set_aside", len(r.SetAside)}, {"dry_run", dry},
			})
			r.Due = nil
			return errors.Join(err, e.report(&r.Result))
		},
	}
	c.Flags().Var(&from, "from", "the first hour, such as 2026-11-23 or 2026-11-23T08 (UTC)")
	c.Flags().Var(&to, "to", "the first hour that is left alone")
	c.Flags().StringSliceVar(&anew, "anew", nil, "fields that the transform is to add anew, joined by commas, in its order")
	c.Flags().BoolVar(&dry, "dry-run", false, "only tell what would change")
	return c
}

// hoursOf gives the hours between two flags.
func hoursOf(from, to hour) (host.Hours, error) {
	if from.given() && to.given() && from.Partition >= to.Partition {
		return host.Hours{}, &usageError{fmt.Errorf("--from %s --to %s: no hour lies between them, as --to is the first that does not count", &from, &to)}
	}
	return host.Hours{From: from.Partition, To: to.Partition}, nil
}
