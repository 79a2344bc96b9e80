package compactor

import (
	"encoding/binary"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
)

// A sieve holds back no id that was added, and lets few others through, whatever kind of ids they are.
func TestSieve(t *testing.T) {
	const n, others = 200_000, 20_000
	r := rand.New(rand.NewPCG(1, 2))
	for name, next := range map[string]func(i int) event.ID{
		"random": func(int) (id event.ID) {
			binary.LittleEndian.PutUint64(id[:], r.Uint64())
			binary.LittleEndian.PutUint64(id[8:], r.Uint64())
			return id
		},
		"version 4": func(int) (id event.ID) { return uuid(r, 4) },
		"version 7": func(i int) (id event.ID) {
			id = uuid(r, 7)
			binary.BigEndian.PutUint32(id[:], 0x0193_0000)
			binary.BigEndian.PutUint16(id[4:], uint16(i))
			return id
		},
		"counted":  func(i int) (id event.ID) { binary.BigEndian.PutUint64(id[8:], uint64(i)); return id },
		"in front": func(i int) (id event.ID) { binary.LittleEndian.PutUint64(id[:], uint64(i)<<20); return id },
	} {
		for bits, most := range map[int64]float64{16: 0.003, 8: 0.035, 4: 0.17, 2: 0.45} { // of memory, for an id
			s := newSieve(n, n*bits/8)
			ids := make([]event.ID, n+others)
			for i := range ids {
				ids[i] = next(i)
			}
			put := func(ids []event.ID) (had []uint64) {
				for some := range slices.Chunk(ids, stride) {
					at := len(had)
					for _, id := range some {
						had = append(had, mixed(id))
					}
					s.put(had[at:])
				}
				return had
			}
			put(ids[:n])
			if slices.Contains(put(ids[:n]), 0) {
				t.Fatalf("%s: an id that was added is held back", name)
			}
			through := 0
			for _, had := range put(ids[n:]) {
				through += int(had)
			}
			if got := float64(through) / others; got > most {
				t.Errorf("%s, %d bits an id: %.5f of the others come through, at most %.5f", name, bits, got, most)
			}
		}
	}
}

// Ids of any kind find their places in the table of a chunk near where they belong.
func TestTable(t *testing.T) {
	const n = 50_000
	r := rand.New(rand.NewPCG(1, 2))
	for name, next := range map[string]func(i int) event.ID{
		"random": func(int) event.ID { return uuid(r, 4) },
		"counted behind": func(i int) (id event.ID) {
			binary.BigEndian.PutUint64(id[8:], uint64(i))
			return id
		},
		"counted in front": func(i int) (id event.ID) {
			binary.BigEndian.PutUint32(id[:], uint32(i))
			return id
		},
		"chosen to be mixed alike": func(i int) (id event.ID) {
			const inverse = 0xf1de83e19937733d // of the first factor of mixed
			binary.LittleEndian.PutUint64(id[8:], uint64(i))
			binary.LittleEndian.PutUint64(id[:], uint64(i)*0xc2b2ae3d27d4eb4f*inverse)
			if mixed(id) != mixed(event.ID{}) {
				t.Fatal("they are not")
			}
			return id
		},
	} {
		var c chunk
		for i := range n {
			c.lines = append(c.lines, line{Fingerprint: event.Fingerprint{ID: next(i)}})
		}
		for i := range n / 10 {
			c.lines = append(c.lines, line{Fingerprint: c.lines[i*10].Fingerprint})
		}
		c.index()
		for i := range c.lines {
			first := uint32(i)
			if i >= n {
				first = uint32(i-n) * 10
			}
			if c.lines[i].first != first || !c.filtered(c.lines[i].ID.Hash()) {
				t.Fatalf("%s: the first line with the id of line %d is %d", name, i, c.lines[i].first)
			}
		}
		if err := c.stored([]event.Fingerprint{{ID: c.lines[7].ID, Body: 5}, {ID: uuid(r, 5)}}); err != nil {
			t.Fatal(err)
		}
		for i := range c.lines {
			if l := &c.lines[i]; l.known != (i == 7) || l.known && l.body != 5 {
				t.Fatalf("%s: line %d is known: %t", name, i, l.known)
			}
		}
		steps := uint64(0)
		for i := range c.lines {
			at, found := c.find(c.lines[i].ID, c.lines[i].ID.Hash())
			if !found {
				t.Fatalf("%s: an id is not in the table", name)
			}
			steps += (at - c.lines[i].ID.Hash()) & c.mask
		}
		if mean := float64(steps) / n; mean > 2 {
			t.Errorf("%s: %.1f steps to find one", name, mean)
		}
	}
}

