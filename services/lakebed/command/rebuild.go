package command

import (
	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/shared/layout"
)

func newRebuild(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "rebuild",
		Short: "Make the catalog and the indexes anew from the bucket",
		Long: `Makes the catalog anew from the parts: the columns that they need, and the generation that each partition shows. Indexes that are
missing or do not match their part are made anew too. A catalog that cannot be read is dropped first; then the dates at which columns came
begin again.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := e.open(c.Context(), false)
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
