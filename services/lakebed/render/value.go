package render

import (
	"fmt"
	"math"
	"math/big"
	"strconv"
	"strings"
	"time"
)

// Object is a struct or a map: its members in their order.
type Object []Member

// Member is one of an Object's.
type Member struct {
	Name  string
	Value any
}

// Number is a number by its decimal text, for those that no Go type holds exactly. It must be a JSON number.
type Number string

// JSON is a value that is JSON already; it is printed as it stands.
type JSON string

// Text is a value as it stands in a table or in CSV. Lists, objects and maps are JSON; times are RFC 3339 in UTC; bytes are printable
// ASCII with the others as \xHH, which DuckDB reads back; NaN and Infinity are spelt so; nil is empty. Any other type is printed by fmt.
func Text(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case string:
		return v
	case Number:
		return string(v)
	case JSON:
		return string(v)
	case bool:
		return strconv.FormatBool(v)
	case int64:
		return strconv.FormatInt(v, 10)
	case float64:
		return float(v, 64)
	case float32:
		return float(float64(v), 32)
	case *big.Int:
		return v.String()
	case []byte:
		return escape(v)
	case time.Time:
		return v.UTC().Format(time.RFC3339Nano)
	case []any, Object, map[string]any:
		return string(AppendJSON(nil, v))
	}
	return fmt.Sprint(v)
}

// float writes a number as short as it can be read back, with an exponent only where it saves zeros.
func float(v float64, bits int) string {
	switch {
	case math.IsNaN(v):
		return "NaN"
	case math.IsInf(v, 1):
		return "Infinity"
	case math.IsInf(v, -1):
		return "-Infinity"
	}
	if a := math.Abs(v); a != 0 && (a < 1e-6 || a >= 1e21) {
		return strconv.FormatFloat(v, 'e', -1, bits)
	}
	return strconv.FormatFloat(v, 'f', -1, bits)
}

func escape(data []byte) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	for _, c := range data {
		if c < ' ' || c > '~' || c == '\\' || c == '\'' || c == '"' {
			b.Write([]byte{'\\', 'x', hex[c>>4], hex[c&15]})
		} else {
			b.WriteByte(c)
		}
	}
	return b.String()
}

// isNumber tells whether a value is set to the right of its column.
func isNumber(v any) bool {
	switch v.(type) {
	case int, int8, int16, int32, int64, uint, uint8, uint16, uint32, uint64, float32, float64, *big.Int, Number:
		return true
	}
	return false
}
