package command

import (
	"context"
	"fmt"

	"github.com/lakebed/lakebed/services/ingest"
	"github.com/lakebed/lakebed/services/lakebed/host"
)

// failures replays what Lambda gave up, with one row for each delivery. What cannot be used is named on stderr.
func (e *env) failures(ctx context.Context, s *host.Stream, places []string, dry bool) error {
	var rows [][]any
	unusable := 0
	err := s.Failures(ctx, places, dry, func(name string, r ingest.Result, err error) {
		if err != nil {
			unusable++
			fmt.Fprintf(e.err, "cannot be used: %s: %s\n", name, err)
			return
		}
		total := totals{Result: r}
		rows = append(rows, []any{name, r.Received, r.Stored, r.Duplicates, total.quarantined()})
	})
	if len(rows)+unusable == 0 && err == nil && !e.quiet {
		fmt.Fprintln(e.err, "there are no invocation records")
	}
	if len(rows) > 0 || err == nil {
		columns := []string{"object", "received", "stored", "duplicates", "quarantined"}
		printErr := e.rows(columns, func(yield func([]any) bool) {
			for _, row := range rows {
				if !yield(row) {
					return
				}
			}
		})
		if err == nil {
			err = printErr
		}
	}
	if err == nil && unusable > 0 {
		err = &host.InputError{Name: "replay", Err: fmt.Errorf("%d invocation records cannot be used, as said above; the others were delivered. "+
			"While the stream still holds their records, the function can be given them again from there", unusable)}
	}
	return err
}
