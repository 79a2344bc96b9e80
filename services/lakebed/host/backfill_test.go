package host

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/lakebed/lakebed/services/lakebed/config"
	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog"
	"github.com/lakebed/lakebed/shared/layout"
)

func memoryLake() *Lake {
	now := time.Now
	return &Lake{Name: "/nowhere", Bucket: bucket.NewMemory(now), Catalog: catalog.NewMemory(), Settings: config.Default(), Now: now}
}

func eventOf(n int, at time.Time) string {
	return fmt.Sprintf(`{"event_uuid":"e%d","created_at":%q,"text":"} { \" }{"}`, n, at.UTC().Format(time.RFC3339))
}

var noon = time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)

func inputFile(t *testing.T, text string) string {
	t.Helper()
	name := filepath.Join(t.TempDir(), "events.ndjson")
	if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return name
}

// fill backfills, and stops at the first batch after which stop says so.
func (l *Lake) fill(t *testing.T, b Backfill, stop func(*Sums) bool, places ...string) (Filled, error) {
	t.Helper()
	inputs, err := l.Inputs(t.Context(), places)
	if err != nil {
		return Filled{}, err
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	return l.Backfill(ctx, inputs, b, Filling{
		Progress: func(_ int64, s *Sums) {
			if stop != nil && stop(s) {
				cancel()
			}
		},
		Passed: func(string) {}, Resumed: func(string, int64) {}, Unusable: func(error) {},
	})
}

func keysIn(t *testing.T, b bucket.Bucket, prefixes ...string) []string {
	t.Helper()
	var keys []string
	for _, prefix := range prefixes {
		for o, err := range b.List(t.Context(), prefix, "") {
			if err != nil {
				t.Fatal(err)
			}
			keys = append(keys, o.Key)
		}
	}
	return keys
}

var stored = []string{layout.Raw, layout.LedgerNew, layout.Quarantine}

// Whoever begins at the border of any record cuts the same records: of lines, of long lines of documents, and of what is broken.
func TestCarverIsDeterministic(t *testing.T) {
	var text strings.Builder
	for n := range 40_000 {
		text.WriteString(eventOf(n, noon)) // nothing between them
	}
	text.WriteString("\n\n \n{broken\n" + `{"a":"` + strings.Repeat("x", 3*longLine) + `"}` + "\nlast")
	carve := func(from cursor) (all []cursor, pieces []string) {
		c := &carver{in: bufio.NewReaderSize(strings.NewReader(text.String()[from.text:]), 1<<12), next: from}
		for {
			data, start, err := c.record()
			if errors.Is(err, io.EOF) {
				return append(all, c.next), pieces
			}
			if err != nil {
				t.Fatal(err)
			}
			all, pieces = append(all, start), append(pieces, string(data))
		}
	}
	starts, pieces := carve(cursor{})
	if n := len(pieces); n < 6 || pieces[n-1] != "last" || pieces[n-3] != "{broken" || starts[n-1].line != 5 || starts[n].line != 6 {
		t.Fatalf("%d pieces, the last starts at %+v", n, starts[n-1])
	}
	if strings.Join(pieces[:len(pieces)-3], "") != text.String()[:strings.IndexByte(text.String(), '\n')] {
		t.Error("the pieces of the long line are not that line")
	}
	for i, piece := range pieces[:len(pieces)-3] {
		if !strings.HasPrefix(piece, `{"event_uuid"`) || !strings.HasSuffix(piece, `}{"}`) || len(piece) > longLine+200 || starts[i].line != 0 {
			t.Errorf("piece %d of %d bytes is not whole", i, len(piece))
		}
	}
	for i := range pieces {
		again, same := carve(starts[i])
		if !slices.Equal(again, starts[i:]) || !slices.Equal(same, pieces[i:]) {
			t.Errorf("begun at record %d, the records are others", i)
		}
	}
}

func TestCarverRefusesWhatIsTooLong(t *testing.T) {
	c := &carver{in: bufio.NewReaderSize(strings.NewReader("\n"+`{"a":"`+strings.Repeat("x", maxRecord)), 1<<16)}
	if _, _, err := c.record(); err == nil || !strings.Contains(err.Error(), "line 2 has an event longer") {
		t.Errorf("got %v", err)
	}
}

// Stopped after each batch and gone on with, a backfill writes the very objects that it writes in one go, and counts the same.
func TestBackfillIsDeterministic(t *testing.T) {
	var text strings.Builder
	for n := range 2*sheafRecords + 10 {
		text.WriteString(eventOf(n, noon.Add(time.Duration(n%7)*time.Hour)) + "\n")
		if n%10_000 == 0 {
			text.WriteString("broken\n")
		}
	}
	for name, zip := range map[string]bool{"plain": false, "gzip": true} {
		t.Run(name, func(t *testing.T) {
			body := []byte(text.String())
			if zip {
				var out bytes.Buffer
				z := gzip.NewWriter(&out)
				if _, err := z.Write(body); err != nil || z.Close() != nil {
					t.Fatal(err)
				}
				body = out.Bytes()
			}
			file := inputFile(t, string(body))
			whole, parts := memoryLake(), memoryLake()
			parts.Now = func() time.Time { return time.Now().Add(3 * time.Hour) } // as if it had been begun then
			first, err := parts.fill(t, Backfill{}, func(*Sums) bool { return true }, file)
			if !errors.Is(err, context.Canceled) || first.Batches != 1 {
				t.Fatalf("%d batches: %v", first.Batches, err)
			}
			m, err := readMark(t.Context(), parts.Bucket, &mustInputs(t, parts, file).all[0])
			if err != nil || m.Finished || m.Line == 0 {
				t.Fatalf("mark %+v: %v", m, err)
			}
			at := m.Arrival
			parts.Now, whole.Now = time.Now, func() time.Time { return at }
			rounds := 1
			for err = context.Canceled; errors.Is(err, context.Canceled); rounds++ {
				before := int64(-1)
				first, err = parts.fill(t, Backfill{}, func(s *Sums) bool {
					old := before
					before = s.Batches
					return old >= 0 && s.Batches > old
				}, file)
			}
			all, err2 := whole.fill(t, Backfill{}, nil, file)
			if err := errors.Join(err, err2); err != nil {
				t.Fatal(err)
			}
			if first.Received != all.Received || first.Stored != all.Stored || first.Batches != all.Batches || all.Stored != 2*sheafRecords+10 || all.Batches < 3 {
				t.Errorf("in parts %+v, whole %+v", first.Sums, all.Sums)
			}
			if a, b := keysIn(t, parts.Bucket, stored...), keysIn(t, whole.Bucket, stored...); !slices.Equal(a, b) {
				t.Errorf("in %d rounds other objects are written:\n%v\n%v", rounds, a, b)
			}
			again, err := whole.fill(t, Backfill{}, nil, file)
			if err != nil || again.Passed != 1 || len(again.Hours) != 0 || again.Received != all.Received {
				t.Errorf("again: %+v, %v", again, err)
			}
			before := keysIn(t, whole.Bucket, "")
			anew, err := whole.fill(t, Backfill{Again: true}, nil, file)
			if err != nil || anew.Passed != 0 || len(anew.Hours) != 7 || !slices.Equal(before, keysIn(t, whole.Bucket, "")) {
				t.Errorf("anew: %+v, %v", anew, err)
			}
		})
	}
}

func mustInputs(t *testing.T, l *Lake, places ...string) *Inputs {
	t.Helper()
	in, err := l.Inputs(t.Context(), places)
	if err != nil {
		t.Fatal(err)
	}
	return in
}

// Events of more hours than ingest takes in one delivery are all stored, and more broken lines than it takes keep their reason.
func TestBackfillOfManyHours(t *testing.T) {
	var text strings.Builder
	const hours = 12_000
	for n := range hours {
		text.WriteString(eventOf(n, noon.Add(-time.Duration(n)*time.Hour)) + "\n")
	}
	l := memoryLake()
	r, err := l.fill(t, Backfill{Dry: true}, nil, inputFile(t, text.String()))
	if err != nil || r.Stored != hours || len(r.Hours) != hours || r.Batches != 2 || len(r.Quarantined) != 0 {
		t.Errorf("%+v in %d hours: %v", r.Sums, len(r.Hours), err)
	}
	if keys := keysIn(t, l.Bucket, ""); len(keys) != 0 {
		t.Errorf("dry, it wrote %v", keys)
	}
	r, err = l.fill(t, Backfill{Dry: true}, nil, inputFile(t, eventOf(1, noon)+"\n"+strings.Repeat("[] [] [] [] []\n", 20_000)))
	if err != nil || r.Quarantined["not_object"] != 100_000 || r.Received != 100_001 {
		t.Errorf("%+v: %v", r.Sums, err)
	}
}

// A try of which a part was stored counts once what the next stores again.
func TestBackfillCountsOnce(t *testing.T) {
	var text strings.Builder
	const hours = 12_000 // two deliveries, of one batch
	for n := range hours {
		text.WriteString(eventOf(n, noon.Add(-time.Duration(n)*time.Hour)) + "\n")
	}
	l := memoryLake()
	l.Bucket = faulty.NewBucket(l.Bucket, faulty.Once(hours-100, faulty.Before, nil))
	file := inputFile(t, text.String())
	if _, err := l.fill(t, Backfill{}, nil, file); err == nil {
		t.Fatal("nothing failed")
	}
	if r, err := l.fill(t, Backfill{Dry: true}, nil, file); err != nil || r.Received != hours || r.Passed != 0 {
		t.Errorf("dry: %+v, %v", r.Sums, err)
	}
	if r, err := l.fill(t, Backfill{}, nil, file); err != nil || r.Received != hours || r.Stored != hours {
		t.Errorf("%+v, %v", r.Sums, err)
	}
	if r, err := l.fill(t, Backfill{Dry: true}, nil, file); err != nil || r.Passed != 1 || len(r.Hours) != 0 {
		t.Errorf("dry, behind its end: %+v, %d passed over, %v", r.Sums, r.Passed, err)
	}
}

// A rate holds for one batch, too, and while it waits it can be stopped.
func TestBackfillRate(t *testing.T) {
	var text strings.Builder
	for n := range 3000 {
		text.WriteString(eventOf(n, noon) + "\n")
	}
	l, file, start := memoryLake(), inputFile(t, text.String()), time.Now()
	if r, err := l.fill(t, Backfill{Rate: 3000}, nil, file); err != nil || r.Stored != 3000 {
		t.Errorf("%+v, %v", r, err)
	}
	if took := time.Since(start); took < 900*time.Millisecond || took > 3*time.Second {
		t.Errorf("3000 events at 3000 a second took %s", took)
	}
	_, err := memoryLake().fill(t, Backfill{Rate: 1}, func(*Sums) bool { return true }, file)
	if !errors.Is(err, context.Canceled) {
		t.Errorf("stopped: %v", err)
	}
}

// Stopped while it waits, and gone on with at another rate, a backfill writes the very objects that it writes without one.
func TestBackfillAtAnotherRate(t *testing.T) {
	var text strings.Builder
	for n := range sheafRecords + 10 {
		text.WriteString(eventOf(n, noon.Add(time.Duration(n%7)*time.Hour)) + "\n")
	}
	whole, parts, file := memoryLake(), memoryLake(), inputFile(t, text.String())
	later := func() time.Time { return noon.Add(24 * time.Hour) }
	whole.Now, parts.Now = later, later
	inputs := mustInputs(t, parts, file)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	_, err := parts.Backfill(ctx, inputs, Backfill{Rate: 1}, Filling{Progress: func(int64, *Sums) { time.AfterFunc(50*time.Millisecond, stop) }})
	if !errors.Is(err, context.Canceled) {
		t.Fatalf("stopped: %v", err)
	}
	if m := must(readMark(t.Context(), parts.Bucket, &inputs.all[0])); m.Finished || m.Line != sheafRecords || m.Sums.Received != sheafRecords {
		t.Errorf("mark %+v", m)
	}
	r, err := parts.fill(t, Backfill{Rate: 1_000_000}, nil, file)
	all, err2 := whole.fill(t, Backfill{}, nil, file)
	if err := errors.Join(err, err2); err != nil || r.Resumed != 1 || r.Stored != sheafRecords+10 || r.Stored != all.Stored || r.Batches != all.Batches {
		t.Errorf("in parts %+v, whole %+v: %v", r, all, err)
	}
	if a, b := keysIn(t, parts.Bucket, stored...), keysIn(t, whole.Bucket, stored...); !slices.Equal(a, b) {
		t.Errorf("other objects are written:\n%v\n%v", a, b)
	}
}

// flaky gives objects whose reads break off.
type flaky struct {
	bucket.Bucket
	every int64
}

func (f flaky) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	body, o, err := f.Bucket.Get(ctx, key, r)
	if err != nil {
		return nil, o, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.MultiReader(io.LimitReader(body, f.every), broken{}), body}, o, nil
}

