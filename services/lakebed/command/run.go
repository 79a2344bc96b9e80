package command

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/host"
)

func newRun(e *env) *cobra.Command {
	var interval time.Duration
	c := &cobra.Command{
		Use:   "run [FILE...|-]",
		Short: "The main job: ingest, and compact as the stream flows",
		Long: `Ingests NDJSON from files or stdin, compacts at every interval, and to the end once the input is read. On a stream without an
end it goes on until it is interrupted; the batch under way is then finished.`,
		Example: `  zcat events.ndjson.gz | lakebed run --lake ./lake --id-field id --time-field created_at --name-field type -`,
		RunE: func(c *cobra.Command, files []string) error {
			if interval <= 0 {
				return &usageError{fmt.Errorf("--interval %s: want more than 0", interval)}
			}
			stream, src, err := e.stream(c.Context(), files)
			if err != nil {
				return err
			}
			defer stream.Close()
			bar := e.progress("ingesting", src.Size(), true)
			start := time.Now()
			var mu sync.Mutex
			var in totals
			merged := int64(0)
			r, err := stream.Run(c.Context(), src, interval, host.Watch{
				Ingested: func(r ingest.Result, read int64) {
					mu.Lock()
					defer mu.Unlock()
					in.add(r)
					bar.set(read, fmt.Sprintf("%d stored, %d merged", in.Stored, merged))
				},
				Compacted: func(r compactor.Result) {
					mu.Lock()
					defer mu.Unlock()
					merged += r.Events
					bar.set(src.Size(), fmt.Sprintf("%d stored, %d merged", in.Stored, merged))
				},
				Failed: func(err error) { fmt.Fprintf(e.err, "compaction failed, the next interval tries again: %s\n", err) },
			})
			bar.done()
			if in.Received > 0 || err == nil {
				fields := slices.Concat(in.fields(), compacted(&r.Result), []field{{"seconds", time.Since(start).Round(time.Millisecond).Seconds()}})
				if printErr := e.record(fields); err == nil {
					err = printErr
				}
			}
			e.waiting(r.Waiting)
			return errors.Join(err, e.report(&r.Result))
		},
	}
	c.Flags().DurationVar(&interval, "interval", time.Minute, "how often to compact while events flow")
	return c
}

// waiting says that not all of what was stored is in the table.
func (e *env) waiting(hours int) {
	if hours > 0 {
		fmt.Fprintf(e.err, "%d hours have events of this run that are not merged yet: run `lakebed compact` later\n", hours)
	}
}
