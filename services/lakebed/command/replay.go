package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

func newReplay(e *env) *cobra.Command {
	var reason string
	var dry bool
	c := &cobra.Command{
		Use:   "replay",
		Short: "Deliver quarantined records once more, after their cause was mended",
		Long: `Takes quarantined records through ingest again. What is good now is stored; what is not stays in quarantine. Replaying twice
changes nothing. Records whose id belongs to another event (id_conflict) are replayed only when --reason names them.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if reason != "" && !event.Reason(reason).Valid() {
				return &usageError{fmt.Errorf("--reason %q: want one of %v", reason, event.Reasons())}
			}
			l, err := e.open(false)
			if err != nil {
				return err
			}
			stream, err := l.Stream()
			if err != nil {
				return err
			}
			defer stream.Close()
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
	return c
}

func newRebuild(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild",
		Short: "Make the catalog and the indexes anew from the bucket",
		Long: `Makes the catalog anew from the parts: the columns that they need, and the generation that each partition shows. Indexes that are
missing or do not match their part are made anew too. A catalog that cannot be read is dropped first; then the dates at which columns came
begin again.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := e.open(false)
			if err != nil {
				return err
			}
			if err := l.DropCorruptCatalog(c.Context()); err != nil {
				return err
			}
			compactor, err := l.Compactor()
			if err != nil {
				return err
			}
			bar := e.progress("rebuilding", -1, false)
			r, err := compactor.Rebuild(c.Context(), func(layout.Partition) { bar.add(1) })
			bar.done()
			if err != nil {
				return err
			}
			if err := e.record([]field{{"partitions", r.Partitions}, {"schema_changes", r.Evolved}, {"locations_repaired", r.Repaired},
				{"indexes_rebuilt", r.Reindexed}, {"set_aside", len(r.SetAside)}}); err != nil {
				return err
			}
			return e.report(&r)
		},
	}
}
