package duck

import (
	"errors"
	"strings"

	c "github.com/duckdb/duckdb-go-bindings"
)

// Rows is a result, of which DuckDB computes little more than is read.
type Rows struct {
	prepared c.PreparedStatement
	result   c.Result
	opened   bool // there is a result to destroy
	names    []string
	shapes   []*shape
	chunk    c.DataChunk
	vectors  []vector
	row      int // in the chunk
	size     int
	err      error
	stop     func()
	cause    func() error // why the context ended
}

func (r *Rows) start(conn c.Connection, statements c.ExtractedStatements, i c.IdxT) error {
	if c.PrepareExtractedStatement(conn, statements, i, &r.prepared) == c.StateError {
		return r.fail(c.PrepareError(r.prepared))
	}
	if c.NParams(r.prepared) > 0 {
		return &Error{"Invalid Input Error: the statement has a parameter ($1 or ?), for which there is no value"}
	}
	var pending c.PendingResult
	defer c.DestroyPending(&pending)
	if c.PendingPreparedStreaming(r.prepared, &pending) == c.StateError {
		return r.fail(c.PendingError(pending))
	}
	r.opened = true
	if c.ExecutePending(pending, &r.result) == c.StateError {
		return r.fail(c.ResultError(&r.result))
	}
	if c.ResultReturnType(r.result) != c.ResultTypeQueryResult {
		return nil // no columns: nothing to show
	}
	for i := range c.ColumnCount(&r.result) {
		t := c.ColumnLogicalType(&r.result, i)
		r.names = append(r.names, c.ColumnName(&r.result, i))
		r.shapes = append(r.shapes, newShape(t))
		c.DestroyLogicalType(&t)
	}
	r.vectors = make([]vector, len(r.shapes))
	r.fetch()
	r.row = -1
	return r.err
}

// Columns are the columns' names; none for a statement that gives no rows. Types are DuckDB's names for theirs.
func (r *Rows) Columns() []string { return r.names }

// Types are the columns' types as DuckDB writes them.
func (r *Rows) Types() []string {
	types := make([]string, len(r.shapes))
	for i, s := range r.shapes {
		types[i] = s.String()
	}
	return types
}

// Next goes to the next row.
func (r *Rows) Next() bool {
	r.row++
	for r.err == nil && r.row >= r.size && r.chunk.Ptr != nil {
		r.fetch()
	}
	return r.err == nil && r.row < r.size
}

// Values are the row's values, of the kinds that package render prints. The slice is the caller's.
func (r *Rows) Values() []any {
	values := make([]any, len(r.vectors))
	for i := range r.vectors {
		values[i] = r.vectors[i].value(r.row)
	}
	return values
}

// Err is why Next gave false; nil at the end.
func (r *Rows) Err() error { return r.err }

// Close frees the result. It may be called twice.
func (r *Rows) Close() {
	if r.stop != nil {
		r.stop()
	}
	c.DestroyDataChunk(&r.chunk)
	if r.opened {
		c.DestroyResult(&r.result)
		r.opened = false
	}
	c.DestroyPrepare(&r.prepared)
	r.size = 0
}

func (r *Rows) fetch() {
	c.DestroyDataChunk(&r.chunk)
	r.row, r.size = 0, 0
	r.chunk = c.FetchChunk(r.result)
	if r.chunk.Ptr == nil {
		if message := c.ResultError(&r.result); message != "" {
			r.err = r.fail(message)
		}
		return
	}
	r.size = int(c.DataChunkGetSize(r.chunk))
	for i := range r.vectors {
		r.vectors[i] = bind(r.shapes[i], c.DataChunkGetVector(r.chunk, c.IdxT(i)))
	}
}

func (r *Rows) fail(message string) error {
	if cause := r.cause(); cause != nil {
		return cause
	}
	if message == "" {
		return errors.New("DuckDB failed and does not say why")
	}
	return &Error{tidy(message)}
}

// tidy keeps what DuckDB says to the user: the stack trace of an internal error is none of it.
func tidy(message string) string {
	message, _, _ = strings.Cut(message, "\n\nStack Trace:")
	return strings.TrimSpace(message)
}
