package duck

import (
	"encoding/binary"
	"fmt"
	"math/big"
	"strings"
	"time"
	"unsafe"

	c "github.com/duckdb/duckdb-go-bindings"

	"github.com/lakebed/lakebed/services/lakebed/render"
)

// vector is one column, or a member of one, of the chunk at hand. Its memory is DuckDB's and goes with the chunk.
type vector struct {
	*shape
	data     unsafe.Pointer
	valid    unsafe.Pointer // a bit for each row, nil when none is NULL
	children []vector
}

func bind(s *shape, v c.Vector) vector {
	b := vector{shape: s, data: c.VectorGetData(v), valid: c.VectorGetValidity(v)}
	switch s.kind {
	case c.TypeList:
		b.children = []vector{bind(s.children[0], c.ListVectorGetChild(v))}
	case c.TypeArray:
		b.children = []vector{bind(s.children[0], c.ArrayVectorGetChild(v))}
	case c.TypeMap: // a list of structs of a key and a value
		entries := c.ListVectorGetChild(v)
		for i, child := range s.children {
			b.children = append(b.children, bind(child, c.StructVectorGetChild(entries, c.IdxT(i))))
		}
	case c.TypeStruct:
		for i, child := range s.children {
			b.children = append(b.children, bind(child, c.StructVectorGetChild(v, c.IdxT(i))))
		}
	case c.TypeUnion: // a struct of the tag and the members
		b.children = []vector{bind(&shape{kind: c.TypeUTinyInt}, c.StructVectorGetChild(v, 0))}
		for i, child := range s.children {
			b.children = append(b.children, bind(child, c.StructVectorGetChild(v, c.IdxT(i+1))))
		}
	}
	return b
}

// at is the i-th of a vector's fixed-size elements.
func at[T any](v *vector, i int) T {
	var zero T
	return *(*T)(unsafe.Add(v.data, uintptr(i)*unsafe.Sizeof(zero)))
}

// value is the i-th value, as one of the kinds that package render prints.
func (v *vector) value(i int) any {
	if v.valid != nil && *(*uint64)(unsafe.Add(v.valid, i/64*8))&(1<<(i%64)) == 0 {
		return nil
	}
	switch v.kind {
	case c.TypeSQLNull:
		return nil
	case c.TypeBoolean:
		return at[bool](v, i)
	case c.TypeTinyInt:
		return int64(at[int8](v, i))
	case c.TypeSmallInt:
		return int64(at[int16](v, i))
	case c.TypeInteger:
		return int64(at[int32](v, i))
	case c.TypeBigInt:
		return at[int64](v, i)
	case c.TypeUTinyInt:
		return uint64(at[uint8](v, i))
	case c.TypeUSmallInt:
		return uint64(at[uint16](v, i))
	case c.TypeUInteger:
		return uint64(at[uint32](v, i))
	case c.TypeUBigInt:
		return at[uint64](v, i)
	case c.TypeFloat:
		return at[float32](v, i)
	case c.TypeDouble:
		return at[float64](v, i)
	case c.TypeHugeInt:
		return v.hugeint(i)
	case c.TypeUHugeInt:
		return new(big.Int).SetBytes(v.bytes16(i))
	case c.TypeDecimal:
		return render.Number(v.decimal(i))
	case c.TypeVarchar:
		if v.alias == "JSON" {
			return render.JSON(v.text(i))
		}
		return v.text(i)
	case c.TypeBlob:
		return []byte(v.text(i))
	case c.TypeEnum:
		return v.word(i)
	}
	return v.nested(i)
}

func (v *vector) nested(i int) any {
	switch v.kind {
	case c.TypeList:
		entry := at[c.ListEntry](v, i)
		offset, length := c.ListEntryMembers(&entry)
		return v.list(int(offset), int(length))
	case c.TypeArray:
		return v.list(i*v.length, v.length)
	case c.TypeMap:
		entry := at[c.ListEntry](v, i)
		offset, length := c.ListEntryMembers(&entry)
		o := make(render.Object, length)
		for n := range o {
			key, value := v.children[0].value(int(offset)+n), v.children[1].value(int(offset)+n)
			o[n] = render.Member{Name: render.Text(key), Value: value}
		}
		return o
	case c.TypeStruct:
		o := make(render.Object, len(v.children))
		for n := range o {
			o[n] = render.Member{Name: v.names[n], Value: v.children[n].value(i)}
		}
		return o
	case c.TypeUnion:
		tag := int(at[uint8](&v.children[0], i))
		return render.Object{{Name: v.names[tag], Value: v.children[tag+1].value(i)}}
	}
	return v.spelt(i)
}

