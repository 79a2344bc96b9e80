package schema

import "strings"

var hiveNames = [kinds]string{Bool: "boolean", Int: "bigint", Long: "bigint", Double: "double", String: "string"}

var duckDBNames = [kinds]string{Bool: "BOOLEAN", Int: "BIGINT", Long: "BIGINT", Double: "DOUBLE", String: "VARCHAR"}

// Hive is the type as Glue, Athena and Trino write it, such as struct<a:bigint,b:array<string>>. What is not declared is left out; the
// result is empty when nothing is declared.
func (t Type) Hive() string {
	if !t.declared() {
		return ""
	}
	var b strings.Builder
	t.prune().writeHive(&b)
	return b.String()
}

// writeHive writes a pruned type.
func (t Type) writeHive(b *strings.Builder) {
	switch t.Kind {
	case Array:
		b.WriteString("array<")
		t.elem().writeHive(b)
		b.WriteByte('>')
	case Struct:
		b.WriteString("struct<")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteByte(',')
			}
			b.WriteString(f.Name)
			b.WriteByte(':')
			f.Type.writeHive(b)
		}
		b.WriteByte('>')
	default:
		b.WriteString(hiveNames[t.Kind])
	}
}

// DuckDB is the type as DuckDB writes it, such as STRUCT("a" BIGINT, "B" VARCHAR[]). Members keep the spelling of the first event that had them,
// as read_json matches keys by case: an event that spells a key otherwise reads as NULL there, while Hive readers see it. What is not
// declared is left out; the result is empty when nothing is declared.
func (t Type) DuckDB() string {
	if !t.declared() {
		return ""
	}
	var b strings.Builder
	t.prune().writeDuckDB(&b)
	return b.String()
}

// writeDuckDB writes a pruned type.
func (t Type) writeDuckDB(b *strings.Builder) {
	switch t.Kind {
	case Array:
		t.elem().writeDuckDB(b)
		b.WriteString("[]")
	case Struct:
		b.WriteString("STRUCT(")
		for i, f := range t.Fields {
			if i > 0 {
				b.WriteString(", ")
			}
			b.WriteByte('"')
			b.WriteString(strings.ReplaceAll(f.spelt(), `"`, `""`))
			b.WriteString(`" `)
			f.Type.writeDuckDB(b)
		}
		b.WriteByte(')')
	default:
		b.WriteString(duckDBNames[t.Kind])
	}
}

// spelt is the spelling, or the name of a field that was made without one.
func (f Field) spelt() string {
	if f.Spelling == "" {
		return f.Name
	}
	return f.Spelling
}
