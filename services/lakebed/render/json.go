package render

import (
	"bufio"
	"fmt"
	"iter"
	"maps"
	"math"
	"math/big"
	"slices"
	"strconv"
	"time"
	"unicode/utf8"
)

func jsonRows(out *bufio.Writer, columns []string, rows iter.Seq2[[]any, error]) error {
	names := keys(columns)
	line, next := []byte(nil), "[\n"
	for row, err := range rows {
		if err != nil {
			return err
		}
		if line, err = appendRow(append(line[:0], next...), names, row); err != nil {
			return err
		}
		if _, err := out.Write(line); err != nil {
			return fmt.Errorf("print rows: %w", err)
		}
		next = ",\n"
	}
	end := "\n]\n"
	if line == nil {
		end = "[]\n"
	}
	if _, err := out.WriteString(end); err != nil {
		return fmt.Errorf("print rows: %w", err)
	}
	return nil
}

// keys are the columns' names as JSON keys; a name that comes again gets a number, as an object has each key once.
func keys(columns []string) [][]byte {
	taken := make(map[string]bool, len(columns))
	for _, c := range columns {
		taken[c] = true
	}
	seen := make(map[string]bool, len(columns))
	names := make([][]byte, len(columns))
	for i, name := range columns {
		for n := 1; seen[name]; n++ {
			if again := columns[i] + "_" + strconv.Itoa(n); !taken[again] {
				name = again
			}
		}
		seen[name], taken[name] = true, true
		names[i] = append(appendString(nil, name), ':')
	}
	return names
}

func appendRow(b []byte, keys [][]byte, values []any) ([]byte, error) {
	if len(values) != len(keys) {
		return b, fmt.Errorf("print rows: a row has %d values for %d columns", len(values), len(keys))
	}
	b = append(b, '{')
	for i, v := range values {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendJSON(append(b, keys[i]...), v)
	}
	return append(b, '}'), nil
}

// AppendJSON appends a value as JSON, compact. Numbers keep every digit; NaN and the infinities, which JSON has not, are strings, and so
// is what is neither number, boolean, list nor object: see Text.
func AppendJSON(b []byte, v any) []byte {
	switch v := v.(type) {
	case nil:
		return append(b, "null"...)
	case bool, int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, Number:
		return append(b, Text(v)...)
	case float32:
		return appendFloat(b, float64(v), 32)
	case float64:
		return appendFloat(b, v, 64)
	case *big.Int:
		return v.Append(b, 10)
	case JSON:
		return append(b, v...)
	case []any:
		b = append(b, '[')
		for i, e := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendJSON(b, e)
		}
		return append(b, ']')
	case Object:
		b = append(b, '{')
		for i, m := range v {
			if i > 0 {
				b = append(b, ',')
			}
			b = AppendJSON(append(appendString(b, m.Name), ':'), m.Value)
		}
		return append(b, '}')
	case map[string]any:
		o := make(Object, 0, len(v))
		for _, name := range slices.Sorted(maps.Keys(v)) {
			o = append(o, Member{name, v[name]})
		}
		return AppendJSON(b, o)
	case time.Time:
		return append(v.UTC().AppendFormat(append(b, '"'), time.RFC3339Nano), '"')
	}
	return appendString(b, Text(v))
}

func appendFloat(b []byte, v float64, bits int) []byte {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return appendString(b, float(v, bits))
	}
	return append(b, float(v, bits)...)
}

// appendString quotes by RFC 8259, escaping no more than it asks for. Invalid UTF-8 becomes U+FFFD.
func appendString(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r == '\r':
			b = append(b, `\r`...)
		case r == '\t':
			b = append(b, `\t`...)
		case r < ' ' || r == 0x7f:
			b = append(b, '\\', 'u', '0', '0', hex[r>>4], hex[r&15])
		default:
			b = utf8.AppendRune(b, r)
		}
	}
	return append(b, '"')
}