// Of a chunk's lines, those are doubted whose ids were there before, in the sieve or in the chunk. Once the chunk is indexed, its own copies are told apart.
func TestMark(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	s := newSieve(1000, 1<<20)
	var c chunk
	for range 3*stride + 1 {
		c.lines = append(c.lines, line{Fingerprint: event.Fingerprint{ID: uuid(r, 4)}})
	}
	before := []int{0, stride - 1, stride, 2*stride + 5, 3 * stride}
	for _, i := range before {
		if err := s.remember([]event.Fingerprint{c.lines[i].Fingerprint}); err != nil {
			t.Fatal(err)
		}
	}
	copies := map[int]int{3: 2, stride + 4: 4, 3*stride - 1: 0} // within a stride, across strides, of one that was there
	for copied, of := range copies {
		c.lines[copied].Fingerprint = c.lines[of].Fingerprint
	}
	if got := s.mark(c.lines); got != len(before)+len(copies) {
		t.Errorf("%d lines are doubted", got)
	}
	told := func(when string, told fate) {
		for i := range c.lines {
			want, of := fresh, i
			first, copied := copies[i]
			if copied {
				want, of = told, first
			}
			if slices.Contains(before, of) {
				want = doubtful
			}
			if got := c.fate(i); got != want {
				t.Errorf("%s: the fate of line %d is %d, not %d", when, i, got, want)
			}
		}
	}
	told("marked", doubtful)
	c.index()
	told("indexed", duplicate)
}

// uuid is a random one of a version.
func uuid(r *rand.Rand, version byte) (id event.ID) {
	binary.LittleEndian.PutUint64(id[:], r.Uint64())
	binary.LittleEndian.PutUint64(id[8:], r.Uint64())
	id[6], id[8] = id[6]&0x0f|version<<4, id[8]&0x3f|0x80
	return id
}

// However many chunks a merge has, and however little memory, ids that the hour has are read a few times, and each copy is found.
func TestSieveSparesReading(t *testing.T) {
	l := newLake(t)
	for range 3 {
		l.events(hour, 2000)
		l.round()
	}
	l.config.Memory = 32 << 10
	var old []string
	for _, line := range l.want[hour] {
		if old = append(old, line); len(old) == 60 {
			break
		}
	}
	for n := range 100 {
		lines := make([]string, 0, 42)
		for i := range 40 {
			lines = append(lines, lineOf(hour, fmt.Sprintf("s%d-%d", n, i), fmt.Sprintf(`,"n":%d`, i)))
		}
		lines = append(lines, lineOf(hour, fmt.Sprintf("s%d-%d", n/2, 7), `,"n":7`)) // a copy, within the fragment or of another chunk
		if n < len(old) {
			lines = append(lines, old[n])
		}
		l.put(hour, "", n%3 == 0, lines...)
	}
	l.put(hour, "", false, lineOf(hour, "s3-3", `,"n":"another"`))
	reads := 0
	faults := faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.Get && strings.HasPrefix(key, layout.Indexes) {
			reads++
		}
		return faulty.Never, nil
	})
	l.bucket = faulty.NewBucket(l.store, faults)
	r := l.round()
	l.check()
	if r.Minors != 1 || r.Events != 4000 || r.Duplicates != 160 || r.Conflicts != 1 {
		t.Errorf("got %+v", r)
	}
	if reads > 40 { // two looks, the sieve, and a few times what came through it: each three; there are some 16 chunks
		t.Errorf("%d reads of indexes", reads)
	}
}

// Of records with one id the first that was stored stays, also where the sieve is full and doubts all, and fragments are plain and compressed by turns.
func TestFirstStaysWhateverTheSieveDoubts(t *testing.T) {
	l := newLake(t)
	l.config.Memory = 4 << 10
	l.events(hour, 20_000)
	l.settle()
	for n := range 100 {
		for v := range 3 {
			l.clock.pass(time.Second)
			l.put(hour, "", (n+v)%2 == 0, lineOf(hour, fmt.Sprint("x", n), fmt.Sprintf(`,"v":%d,"pad":"%0300d"`, v, n)))
		}
	}
	r := l.settle()
	l.check()
	if r.Conflicts != 200 {
		t.Errorf("%d conflicts", r.Conflicts)
	}
}

// A fragment that turns out to have more lines than memory has room for is compared by a sieve, too, though it is the only one.
func TestHugeIsSifted(t *testing.T) {
	l := newLake(t)
	for range 3 {
		l.events(hour, 500)
		l.round()
	}
	l.config.Memory, l.foreign = 32<<10, true
	l.put(hour, "", true, l.lines(1500, "")...)
	reads := 0
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.Get && strings.HasPrefix(key, layout.Indexes) {
			reads++
		}
		return faulty.Never, nil
	}))
	if r := l.round(); r.Minors != 1 || r.Events != 1500 {
		t.Errorf("got %+v", r)
	}
	l.check()
	if reads > 20 { // two looks, the sieve, and what came through it
		t.Errorf("%d reads of indexes", reads)
	}
}

// A fragment that others merge and sweep between its two readings is a race lost, and nothing is set aside.
func TestHugeIsSweptMeanwhile(t *testing.T) {
	l := newLake(t)
	l.config.Memory = 8 << 10
	f := l.put(hour, "", false, l.lines(500, "")...)
	reads := 0
	l.bucket = faulty.NewBucket(l.store, faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		if op == faulty.Get && key == f.Key() {
			if reads++; reads == 2 {
				return faulty.Never, l.store.Delete(t.Context(), bucket.Object{Key: key})
			}
		}
		return faulty.Never, nil
	}))
	if r := l.round(); reads != 2 || r.Lost != 1 || len(r.SetAside) > 0 {
		t.Errorf("%d readings, %+v", reads, r)
	}
}
