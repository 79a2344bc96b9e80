package command

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/verify"
)

func newVerify(e *env) *cobra.Command {
	var hours bool
	c := &cobra.Command{
		Use:   "verify",
		Short: "Prove from the bucket alone that nothing is lost or doubled",
		Long: `Reads the whole lake: each id once, the ledger closed, every line readable under the declared types, the catalog in step with the bucket,
nothing left past its grace, every gzip whole. It names each breach with its object and the way out, on stderr, and exits with 3.
It may run while events flow.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			s := l.Settings
			bar := e.progress("verifying", -1, false)
			r, err := verify.Run(c.Context(), verify.Lake{
				Bucket: l.Bucket, Catalog: l.Catalog, Mapping: s.Mapping, Grace: s.Grace, Live: s.Live, LongestQuery: s.LongestQuery,
				Now: l.Now(), Memory: int64(s.Memory),
			}, func(p verify.Progress) { bar.of(int64(p.Done), int64(p.Total)) })
			bar.done()
			if err != nil {
				return err
			}
			for _, b := range r.Warnings {
				fmt.Fprintf(e.err, "warning: %s\n", b)
			}
			for _, b := range r.Breaches {
				fmt.Fprintf(e.err, "breach: %s\n", b)
			}
			if hours {
				err = e.hours(&r)
			} else {
				err = e.record(verified(&r))
			}
			if err == nil && !r.Whole() {
				fmt.Fprintf(e.err, "%d promises are broken\n", int64(len(r.Breaches))+r.Omitted)
				err = errBreach
			}
			return err
		},
	}
	c.Flags().BoolVar(&hours, "hours", false, "the account of each hour")
	return c
}

func verified(r *verify.Report) []field {
	fields := []field{
		{"breaches", len(r.Breaches)}, {"warnings", len(r.Warnings)},
		{"partitions", r.Partitions}, {"parts", r.Parts}, {"bytes", r.Bytes},
		{"events", r.Events}, {"events_live", r.Live}, {"checksum", r.Checksum},
		{"fragments", r.Fragments}, {"fragments_waiting", r.Waiting},
		{"received", r.Received}, {"stored", r.Stored}, {"duplicates", r.Duplicates},
		{"quarantined", r.Rejected()},
	}
	for _, reason := range event.Reasons() {
		if n := r.Quarantined[string(reason)]; n > 0 {
			fields = append(fields, field{"quarantined_" + string(reason), n})
		}
	}
	return append(fields, field{"merged", r.Merged}, field{"dropped", r.Dropped},
		field{"conflicts", r.Conflicts}, field{"erased", r.Erased}, field{"unsettled", r.Unsettled})
}

func (e *env) hours(r *verify.Report) error {
	columns := []string{"partition", "stored", "again", "duplicates", "unsettled", "waiting", "merged", "dropped", "conflicts", "erased", "events", "events_live"}
	return render.Table(e.out, e.format, columns, render.Rows(func(yield func([]any) bool) {
		for _, h := range r.Hours {
			if !yield([]any{h.Partition, h.Stored, h.Again, h.Duplicates, h.Unsettled, h.Waiting, h.Merged, h.Dropped, h.Conflicts, h.Erased, h.Events, h.Live}) {
				return
			}
		}
	}))
}
