package sql

import (
	"context"
	"errors"
	"iter"
	"maps"
	"strings"

	"github.com/lakebed/lakebed/services/lakebed/sql/duck"
)

// Rows are a statement's rows. They stream: DuckDB computes little more than is read.
type Rows struct{ rows *duck.Rows }

// Query runs the statements of a text in order and gives the rows of the last, over the views as the last Refresh left them. The end of
// the context interrupts them, and the reading of the rows; what is returned then is its cause. An object that has vanished since
// the Refresh makes one more Refresh and one more try, while no row has been read yet. Errors of DuckDB are *duck.Error, with the place in the text
// where there is one. The caller closes the rows before the next call.
func (s *Session) Query(ctx context.Context, text string) (*Rows, error) {
	if fresh := s.unnamed(text); len(fresh) > 0 {
		before := maps.Clone(s.named)
		maps.Copy(s.named, fresh)
		if err := s.Refresh(ctx); err != nil {
			s.named = before
			return nil, err
		}
	}
	rows := &Rows{new(duck.Rows)}
	statements, rest := Split(text)
	if rest != "" {
		statements = append(statements, rest)
	}
	for _, statement := range statements {
		rows.Close()
		r, err := s.user.Query(ctx, statement)
		if s.vanished(err) {
			if err := s.Refresh(ctx); err != nil {
				return nil, err
			}
			r, err = s.user.Query(ctx, statement)
		}
		if err != nil {
			return nil, err
		}
		rows = &Rows{r}
	}
	return rows, nil
}

// unnamed are the views that a text may read and whose files no statement before has asked for. That it also tells so of a comment does no
// harm.
func (s *Session) unnamed(text string) map[string]bool {
	text = strings.ToLower(text)
	fresh := map[string]bool{}
	for _, view := range []string{EventsRaw, EventsLive, Quarantine, Events} {
		rest := strings.ReplaceAll(text, view, " ")
		if rest != text && !s.named[view] && (s.lake.Bring != nil || view == EventsRaw || view == EventsLive) {
			fresh[view] = true
		}
		text = rest
	}
	return fresh
}

// vanished tells whether a statement failed as an object of the lake was no longer there.
func (s *Session) vanished(err error) bool {
	var e *duck.Error
	if !errors.As(err, &e) || !strings.HasPrefix(e.Message, "IO Error") || !strings.Contains(e.Message, s.lake.Root+"/") {
		return false
	}
	return strings.Contains(e.Message, "No such file") || strings.Contains(e.Message, "No files found")
}

// Columns are the columns' names, none for a statement that has no rows. A name may come twice.
func (r *Rows) Columns() []string { return r.rows.Columns() }

// Types are the columns' types as DuckDB writes them.
func (r *Rows) Types() []string { return r.rows.Types() }

// All are the rows, once, each with one value for each column as package render prints them. An error ends them.
func (r *Rows) All() iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for r.rows.Next() {
			if !yield(r.rows.Values(), nil) {
				return
			}
		}
		if err := r.rows.Err(); err != nil {
			yield(nil, err)
		}
	}
}

// Close ends the statement. It may be called twice.
func (r *Rows) Close() { r.rows.Close() }
