package claims

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/event"
)

var noon = time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)

func batchOf(shard string, first, last int, ids ...uint64) Batch {
	b := Batch{Shard: shard, First: strconv.Itoa(first), Last: strconv.Itoa(last)}
	for i, id := range ids {
		c := Claim{Fingerprint: event.Fingerprint{Body: id}, Sequence: strconv.Itoa(first + i)}
		binary.BigEndian.PutUint64(c.ID[:], id)
		b.Claims = append(b.Claims, c)
	}
	return b
}

func verdict(w *Window, id uint64, now time.Time) Verdict {
	return w.Verdicts(batchOf("other", 1, 1, id), now)[0]
}

func TestWindowForgetsByAge(t *testing.T) {
	w := NewWindow(time.Minute, 0)
	w.Add(batchOf("s", 1, 2, 1, 2), noon)
	w.Add(batchOf("s", 3, 4, 3, 4), noon.Add(30*time.Second))
	tests := []struct {
		after            time.Duration
		first, second    Verdict
		remembered, plus int
	}{
		{59 * time.Second, Duplicate, Duplicate, 4, 0},
		{60 * time.Second, Fresh, Duplicate, 2, 0},
		{90 * time.Second, Fresh, Fresh, 0, 0},
	}
	for _, test := range tests {
		now := noon.Add(test.after)
		if first, second := verdict(w, 1, now), verdict(w, 4, now); first != test.first || second != test.second {
			t.Errorf("after %s: %v and %v", test.after, first, second)
		}
		w.Add(Batch{Shard: "s"}, now)
		if w.Len() != test.remembered {
			t.Errorf("after %s: %d ids remembered", test.after, w.Len())
		}
	}
}

// TestWindowRenews: an id that is remembered for too long already is a new batch's.
func TestWindowRenews(t *testing.T) {
	w := NewWindow(time.Minute, 0)
	w.Add(batchOf("s", 1, 1, 1), noon)
	w.Add(batchOf("s", 7, 7, 1), noon.Add(time.Minute))
	if got := w.Verdicts(batchOf("s", 7, 7, 1), noon.Add(119*time.Second))[0]; got != Own {
		t.Errorf("verdict %v", got)
	}
}

func TestWindowForgetsByNumber(t *testing.T) {
	w := NewWindow(time.Hour, 40)
	for n := range 10 {
		ids := make([]uint64, 10)
		for i := range ids {
			ids[i] = uint64(n*10 + i)
		}
		w.Add(batchOf("s", n*10, n*10+9, ids...), noon)
		if w.Len() > 40 {
			t.Fatalf("%d ids remembered", w.Len())
		}
	}
	for id := range uint64(100) {
		want := Fresh
		if id >= 60 {
			want = Duplicate
		}
		if got := verdict(w, id, noon); got != want {
			t.Errorf("id %d: %v", id, got)
		}
	}
	var big []uint64
	for id := range uint64(100) {
		big = append(big, 1000+id)
	}
	w.Add(batchOf("s", 1000, 1099, big...), noon)
	if w.Len() != 100 {
		t.Errorf("a batch beyond the limit: %d ids remembered", w.Len())
	}
	for n := range 50 {
		w.Add(batchOf("s", 2000+n, 2000+n, uint64(2000+n)), noon)
	}
	if len(w.batches) != 40/leastWeight {
		t.Errorf("%d small batches remembered", len(w.batches))
	}
}

// TestWindowClockBack: a clock that goes back makes nothing forgotten early, and nothing unforgettable.
func TestWindowClockBack(t *testing.T) {
	w := NewWindow(time.Minute, 0)
	w.Add(batchOf("s", 1, 1, 1), noon)
	w.Add(batchOf("s", 2, 2, 2), noon.Add(-time.Hour))
	if got := verdict(w, 2, noon.Add(59*time.Second)); got != Duplicate {
		t.Errorf("verdict %v", got)
	}
	w.Add(Batch{}, noon.Add(time.Minute))
	if w.Len() != 0 {
		t.Errorf("%d ids remembered", w.Len())
	}
}

// TestWindowLoad: what was settled elsewhere is remembered from its own time on, which is never to come; the first loaded owns.
func TestWindowLoad(t *testing.T) {
	w := NewWindow(time.Minute, 0)
	load := func(at time.Duration, first int, ids ...uint64) {
		b := batchOf("s", first, first+9, ids...)
		i := Item{Shard: b.Shard, First: b.First, Last: b.Last, At: noon.Add(at)}
		for _, c := range b.Claims {
			i.IDs = append(i.IDs, c.Fingerprint)
		}
		w.Load(i, noon)
	}
	load(-time.Minute, 0, 9) // over
	load(-40*time.Second, 10, 1)
	load(-50*time.Second, 20, 2) // late
	load(-5*time.Second, 30, 1, 3)
	load(time.Hour, 40, 4)
	for id, own := range map[uint64]int{1: 10, 2: 20, 3: 30, 4: 40} {
		if got := w.Verdicts(batchOf("s", own, own, id), noon)[0]; got != Own {
			t.Errorf("id %d of batch %d: %v", id, own, got)
		}
	}
	for _, test := range []struct {
		id    uint64
		after time.Duration
		want  Verdict
	}{
		{9, 0, Fresh}, {1, 19 * time.Second, Duplicate}, {1, 20 * time.Second, Fresh}, {2, 20 * time.Second, Fresh},
		{3, 54 * time.Second, Duplicate}, {3, 55 * time.Second, Fresh}, {4, 59 * time.Second, Duplicate}, {4, time.Minute, Fresh},
	} {
		if got := verdict(w, test.id, noon.Add(test.after)); got != test.want {
			t.Errorf("id %d after %s: %v, want %v", test.id, test.after, got, test.want)
		}
	}
	known := batchOf("s", 50, 59, 1, 7)
	if got := w.Unknown(known, noon); len(got) != 1 || got[0] != known.Claims[1].Fingerprint {
		t.Errorf("unknown are %v", got)
	}
}

