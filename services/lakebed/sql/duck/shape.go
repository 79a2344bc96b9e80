package duck

import (
	"fmt"
	"strings"

	c "github.com/duckdb/duckdb-go-bindings"
)

// shape is a column's type, read once a result.
type shape struct {
	kind     c.Type
	alias    string
	width    uint8
	scale    uint8
	internal c.Type   // what a DECIMAL or an ENUM is stored as
	words    []string // of an ENUM
	length   int      // of an ARRAY
	names    []string // of members
	children []*shape
}

func newShape(t c.LogicalType) *shape {
	s := &shape{kind: c.GetTypeId(t), alias: c.LogicalTypeGetAlias(t)}
	child := func(name string, t c.LogicalType) {
		s.names, s.children = append(s.names, name), append(s.children, newShape(t))
		c.DestroyLogicalType(&t)
	}
	switch s.kind {
	case c.TypeDecimal:
		s.width, s.scale, s.internal = c.DecimalWidth(t), c.DecimalScale(t), c.DecimalInternalType(t)
	case c.TypeEnum:
		s.internal = c.EnumInternalType(t)
		for i := range c.EnumDictionarySize(t) {
			s.words = append(s.words, c.EnumDictionaryValue(t, c.IdxT(i)))
		}
	case c.TypeList:
		child("", c.ListTypeChildType(t))
	case c.TypeArray:
		s.length = int(c.ArrayTypeArraySize(t))
		child("", c.ArrayTypeChildType(t))
	case c.TypeMap:
		child("key", c.MapTypeKeyType(t))
		child("value", c.MapTypeValueType(t))
	case c.TypeStruct:
		for i := range c.StructTypeChildCount(t) {
			child(c.StructTypeChildName(t, i), c.StructTypeChildType(t, i))
		}
	case c.TypeUnion:
		for i := range c.UnionTypeMemberCount(t) {
			child(c.UnionTypeMemberName(t, i), c.UnionTypeMemberType(t, i))
		}
	}
	return s
}

var kindNames = map[c.Type]string{
	c.TypeBoolean: "BOOLEAN", c.TypeTinyInt: "TINYINT", c.TypeSmallInt: "SMALLINT", c.TypeInteger: "INTEGER", c.TypeBigInt: "BIGINT",
	c.TypeUTinyInt: "UTINYINT", c.TypeUSmallInt: "USMALLINT", c.TypeUInteger: "UINTEGER", c.TypeUBigInt: "UBIGINT",
	c.TypeFloat: "FLOAT", c.TypeDouble: "DOUBLE", c.TypeHugeInt: "HUGEINT", c.TypeUHugeInt: "UHUGEINT", c.TypeBigNum: "BIGNUM",
	c.TypeTimestamp: "TIMESTAMP", c.TypeTimestampS: "TIMESTAMP_S", c.TypeTimestampMS: "TIMESTAMP_MS", c.TypeTimestampNS: "TIMESTAMP_NS",
	c.TypeTimestampTZ: "TIMESTAMP WITH TIME ZONE", c.TypeDate: "DATE", c.TypeTime: "TIME", c.TypeTimeTZ: "TIME WITH TIME ZONE",
	c.TypeTimeNS: "TIME_NS", c.TypeInterval: "INTERVAL", c.TypeVarchar: "VARCHAR", c.TypeBlob: "BLOB", c.TypeUUID: "UUID", c.TypeBit: "BIT",
	c.TypeEnum: "ENUM", c.TypeSQLNull: "NULL", c.TypeGeometry: "GEOMETRY", c.TypeVariant: "VARIANT",
}

// String is the type as DuckDB writes it.
func (s *shape) String() string {
	if s.alias != "" {
		return s.alias
	}
	switch s.kind {
	case c.TypeDecimal:
		return fmt.Sprintf("DECIMAL(%d,%d)", s.width, s.scale)
	case c.TypeList:
		return s.children[0].String() + "[]"
	case c.TypeArray:
		return fmt.Sprintf("%s[%d]", s.children[0], s.length)
	case c.TypeMap:
		return fmt.Sprintf("MAP(%s, %s)", s.children[0], s.children[1])
	case c.TypeStruct, c.TypeUnion:
		members := make([]string, len(s.children))
		for i, child := range s.children {
			members[i] = Name(s.names[i]) + " " + child.String()
		}
		word := "STRUCT("
		if s.kind == c.TypeUnion {
			word = "UNION("
		}
		return word + strings.Join(members, ", ") + ")"
	}
	if name, ok := kindNames[s.kind]; ok {
		return name
	}
	return fmt.Sprintf("type %d", s.kind)
}

// Name quotes an identifier, Text a string.
func Name(s string) string { return `"` + strings.ReplaceAll(s, `"`, `""`) + `"` }

// Text quotes a string literal.
func Text(s string) string { return `'` + strings.ReplaceAll(s, `'`, `''`) + `'` }
