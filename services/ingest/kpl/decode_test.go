package kpl_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/lakebed/lakebed/services/ingest/kpl"
	"github.com/lakebed/lakebed/services/ingest/kpl/kpltest"
)

// fixture is what scripts/kpl-fixtures.py made with Amazon's aggregator, and of what.
type fixture struct {
	name    string
	data    []byte
	records []kpltest.Record
}

func fixtures(t testing.TB) []fixture {
	t.Helper()
	names, err := filepath.Glob(filepath.Join("testdata", "*.kpl"))
	if err != nil || len(names) < 9 {
		t.Fatalf("fixtures are %v, %v", names, err)
	}
	var all []fixture
	for _, name := range names {
		f := fixture{name: strings.TrimSuffix(filepath.Base(name), ".kpl")}
		if f.data, err = os.ReadFile(name); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(strings.TrimSuffix(name, ".kpl") + ".json")
		if err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(text, &f.records); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		all = append(all, f)
	}
	return all
}

// same tells whether an aggregate decodes to just these sub-records.
func same(t testing.TB, data []byte, want []kpltest.Record) {
	t.Helper()
	if !kpl.Is(data) {
		t.Error("not known as an aggregate")
	}
	a, err := kpl.Decode(data)
	if err != nil {
		t.Error(err)
		return
	}
	got := slices.Collect(a.Records())
	if len(got) != len(want) || a.Len() != len(want) {
		t.Errorf("%d sub-records, said to be %d, want %d", len(got), a.Len(), len(want))
		return
	}
	for k := range got {
		if !bytes.Equal(got[k], want[k].Data) {
			t.Errorf("sub-record %d is %q, want %q", k, got[k], want[k].Data)
		}
		if cap(got[k]) != len(got[k]) {
			t.Errorf("sub-record %d can be appended to in place", k)
		}
	}
}

// 22: what Amazon's aggregator wrote is read, and the encoder that other tests use writes the same bytes.
func TestFixtures(t *testing.T) {
	for _, f := range fixtures(t) {
		t.Run(f.name, func(t *testing.T) {
			same(t, f.data, f.records)
			if !bytes.Equal(kpltest.Encode(f.records...), f.data) {
				t.Error("kpltest writes other bytes")
			}
		})
	}
}

// 22: 10,000 tiny sub-records, and one of 1 MiB.
func TestSizes(t *testing.T) {
	tiny := make([]kpltest.Record, 10_000)
	for k := range tiny {
		tiny[k] = kpltest.Record{Key: "p", Data: fmt.Append(nil, k)}
	}
	same(t, kpltest.Encode(tiny...), tiny)
	large := []kpltest.Record{{Key: "p", Data: bytes.Repeat([]byte("x"), 1<<20)}}
	same(t, kpltest.Encode(large...), large)
}

func TestIs(t *testing.T) {
	for data, want := range map[string]bool{
		"\xf3\x89\x9a\xc2": true, "\xf3\x89\x9a\xc2x": true, " \r\n\t\xf3\x89\x9a\xc2": true,
		"": false, " ": false, "\xf3\x89\x9a": false, "\xf3\x89\x9a\xc3": false, "x\xf3\x89\x9a\xc2": false, "\v\xf3\x89\x9a\xc2": false, "{}": false,
	} {
		if kpl.Is([]byte(data)) != want {
			t.Errorf("Is(%q) is %v", data, !want)
		}
	}
}

// message puts fields together; sub is a sub-record's field.
func message(fields ...[]byte) []byte { return slices.Concat(fields...) }

func bytesField(n protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(nil, n, protowire.BytesType), b)
}

func varint(n protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(nil, n, protowire.VarintType), v)
}

func sub(fields ...[]byte) []byte { return bytesField(3, message(fields...)) }

