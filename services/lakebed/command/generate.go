package command

import (
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/generate"
)

func newGenerate(e *env) *cobra.Command {
	o := generate.Options{}
	duplicates, late, broken := config.Share(0), config.Share(0), config.Share(0)
	var start string
	c := &cobra.Command{
		Use:     "generate",
		Short:   "Print realistic events, to try Lakebed with",
		Example: `  lakebed generate --events 200000 --duplicates 2% --late 1% --broken 0.1% | lakebed run --lake ./lake -`,
		Args:    cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			t, err := time.Parse(time.RFC3339, start)
			if err != nil {
				return &usageError{fmt.Errorf("--start %q: want a time such as 2026-11-23T08:00:00Z", start)}
			}
			o.Start, o.Duplicates, o.Late, o.Broken = t, float64(duplicates), float64(late), float64(broken)
			s, err := generate.Write(c.Context(), e.out, o)
			if err == nil && !e.quiet {
				fmt.Fprintf(e.err, "generated %d lines: %d events, %d of them late, %d duplicates, %d broken\n",
					s.Lines, s.Events, s.Late, s.Duplicates, s.BrokenLines())
			}
			return err
		},
	}
	f := c.Flags()
	f.IntVar(&o.Events, "events", 100_000, "how many good events")
	f.Uint64Var(&o.Seed, "seed", 1, "the same seed and flags give the same bytes")
	f.Var(&duplicates, "duplicates", "share of events that come twice")
	f.Var(&late, "late", "share of events that come later than they happened")
	f.Var(&broken, "broken", "share of lines that are no events")
	f.IntVar(&o.Hours, "hours", 4, "how many hours the events spread over")
	f.StringVar(&start, "start", generate.DefaultStart.Format(time.RFC3339), "the first event's time")
	return c
}
