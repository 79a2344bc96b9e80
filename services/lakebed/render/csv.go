package render

import (
	"encoding/csv"
	"fmt"
	"io"
	"iter"
)

func csvRows(w io.Writer, columns []string, rows iter.Seq2[[]any, error]) error {
	out := csv.NewWriter(w)
	defer out.Flush()
	if err := out.Write(columns); err != nil {
		return fmt.Errorf("print rows: %w", err)
	}
	record := make([]string, len(columns))
	for row, err := range rows {
		if err != nil {
			return err
		}
		if len(row) != len(record) {
			return fmt.Errorf("print rows: a row has %d values for %d columns", len(row), len(record))
		}
		for i, v := range row {
			record[i] = Text(v)
		}
		if err := out.Write(record); err != nil {
			return fmt.Errorf("print rows: %w", err)
		}
	}
	out.Flush()
	if err := out.Error(); err != nil {
		return fmt.Errorf("print rows: %w", err)
	}
	return nil
}
