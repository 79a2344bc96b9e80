package command

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/services/lakebed/sql"
)

func newQuery(e *env) *cobra.Command {
	var from, to hour
	c := &cobra.Command{
		Use:   `query ["SQL"]`,
		Short: "SQL over the lake, as a reader sees it at that instant",
		Long: `Runs a statement of DuckDB's SQL over the tables events, events_raw, events_live and quarantine. Nested objects are structs; conditions
on dt and hour spare reading the other hours. Without a statement it opens a prompt, or reads statements from stdin.

Of a lake in S3, the objects of the tables that a statement names are first copied into a cache on this machine, whatever its conditions
say: --from and --to limit the hours. The cache keeps to cache_size. What reads very much is better asked of Athena.`,
		Example: `  lakebed query --lake ./lake "select dt, hour, count(*) from events group by 1, 2 order by 1, 2"
  lakebed query --lake s3://bucket/lake --from 2026-11-23T08 --to 2026-11-24 "select count(*) from events"`,
		RunE: func(c *cobra.Command, args []string) error {
			if _, err := hoursOf(from, to); err != nil {
				return err
			}
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			view := sql.Lake{
				Bucket: l.Bucket, Catalog: l.Catalog, Root: l.Name, IDField: l.Settings.Mapping.ID, Live: l.Settings.Live, Now: l.Now,
				From: from.Partition, To: to.Partition,
			}
			if host.InCloud(l.Name) {
				m, err := e.mirror(l)
				if err != nil {
					return err
				}
				defer m.Close()
				view.Root, view.Bring = m.Root, m.Bring
			}
			s, err := sql.Open(c.Context(), view)
			if err != nil {
				return err
			}
			defer s.Close()
			e.limits(from, to)
			if len(args) == 0 {
				return sql.Prompt(c.Context(), s, sql.Terminal{In: e.in, Out: e.out, Err: e.err, Format: e.format, History: cached("history")})
			}
			rows, err := s.Query(c.Context(), strings.Join(args, " "))
			if err != nil {
				return err
			}
			defer rows.Close()
			for _, key := range s.Broken() {
				fmt.Fprintf(e.err, "warning: %s is torn and was left out\n", key)
			}
			return render.Table(e.out, e.format, rows.Columns(), rows.All())
		},
	}
	c.Flags().Var(&from, "from", "the first hour that the tables show, such as 2026-11-23 or 2026-11-23T08 (UTC)")
	c.Flags().Var(&to, "to", "the first hour that they do not show any more")
	return c
}
