package compactor

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/catalog/catalogtest"
	"github.com/lakebed/lakebed/shared/event"
	"github.com/lakebed/lakebed/shared/layout"
	"github.com/lakebed/lakebed/shared/part"
	"github.com/lakebed/lakebed/shared/verify"
)

// lateOnes is a lake in which one late event after the other had its hour written anew.
func lateOnes(t testing.TB, grace time.Duration) (l *lake, late func(n int)) {
	l = newLake(t)
	l.config.Policy.MajorParts, l.config.Policy.MajorShare = 1, 0
	l.config.Policy.Grace, l.config.Policy.LongestQuery, l.config.Policy.Live = grace, 0, 0
	l.events(hour, 10)
	l.round()
	l.clock.pass(5 * time.Hour)
	n := 0
	return l, func(to int) {
		for ; n < to; n++ {
			l.put(hour, "", false, lineOf(hour, fmt.Sprint("late", n), ""))
			l.clock.pass(time.Minute)
			if r := l.round(); r.Majors != 1 || len(r.SetAside) > 0 {
				l.t.Fatalf("got %+v", r)
			}
		}
	}
}

// calls counts what a look asks of the bucket and the catalog, and wants that it writes nothing.
func (l *lake) calls() int {
	l.t.Helper()
	return l.counted(func(c *Compactor) error {
		_, err := c.Summary(context.Background(), hour)
		return err
	}, faulty.Put, faulty.Delete, faulty.SetTable, faulty.SetPartition)
}

// counted counts what is asked of the bucket and the catalog. It wants none of those operations.
func (l *lake) counted(do func(*Compactor) error, none ...faulty.Op) int {
	l.t.Helper()
	trace := faulty.New(func(op faulty.Op, key string) (faulty.When, error) {
		for _, n := range none {
			if op == n {
				l.t.Errorf("it does a %s of %s", op, key)
			}
		}
		return faulty.Never, nil
	})
	b, c := l.bucket, l.cat
	l.bucket, l.cat = faulty.NewBucket(b, trace), catalogtest.NewFaulty(c, trace)
	err := do(l.compactor())
	if l.bucket, l.cat = b, c; err != nil {
		l.t.Fatal(err)
	}
	return trace.Count()
}

// The calls of a look do not grow with the generations that an hour had, whether or not they are swept.
func TestLookCalls(t *testing.T) {
	t.Parallel()
	for name, grace := range map[string]time.Duration{"swept": 0, "not swept": 1000 * time.Hour} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, late := lateOnes(t, grace)
			for _, n := range []int{1, 20, 200} {
				late(n)
				with := l.calls()
				saved := l.object(layout.Headers(hour))
				l.drop(layout.Headers(hour))
				without := l.calls()
				if saved != nil {
					l.store.Put(t.Context(), layout.Headers(hour), bytes.NewReader(saved), bucket.Condition{}) //nolint:errcheck // seen below
				}
				t.Logf("after %d late events: %d generations, %d calls, %d where nothing is noted, %d bytes noted", n, l.generations(), with, without, len(saved))
				if most := 9 + fewHeaders; with > most {
					t.Errorf("%d calls after %d late events, want at most %d", with, n, most)
				}
				if n == 200 && without < 600 {
					t.Errorf("only %d calls where nothing is noted: is it still about that?", without)
				}
			}
			l.check()
			l.proves()
		})
	}
}

// object gives what an object holds, or nil; drop deletes it.
func (l *lake) object(key string) []byte {
	l.t.Helper()
	body, _, err := l.store.Get(context.Background(), key, bucket.Range{})
	if err != nil {
		return nil
	}
	defer body.Close()
	text, err := io.ReadAll(body)
	if err != nil {
		l.t.Fatal(err)
	}
	return text
}

func (l *lake) drop(key string) {
	l.t.Helper()
	if err := l.store.Delete(context.Background(), bucket.Object{Key: key}); err != nil {
		l.t.Fatal(err)
	}
}

func (l *lake) generations() int {
	l.t.Helper()
	s, err := l.visit().look(context.Background())
	if err != nil {
		l.t.Fatal(err)
	}
	return len(s.chain)
}

