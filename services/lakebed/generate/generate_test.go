package generate

import (
	"bufio"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"maps"
	"strings"
	"testing"
	"time"
	"unicode/utf8"
)

// stream makes a stream and reads it back as lines.
func stream(t testing.TB, o Options) ([]string, Summary) {
	t.Helper()
	var out bytes.Buffer
	summary, err := Write(t.Context(), &out, o)
	if err != nil {
		t.Fatal(err)
	}
	if int64(out.Len()) != summary.Bytes {
		t.Fatalf("%d bytes written, %d in the summary", out.Len(), summary.Bytes)
	}
	var lines []string
	for text := range strings.Lines(out.String()) {
		lines = append(lines, strings.TrimSuffix(text, "\n"))
	}
	return lines, summary
}

var full = Options{Events: 20_000, Seed: 7, Duplicates: .02, Late: .01, Broken: .005, Hours: 30, Start: DefaultStart.Add(17 * time.Minute)}

func TestSameOptionsSameBytes(t *testing.T) {
	sum := func(o Options) string {
		h := sha256.New()
		if _, err := Write(t.Context(), h, o); err != nil {
			t.Fatal(err)
		}
		return hex.EncodeToString(h.Sum(nil))
	}
	first := sum(full)
	if again := sum(full); again != first {
		t.Errorf("the second stream differs: %s, %s", first, again)
	}
	other := full
	other.Seed++
	if sum(other) == first {
		t.Error("another seed gives the same stream")
	}
	// Streams are cited by their options, so a change to the text of events is a change that users see: it shows here.
	if want := "069818676f2fe1f93d091f88a9c8e8e33b5b0d9c9df697e64cd77879b97fdf33"; first != want {
		t.Errorf("the stream changed: %s, want %s", first, want)
	}
}

func TestCountsAreExact(t *testing.T) {
	for _, o := range []Options{
		full,
		{Events: 0},
		{Events: 1, Duplicates: 1, Late: 1, Broken: 1},
		{Events: 3, Hours: 5000, Duplicates: .5},
		{Events: 1000, Hours: 1, Duplicates: 1, Late: 1, Broken: 1},
		{Events: 9_999, Seed: 1 << 63, Duplicates: .3333, Late: .5, Broken: .1, Hours: 2000},
		{Events: 5_000, Hours: 1, Start: time.Date(1999, 12, 31, 23, 59, 59, 999_999_999, time.FixedZone("", 3600))},
	} {
		t.Run(fmt.Sprintf("%d events %v %v %v in %d hours", o.Events, o.Duplicates, o.Late, o.Broken, o.Hours), func(t *testing.T) {
			checkCounts(t, o)
		})
	}
}

// checkCounts recounts a stream from its text alone and compares that with its summary and with the shares asked for.
func checkCounts(t *testing.T, o Options) {
	lines, summary := stream(t, o)
	o, _ = o.withDefaults()

	var (
		first = map[string]string{} // id to line
		names = map[string]int{}
		hours = map[time.Time]Hour{}
		bad   int
	)
	for n, text := range lines {
		s, err := read(text)
		if err != nil {
			bad++
			continue
		}
		hour := hours[s.at.UTC().Truncate(time.Hour)]
		if earlier, known := first[s.id]; known {
			if earlier != text {
				t.Fatalf("line %d: another text under id %s", n+1, s.id)
			}
			hour.Duplicates++
		} else {
			first[s.id] = text
			names[s.name]++
			hour.Events++
		}
		hours[s.at.UTC().Truncate(time.Hour)] = hour
		if s.at.Before(o.Start) || !s.at.Before(o.Start.Add(o.span())) {
			t.Errorf("line %d: time %s is out of range", n+1, s.at)
		}
	}

	duplicates := len(lines) - bad - len(first)
	for _, count := range []struct {
		what      string
		got, want int
	}{
		{"events", len(first), o.Events},
		{"duplicates", duplicates, int(o.part(o.Duplicates))},
		{"broken", bad, int(o.part(o.Broken))},
		{"lines in the summary", summary.Lines, len(lines)},
		{"events in the summary", summary.Events, o.Events},
		{"duplicates in the summary", summary.Duplicates, duplicates},
		{"late in the summary", summary.Late, int(o.part(o.Late))},
		{"broken in the summary", summary.BrokenLines(), bad},
		{"hours in the summary", len(summary.Hours), len(hours)},
	} {
		if count.got != count.want {
			t.Errorf("%s: %d, want %d", count.what, count.got, count.want)
		}
	}
	if !maps.Equal(names, summary.Names) {
		t.Errorf("names: %v, want %v", summary.Names, names)
	}
	for _, got := range summary.Hours {
		want := hours[got.Hour]
		if got.Events != want.Events || got.Duplicates != want.Duplicates {
			t.Errorf("%v: want %d events, %d duplicates", got, want.Events, want.Duplicates)
		}
	}
}

