package gluecatalog

import (
	"encoding/base64"
	"errors"
	"maps"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/schema"
)

// random is text that hardly compresses.
func random(r *rand.Rand, n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = "abcdefghijklmnopqrstuvwxyz0123456789"[r.IntN(36)]
	}
	return string(b)
}

// wide is a table whose record takes about so many bytes compressed.
func wide(bytes, changes int) catalog.Table {
	r := rand.New(rand.NewPCG(1, 2))
	t := catalog.Table{Followed: true}
	for n := 0; n < bytes; n += 200 {
		c := catalog.Column{Field: field(random(r, 240), schema.Long), Since: at}
		for i := range changes {
			c.Changes = append(c.Changes, catalog.Change{From: "struct<" + random(r, 240) + ":bigint>", At: at.Add(time.Duration(i) * time.Hour)})
		}
		t.Columns = append(t.Columns, c)
	}
	return t
}

func TestPack(t *testing.T) {
	tests := map[string]struct {
		table  catalog.Table
		values int
	}{
		"empty":        {catalog.Table{}, 1},
		"one value":    {wide(10_000, 1), 1},
		"three values": {wide(800_000, 0), 3},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			parameters, err := pack(test.table, "r")
			if err != nil {
				t.Fatal(err)
			}
			if got := len(parameters) - 2; got != test.values {
				t.Errorf("it takes %d values, want %d", got, test.values)
			}
			for key, value := range parameters {
				if len(value) > 512_000 || !strings.HasPrefix(key, own) {
					t.Errorf("%s has %d bytes", key, len(value))
				}
			}
			got, err := unpack(parameters)
			if err != nil || !reflect.DeepEqual(got, test.table) {
				t.Errorf("read back: %d columns, %v", len(got.Columns), err)
			}
		})
	}
}

// TestPackForgets: of a history that is too long the latest changes stay, and the caller's table is as it was.
func TestPackForgets(t *testing.T) {
	given := wide(200_000, 16)
	parameters, err := pack(given, "r")
	if err != nil {
		t.Fatal(err)
	}
	got, err := unpack(parameters)
	if err != nil || len(got.Columns) != len(given.Columns) {
		t.Fatalf("read back: %d columns, %v", len(got.Columns), err)
	}
	for i, c := range got.Columns {
		all := given.Columns[i].Changes
		if len(all) != 16 || len(c.Changes) != 4 || !reflect.DeepEqual(c.Changes, all[12:]) {
			t.Fatalf("of %d changes %d stay", len(all), len(c.Changes))
		}
	}
}

func TestPackTooMuch(t *testing.T) {
	if _, err := pack(wide(2_500_000, 1), "r"); !errors.Is(err, errRecordSize) {
		t.Errorf("got %v, want %v", err, errRecordSize)
	}
}

func TestUnpackDamaged(t *testing.T) {
	whole, err := pack(wide(800_000, 0), "r")
	if err != nil {
		t.Fatal(err)
	}
	tests := map[string]func(map[string]string){
		"first value gone":  func(p map[string]string) { delete(p, recordKey+"0") },
		"last value gone":   func(p map[string]string) { delete(p, recordKey+"2") },
		"middle value gone": func(p map[string]string) { delete(p, recordKey+"1") },
		"all values gone": func(p map[string]string) {
			maps.DeleteFunc(p, func(k, _ string) bool { return strings.HasPrefix(k, recordKey) })
		},
		"values exchanged": func(p map[string]string) { p[recordKey+"0"], p[recordKey+"1"] = p[recordKey+"1"], p[recordKey+"0"] },
		"no base64":        func(p map[string]string) { p[recordKey+"1"] = strings.Repeat("!", 8) },
		"no gzip":          func(p map[string]string) { p[recordKey+"0"] = base64.StdEncoding.EncodeToString([]byte("{}")) },
	}
	for name, spoil := range tests {
		t.Run(name, func(t *testing.T) {
			p := maps.Clone(whole)
			spoil(p)
			if got, err := unpack(p); err == nil {
				t.Errorf("read as %d columns", len(got.Columns))
			}
		})
	}
}

// TestMix: nothing is left of a longer record, and all that is others' stays.
func TestMix(t *testing.T) {
	long, err := pack(wide(800_000, 0), "r")
	if err != nil {
		t.Fatal(err)
	}
	long["theirs"] = "kept"
	short, err := pack(known("a"), "s")
	if err != nil {
		t.Fatal(err)
	}
	mixed := mix(long, short)
	if len(mixed) != len(short)+1 || mixed["theirs"] != "kept" || mixed[revisionKey] != "s" || long[revisionKey] != "r" {
		t.Errorf("%d parameters of %d", len(mixed), len(short))
	}
	if got, err := unpack(mixed); err != nil || len(got.Columns) != 1 {
		t.Errorf("read back: %d columns, %v", len(got.Columns), err)
	}
}