// TestWindowModel compares the window with a plain map through many batches, and over the wrap of the ordinals.
func TestWindowModel(t *testing.T) {
	const keep, limit = 50, 300
	random := rand.New(rand.NewPCG(1, 2))
	w := NewWindow(keep*time.Second, limit)
	w.batches = []remembered{{at: noon.UnixNano(), start: 1<<32 - 700}} // ordinals go on from here
	w.weight = leastWeight
	model := map[uint64]bool{}
	var kept []struct {
		n, at, size int
		ids         []uint64
	}
	now, weight := 0, 0
	drop := func() {
		for _, id := range kept[0].ids {
			delete(model, id)
		}
		weight -= max(kept[0].size, leastWeight)
		kept = kept[1:]
	}
	for n := range 3000 {
		now += random.IntN(3)
		ids := make([]uint64, random.IntN(30))
		for i := range ids {
			ids[i] = random.Uint64N(1000)
		}
		at := noon.Add(time.Duration(now) * time.Second)
		for len(kept) > 0 && now-kept[0].at >= keep {
			drop()
		}
		b := batchOf("s", n*100, n*100+99, ids...)
		for i, got := range w.Verdicts(b, at) {
			want := Fresh
			if model[ids[i]] {
				want = Duplicate
			}
			if got != want {
				t.Fatalf("batch %d claim %d: %v, want %v", n, i, got, want)
			}
		}
		w.Add(b, at)
		var added []uint64
		for _, id := range ids {
			if !model[id] {
				model[id] = true
				added = append(added, id)
			}
		}
		if len(added) > 0 {
			kept = append(kept, struct {
				n, at, size int
				ids         []uint64
			}{n, now, len(added), added})
			weight += max(len(added), leastWeight)
		}
		for len(kept) > 1 && weight > limit {
			drop()
		}
		batches := len(w.batches)
		if batches > 0 && w.batches[0].ids == nil {
			batches--
		}
		if w.Len() != len(model) || batches != len(kept) {
			t.Fatalf("batch %d: %d ids in %d batches, want %d in %d", n, w.Len(), batches, len(model), len(kept))
		}
		if n > 0 && len(kept) > 0 {
			batch := kept[random.IntN(len(kept))]
			for _, got := range w.Verdicts(batchOf("s", batch.n*100, batch.n*100, batch.ids...), at) {
				if got != Own {
					t.Fatalf("batch %d: its own ids give %v", batch.n, got)
				}
			}
		}
	}
}

// full makes a window of n ids in batches of 500, as a busy stream would.
func full(n int) *Window {
	w := NewWindow(time.Hour, n)
	random := rand.NewChaCha8([32]byte{})
	for i := 0; i < n; i += 500 {
		b := Batch{Shard: "shardId-000000000001", First: strings.Repeat("4", 56), Last: strings.Repeat("5", 56), Claims: make([]Claim, 500)}
		for j := range b.Claims {
			_, _ = random.Read(b.Claims[j].ID[:])
			b.Claims[j].Sequence = b.First
		}
		w.Add(b, noon)
	}
	return w
}

func TestWindowMemory(t *testing.T) {
	const n = 400_000 // its table is three eighths full, which is the worst
	heap := func() uint64 {
		runtime.GC()
		var stats runtime.MemStats
		runtime.ReadMemStats(&stats)
		return stats.HeapAlloc
	}
	before := heap()
	w := full(n)
	perID := float64(heap()-before) / n
	t.Logf("%.1f bytes an id", perID)
	if perID > 50 {
		t.Errorf("%.1f bytes an id, want at most 50", perID)
	}
	runtime.KeepAlive(w)
}

func BenchmarkWindow(b *testing.B) {
	for _, n := range []int{100_000, 1_000_000} {
		w := full(n)
		random := rand.NewChaCha8([32]byte{7})
		batch := Batch{Shard: "s", First: "1", Last: "2", Claims: make([]Claim, 500)}
		b.Run(fmt.Sprintf("claim-settle-500-of-%d", n), func(b *testing.B) {
			for range b.N {
				for j := range batch.Claims {
					_, _ = random.Read(batch.Claims[j].ID[:])
				}
				w.Verdicts(batch, noon)
				w.Add(batch, noon)
			}
		})
	}
}
