package gluecatalog

import (
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"github.com/aws/aws-sdk-go-v2/aws"
	"github.com/aws/aws-sdk-go-v2/service/glue/types"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/schema"
)

// maxDepth is far beyond what schema declares.
const maxDepth = 100

// declared is what readers are told of a table.
func declared(t catalog.Table) []schema.Field {
	all := make([]schema.Field, len(t.Columns))
	for i, c := range t.Columns {
		all[i] = c.Field
	}
	return schema.Declared(all)
}

// columnsOf gives declared fields as Glue's columns.
func columnsOf(fields []schema.Field) []types.Column {
	columns := make([]types.Column, len(fields))
	for i, f := range fields {
		columns[i] = types.Column{Name: aws.String(f.Name), Type: aws.String(f.Type.Hive())}
	}
	return columns
}

// hash tells columns apart as readers do: by name and Hive type, in their order.
func hash(columns []types.Column) string {
	h := sha256.New()
	for _, c := range columns {
		h.Write([]byte(aws.ToString(c.Name) + "\x00" + aws.ToString(c.Type) + "\x00"))
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// fieldsOf reads Glue's columns. Spellings are the names, and every bigint is an Int: Glue does not know more.
func fieldsOf(columns []types.Column) []schema.Field {
	fields := make([]schema.Field, len(columns))
	for i, c := range columns {
		name := aws.ToString(c.Name)
		fields[i] = schema.Field{Name: name, Spelling: name, Type: parseHive(aws.ToString(c.Type))}
	}
	return fields
}

// parseHive is the inverse of schema.Type.Hive. A type that Lakebed never declares is Null, which equals none that it does.
func parseHive(text string) schema.Type {
	t, rest := cutType(strings.ToLower(text), 0)
	if rest != "" {
		return schema.Type{}
	}
	return t
}

// cutType takes a type off the text. Where there is none, nothing is taken.
func cutType(text string, depth int) (schema.Type, string) {
	if rest, ok := strings.CutPrefix(text, "array<"); ok && depth < maxDepth {
		elem, rest := cutType(rest, depth+1)
		if rest, ok := strings.CutPrefix(rest, ">"); ok && elem.Kind != schema.Null {
			return schema.Type{Kind: schema.Array, Elem: &elem}, rest
		}
		return schema.Type{}, text
	}
	if rest, ok := strings.CutPrefix(text, "struct<"); ok && depth < maxDepth {
		fields, rest := cutMembers(rest, depth+1)
		if fields == nil {
			return schema.Type{}, text
		}
		return schema.Type{Kind: schema.Struct, Fields: fields}, rest
	}
	end := strings.IndexAny(text, ",>")
	if end < 0 {
		end = len(text)
	}
	for _, kind := range []schema.Kind{schema.Bool, schema.Int, schema.Double, schema.String} {
		if t := (schema.Type{Kind: kind}); t.Hive() == text[:end] {
			return t, text[end:]
		}
	}
	return schema.Type{}, text
}

// cutMembers takes a struct's members and its end off the text; nil when they are not well formed.
func cutMembers(text string, depth int) ([]schema.Field, string) {
	var fields []schema.Field
	for {
		name, rest, ok := strings.Cut(text, ":")
		if !ok || !schema.MemberName(name) {
			return nil, text
		}
		t, rest := cutType(rest, depth)
		if t.Kind == schema.Null || rest == "" {
			return nil, text
		}
		fields = append(fields, schema.Field{Name: name, Spelling: name, Type: t})
		switch text = rest[1:]; rest[0] {
		case '>':
			return fields, text
		case ',':
		default:
			return nil, text
		}
	}
}
