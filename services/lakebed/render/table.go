package render

import (
	"fmt"
	"io"
	"iter"
	"os"
	"slices"
	"strings"
	"unicode"

	"github.com/jedib0t/go-pretty/v6/table"
	"github.com/jedib0t/go-pretty/v6/text"
	"golang.org/x/term"
)

// null is how a table shows NULL, so that it differs from an empty text.
const null = "NULL"

// narrowest is how far a column is cut, in characters, to make a table fit its terminal.
const narrowest = 12

// width gives the columns of the terminal that w is, or 0.
func width(w io.Writer) int {
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		if n, _, err := term.GetSize(int(f.Fd())); err == nil {
			return n
		}
	}
	return 0
}

func drawRows(w io.Writer, width int, columns []string, rows iter.Seq2[[]any, error]) error {
	var cells []table.Row
	left := make([]bool, len(columns)) // some value is no number
	any := make([]bool, len(columns))
	for row, err := range rows {
		if err != nil {
			return err
		}
		if len(row) != len(columns) {
			return fmt.Errorf("print rows: a row has %d values for %d columns", len(row), len(columns))
		}
		line := make(table.Row, len(row))
		for i, v := range row {
			line[i] = cell(v)
			any[i] = any[i] || v != nil
			left[i] = left[i] || v != nil && !isNumber(v)
		}
		cells = append(cells, line)
	}
	header := make(table.Row, len(columns))
	for i, c := range columns {
		header[i] = printable(c)
	}
	configs := make([]table.ColumnConfig, len(columns))
	for i, limit := range fit(width, slices.Concat([]table.Row{header}, cells)) {
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: limit, WidthMaxEnforcer: snip}
		if any[i] && !left[i] {
			configs[i].Align, configs[i].AlignHeader = text.AlignRight, text.AlignRight
		}
	}
	t := newTable(configs)
	t.AppendHeader(header)
	t.AppendRows(cells)
	if width > 0 {
		t.Style().Size.WidthMax = width
	}
	noun := "rows"
	if len(cells) == 1 {
		noun = "row"
	}
	if _, err := fmt.Fprintf(w, "%s\n(%d %s)\n", trimEnds(t.Render()), len(cells), noun); err != nil {
		return fmt.Errorf("print rows: %w", err)
	}
	return nil
}

func drawRecord(w io.Writer, width int, fields []Field) error {
	if len(fields) == 0 {
		return nil
	}
	rows := make([]table.Row, len(fields))
	for i, f := range fields {
		rows[i] = table.Row{printable(f.Name), cell(f.Value)}
	}
	configs := make([]table.ColumnConfig, 2)
	for i, limit := range fit(width, rows) {
		configs[i] = table.ColumnConfig{Number: i + 1, WidthMax: limit, WidthMaxEnforcer: snip}
	}
	t := newTable(configs)
	t.AppendRows(rows)
	_, err := fmt.Fprintln(w, trimEnds(t.Render()))
	return err
}

// newTable is a plain ASCII table: columns apart by a bar, the header by a rule.
func newTable(configs []table.ColumnConfig) table.Writer {
	t := table.NewWriter()
	style := table.StyleDefault
	style.Options = table.OptionsNoBorders
	style.Format = table.FormatOptions{}
	t.SetStyle(style)
	t.SetColumnConfigs(configs)
	return t
}

// fit gives each column a width, 0 for any, so that all fit between the margins: the widest are cut first, none below narrowest.
func fit(width int, rows []table.Row) []int {
	if len(rows) == 0 {
		return nil
	}
	limits := make([]int, len(rows[0]))
	if width <= 0 {
		return limits
	}
	sum := 3*len(limits) - 1 // a blank on each side, and a bar between
	for _, row := range rows {
		for i, c := range row {
			limits[i] = max(limits[i], min(text.StringWidthWithoutEscSequences(c.(string)), width))
		}
	}
	for _, n := range limits {
		sum += n
	}
	for sum > width {
		widest := 0
		for i, n := range limits {
			if n > limits[widest] {
				widest = i
			}
		}
		if limits[widest] <= narrowest {
			break
		}
		limits[widest]--
		sum--
	}
	return limits
}

// snip cuts a cell to its column's width.
func snip(s string, limit int) string { return text.Snip(s, limit, "~") }

func cell(v any) string {
	if v == nil {
		return null
	}
	return printable(Text(v))
}

// printable escapes what would break the table, or steer the terminal: events hold whatever their producers wrote.
func printable(s string) string {
	if !strings.ContainsFunc(s, steers) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if steers(r) {
			escaped := fmt.Sprintf("%+q", r)
			b.WriteString(escaped[1 : len(escaped)-1])
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// steers tells of control and format characters, such as ESC and the marks that turn the direction of writing.
func steers(r rune) bool {
	return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || r == unicode.ReplacementChar
}

// trimEnds removes the blanks that fill the last column.
func trimEnds(s string) string {
	lines := strings.Split(s, "\n")
	for i, l := range lines {
		lines[i] = strings.TrimRight(l, " ")
	}
	return strings.Join(lines, "\n")
}
