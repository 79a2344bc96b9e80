package schema

import "strings"

// MaxName is the longest name in bytes, after folding, that is declared: Glue's and Athena's limit for a column
// (https://docs.aws.amazon.com/glue/latest/webapi/API_Column.html).
const MaxName = 255

// partitionKeys are the columns that a partition gives. A field of that name in the events is not declared: the partition wins.
var partitionKeys = [...]string{"dt", "hour"}

// Fold is the name under which Hive, Athena and Trino know a key: lower case by strings.ToLower. Two keys of one fold are one field. Of the letters
// whose lower case is ASCII in Go, one is not in Java: İ gives two characters there, so that a reader would not find it under a plain i.
//
// Not every name can be declared. ColumnName and MemberName say which; the data under any other key stays in the files, undeclared.
func Fold(key string) string { return strings.ToLower(strings.ReplaceAll(key, "İ", "i\u0307")) }

// ColumnName tells whether a folded name may name a column: 1 to 255 of a-z 0-9 _ . - @ $ and blank, where a blank is neither first nor last,
// $ is not first (Trino's hidden columns are named so: $path), and dt and hour are taken.
//
// Glue would take any printable text, and Athena documents only the underscore; others work when quoted. Left out are what separates
// columns in Hive's table properties (comma), what quotes (" ' `), what Trino joins paths of members by (#), and all but ASCII: its lower
// case differs between Go and Java.
func ColumnName(name string) bool { return columnName(name) }

func columnName[T text](name T) bool {
	if !composed(name, inColumn) || name[0] == '$' || name[0] == ' ' || name[len(name)-1] == ' ' {
		return false
	}
	for _, key := range partitionKeys {
		if string(name) == key {
			return false
		}
	}
	return true
}

// MemberName tells whether a folded name may name a member of a struct: 1 to 255 of a-z 0-9 _ and the dot, which is what Athena documents
// for complex types (https://docs.aws.amazon.com/athena/latest/ug/tables-databases-columns-names.html). Hive's parser of type strings, and
// Trino's copy of it, ends a name at anything but a letter, a digit, _ . $ or a blank (older ones: also at the last two), and would then
// refuse the whole table.
func MemberName(name string) bool { return composed(name, inMember) }

type text interface{ string | []byte }

const (
	inColumn = 1 << iota
	inMember
)

var nameBytes = func() (t [256]uint8) {
	mark := func(set string, as uint8) {
		for i := range len(set) {
			t[set[i]] |= as
		}
	}
	mark("abcdefghijklmnopqrstuvwxyz0123456789_.", inColumn|inMember)
	mark("-@$ ", inColumn)
	return t
}()

func composed[T text](name T, of uint8) bool {
	if len(name) == 0 || len(name) > MaxName {
		return false
	}
	for i := range len(name) {
		if nameBytes[name[i]]&of == 0 {
			return false
		}
	}
	return true
}
