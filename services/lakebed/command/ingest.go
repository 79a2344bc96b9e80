package command

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/event"
)

func newIngest(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "ingest [FILE...|-]",
		Short: "Store events from NDJSON files or stdin, gzip or plain",
		Long: `Reads one JSON event a line and stores each as the stream's ingest function would: validated, transformed, without duplicates,
as small fragments by the hour in which it happened. What cannot be stored goes to quarantine, byte by byte, and stops nothing.`,
		Example: `  lakebed ingest --lake ./lake --id-field id --time-field created_at --name-field type events.ndjson.gz
  tail -f events.ndjson | lakebed ingest --lake ./lake -`,
		RunE: func(c *cobra.Command, files []string) error {
			stream, src, err := e.stream(c.Context(), files)
			if err != nil {
				return err
			}
			defer stream.Close()
			bar := e.progress("ingesting", src.Size(), true)
			var total totals
			err = stream.Ingest(c.Context(), src, func(r ingest.Result, read int64) {
				total.add(r)
				bar.set(read, fmt.Sprintf("ingesting: %d stored", total.Stored))
			})
			bar.done()
			if total.Received > 0 || err == nil {
				if printErr := e.record(total.fields()); err == nil {
					err = printErr
				}
			}
			return err
		},
	}
}

// stream opens the lake's stream and the input; nothing is made when the input is not there.
func (e *env) stream(ctx context.Context, files []string) (*host.Stream, *host.Source, error) {
	src, err := host.NewSource(files, e.in)
	if err != nil {
		return nil, nil, err
	}
	l, err := e.open(ctx, true)
	if err != nil {
		return nil, nil, err
	}
	s, err := l.Stream(ctx)
	if err != nil {
		return nil, nil, err
	}
	return s, src, nil
}

// totals adds results up.
type totals struct {
	ingest.Result
	Batches int64
}

func (t *totals) add(r ingest.Result) {
	t.Batches++
	t.Received += r.Received
	t.Stored += r.Stored
	t.Duplicates += r.Duplicates
	t.Fragments += r.Fragments
	t.Bytes += r.Bytes
	if t.Quarantined == nil {
		t.Quarantined = map[event.Reason]int64{}
	}
	for k, n := range r.Quarantined {
		t.Quarantined[k] += n
	}
}

func (t *totals) quarantined() int64 {
	n := int64(0)
	for _, k := range t.Quarantined {
		n += k
	}
	return n
}

// fields is what ingest prints: the reasons follow their sum.
func (t *totals) fields() []field {
	all := []field{
		{"received", t.Received}, {"stored", t.Stored}, {"duplicates", t.Duplicates}, {"quarantined", t.quarantined()},
	}
	for _, r := range event.Reasons() {
		if n := t.Quarantined[r]; n > 0 {
			all = append(all, field{"quarantined_" + string(r), n})
		}
	}
	return append(all, field{"batches", t.Batches}, field{"fragments", t.Fragments}, field{"fragment_bytes", t.Bytes})
}
