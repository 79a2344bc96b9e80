// Package render prints data: the one way in which every command and query does, as a table, as JSON or as CSV.
//
// JSON and CSV stream: nothing is held but the row at hand. A table is measured before it is drawn, so it holds all rows as text: for many
// rows choose JSON or CSV. After an error from the rows a table is not drawn; JSON and CSV end where they stood, the JSON without its
// closing bracket, so that no reader takes a torn result for a whole one.
package render

import (
	"bufio"
	"fmt"
	"io"
	"iter"
	"strings"
)

// Format is how data is printed. The zero Format is a table. A *Format is a flag value (pflag.Value).
type Format uint8

// The formats. JSON is one array with an object for each row; CSV has a header and is quoted by RFC 4180, with NULL and the empty text
// both as nothing.
const (
	AsTable Format = iota
	AsJSON
	AsCSV
)

var formatNames = [...]string{"table", "json", "csv"}

// String is the format's name.
func (f Format) String() string {
	if int(f) < len(formatNames) {
		return formatNames[f]
	}
	return fmt.Sprintf("Format(%d)", f)
}

// Set takes a format's name.
func (f *Format) Set(name string) error {
	for i, n := range formatNames {
		if strings.EqualFold(name, n) {
			*f = Format(i)
			return nil
		}
	}
	return fmt.Errorf("%q is no format: choose table, json or csv", name)
}

// Type is what a flag's help calls the value.
func (f *Format) Type() string { return "format" }

// Table prints rows, each with one value for each column (see Text for the kinds of values), and nothing where there are no columns. The
// first error of the rows ends it and is returned as it is.
func Table(w io.Writer, f Format, columns []string, rows iter.Seq2[[]any, error]) error {
	if len(columns) == 0 {
		for _, err := range rows {
			return err
		}
		return nil
	}
	out := bufio.NewWriterSize(w, 1<<16)
	var err error
	switch f {
	case AsJSON:
		err = jsonRows(out, columns, rows)
	case AsCSV:
		err = csvRows(out, columns, rows)
	default:
		err = drawRows(out, width(w), columns, rows)
	}
	if flushed := out.Flush(); err == nil && flushed != nil {
		return fmt.Errorf("print rows: %w", flushed)
	}
	return err
}

// Field is one value of a Record.
type Field struct {
	Name  string
	Value any
}

// Record prints one thing: a table of names and values, one JSON object, or CSV of one row.
func Record(w io.Writer, f Format, fields []Field) error {
	out := bufio.NewWriter(w)
	names, values := make([]string, len(fields)), make([]any, len(fields))
	for i, field := range fields {
		names[i], values[i] = field.Name, field.Value
	}
	var err error
	switch f {
	case AsJSON:
		var b []byte
		if b, err = appendRow(nil, keys(names), values); err == nil {
			_, err = out.Write(append(b, '\n'))
		}
	case AsCSV:
		err = csvRows(out, names, One(values...))
	default:
		err = drawRecord(out, width(w), fields)
	}
	if flushed := out.Flush(); err == nil {
		err = flushed
	}
	if err != nil {
		return fmt.Errorf("print record: %w", err)
	}
	return nil
}

// One is a sequence of one row.
func One(values ...any) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) { yield(values, nil) }
}

// Rows is a sequence of rows that cannot fail.
func Rows(rows iter.Seq[[]any]) iter.Seq2[[]any, error] {
	return func(yield func([]any, error) bool) {
		for row := range rows {
			if !yield(row, nil) {
				return
			}
		}
	}
}
