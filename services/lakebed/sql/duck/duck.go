// Package duck is a thin layer over DuckDB's C API: an in-memory database, statements that a context can interrupt, and rows that stream.
//
// It stands in for the database/sql driver, which holds a whole result in memory before its first row, gives structs without the order of
// their members, and reads JSON values into float64.
package duck

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	c "github.com/duckdb/duckdb-go-bindings"
)

// DB is an in-memory database.
type DB struct{ db c.Database }

// Error is what DuckDB says of a statement: the kind of error, what is wrong, and where in the text.
type Error struct{ Message string }

func (e *Error) Error() string { return e.Message }

// Open makes an empty database with settings (see duckdb_settings()).
func Open(settings map[string]string) (*DB, error) {
	var config c.Config
	if c.CreateConfig(&config) == c.StateError {
		return nil, errors.New("open DuckDB: no configuration")
	}
	defer c.DestroyConfig(&config)
	for name, value := range settings {
		if c.SetConfig(config, name, value) == c.StateError {
			return nil, fmt.Errorf("open DuckDB: %s cannot be %q", name, value)
		}
	}
	d := new(DB)
	var message string
	if c.OpenExt("", &d.db, config, &message) == c.StateError {
		return nil, fmt.Errorf("open DuckDB: %w", &Error{message})
	}
	return d, nil
}

// Close drops the database. Its connections are closed before.
func (d *DB) Close() { c.Close(&d.db) }

// Conn is a connection: its transaction, temporary tables and settings. It is not safe for concurrent use, and has one result open at a
// time.
type Conn struct{ conn c.Connection }

// Connect opens a connection.
func (d *DB) Connect() (*Conn, error) {
	n := new(Conn)
	if c.Connect(d.db, &n.conn) == c.StateError {
		return nil, errors.New("connect to DuckDB: refused")
	}
	return n, nil
}

// Close ends the connection.
func (n *Conn) Close() { c.Disconnect(&n.conn) }

// Exec runs statements and drops their results.
func (n *Conn) Exec(ctx context.Context, text string) error {
	rows, err := n.Query(ctx, text)
	if err != nil {
		return err
	}
	rows.Close()
	return nil
}

// Query runs the statements of a text in order, and gives the rows of the last. The context interrupts them, and the rows until they are
// closed; the error is then its cause. The caller closes the rows before it uses the connection again. A text without a
// statement gives no rows.
func (n *Conn) Query(ctx context.Context, text string) (*Rows, error) {
	var statements c.ExtractedStatements
	count := c.ExtractStatements(n.conn, text, &statements)
	defer c.DestroyExtracted(&statements)
	if count == 0 {
		if message := c.ExtractStatementsError(statements); message != "" {
			return nil, &Error{message}
		}
		return new(Rows), nil
	}
	for i := range count {
		if err := ctx.Err(); err != nil {
			return nil, context.Cause(ctx)
		}
		rows, err := n.run(ctx, statements, i)
		if err != nil || i == count-1 {
			return rows, err
		}
		rows.Close()
	}
	panic("unreachable")
}

// run executes one statement up to its first row.
func (n *Conn) run(ctx context.Context, statements c.ExtractedStatements, i c.IdxT) (*Rows, error) {
	r := &Rows{stop: n.watch(ctx), cause: func() error { return context.Cause(ctx) }}
	if err := r.start(n.conn, statements, i); err != nil {
		r.Close()
		return nil, err
	}
	return r, nil
}

// watch interrupts the connection from the end of the context until stop is called, again and again: an interrupt between two steps of
// a statement is forgotten.
func (n *Conn) watch(ctx context.Context) (stop func()) {
	done := make(chan struct{})
	var running sync.WaitGroup
	running.Add(1)
	cancel := context.AfterFunc(ctx, func() {
		defer running.Done()
		for {
			c.Interrupt(n.conn)
			select {
			case <-done:
				return
			case <-time.After(10 * time.Millisecond):
			}
		}
	})
	return sync.OnceFunc(func() {
		close(done)
		if cancel() {
			running.Done()
		}
		running.Wait()
	})
}