// 22: every way in which an aggregate can be broken, and what it is told as.
func TestBroken(t *testing.T) {
	whole := kpltest.Events(`{"a":1}`, `{"b":2}`)
	key, data := bytesField(1, []byte("p")), bytesField(3, []byte("{}"))
	good := sub(varint(1, 0), data)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)-1] ^= 1
	changed := bytes.Clone(whole)
	changed[10] ^= 1
	for _, c := range []struct {
		name string
		data []byte
		want string
	}{
		{"sum", flipped, "MD5"},
		{"content", changed, "MD5"},
		{"magic alone", whole[:4], "cut off"},
		{"no room for the sum", whole[:19], "cut off"},
		{"cut in the middle", whole[:len(whole)/2], "MD5"},
		{"something behind", append(bytes.Clone(whole), '\n'), "MD5"},
		{"white space before", append([]byte(" "), whole...), "white space"},
		{"nothing", kpltest.Seal(nil), "no sub-records"},
		{"no records", kpltest.Seal(key), "no sub-records"},
		{"no protobuf", kpltest.Seal([]byte("hello, world")), "no protobuf"},
		{"a tag cut off", kpltest.Seal(message(key, good, []byte{0x80})), "no protobuf"},
		{"a varint without end", kpltest.Seal(message(key, good, []byte("\x20\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"))), "no protobuf"},
		{"a length beyond the end", kpltest.Seal(message(key, good, []byte("\x1a\x7f"))), "no protobuf"},
		{"a huge length", kpltest.Seal(message(key, good, []byte("\x1a\xff\xff\xff\xff\xff\xff\xff\xff\x7f"))), "no protobuf"},
		{"field number 0", kpltest.Seal(message(key, good, varint(0, 1))), "no protobuf"},
		{"an open group", kpltest.Seal(message(key, good, []byte("\x2b"))), "no protobuf"},
		{"a table of numbers", kpltest.Seal(message(varint(1, 0), key, good)), "another type"},
		{"a record of another type", kpltest.Seal(message(key, good, varint(3, 0))), "another type"},
		{"key out of range", kpltest.Seal(message(key, good, sub(varint(1, 1), data))), "partition key 1 of 1"},
		{"key far out of range", kpltest.Seal(message(key, sub(varint(1, 1<<64-1), data))), "of 1"},
		{"no table", kpltest.Seal(good), "partition key 0 of 0"},
		{"hash out of range", kpltest.Seal(message(key, bytesField(2, []byte("1")), sub(varint(1, 0), varint(2, 1), data))), "explicit hash key 1 of 1"},
		{"no hash table", kpltest.Seal(message(key, sub(varint(1, 0), varint(2, 0), data))), "explicit hash key 0 of 0"},
		{"no key", kpltest.Seal(message(key, sub(data))), "lacks"},
		{"no data", kpltest.Seal(message(key, good, sub(varint(1, 0)))), "sub-record 1: it lacks"},
		{"an empty sub-record", kpltest.Seal(message(key, sub())), "lacks"},
		{"data twice", kpltest.Seal(message(key, sub(varint(1, 0), data, data))), "twice"},
		{"data as a number", kpltest.Seal(message(key, sub(varint(1, 0), varint(3, 1)))), "another type"},
		{"key as bytes", kpltest.Seal(message(key, sub(bytesField(1, nil), data))), "another type"},
		{"a broken sub-record", kpltest.Seal(message(key, good, bytesField(3, []byte("\x1a\x7f")))), "sub-record 1: no protobuf"},
		{"nested", kpltest.Events(`{"a":1}`, string(whole)), "sub-record 1: it is an aggregate"},
		{"nested behind white space", kpltest.Events("\n " + string(whole)), "sub-record 0: it is an aggregate"},
		{"nested and broken", kpltest.Events("\xf3\x89\x9a\xc2"), "sub-record 0: it is an aggregate"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !kpl.Is(c.data) {
				t.Fatal("not known as an aggregate")
			}
			a, err := kpl.Decode(c.data)
			if err == nil {
				t.Fatalf("decodes to %d sub-records", a.Len())
			}
			if text := err.Error(); !strings.Contains(text, c.want) || len(text) > 200 || !utf8.ValidString(text) {
				t.Errorf("%q, want %q", text, c.want)
			}
		})
	}
}

// What the format may come to hold is passed over, as protobuf has it; the order of fields is free.
func TestUnknownFields(t *testing.T) {
	tag := bytesField(4, bytesField(1, []byte("k")))
	data := kpltest.Seal(message(
		bytesField(9, []byte("new")), varint(10, 7), []byte("\x5b\x08\x01\x5c"), // a group
		sub(tag, bytesField(3, []byte("{}")), varint(1, 1), tag, varint(15, 1), []byte("\x85\x01abcd")),
		bytesField(1, []byte("p")), bytesField(1, []byte("q")), bytesField(1, []byte("q")),
	))
	same(t, data, []kpltest.Record{{Data: []byte("{}")}})
}

// Reading may stop, and starts anew.
func TestStop(t *testing.T) {
	a, err := kpl.Decode(kpltest.Events("1", "2", "3"))
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		for data := range a.Records() {
			if string(data) != "1" {
				t.Errorf("got %s", data)
			}
			break
		}
	}
}

// Decoding takes no memory, whatever an aggregate says of itself.
func TestNoMemory(t *testing.T) {
	data := kpltest.Events(`{"a":1}`, `{"b":2}`, `{"c":3}`)
	n := testing.AllocsPerRun(100, func() {
		a, err := kpl.Decode(data)
		if err != nil {
			t.Fatal(err)
		}
		for range a.Records() {
		}
	})
	if n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkDecode(b *testing.B) {
	line := `{"event_uuid":"x","created_at":"2026-11-23T08:00:00Z","comment":"` + strings.Repeat("x", 350) + `"}`
	lines := make([]string, 2000)
	for k := range lines {
		lines[k] = line
	}
	data := kpltest.Events(lines...)
	b.SetBytes(int64(len(data)))
	for b.Loop() {
		a, err := kpl.Decode(data)
		if err != nil {
			b.Fatal(err)
		}
		n := 0
		for range a.Records() {
			n++
		}
		if n != len(lines) {
			b.Fatal(n)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(lines)), "ns/sub-record")
}

func BenchmarkIs(b *testing.B) {
	data := []byte(`{"event_uuid":"x"}`)
	for b.Loop() {
		if kpl.Is(data) {
			b.Fatal()
		}
	}
}
