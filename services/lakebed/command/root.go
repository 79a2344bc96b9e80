// Package command is the command line: one file a command. Data goes to stdout, words and progress to stderr.
package command

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"syscall"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/services/lakebed/render"
)

// env is what a command works with.
type env struct {
	in       io.Reader
	out, err io.Writer
	lake     string // the name of its place
	place    host.Place
	format   render.Format
	settings *config.Settings
	flags    *pflag.FlagSet // one for each setting
	now      func() time.Time
	quiet    bool
}

const long = `Lakebed turns a stream of JSON events into a data lake that can be trusted: every event in it exactly once, in the hour in which it
happened, in few large gzip JSON files, with nothing in it that can break a query.

  lakebed run --lake ./lake --id-field id --time-field created_at --name-field type events.ndjson
  lakebed query --lake ./lake "select event_type, count(*) from events group by 1"
  lakebed verify --lake ./lake

The first ingest or run records the field names in the lake, so that nobody has to repeat them. Settings come from flags, else LAKEBED_*
variables, else lakebed.yaml in the lake; "lakebed settings" lists them all.

A lake is a directory, or s3://bucket/prefix: there Terraform makes it, with the lakebed.yaml that names its Glue table and its claims, and
all commands but generate and cost, which need none, work as on a directory. Region and credentials come from the standard AWS_* variables
and files.

Exit codes: 0 done; 1 failed; 2 wrong flags or settings; 3 verify found a breach, or doctor something amiss; 4 unusable input; 5 the lake is in use by another
process; 6 the lake has a newer format; 7 the disk is full; 130 interrupted.`

// Execute runs the command line and gives the exit code.
func Execute(args []string, in io.Reader, out, stderr io.Writer) int {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the process at once
	root := newRoot(&env{in: in, out: out, err: stderr, settings: config.Default(), now: time.Now})
	root.SetArgs(args)
	err := root.ExecuteContext(ctx)
	if err == nil {
		return 0
	}
	code := exitCode(ctx, err)
	if !errors.Is(err, errBreach) {
		fmt.Fprintf(stderr, "lakebed: %s\n", message(code, err))
	}
	return code
}

func newRoot(e *env) *cobra.Command {
	root := &cobra.Command{
		Use: "lakebed", Short: "A data lake of JSON events that can be trusted", Long: long,
		SilenceErrors: true, SilenceUsage: true,
		Args: cobra.NoArgs,
		RunE: func(c *cobra.Command, _ []string) error { return c.Help() },
	}
	root.SetIn(e.in)
	root.SetOut(e.out)
	root.SetErr(e.err)
	root.SetFlagErrorFunc(func(c *cobra.Command, err error) error {
		return &usageError{fmt.Errorf("%w; see `%s --help`", err, c.CommandPath())}
	})
	e.flags = pflag.NewFlagSet("settings", pflag.ContinueOnError)
	e.settings.Register(e.flags)
	e.flags.VisitAll(func(f *pflag.Flag) {
		f.Hidden = f.Name != "id-field" && f.Name != "time-field" && f.Name != "name-field"
	})
	p := root.PersistentFlags()
	p.StringVar(&e.lake, "lake", "", "directory of the lake, or s3://bucket/prefix (or LAKEBED_LAKE)")
	p.VarP(&e.format, "output", "o", "how data is printed: table, json or csv")
	p.BoolVarP(&e.quiet, "quiet", "q", false, "no progress")
	root.AddCommand(newGenerate(e), newIngest(e), newBackfill(e), newCompact(e), newRun(e), newQuery(e), newStatus(e), newSchema(e), newVerify(e),
		newReplay(e), newReprocess(e), newErase(e), newRebuild(e), newSettings(e), newCost(e), newDoctor(e))
	for _, c := range root.Commands() {
		if c.Name() != "generate" && c.Name() != "cost" {
			c.Flags().AddFlagSet(e.flags)
		}
	}
	return root
}

// layer fills the settings, and gives the text of the lake's own, nil when there is no lake.
func (e *env) layer(ctx context.Context) (text []byte, err error) {
	if e.lake == "" {
		e.lake = os.Getenv("LAKEBED_LAKE")
	}
	if e.lake != "" {
		if e.place, err = host.Find(ctx, e.lake); err != nil {
			return nil, &usageError{err}
		}
		if text, err = e.place.ReadConfig(ctx); err != nil {
			return nil, err
		}
	}
	if err := config.Layer(e.flags, os.Getenv, text, e.lake == "" || host.InCloud(e.lake)); err != nil {
		return nil, &usageError{err}
	}
	if err := e.settings.Check(); err != nil {
		return nil, &usageError{err}
	}
	return text, nil
}

// open opens the lake with its settings.
func (e *env) open(ctx context.Context, create bool) (*host.Lake, error) {
	text, err := e.layer(ctx)
	if err != nil {
		return nil, err
	}
	if e.lake == "" {
		return nil, &usageError{errors.New("no lake given: name its directory or s3://bucket/prefix with --lake or LAKEBED_LAKE")}
	}
	if text != nil {
		if err := config.Complete(text); err != nil {
			return nil, &usageError{fmt.Errorf("%s: %w", e.lake, err)}
		}
		recorded, err := config.Recorded(text)
		if err != nil {
			return nil, &usageError{err}
		}
		if recorded != e.settings.Mapping {
			return nil, &usageError{fmt.Errorf("the fields of a lake do not change: %s records %+v, and %+v was given", e.lake, recorded, e.settings.Mapping)}
		}
		if host.InCloud(e.lake) {
			if err := e.settings.CheckCloud(); err != nil {
				return nil, &usageError{fmt.Errorf("settings of %s: %w", e.lake, err)}
			}
		}
	}
	l, err := e.place.Open(ctx, e.settings, text != nil, create)
	if err != nil {
		return nil, err
	}
	l.Now = e.now
	e.keepTo(max(memory, config.Compaction(e.settings.Parallel, e.settings.Memory)))
	return l, nil
}

// memory is what the garbage collector keeps to: ingest holds little, and compaction little beside what it is given.
const memory = 112 << 20

func (e *env) keepTo(bytes int64) {
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(bytes)
	}
}