func TestLateEventsComeLate(t *testing.T) {
	o := full
	o.Duplicates, o.Broken = 0, 0
	lines, summary := stream(t, o)

	var newest time.Time
	var behind, atEnd int
	for _, text := range lines {
		s, err := read(text)
		if err != nil {
			t.Fatal(err)
		}
		switch lag := newest.Sub(s.at); {
		case lag <= time.Second: // as precise as the coarsest spelling of a time
			newest = s.at
		case lag >= lateDelays[0]-15*time.Second: // the newest one may be late itself, and another a second newer than it is spelled
			behind++
		case s.at.After(o.Start.Add(o.span() - lateDelays[0] - time.Minute)):
			atEnd++ // an event of the last minutes, which nothing younger can overtake
		default:
			t.Errorf("event of %s is only %s behind", s.at, lag)
		}
	}
	if sum := behind + atEnd; sum > summary.Late || sum < summary.Late-1 {
		t.Errorf("%d events behind and %d at the end, want %d", behind, atEnd, summary.Late)
	}
}

func TestCopiesComeSoonAndLongAfter(t *testing.T) {
	lines, summary := stream(t, full)
	where := map[string]int{}
	var soon, long, more int
	seenTwice := map[string]bool{}
	for n, text := range lines {
		s, err := read(text)
		if err != nil {
			continue
		}
		at, known := where[s.id]
		switch {
		case !known:
			where[s.id] = n
		case n-at <= 20:
			soon++
		default:
			long++
		}
		if known && seenTwice[s.id] {
			more++
		}
		seenTwice[s.id] = known
	}
	if soon < summary.Duplicates/2 || long < summary.Duplicates/20 || more == 0 {
		t.Errorf("of %d copies %d soon and %d long after, %d a third time", summary.Duplicates, soon, long, more)
	}
}

func TestEveryFaultBreaksEveryKind(t *testing.T) {
	o, err := Options{Events: 400, Broken: 1}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthor(o)
	for f, fault := range faults {
		t.Run(fault.name, func(t *testing.T) {
			met := map[int]bool{}
			for index := range uint64(o.Events) {
				a.recall(line{broken, uint64(o.Events) + index, index})
				a.fault = f
				met[a.kind] = true
				text := string(fault.write(a, nil))
				if _, err := read(text); err == nil {
					t.Errorf("a good line: %s", text)
				}
				if strings.Contains(text, "\n") || text == "" {
					t.Errorf("%q is not one line", text)
				}
				if utf8.ValidString(text) == (fault.name == "invalid_utf8") {
					t.Errorf("UTF-8 is not as it should be: %q", text)
				}
			}
			if len(met) != len(kinds) {
				t.Errorf("only %d of %d kinds of events", len(met), len(kinds))
			}
		})
	}
}

func TestFaultsTakeTurns(t *testing.T) {
	_, summary := stream(t, Options{Events: 1000, Broken: .1})
	for _, name := range Faults() {
		if n := summary.Broken[name]; n != 100/len(faults) {
			t.Errorf("%s: %d lines", name, n)
		}
	}
}

func TestIDsAreDistinct(t *testing.T) {
	const n = 1 << 20
	o, err := Options{Events: n}.withDefaults()
	if err != nil {
		t.Fatal(err)
	}
	a := newAuthor(o)
	met := make(map[[38]byte]bool, n)
	for index := range uint64(n) {
		a.recall(line{onTime, index, index})
		id := [38]byte(a.id)
		if met[id] {
			t.Fatalf("event %d has the id %s of an earlier one", index, id)
		}
		met[id] = true
		if id[15] != '4' || !strings.ContainsRune("89ab", rune(id[20])) {
			t.Fatalf("%s is no UUID of version 4", id)
		}
	}
}

