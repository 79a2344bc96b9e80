package kpl_test

import (
	"bytes"
	"encoding/binary"
	"slices"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/reflect/protodesc"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/types/descriptorpb"
	"google.golang.org/protobuf/types/dynamicpb"

	"github.com/lakebed/lakebed/services/ingest/kpl"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
)

// FuzzDecode takes any bytes, as they are and with a good checksum around them. Nothing panics, an aggregate decodes whole or not at all,
// and what decodes says so alike each time.
func FuzzDecode(f *testing.F) {
	for _, x := range fixtures(f) {
		if len(x.data) < 4096 {
			f.Add(x.data)
			f.Add(x.data[4 : len(x.data)-16])
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		for _, data := range [][]byte{data, kpltest.Seal(data)} {
			before := bytes.Clone(data)
			a, err := kpl.Decode(data)
			n, size := 0, 0
			for sub := range a.Records() {
				if kpl.Is(sub) {
					t.Error("an aggregate in an aggregate")
				}
				n++
				size += len(sub)
			}
			switch {
			case !bytes.Equal(before, data):
				t.Error("the record was changed")
			case err != nil && (n != 0 || a.Len() != 0):
				t.Errorf("%d sub-records of %d with an error: %v", n, a.Len(), err)
			case err == nil && (n == 0 || n != a.Len() || !kpl.Is(data)):
				t.Errorf("%d sub-records of %d", n, a.Len())
			case size > len(data):
				t.Errorf("%d bytes in %d", size, len(data))
			}
		}
	})
}

// FuzzEncoded cuts any bytes into sub-records: what is encoded comes back, whatever follows it in memory, and not with one bit of it changed.
func FuzzEncoded(f *testing.F) {
	f.Add([]byte("\x02{}\x00\x03{}\n"), uint(0))
	f.Add([]byte("\x05hello\x05world"), uint(77))
	f.Add([]byte("\x04\xf3\x89\x9a\xc2"), uint(200))
	f.Fuzz(func(t *testing.T, data []byte, bit uint) {
		var want []kpltest.Record
		nested := false
		for len(data) > 0 {
			size, n := binary.Uvarint(data)
			if n <= 0 {
				break
			}
			size = min(size, uint64(len(data)-n))
			r := kpltest.Record{Key: string(data[:min(n, len(data))]), Data: data[n : n+int(size)]}
			if size%3 == 0 {
				r.Hash = r.Key + "h"
			}
			nested = nested || kpl.Is(r.Data)
			want = append(want, r)
			data = data[n+int(size):]
		}
		encoded := kpltest.Encode(want...)
		if len(want) == 0 || nested {
			if _, err := kpl.Decode(encoded); err == nil {
				t.Error("nothing, or an aggregate in it, decodes")
			}
			return
		}
		same(t, encoded, want)
		at := bit % uint(8*len(encoded))
		encoded[at/8] ^= 1 << (at % 8)
		if a, err := kpl.Decode(encoded); err == nil {
			t.Errorf("with bit %d changed it decodes to %d sub-records", at, a.Len())
		}
	})
}

// aggregated is Amazon's schema of an aggregate, as far as it matters here, for protobuf's own reader.
func aggregated(f *testing.F) protoreflect.MessageDescriptor {
	f.Helper()
	field := func(name string, number int32, label descriptorpb.FieldDescriptorProto_Label, kind descriptorpb.FieldDescriptorProto_Type) *descriptorpb.FieldDescriptorProto {
		d := &descriptorpb.FieldDescriptorProto{Name: &name, Number: &number, Label: label.Enum(), Type: kind.Enum()}
		if kind == descriptorpb.FieldDescriptorProto_TYPE_MESSAGE {
			d.TypeName = proto.String(".R")
		}
		return d
	}
	const (
		optional, required, repeated = descriptorpb.FieldDescriptorProto_LABEL_OPTIONAL, descriptorpb.FieldDescriptorProto_LABEL_REQUIRED, descriptorpb.FieldDescriptorProto_LABEL_REPEATED
		number, text                 = descriptorpb.FieldDescriptorProto_TYPE_UINT64, descriptorpb.FieldDescriptorProto_TYPE_BYTES
	)
	file, err := protodesc.NewFile(&descriptorpb.FileDescriptorProto{
		Name: proto.String("aggregate.proto"), Syntax: proto.String("proto2"),
		MessageType: []*descriptorpb.DescriptorProto{
			{Name: proto.String("R"), Field: []*descriptorpb.FieldDescriptorProto{field("key", 1, required, number), field("hash", 2, optional, number), field("data", 3, required, text)}},
			{Name: proto.String("A"), Field: []*descriptorpb.FieldDescriptorProto{
				field("keys", 1, repeated, text), field("hashes", 2, repeated, text), field("records", 3, repeated, descriptorpb.FieldDescriptorProto_TYPE_MESSAGE),
			}},
		},
	}, nil)
	if err != nil {
		f.Fatal(err)
	}
	return file.Messages().ByName("A")
}

// FuzzAgainstProtobuf gives any bytes as an aggregate's message. What is taken, protobuf's own reader takes, with the same data; what is refused it
// refuses too, or holds nothing, an index out of range, an aggregate in it, a known field of another type, or a field twice.
func FuzzAgainstProtobuf(f *testing.F) {
	for _, x := range fixtures(f) {
		if len(x.data) < 2048 {
			f.Add(x.data[4 : len(x.data)-16])
		}
	}
	kind := aggregated(f)
	f.Fuzz(func(t *testing.T, message []byte) {
		var got [][]byte
		a, refused := kpl.Decode(kpltest.Seal(message))
		for data := range a.Records() {
			got = append(got, data)
		}
		m := dynamicpb.NewMessage(kind)
		if err := proto.Unmarshal(message, m); err != nil {
			if refused == nil {
				t.Errorf("%q is taken: %v", message, err)
			}
			return
		}
		list := func(name protoreflect.Name) protoreflect.List { return m.Get(kind.Fields().ByName(name)).List() }
		keys, hashes, records := list("keys").Len(), list("hashes").Len(), list("records")
		bad := records.Len() == 0 || mistyped(m)
		var want [][]byte
		for i := range records.Len() {
			r := records.Get(i).Message()
			fields := r.Descriptor().Fields()
			data := r.Get(fields.ByName("data")).Bytes()
			bad = bad || kpl.Is(data) || mistyped(r) || r.Get(fields.ByName("key")).Uint() >= uint64(keys) ||
				r.Has(fields.ByName("hash")) && r.Get(fields.ByName("hash")).Uint() >= uint64(hashes)
			want = append(want, data)
		}
		if refused == nil && bad {
			t.Errorf("%q is taken", message)
		}
		if refused == nil && !slices.EqualFunc(got, want, bytes.Equal) {
			t.Errorf("%q holds %q, want %q", message, got, want)
		}
		if refused != nil && !bad && proto.Size(m) == len(message) { // a field that is there twice is left out of it
			t.Errorf("%q is refused: %v", message, refused)
		}
	})
}

// mistyped tells whether a message has a field of a known number that is of another type: protobuf passes it over.
func mistyped(m protoreflect.Message) bool {
	for rest := m.GetUnknown(); len(rest) > 0; {
		number, _, n := protowire.ConsumeField(rest)
		if number <= 3 {
			return true
		}
		rest = rest[n:]
	}
	return false
}
