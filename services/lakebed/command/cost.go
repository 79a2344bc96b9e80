package command

import (
	"fmt"
	"math"
	"os"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/cost"
	"github.com/lakebed/lakebed/services/lakebed/render"
)

func newCost(e *env) *cobra.Command {
	load := cost.Usual
	var file string
	var shards float64
	var show, limits bool
	c := &cobra.Command{
		Use:   "cost",
		Short: "What a lake costs in AWS, line by line, beside Amazon Data Firehose, and what limit it meets first",
		Long: `Reckons the bill of a month and of a million events, in dollars, from a dated list of prices and from what was measured of the functions. The
bill "lakebed" is what the stream, the functions, the bucket and queries cost together; "instead" is a line of it as it would be with another
setting, and not in the sum. "firehose" is Amazon Data Firehose fed directly, which sorts by the hour of arrival and keeps copies; "firehose+time"
has it sort by the event's own hour. Free tiers, taxes and traffic out of AWS are left out.

With --limits: what the busiest hour takes of each thing that AWS or the deployment limits, and what to turn; what breaks first, with
more and more shards, comes first. A share above 1 is more than there is.`,
		Example: `  lakebed cost --events-per-second 115 --bytes 500
  lakebed cost --events-per-second 1000000 --bytes 500 --claims none -o json
  lakebed cost --shards 1000 --bytes 500 --limits
  lakebed cost --show-prices > prices.yaml`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if show {
				_, err := e.out.Write(cost.Known)
				return err
			}
			if c.Flags().Changed("events-per-second") == c.Flags().Changed("shards") || !c.Flags().Changed("bytes") {
				return &usageError{fmt.Errorf("how much comes is not said: want --events-per-second or --shards, and --bytes, of an event")}
			}
			if shards != 0 {
				load = load.ForShards(shards)
			}
			if err := load.Check(); err != nil {
				return &usageError{err}
			}
			prices, err := readPrices(file)
			if err != nil {
				return &usageError{err}
			}
			if limits {
				return e.strained(load, prices)
			}
			lines := cost.Bills(load, prices)
			lines = append(lines, cost.Sums(lines)...)
			if !e.quiet {
				fmt.Fprintf(e.err, "prices of %s as of %s, look them up before you quote them\n", prices.Region, prices.Date)
				if first := cost.Limits(load, prices)[0]; first.Share() > 1 {
					fmt.Fprintf(e.err, "a lake as it is set up does not take this load: --limits tells why%s\n", instead(first.Breaks))
				}
			}
			return e.rows([]string{"bill", "line", "amount", "unit", "usd_month", "usd_million"}, func(yield func([]any) bool) {
				for _, l := range lines {
					row := []any{l.Bill, l.What, nil, l.Unit, e.rounded(l.Month, 2), e.rounded(load.Million(l.Month), 4)}
					if l.Unit != "" {
						row[2] = e.rounded(l.Amount, 0)
						if l.Amount < 100 {
							row[2] = e.rounded(l.Amount, 2)
						}
					}
					if !yield(row) {
						return
					}
				}
			})
		},
	}
	f := c.Flags()
	f.Float64Var(&load.Rate, "events-per-second", 0, "events a second, over the month; 0.028 are a hundred an hour")
	f.Float64Var(&shards, "shards", 0, "instead: as many events as fill so many shards to four fifths in the busiest hour")
	f.Float64Var(&load.Bytes, "bytes", 0, "bytes of an event")
	f.Float64Var(&load.Peak, "peak", load.Peak, "how many times that the busiest hour has")
	f.StringVar(&load.Stream, "stream", load.Stream, "the stream's capacity: provisioned, on-demand, or the cheaper")
	f.StringVar(&load.Claims, "claims", load.Claims, "how ingest remembers ids: none, shard or global")
	f.DurationVar(&load.Window, "batch-window", load.Window, "how long ingest waits for a batch to fill")
	f.Float64Var(&load.Lanes, "lanes", load.Lanes, "lanes of an hour; 0: as many as the load wants")
	f.Float64Var(&load.Factor, "factor", load.Factor, "batches of a shard under way at once, 1 to 10")
	f.Float64Var(&load.Scans, "scans", load.Scans, "how often queries read each event of the month")
	f.BoolVar(&limits, "limits", false, "tell what is taken of what is limited, instead of the bill")
	f.StringVar(&file, "prices", "", "file of prices, measurements and limits that replace the program's")
	f.BoolVar(&show, "show-prices", false, "print the program's list of prices, to make one's own from")
	return c
}

// instead tells what takes a load that is too much for a lake, which breaks at so many shards: nothing, where lakes of two shards would break, too.
func instead(breaks float64) string {
	if n := math.Floor(breaks * 0.9); n >= 2 {
		return fmt.Sprintf("; several of %.0f shards would", n)
	}
	return ""
}

// strained prints what a load takes of what is limited.
func (e *env) strained(load cost.Load, prices *cost.Prices) error {
	if !e.quiet {
		fmt.Fprintf(e.err, "%.0f events a second on average, limits of %s as of %s; a backlog is read %.1f times as fast as events come\n",
			load.Rate, prices.Region, prices.Date, cost.CatchUp(load, prices))
	}
	return e.rows([]string{"limit", "taken", "most", "unit", "share", "breaks_at_shards", "turn"}, func(yield func([]any) bool) {
		for _, l := range cost.Limits(load, prices) {
			digits := 0
			if l.Amount < 10 {
				digits = 2
			}
			row := []any{l.What, e.rounded(l.Amount, digits), l.Most, l.Unit, e.rounded(l.Share(), 2), nil, l.Turn}
			if l.Breaks > 0 {
				row[5] = l.Breaks
			}
			if !yield(row) {
				return
			}
		}
	})
}

func readPrices(file string) (*cost.Prices, error) {
	var text []byte
	if file != "" {
		var err error
		if text, err = os.ReadFile(file); err != nil {
			return nil, err
		}
	}
	p, err := cost.Read(text)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", file, err)
	}
	return p, nil
}

// rounded is a number for a table; json and csv have it as it is.
func (e *env) rounded(n float64, digits int) any {
	if e.format != render.AsTable {
		return n
	}
	unit := math.Pow10(digits)
	return math.Round(n*unit) / unit
}