func (v *vector) list(offset, length int) []any {
	l := make([]any, length)
	for n := range l {
		l[n] = v.children[0].value(offset + n)
	}
	return l
}

// spelt is a value of the less common kinds, as DuckDB writes it; an instant is a time.
func (v *vector) spelt(i int) any {
	var x c.Value
	switch v.kind {
	case c.TypeTimestampTZ:
		t := at[c.Timestamp](v, i)
		if c.IsFiniteTimestamp(t) {
			return time.UnixMicro(c.TimestampMembers(&t)).UTC()
		}
		x = c.CreateTimestamp(t)
	case c.TypeTimestamp:
		x = c.CreateTimestamp(at[c.Timestamp](v, i))
	case c.TypeTimestampS:
		x = c.CreateTimestampS(at[c.TimestampS](v, i))
	case c.TypeTimestampMS:
		x = c.CreateTimestampMS(at[c.TimestampMS](v, i))
	case c.TypeTimestampNS:
		x = c.CreateTimestampNS(at[c.TimestampNS](v, i))
	case c.TypeDate:
		x = c.CreateDate(at[c.Date](v, i))
	case c.TypeTime:
		x = c.CreateTime(at[c.Time](v, i))
	case c.TypeTimeNS:
		x = c.CreateTimeNS(at[c.TimeNS](v, i))
	case c.TypeTimeTZ:
		x = c.CreateTimeTZValue(at[c.TimeTZ](v, i))
	case c.TypeInterval:
		x = c.CreateInterval(at[c.Interval](v, i))
	case c.TypeUUID:
		return v.uuid(i)
	case c.TypeBit:
		return v.bits(i)
	default:
		return fmt.Sprintf("(%s: cast it to VARCHAR to see it)", v.shape)
	}
	defer c.DestroyValue(&x)
	return c.GetVarchar(x)
}

// text copies a string: DuckDB keeps up to 12 bytes in place behind the length, else a pointer (duckdb_string_t in duckdb.h).
func (v *vector) text(i int) string {
	p := unsafe.Add(v.data, uintptr(i)*16)
	n := *(*uint32)(p)
	if n <= 12 {
		return strings.Clone(unsafe.String((*byte)(unsafe.Add(p, 4)), n))
	}
	return strings.Clone(unsafe.String(*(**byte)(unsafe.Add(p, 8)), n))
}

// bytes16 are the 16 bytes of a number, the highest first.
func (v *vector) bytes16(i int) []byte {
	halves := at[[2]uint64](v, i)
	return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint64(nil, halves[1]), halves[0])
}

func (v *vector) hugeint(i int) *big.Int {
	halves := at[struct {
		low  uint64
		high int64
	}](v, i)
	n := big.NewInt(halves.high)
	return n.Add(n.Lsh(n, 64), new(big.Int).SetUint64(halves.low))
}

func (v *vector) decimal(i int) string {
	var n *big.Int
	switch v.internal {
	case c.TypeSmallInt:
		n = big.NewInt(int64(at[int16](v, i)))
	case c.TypeInteger:
		n = big.NewInt(int64(at[int32](v, i)))
	case c.TypeBigInt:
		n = big.NewInt(at[int64](v, i))
	default:
		n = v.hugeint(i)
	}
	digits := new(big.Int).Abs(n).String()
	if scale := int(v.scale); scale > 0 {
		digits = strings.Repeat("0", max(0, scale+1-len(digits))) + digits
		digits = digits[:len(digits)-scale] + "." + digits[len(digits)-scale:]
	}
	if n.Sign() < 0 {
		return "-" + digits
	}
	return digits
}

func (v *vector) word(i int) string {
	switch v.internal {
	case c.TypeUTinyInt:
		return v.words[at[uint8](v, i)]
	case c.TypeUSmallInt:
		return v.words[at[uint16](v, i)]
	}
	return v.words[at[uint32](v, i)]
}

// uuid is stored as a HUGEINT whose highest bit is flipped, so that it sorts.
func (v *vector) uuid(i int) string {
	b := v.bytes16(i)
	b[0] ^= 0x80
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// bits are stored with the number of bits of padding before them.
func (v *vector) bits(i int) string {
	data := v.text(i)
	if data == "" {
		return ""
	}
	var b strings.Builder
	for _, octet := range []byte(data[1:]) {
		fmt.Fprintf(&b, "%08b", octet)
	}
	return b.String()[data[0]:]
}