type broken struct{}

func (broken) Read([]byte) (int, error) { return 0, errors.New("connection reset") }

// What reads an object takes it up where the connection broke; when it has changed meanwhile, it says so.
func TestObjectIsReadOn(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	text := strings.Repeat("0123456789", 30)
	o, err := b.Put(t.Context(), "k", strings.NewReader(text), bucket.Condition{})
	if err != nil {
		t.Fatal(err)
	}
	in := objectInput(flaky{b, 100}, "s3://b/k", o)
	r := in.raw(t.Context(), 7)
	r.stop = func(time.Duration) error { return nil }
	got, err := io.ReadAll(r)
	if err != nil || string(got) != text[7:] {
		t.Errorf("got %d bytes: %v", len(got), err)
	}
	r = in.raw(t.Context(), 0)
	r.stop = func(time.Duration) error { return nil }
	if _, err := io.CopyN(io.Discard, r, 50); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Put(t.Context(), "k", strings.NewReader(text), bucket.Condition{}); err != nil {
		t.Fatal(err)
	}
	var input *InputError
	if _, err := io.ReadAll(r); !errors.As(err, &input) || !errors.Is(err, errInputChanged) {
		t.Errorf("changed: %v", err)
	}
	none := objectInput(flaky{b, 0}, "s3://b/k", bucket.Object{Key: "k", Size: 300, ETag: input.Name})
	none.state = must(b.Put(t.Context(), "k", strings.NewReader(text), bucket.Condition{})).ETag
	r = none.raw(t.Context(), 0)
	r.stop = func(time.Duration) error { return nil }
	if _, err := io.ReadAll(r); err == nil || errors.As(err, &input) || r.failed != objectTries+1 {
		t.Errorf("never read: %v after %d tries", err, r.failed)
	}
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func TestInputs(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{
		"b/x.json", "a.ndjson.gz", "c.jsonl", "firehose-1-2026-01-01-00-00-00-abc", "z.gz", // taken
		"notes.txt", "x.csv.gz", "_SUCCESS", ".hidden", ".git/x.json", "lake/raw/y.json",
	} {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte(name), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(os.Symlink("nowhere", filepath.Join(dir, ".#a.ndjson")), os.Symlink("b", filepath.Join(dir, "linked"))); err != nil {
		t.Fatal(err)
	}
	l := memoryLake()
	l.Name = filepath.Join(dir, "lake")
	in := mustInputs(t, l, dir, filepath.Join(dir, "b"))
	var got []string
	for _, i := range in.all {
		name, err := filepath.Rel(must(filepath.EvalSymlinks(dir)), i.name)
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, filepath.ToSlash(name))
	}
	if want := []string{"a.ndjson.gz", "b/x.json", "c.jsonl", "firehose-1-2026-01-01-00-00-00-abc", "z.gz"}; !slices.Equal(got, want) {
		t.Errorf("got %v", got)
	}
	if in.Left != 6 {
		t.Errorf("%d are left", in.Left)
	}
	dangling := t.TempDir()
	if err := os.Symlink("nowhere", filepath.Join(dangling, "gone.ndjson")); err != nil {
		t.Fatal(err)
	}
	for place, says := range map[string]string{
		filepath.Join(dir, "lake", "raw"): "in the lake itself", "-": "only what can be read again", filepath.Join(dir, "no"): "no such file",
		t.TempDir(): "nothing in it is named", "s3://": "want s3://bucket", dangling: "gone.ndjson",
	} {
		var input *InputError
		if _, err := l.Inputs(t.Context(), []string{place}); !errors.As(err, &input) || !strings.Contains(err.Error(), says) {
			t.Errorf("%s: %v", place, err)
		}
	}
}

// A mark that says nothing sensible is not followed.
func TestBadMark(t *testing.T) {
	l := memoryLake()
	file := inputFile(t, eventOf(1, noon))
	in := mustInputs(t, l, file).all[0]
	for _, text := range []string{"{", "{}", `{"v":2,"name":"` + in.name + `","arrival":"2026-01-01T00:00:00Z"}`, `{"v":1,"name":"other","arrival":"2026-01-01T00:00:00Z"}`} {
		if _, err := l.Bucket.Put(t.Context(), layout.Backfill(in.shard()), strings.NewReader(text), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
		newer := strings.Contains(text, `"v":2`)
		if _, err := l.fill(t, Backfill{}, nil, file); err == nil || !strings.Contains(err.Error(), layout.Backfill(in.shard())) || errors.Is(err, ErrNewer) != newer {
			t.Errorf("%s: %v", text, err)
		}
	}
}

// Of two tries that begin at once, the arrival of the faster is that of both.
func TestMarkIsMadeOnce(t *testing.T) {
	l := memoryLake()
	in := &input{name: "x", size: 1}
	a, b := newMark(in), newMark(in)
	a.Arrival, b.Arrival = noon, noon.Add(time.Second)
	if err := errors.Join(a.create(t.Context(), l.Bucket), b.create(t.Context(), l.Bucket)); err != nil || !b.Arrival.Equal(noon) {
		t.Errorf("%v, %v", b.Arrival, err)
	}
}
