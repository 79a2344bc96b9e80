package command

import (
	"bufio"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/shared/erasure"
)

func newErase(e *env) *cobra.Command {
	var x erasing
	c := &cobra.Command{
		Use:   "erase --field PATH {--value VALUE | --values FILE}...",
		Short: "Erase the events of a person, say, for good",
		Long: `Erases every event that has one of the values in a field and happened before --until, and every such record in quarantine. The field is a
dotted path; through a list it leads to each element. 42 is also "42". A record that is no JSON goes if the value stands in it as a word.

An hour that holds such an event gets a new generation without it, which readers see all at once; everything else in it stays byte for byte as
it was. A tombstone, a keyed hash of the value, stays: it drops copies that come late, and new events of the value until --until. That is now
and max-future where it is not given, since an event in the lake may be as far ahead. A late copy that ingest rejects lies in quarantine until
erase is run again; lakebed verify names it, where it is JSON.

The old generations and the fragments go once no reader can be using them, after the grace, by the compactor on its schedule or by
lakebed compact; the report names what still holds a value, and until when. Until then Athena's events_live can show an event of the last hours.
Who cannot wait gives --grace 0s --longest-query 0s --live 0s, at which a query that is running may fail.

It may be interrupted and repeated, and run beside ingest and compaction. Not reached are copies outside of the lake: the stream itself, what Lambda
gave up (failures), noncurrent versions in a versioned bucket, results of Athena, the cache of lakebed query, backups.`,
		Example: `  lakebed erase --lake ./lake --field user_id --value 1403 --dry-run
  lakebed erase --lake s3://bucket/lake --field user.email --values people.txt`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			what, err := x.read(e)
			if err != nil {
				return err
			}
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			bar := e.progress("erasing", -1, false)
			r, err := l.Erase(c.Context(), what, func(n, total int) { bar.of(int64(n), int64(total)) })
			bar.done()
			if err != nil {
				return err
			}
			return e.erased(&r, what.Try)
		},
	}
	x.register(c)
	return c
}

// erasing is what the flags say.
type erasing struct {
	field, file, until string
	values             []string
	from, to           hour
	dry                bool
}

func (x *erasing) register(c *cobra.Command) {
	c.Flags().StringVar(&x.field, "field", "", "dotted path of the field")
	c.Flags().StringArrayVar(&x.values, "value", nil, "a value to be erased; may be given several times")
	c.Flags().StringVar(&x.file, "values", "", "file with a value a line (- for stdin)")
	c.Flags().StringVar(&x.until, "until", "", "only what happened before this time (RFC 3339), where it is not given, before now and max-future")
	c.Flags().Var(&x.from, "from", "the first hour to be searched, such as 2026-11-23 or 2026-11-23T08 (UTC)")
	c.Flags().Var(&x.to, "to", "the first hour not to be searched")
	c.Flags().BoolVar(&x.dry, "dry-run", false, "only tell what would be erased")
}

func (x *erasing) read(e *env) (host.Erasure, error) {
	hours, err := hoursOf(x.from, x.to)
	what := host.Erasure{Plain: &erasure.Plain{Field: x.field, Values: x.values}, Hours: hours, Try: x.dry}
	if err != nil {
		return what, err
	}
	if x.until != "" {
		if what.Until, err = time.Parse(time.RFC3339, x.until); err != nil {
			return what, &usageError{fmt.Errorf("--until %q: want a time such as 2026-11-23T08:00:00Z", x.until)}
		}
	}
	if x.file != "" {
		in := e.in
		if x.file != "-" {
			f, err := os.Open(x.file)
			if err != nil {
				return what, &usageError{fmt.Errorf("--values: %w", err)}
			}
			defer f.Close()
			in = f
		}
		lines := bufio.NewScanner(in)
		for lines.Scan() {
			if v := strings.Trim(lines.Text(), "\r\ufeff"); v != "" { // no value begins or ends with a byte order mark
				what.Values = append(what.Values, v)
			}
		}
		if err := lines.Err(); err != nil {
			return what, &usageError{fmt.Errorf("--values %s: %w", x.file, err)}
		}
	}
	if x.field == "" || len(what.Values) == 0 {
		return what, &usageError{errors.New("want a --field, and a --value or a file of --values")}
	}
	if err := erasure.Check(what.Field, what.Values); err != nil {
		return what, &usageError{err}
	}
	return what, nil
}

// erased prints the report.
func (e *env) erased(r *host.Erased, dry bool) error {
	gone := ""
	if len(r.Holding) > 0 {
		gone = r.Gone.UTC().Format(time.RFC3339)
		fmt.Fprintf(e.err, "%d objects that no query needs after %s hold what was erased until then:\n", len(r.Holding), gone)
		for _, key := range r.Holding {
			fmt.Fprintf(e.err, "  %s\n", key)
		}
	}
	for _, u := range r.Unread {
		fmt.Fprintf(e.err, "cannot be searched: %s: %s\n", u.Key, u.Err)
	}
	err := e.record([]field{
		{"tombstones", r.Tombstones}, {"hours", r.Hours}, {"hours_rewritten", r.Swapped}, {"events", r.Lines}, {"events_erased", r.Events()},
		{"records_erased", r.Records}, {"bytes_rewritten", r.BytesMoved}, {"objects_waiting", len(r.Holding)}, {"gone_after", gone},
		{"unreadable", len(r.Unread) + len(r.Broken)}, {"set_aside", len(r.SetAside)}, {"dry_run", dry},
	})
	r.Due = nil
	if err = errors.Join(err, e.report(&r.Result)); err == nil && len(r.Unread)+len(r.Broken) > 0 {
		err = fmt.Errorf("%d objects cannot be searched: mend or remove them, then erase again", len(r.Unread)+len(r.Broken))
	}
	return err
}
