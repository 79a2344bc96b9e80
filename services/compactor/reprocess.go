package compactor

import (
	"bytes"
	"context"

	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// Reprocess runs the transform, which has changed since, over the stored events of a partition, and swaps those that it makes others of for
// them. The fields named in anew are taken off first where an earlier transform put them (see event.Strip): an event keeps what it carries
// already. An event that the transform refuses stays as it is. With try, nothing is written.
func (c *Compactor) Reprocess(ctx context.Context, p layout.Partition, anew []string, try bool) (r Rewritten, err error) {
	d, err := event.NewDecoder(c.config.Mapping, 0)
	if err != nil {
		return r, err
	}
	e := &edit{}
	e.line = func(line []byte) ([]byte, error) {
		d.Reset()
		out := line
		d.Decode(event.Strip(line, anew), p.End(), func(e event.Event) { out = e.Line }, func(event.Rejection) { e.refused++ })
		if bytes.Equal(out, line) {
			return line, nil
		}
		return out, nil
	}
	v := c.visit(p, &r.Result)
	was := r.Majors
	o, err := v.rewrite(ctx, e, try)
	r.Lines, r.Changed, r.Dropped, r.Refused, r.Anew = o.lines, o.changed, o.dropped, o.refused, !o.same() && !try && r.Majors > was
	return r, err
}
