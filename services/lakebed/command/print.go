package command

import (
	"strings"

	"github.com/spf13/pflag"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/services/lakebed/host"
	"github.com/lakebed/lakebed/services/lakebed/render"
)

// field is one named value that a command prints.
type field struct {
	name  string
	value any
}

// record prints one object.
func (e *env) record(fields []field) error {
	all := make([]render.Field, len(fields))
	for i, f := range fields {
		all[i] = render.Field{Name: f.name, Value: f.value}
	}
	return render.Record(e.out, e.format, all)
}

// rows prints a table.
func (e *env) rows(columns []string, rows func(yield func([]any) bool)) error {
	return render.Table(e.out, e.format, columns, render.Rows(rows))
}

// eachSetting gives a row for each setting that the lake has.
func (e *env) eachSetting(yield func([]any) bool) {
	more := true
	e.flags.VisitAll(func(f *pflag.Flag) {
		if e.lake != "" && !host.InCloud(e.lake) && config.OnlyCloud(f) {
			return
		}
		key := strings.ReplaceAll(f.Name, "-", "_")
		more = more && yield([]any{key, f.Value.String(), "LAKEBED_" + strings.ToUpper(key), f.Usage})
	})
}
