package command

import (
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/shared/event"
)

func newStatus(e *env) *cobra.Command {
	var each bool
	c := &cobra.Command{
		Use:   "status",
		Short: "What the lake holds, and what waits to be merged",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			s, err := l.Status(c.Context())
			if err != nil {
				return err
			}
			for _, u := range s.Unread {
				fmt.Fprintf(e.err, "cannot be read, and is not counted: %s: %s\n", u.Key, u.Err)
			}
			for _, h := range s.Halted {
				fmt.Fprintf(e.err, "is not counted: %s\n", h)
			}
			if err := e.status(&s, each); err != nil {
				return err
			}
			if len(s.Halted) > 0 {
				return &setAsideError{len(s.Halted), errors.Join(s.Halted...)}
			}
			return nil
		},
	}
	c.Flags().BoolVar(&each, "partitions", false, "one row a partition")
	return c
}

// status prints one row a partition, or their sums.
func (e *env) status(s *host.Status, each bool) error {
	if each {
		return e.rows([]string{"partition", "generation", "current", "parts", "events", "bytes", "waiting", "waiting_bytes"}, func(yield func([]any) bool) {
			for _, p := range s.Partitions {
				if !yield([]any{p.Partition.String(), string(p.Generation), p.Current, p.Parts, p.Events, p.Bytes, p.Waiting, p.WaitBytes}) {
					return
				}
			}
		})
	}
	var parts, fragments, waiting int
	var events, bytes, waitBytes, quarantined int64
	for _, p := range s.Partitions {
		parts += p.Parts
		events += p.Events
		bytes += p.Bytes
		fragments += p.Fragments
		waiting += p.Waiting
		waitBytes += p.WaitBytes
	}
	for _, n := range s.Quarantined {
		quarantined += n
	}
	var oldest any
	if t := s.Oldest(); !t.IsZero() {
		oldest = t.UTC().Format(time.RFC3339)
	}
	fields := []field{
		{"partitions", len(s.Partitions)}, {"parts", parts}, {"events", events}, {"bytes", bytes},
		{"fragments", fragments}, {"fragments_waiting", waiting}, {"bytes_waiting", waitBytes}, {"oldest_waiting", oldest},
		{"received", s.Received}, {"quarantined", quarantined},
	}
	for _, r := range event.Reasons() {
		if n := s.Quarantined[string(r)]; n > 0 {
			fields = append(fields, field{"quarantined_" + string(r), n})
		}
	}
	return e.record(fields)
}

// typeWidth is how much of a column's type a table shows: a deep struct's has thousands of characters.
const typeWidth = 100

func newSchema(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "schema",
		Short: "The columns of the table, and when each came or widened",
		Long:  "Lists the columns that readers are told of. A table cuts long types; json and csv have them whole.",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			t, err := l.Catalog.Table(c.Context())
			if err != nil {
				return err
			}
			return e.rows([]string{"column", "type", "since", "widened", "was"}, func(yield func([]any) bool) {
				for _, col := range t.Columns {
					hive := col.Type.Hive()
					if hive == "" {
						continue // nothing but null, {} or [] so far: not declared
					}
					if e.format == render.AsTable && len(hive) > typeWidth {
						hive = hive[:typeWidth] + "…"
					}
					row := []any{col.Name, hive, col.Since.UTC().Format(time.RFC3339), nil, nil}
					if n := len(col.Changes); n > 0 {
						row[3], row[4] = col.Changes[n-1].At.UTC().Format(time.RFC3339), col.Changes[n-1].From
					}
					if !yield(row) {
						return
					}
				}
			})
		},
	}
}

func newSettings(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   "settings",
		Short: "Every setting: its value, its variable, and what it is for",
		Args:  cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			if _, err := e.layer(c.Context()); err != nil {
				return err
			}
			return e.rows([]string{"setting", "value", "variable", "meaning"}, func(yield func([]any) bool) { e.eachSetting(yield) })
		},
	}
}
