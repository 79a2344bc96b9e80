package event

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"
)

// sample makes n events of about 400 bytes, as a shop's services send them.
func sample(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	words := []string{"cart:add", "order:paid", "page:view", "login", "search:submit:again"}
	records := make([][]byte, n)
	for i := range records {
		records[i] = fmt.Appendf(nil, `{"event_uuid":"%08x-%04x-4%03x-8%03x-%012x","event_name":%q,"created_at":%d.%03d,"user":{"id":%d,`+
			`"country":"PT","consent":true,"segments":["a","b","new"]},"device":{"os":"ios","version":"17.%d.1","locale":"pt_PT"},`+
			`"url":"https://shop.example.com/products/%d?ref=mail&utm_source=spring","price":%d.%02d,"quantity":%d,"currency":"EUR",`+
			`"note":"caf\u00e9 \"%d\" déjà vu","session":"%016x"}`,
			r.Uint32(), r.Uint32()&0xffff, r.Uint32()&0xfff, r.Uint32()&0xfff, r.Uint64()&0xffffffffffff, words[r.IntN(len(words))],
			1626847200+r.IntN(86400), r.IntN(1000), r.IntN(1e7), r.IntN(9), r.IntN(1e6), r.IntN(500), r.IntN(100), r.IntN(9)+1,
			r.IntN(1000), r.Uint64())
	}
	return records
}

var arrivalForTests = time.Date(2021, 7, 23, 0, 0, 0, 0, time.UTC)

func BenchmarkDecode(b *testing.B) {
	run := func(name string, m Mapping, records [][]byte) {
		b.Run(name, func(b *testing.B) {
			d, err := NewDecoder(m, 24*time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			size := int64(0)
			for _, r := range records {
				size += int64(len(r))
			}
			b.SetBytes(size)
			b.ReportAllocs()
			events := 0
			accept := func(Event) { events++ }
			reject := func(r Rejection) { b.Fatal(r.Error()) }
			for b.Loop() {
				d.Reset()
				for _, r := range records {
					d.Decode(r, arrivalForTests, accept, reject)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(events), "ns/event")
			b.ReportMetric(float64(size)/float64(len(records)), "B/event")
		})
	}
	run("generated", DefaultMapping, sample(10_000))
	run("github", githubMapping, github(b))
}

func BenchmarkIdentify(b *testing.B) {
	run := func(name string, m Mapping, records [][]byte) {
		b.Run(name, func(b *testing.B) {
			d, err := NewDecoder(m, 24*time.Hour)
			if err != nil {
				b.Fatal(err)
			}
			n := 0
			for b.Loop() {
				for _, r := range records {
					if _, err := d.Identify(r); err != nil {
						b.Fatal(err)
					}
				}
				n += len(records)
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(n), "ns/event")
		})
	}
	first := sample(10_000)
	last := make([][]byte, len(first))
	for i, r := range first { // {"event_uuid":"…", …} becomes {…,"event_uuid":"…"}
		comma := bytes.IndexByte(r, ',')
		last[i] = fmt.Appendf(nil, `{%s,%s}`, r[comma+1:len(r)-1], r[1:comma])
	}
	run("first", DefaultMapping, first)
	run("last", DefaultMapping, last)
	run("github", githubMapping, github(b))
}
