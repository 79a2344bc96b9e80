package command

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/render"
	"github.com/lakebed/lakebed/services/lakebed/sql"
)

func newQuery(e *env) *cobra.Command {
	return &cobra.Command{
		Use:   `query ["SQL"]`,
		Short: "SQL over the lake, as a reader sees it at that instant",
		Long: `Runs a statement of DuckDB's SQL over the tables events, events_raw, events_live and quarantine. Nested objects are structs; conditions
on dt and hour spare reading the other hours. Without a statement it opens a prompt, or reads statements from stdin.`,
		Example: `  lakebed query --lake ./lake "select dt, hour, count(*) from events group by 1, 2 order by 1, 2"`,
		RunE: func(c *cobra.Command, args []string) error {
			l, err := e.open(false)
			if err != nil {
				return err
			}
			s, err := sql.Open(c.Context(), sql.Lake{
				Bucket: l.Bucket, Catalog: l.Catalog, Root: l.Dir, IDField: l.Settings.Mapping.ID, Live: l.Settings.Live, Now: l.Now,
			})
			if err != nil {
				return err
			}
			defer s.Close()
			if len(args) == 0 {
				return sql.Prompt(c.Context(), s, sql.Terminal{In: e.in, Out: e.out, Err: e.err, Format: e.format, History: history()})
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
}

// history is the file that keeps the prompt's lines; "" for none.
func history() string {
	dir, err := os.UserCacheDir()
	if err != nil {
		return ""
	}
	return filepath.Join(dir, "lakebed", "history")
}
