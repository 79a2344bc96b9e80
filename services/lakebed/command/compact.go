package command

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
)

func newCompact(e *env) *cobra.Command {
	var rounds host.Rounds
	var now string
	c := &cobra.Command{
		Use:   "compact",
		Short: "Merge fragments into large parts, and sweep what nobody needs any more",
		Long: `Works until nothing is left that is due: merges fragments into parts without duplicates, puts the parts of closed hours together,
points the catalog at them, and, after the grace, removes what no reader can still be using. Several may run at once.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if now != "" {
				t, err := time.Parse(time.RFC3339, now)
				if err != nil {
					return &usageError{fmt.Errorf("--now %q: want a time such as 2026-11-23T08:00:00Z", now)}
				}
				ahead := time.Until(t)
				e.now = func() time.Time { return time.Now().Add(ahead) }
			}
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			e.keepTo(config.Compaction(e.settings.Parallel, e.settings.Memory))
			bar := e.progress("compacting", -1, false)
			r, err := l.Compact(c.Context(), rounds, func(r compactor.Result) { bar.add(int64(r.Partitions)) })
			bar.done()
			if err != nil {
				return err
			}
			if err := e.record(compacted(&r)); err != nil {
				return err
			}
			return e.report(&r)
		},
	}
	c.Flags().BoolVar(&rounds.Once, "once", false, "one round only")
	c.Flags().BoolVar(&rounds.All, "all", false, "visit every partition, not only those with fragments: repairs what others left behind")
	c.Flags().StringVar(&now, "now", "", "pretend that it is this time (RFC 3339)")
	return c
}

// report says on stderr what needs a person, and what waits for its time.
func (e *env) report(r *compactor.Result) error {
	for _, b := range r.Broken {
		fmt.Fprintf(e.err, "cannot be merged: %s: %s\n", b.Key, b.Err)
	}
	var causes error
	for _, f := range r.SetAside {
		fmt.Fprintf(e.err, "set aside: %s: %s\n", f.Partition, f.Err)
		causes = errors.Join(causes, f.Err)
	}
	if t := r.Next(); !t.IsZero() && !e.quiet {
		fmt.Fprintf(e.err, "nothing more is due before %s\n", t.UTC().Format(time.RFC3339))
	}
	if len(r.SetAside) > 0 {
		return &setAsideError{len(r.SetAside), causes}
	}
	return nil
}

func compacted(r *compactor.Result) []field {
	return []field{
		{"fragments_merged", r.Fragments}, {"lines_read", r.Lines}, {"events_written", r.Events}, {"duplicates_dropped", r.Duplicates},
		{"conflicts_quarantined", r.Conflicts}, {"erased_dropped", r.Erased}, {"parts_written", r.Minors}, {"generations_sealed", r.Majors},
		{"bytes_read", r.BytesIn}, {"bytes_written", r.BytesNew}, {"bytes_rewritten", r.BytesMoved},
		{"write_amplification", math.Round(r.WriteAmplification()*1000) / 1000},
		{"schema_changes", r.Evolved}, {"locations_repaired", r.Repaired}, {"races_lost", r.Lost},
		{"slots_swept", r.Swept}, {"objects_deleted", r.Deleted}, {"set_aside", len(r.SetAside)},
	}
}
