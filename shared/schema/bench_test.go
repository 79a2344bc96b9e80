package schema

import (
	"bufio"
	"compress/gzip"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

// generatedEvents are some 400 bytes each, of five kinds with members of their own.
func generatedEvents(n int) [][]byte {
	r := rand.New(rand.NewPCG(1, 2))
	out := make([][]byte, n)
	for i := range out {
		extra := [...]string{
			`"cart":{"items":[{"sku":"A-%d","qty":2,"price":19.99},{"sku":"B-17","qty":1,"price":5}],"currency":"EUR"}`,
			`"page":{"url":"https://shop.example.com/products/%d?ref=newsletter","title":"A product","referrer":null}`,
			`"search":{"query":"red shoes \"%d\"","hits":230,"took_ms":1.25}`,
			`"error":{"code":%d,"message":"upstream timed out","retry":true}`,
			`"value":%d,"unit":"ms","tags":["a","b","c"]`,
		}[r.IntN(5)]
		out[i] = fmt.Appendf(nil, `{"event_uuid":"%08x-7b1f-4c3a-9d2e-%012x","created_at":%d,"event_name":"shop:order","user":{"id":%d,"email":"user%d@example.com",`+
			`"country":"DE","beta":false},"session":{"id":"%016x","device":"mobile","os":"iOS 17.1","screen":[390,844]},`+extra+
			`,"created_datetime":"2026-11-23T08:15:30Z","event_type":"shop","event_subtype":"order"}`,
			r.Uint32(), r.Uint64()>>16, 1790000000+i, r.IntN(1e6), r.IntN(1e6), r.Uint64(), r.IntN(1000))
	}
	return out
}

// githubEvents are real ones; the test skips when the data is not there.
func githubEvents(t testing.TB) (lines [][]byte) {
	t.Helper()
	name := filepath.Join("..", "..", "..", "shared", "data", "github-events-2021-07-21.ndjson.gz")
	f, err := os.Open(name)
	if err != nil {
		t.Skipf("SKIPPED, NO REAL DATA: %v", err)
	}
	defer f.Close()
	z, err := gzip.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	s := bufio.NewScanner(z)
	s.Buffer(nil, 32<<20)
	for s.Scan() {
		lines = append(lines, append([]byte(nil), s.Bytes()...))
	}
	if s.Err() != nil || len(lines) == 0 {
		t.Fatalf("%d lines: %v", len(lines), s.Err())
	}
	return lines
}

func benchmark(b *testing.B, lines [][]byte, each func(line []byte) error) {
	size := 0
	for _, line := range lines {
		size += len(line)
		if err := each(line); err != nil {
			b.Fatal(err)
		}
	}
	b.SetBytes(int64(size / len(lines)))
	b.ReportAllocs()
	i := 0
	for b.Loop() {
		if err := each(lines[i]); err != nil {
			b.Fatal(err)
		}
		if i++; i == len(lines) {
			i = 0
		}
	}
}

func sources(b *testing.B, run func(b *testing.B, lines [][]byte)) {
	b.Run("generated", func(b *testing.B) { run(b, generatedEvents(10_000)) })
	b.Run("github", func(b *testing.B) { run(b, githubEvents(b)) })
}

func BenchmarkObserve(b *testing.B) {
	sources(b, func(b *testing.B, lines [][]byte) {
		benchmark(b, lines, NewInferrer(Limits{}, nil).Observe)
	})
}

func BenchmarkFits(b *testing.B) {
	sources(b, func(b *testing.B, lines [][]byte) {
		in := NewInferrer(Limits{}, nil)
		for _, line := range lines {
			if err := in.Observe(line); err != nil {
				b.Fatal(err)
			}
		}
		benchmark(b, lines, NewChecker(in.Columns()).Fits)
	})
}

// BenchmarkScan is what a mere skip over the line costs: the floor.
func BenchmarkScan(b *testing.B) {
	sources(b, func(b *testing.B, lines [][]byte) {
		benchmark(b, lines, func(line []byte) error {
			if skipContainer(line, 0) != len(line) {
				return ErrLine
			}
			return nil
		})
	})
}

func BenchmarkMerge(b *testing.B) {
	in := NewInferrer(Limits{}, nil)
	for _, line := range githubEvents(b) {
		if err := in.Observe(line); err != nil {
			b.Fatal(err)
		}
	}
	columns := in.Columns()
	for b.Loop() {
		Merge(columns, columns)
	}
}