func TestLinesLookReal(t *testing.T) {
	lines, summary := stream(t, Options{Events: 50_000})
	if mean := summary.Bytes / int64(summary.Lines); mean < 350 || mean > 450 {
		t.Errorf("%d bytes a line", mean)
	}
	for n, kind := range kinds {
		share := 100 * float64(summary.Names[kind.name]) / float64(summary.Events)
		if share < .8*float64(kind.weight) || share > 1.2*float64(kind.weight) {
			t.Errorf("%s (%d): %.2f %%, want %d", kind.name, n, share, kind.weight)
		}
	}
	// An order's later events tell of one that was created, with its total.
	totals := map[string]string{}
	var known, unknown int
	for _, text := range lines {
		_, rest, isOrder := strings.Cut(text, `"order_id":"`)
		if !isOrder {
			continue
		}
		id, rest, _ := strings.Cut(rest, `"`)
		_, rest, _ = strings.Cut(rest, `"total":`)
		total := rest[:strings.IndexAny(rest, ",}")]
		switch earlier, found := totals[id]; {
		case strings.Contains(text, "order_created"):
			totals[id] = total
		case !found:
			unknown++
		case earlier != total:
			t.Errorf("order %s has totals %s and %s", id, earlier, total)
		default:
			known++
		}
	}
	if unknown > 20 || known < 3000 {
		t.Errorf("%d events of known orders, %d of unknown ones", known, unknown)
	}
}

func TestBadOptions(t *testing.T) {
	for want, o := range map[string]Options{
		"events: -1":      {Events: -1},
		"duplicates: sha": {Duplicates: 1.01},
		"late: share -1":  {Late: -1},
		"broken: share":   {Broken: nan()},
		"hours: -1":       {Hours: -1},
		"hours: 20000000": {Hours: 20_000_000},
		"start: 1980":     {Start: time.Date(1980, 1, 1, 0, 0, 0, 0, time.UTC)},
	} {
		_, err := Write(t.Context(), io.Discard, o)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want %q", o, err, want)
		}
	}
}

func nan() float64 { zero := 0.0; return zero / zero }

func TestWriteStops(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := Write(ctx, io.Discard, Options{Events: 1 << 40}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
	r, w := io.Pipe()
	go func() {
		_, _ = bufio.NewReader(r).ReadString('\n')
		_ = r.Close()
	}()
	if _, err := Write(t.Context(), w, Options{Events: 1 << 40}); !errors.Is(err, io.ErrClosedPipe) {
		t.Errorf("reader gone: %v", err)
	}
}

// TestMemoryStaysSmall allows a few bytes of garbage a line and nothing that grows with the stream.
func TestMemoryStaysSmall(t *testing.T) {
	perLine := testing.Benchmark(func(b *testing.B) {
		b.ReportAllocs()
		if _, err := Write(b.Context(), io.Discard, Options{Events: b.N, Duplicates: 1, Late: 1, Hours: 1}); err != nil {
			b.Fatal(err)
		}
	})
	if got := perLine.AllocedBytesPerOp(); got > 64 {
		t.Errorf("%d bytes allocated for each event and its copy", got)
	}
}

func BenchmarkWrite(b *testing.B) {
	b.ReportAllocs()
	summary, err := Write(b.Context(), io.Discard, Options{Events: b.N, Duplicates: .02, Late: .01, Broken: .001})
	if err != nil {
		b.Fatal(err)
	}
	b.SetBytes(summary.Bytes / int64(max(1, summary.Lines)))
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
}

func FuzzPick(f *testing.F) {
	f.Add(uint64(10), uint64(3), uint64(1))
	f.Add(uint64(1000), uint64(1000), uint64(2))
	f.Add(uint64(997), uint64(996), uint64(3))
	f.Fuzz(func(t *testing.T, total, count, seed uint64) {
		total = total%5000 + 1
		count %= total + 1
		p := pick{count: count, total: total, seed: seed}
		next := uint64(0)
		for k := range count {
			i := p.at(k)
			if i < next || i >= total {
				t.Fatalf("choice %d is %d, want %d or more, below %d", k, i, next, total)
			}
			for ; next < i; next++ {
				if _, chosen := p.rank(next); chosen {
					t.Fatalf("%d is chosen by rank only", next)
				}
			}
			if rank, chosen := p.rank(i); !chosen || rank != k {
				t.Fatalf("rank of %d is %d, %v, want %d", i, rank, chosen, k)
			}
			next = i + 1
		}
	})
}
