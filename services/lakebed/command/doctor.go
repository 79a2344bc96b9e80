package command

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/lakebed/lakebed/services/lakebed/doctor"
	"github.com/lakebed/lakebed/services/lakebed/render"
)

func newDoctor(e *env) *cobra.Command {
	var o doctor.Options
	var look bool
	c := &cobra.Command{
		Use:   "doctor",
		Short: "Examine a deployment: what would break the lake's promises next",
		Long: `Looks at everything around the lake: the stream, what hands its records to ingest, the functions and their settings, queue and schedules,
what their roles may do, claims, the bucket and its rules, the catalog, quotas, this machine's clock, lag and alarms; not at the scaler, whose alarm
"blind" tells of it. It tries the store's conditional writes on an object of its own below probe/, and calls each function once, ingest with no
records and the compactor with {"do":"check"}, which do nothing but serve.

Each finding says what it means and how to mend it. What could not be looked at is a finding, too. With any it exits with 3.
Of a lake in a directory it tries the store, the catalog and the lag. "lakebed verify" proves what the lake holds.`,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error {
			l, err := e.open(c.Context(), false)
			if err != nil {
				return err
			}
			if l.AWS != nil && e.settings.Cloud.Deployment == "" {
				return &usageError{errors.New("deployment: want how the names of the functions begin: `terraform apply` writes it into lakebed.yaml, or give --deployment")}
			}
			if found, _ := filepath.Glob(filepath.Join(o.Zips, "*.zip")); o.Zips != "" && len(found) == 0 {
				return &usageError{fmt.Errorf("--zips %s: want a folder with the functions' zips, as scripts/build-lambdas.sh makes it", o.Zips)}
			}
			o.Trial = !look
			bar := e.progress("examining", -1, false)
			findings, err := doctor.Examine(c.Context(), l, o, func(done int, next string) { bar.set(int64(done), next) })
			bar.done()
			if err != nil {
				return err
			}
			if err := e.findings(findings); err != nil {
				return err
			}
			if len(findings) > 0 {
				fmt.Fprintf(e.err, "findings: %d\n", len(findings))
				return errBreach
			}
			fmt.Fprintln(e.err, "nothing is amiss")
			return nil
		},
	}
	c.Flags().BoolVar(&look, "look-only", false, "write no probe and call no function")
	c.Flags().StringVar(&o.Zips, "zips", "", "folder of the functions' zips: compare the code that is deployed with theirs")
	return c
}

// findings prints one a paragraph: as a table they would be too wide to be read.
func (e *env) findings(findings []doctor.Finding) error {
	if e.format != render.AsTable {
		return e.rows([]string{"severity", "code", "resource", "found", "means", "remedy"}, func(yield func([]any) bool) {
			for _, f := range findings {
				if !yield([]any{f.Code.Severity.String(), f.Code.Name, f.Resource, f.Found, f.Code.Meaning, f.Code.Remedy}) {
					return
				}
			}
		})
	}
	for _, f := range findings {
		if _, err := fmt.Fprintf(e.out, "%s  %s\n  %s: %s\n  means  %s\n  mend   %s\n\n",
			f.Code.Severity, f.Code.Name, f.Resource, f.Found, f.Code.Meaning, f.Code.Remedy); err != nil {
			return err
		}
	}
	return nil
}
