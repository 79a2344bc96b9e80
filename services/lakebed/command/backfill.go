package command

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/dustin/go-humanize"
	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/compactor"
	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/host"
)

func newBackfill(e *env) *cobra.Command {
	var b host.Backfill
	var compact bool
	c := &cobra.Command{
		Use:   "backfill FILE|DIR|s3://...",
		Short: "Store historical events from NDJSON files or objects, without a stream",
		Long: `Reads NDJSON, plain or gzip, from files, directories and s3://bucket/prefix, and stores each event as the stream's ingest function
would, in the hour in which it happened. Below a directory or a prefix it takes what ends in .json, .ndjson, .jsonl, or has no such ending, each
with or without .gz. Events with nothing between them on one line, as Firehose writes them, are taken apart.

It may be interrupted, killed and repeated, and run beside the stream and compaction: it goes on where it was, passes over what it has
read to its end, and compaction drops every copy. A file that was changed is read anew. A gzip file is read to its end before
anything of it is stored; of one that is damaged nothing is. What cannot be used is named, and the rest goes on.

The events are in the table once the hours are compacted: --compact does that at the end.`,
		Example: `  lakebed backfill --lake ./lake --dry-run ./history
  lakebed backfill --lake s3://bucket/lake --rate 20000 s3://old-bucket/firehose/2025/`,
		Args: func(_ *cobra.Command, places []string) error {
			if len(places) == 0 {
				return &usageError{errors.New("name what is to be read: files, directories, s3://bucket/prefix")}
			}
			return nil
		},
		RunE: func(c *cobra.Command, places []string) error {
			switch {
			case b.Rate < 0:
				return &usageError{fmt.Errorf("--rate %d: want events a second, or 0 for no limit", b.Rate)}
			case b.Dry && compact:
				return &usageError{errors.New("--dry-run and --compact: nothing is stored that could be compacted; leave one of them out")}
			}
			return e.backfill(c, places, b, compact)
		},
	}
	c.Flags().IntVar(&b.Rate, "rate", 0, "events a second, on average; 0 for no limit")
	c.Flags().BoolVar(&b.Dry, "dry-run", false, "only tell what would be stored: it reads everything and writes nothing")
	c.Flags().BoolVar(&b.Again, "again", false, "read anew also what was read to its end before")
	c.Flags().BoolVar(&compact, "compact", false, "compact at the end")
	return c
}

// backfillLake opens the lake; one that is not there yet is made only to be written into, once the input is known to be there.
func (e *env) backfillLake(c *cobra.Command, places []string, dry bool) (*host.Lake, *host.Inputs, error) {
	l, err := e.open(c.Context(), false)
	fresh := errors.Is(err, host.ErrNoLake) && !host.InCloud(e.lake)
	if fresh {
		l, err = &host.Lake{Name: e.lake, Settings: e.settings, Now: e.now}, nil
	}
	if err != nil {
		return nil, nil, err
	}
	inputs, err := l.Inputs(c.Context(), places)
	if err == nil && fresh && !dry {
		l, err = e.open(c.Context(), true)
	}
	return l, inputs, err
}

func (e *env) backfill(c *cobra.Command, places []string, b host.Backfill, compact bool) error {
	start := time.Now()
	l, inputs, err := e.backfillLake(c, places, b.Dry)
	if err != nil {
		return err
	}
	if inputs.Left > 0 {
		e.tell("%d files were left alone: by their names they hold no events, or they are links to folders", inputs.Left)
	}
	bar := e.progress("backfilling", inputs.Size, true)
	f, err := l.Backfill(c.Context(), inputs, b, host.Filling{
		Progress: func(read int64, sums *host.Sums) { bar.set(read, fmt.Sprintf("backfilling: %d stored", sums.Stored)) },
		Passed:   func(name string) { e.tell("%s was read to its end before: --again reads it anew", name) },
		Resumed:  func(name string, line int64) { e.tell("%s goes on behind line %d", name, line) },
		Unusable: func(err error) {
			if inputs.Len() > 1 { // else it is what the command ends with
				fmt.Fprintf(e.err, "cannot be used: %s\n", err)
			}
		},
	})
	bar.done()
	fields := slices.Concat(filled(&f), []field{{"dry_run", b.Dry}})
	var merged compactor.Result
	switch {
	case err != nil:
	case compact:
		var ran host.Ran
		ran, err = l.Settle(c.Context(), f.Hours, func(compactor.Result) {})
		merged = ran.Result
		fields = slices.Concat(fields, compacted(&merged))
		e.waiting(ran.Waiting)
	case len(f.Hours) > 0 && !b.Dry:
		e.tell("%s hours wait to be merged: `lakebed compact` does that now, the compactor function when it is next due",
			humanize.Comma(int64(len(f.Hours))))
	}
	if f.Received > 0 || err == nil {
		if printErr := e.record(append(fields, field{"seconds", time.Since(start).Round(time.Millisecond).Seconds()})); err == nil {
			err = printErr
		}
	}
	return errors.Join(err, e.report(&merged), unusable(f.Unusable, inputs.Len()))
}

// tell says what a person may want to know.
func (e *env) tell(format string, args ...any) {
	if !e.quiet {
		fmt.Fprintf(e.err, format+"\n", args...)
	}
}

// unusableError is of inputs each of which was named before.
type unusableError struct {
	causes []error
	of     int
}

func (e *unusableError) Error() string {
	return fmt.Sprintf("%d of %d inputs cannot be used, or not to their ends, as said above", len(e.causes), e.of)
}

func (e *unusableError) Unwrap() []error { return e.causes }

func unusable(causes []error, of int) error {
	switch {
	case len(causes) == 0:
		return nil
	case of == 1:
		return causes[0]
	}
	return &unusableError{causes, of}
}

// filled is what backfill prints.
func filled(f *host.Filled) []field {
	sums := totals{ingest.Result{
		Received: f.Received, Stored: f.Stored, Duplicates: f.Duplicates, Quarantined: f.Quarantined, Fragments: f.Fragments, Bytes: f.Bytes,
	}, f.Batches}
	first, last := "", ""
	if n := len(f.Hours); n > 0 {
		first, last = f.Hours[0].String(), f.Hours[n-1].String()
	}
	return slices.Concat([]field{{"inputs", f.Inputs}, {"passed_over", f.Passed}, {"resumed", f.Resumed}, {"unusable", len(f.Unusable)}},
		sums.fields(), []field{{"hours", len(f.Hours)}, {"first_hour", first}, {"last_hour", last}})
}