// proves wants that verify finds nothing, but for what nobody delivered through a ledger.
func (l *lake) proves() {
	l.t.Helper()
	p := l.config.Policy
	r, err := verify.Run(context.Background(), verify.Lake{
		Bucket: l.store, Catalog: l.cat, Mapping: event.DefaultMapping, Grace: p.Grace, Bound: p.Bound, Live: p.Live, LongestQuery: p.LongestQuery, Now: l.clock.now(),
	}, nil)
	if err != nil || len(r.Breaches)+len(r.Warnings) > 0 {
		l.t.Errorf("verify: %v, %v, %v", err, r.Breaches, r.Warnings)
	}
}

// A note that is wrong does no harm as far as ETags tell: what it says of others is not believed, and what cannot be read says nothing.
func TestNoteIsWrong(t *testing.T) {
	t.Parallel()
	key := layout.Headers(hour)
	put := func(l *lake, all []part.Known) {
		if err := part.PutKnown(t.Context(), l.store, key, all); err != nil {
			t.Fatal(err)
		}
	}
	noted := func(l *lake) (all []part.Known) {
		known, err := part.ReadKnown(t.Context(), l.store, key)
		if err != nil || len(known) < 9 {
			t.Fatalf("%d are noted, %v", len(known), err)
		}
		for _, k := range known {
			all = append(all, k)
		}
		return all
	}
	forged := part.Header{Version: part.Version, Kind: part.Seal, Next: "gen-0002-00000000"}
	for name, spoil := range map[string]func(l *lake){
		"gone":     func(l *lake) { l.drop(key) },
		"garbage":  func(l *lake) { l.write(key, []byte("garbage")) },
		"empty":    func(l *lake) { l.write(key, nil) },
		"cut off":  func(l *lake) { o := l.object(key); l.write(key, o[:len(o)-4]) },
		"bit":      func(l *lake) { o := l.object(key); o[len(o)/2] ^= 4; l.write(key, o) },
		"no slots": func(l *lake) { put(l, nil) },
		"stale ETag": func(l *lake) {
			all := noted(l)
			for i := range all {
				all[i].ETag, all[i].Header = "0", forged
			}
			put(l, all)
		},
		"another version": func(l *lake) {
			all := noted(l)
			for i := range all {
				all[i].Header = forged
			}
			text, err := json.Marshal(map[string]any{"v": 2, "slots": all})
			if err != nil {
				t.Fatal(err)
			}
			var body bytes.Buffer
			z := gzip.NewWriter(&body)
			_, err = z.Write(text)
			if err := errors.Join(err, z.Close()); err != nil {
				t.Fatal(err)
			}
			l.write(key, body.Bytes())
		},
		"another's ETag": func(l *lake) {
			all := noted(l)
			for i := range all {
				all[i].ETag = all[(i+1)%len(all)].ETag
			}
			put(l, all)
		},
		"of another hour": func(l *lake) {
			all := noted(l)
			for i := range all {
				all[i].Key, all[i].Header = layout.Slot{Partition: hour + 1, Generation: layout.FirstGeneration, Number: i + 1}.Key(), forged
			}
			put(l, all)
		},
	} {
		t.Run(name, func(t *testing.T) {
			l, late := lateOnes(t, 0)
			late(6)
			spoil(l)
			chain := l.generations()
			late(7)
			if got := l.generations(); got != chain+1 {
				t.Errorf("%d generations, then %d", chain, got)
			}
			noted(l)
			l.check()
			l.proves()
		})
	}
}

// A slot that was changed since it was noted is read.
func TestNotedSlotChanges(t *testing.T) {
	t.Parallel()
	l, late := lateOnes(t, 0)
	late(6)
	last := l.keys(layout.Location(hour, layout.FirstGeneration))
	l.write(last[len(last)-1], []byte("not a seal"))
	l.put(hour, "", false, lineOf(hour, "waits", ""))
	if r := l.round(); len(r.SetAside) != 1 || r.Minors > 0 {
		t.Errorf("got %+v", r)
	}
}

func (l *lake) write(key string, text []byte) {
	l.t.Helper()
	if _, err := l.store.Put(context.Background(), key, bytes.NewReader(text), bucket.Condition{}); err != nil {
		l.t.Fatal(err)
	}
}
