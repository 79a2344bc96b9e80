package ledger

import (
	"bytes"
	"context"
	"errors"
	"io"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/lakebed/lakebed/shared/bucket"
	"github.com/lakebed/lakebed/shared/bucket/faulty"
	"github.com/lakebed/lakebed/shared/layout"
)

var arrival = time.Date(2026, 11, 23, 8, 5, 0, 0, time.UTC)

func entry(first string) Entry {
	return Entry{
		Shard: "s", First: first, Last: first, Arrival: arrival, Received: 10,
		Hours:       []Hour{{Partition: "dt=2026-11-23/hour=08", Stored: 5, Duplicates: 2, Fragments: []Fragment{{"a", 2}, {"b", 3}}}},
		Quarantined: map[string]int64{"not_json": 2, "empty": 1}, Rejects: []string{"x"},
	}
}

func TestCheck(t *testing.T) {
	if err := entry("1").Check(); err != nil {
		t.Error(err)
	}
	for name, spoil := range map[string]func(*Entry){
		"received":    func(e *Entry) { e.Received++ },
		"duplicates":  func(e *Entry) { e.Hours[0].Duplicates-- },
		"quarantined": func(e *Entry) { e.Quarantined["empty"] = 0 },
		"fragments":   func(e *Entry) { e.Hours[0].Fragments[0].Lines++ },
	} {
		e := entry("1")
		spoil(&e)
		if e.Check() == nil {
			t.Errorf("a wrong %s passes", name)
		}
	}
}

func firsts(t *testing.T, b bucket.Bucket) []string {
	t.Helper()
	var all []string
	err := Each(t.Context(), b, func(_ string, e Entry) error {
		all = append(all, e.First)
		return nil
	}, func(key string, err error) { t.Errorf("%s: %v", key, err) })
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(all)
	return all
}

// An entry that cannot be deleted is told, also where another has only changed: that one stays for the next time.
func TestRollUpTellsOfEachKey(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	for _, first := range []string{"1", "2", "3"} {
		if _, err := Put(t.Context(), b, entry(first)); err != nil {
			t.Fatal(err)
		}
	}
	broken := errors.New("not allowed")
	deletes := 0
	faults := faulty.New(func(op faulty.Op, _ string) (faulty.When, error) {
		if op != faulty.Delete {
			return faulty.Never, nil
		}
		deletes++
		return []faulty.When{faulty.Before, faulty.Before, faulty.Never}[deletes-1], []error{bucket.ErrChanged, broken, nil}[deletes-1]
	})
	later := arrival.Add(3 * time.Hour)
	if r, err := RollUp(t.Context(), faulty.NewBucket(b, faults), later, time.Hour); !errors.Is(err, broken) || errors.Is(err, bucket.ErrChanged) || r.Deleted != 1 {
		t.Errorf("got %+v, %v", r, err)
	}
	if r, err := RollUp(t.Context(), b, later, time.Hour); err != nil || r.RolledUp != 2 || r.Deleted != 2 {
		t.Errorf("got %+v, %v", r, err)
	}
	if got := firsts(t, b); !slices.Equal(got, []string{"1", "2", "3"}) {
		t.Errorf("the ledger has %v", got)
	}
}

// Rolling up changes nothing that a reader of the ledger sees, wherever it is broken off.
func TestRollUp(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	for _, n := range []string{"1", "2", "3"} {
		for range 2 { // the same delivery again is the same entry
			if _, err := Put(t.Context(), b, entry(n)); err != nil {
				t.Fatal(err)
			}
		}
	}
	want := []string{"1", "2", "3"}
	if got := firsts(t, b); !slices.Equal(got, want) {
		t.Fatalf("got %v", got)
	}
	early := layout.PartitionOf(arrival).End().Add(59 * time.Minute)
	if done, err := RollUp(t.Context(), b, early, time.Hour); err != nil || done != (Rolled{}) {
		t.Errorf("too early: %+v, %v", done, err)
	}
	kept := copyOf(t, b)
	late := early.Add(2 * time.Minute)
	if done, err := RollUp(t.Context(), b, late, time.Hour); err != nil || done.RolledUp != 3 {
		t.Errorf("got %+v, %v", done, err)
	}
	if got := firsts(t, b); !slices.Equal(got, want) {
		t.Errorf("rolled up, the ledger has %v", got)
	}
	for o, err := range b.List(t.Context(), layout.LedgerNew, "") {
		t.Errorf("left: %v, %v", o.Key, err)
	}
	for key, text := range kept { // as if it had been broken off before it deleted
		if _, err := b.Put(t.Context(), key, bytes.NewReader(text), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := firsts(t, b); !slices.Equal(got, want) {
		t.Errorf("with entries that are rolled up too, the ledger has %v", got)
	}
	if done, err := RollUp(t.Context(), b, late, time.Hour); err != nil || done.Deleted != 3 {
		t.Errorf("again: %+v, %v", done, err)
	}
	if got := firsts(t, b); !slices.Equal(got, want) {
		t.Errorf("rolled up twice, the ledger has %v", got)
	}
}

// pairs lets objects be opened only two at a time.
type pairs struct {
	bucket.Bucket
	met chan struct{}
}

func (p pairs) Get(ctx context.Context, key string, r bucket.Range) (io.ReadCloser, bucket.Object, error) {
	select {
	case p.met <- struct{}{}:
	case <-p.met:
	case <-ctx.Done():
		return nil, bucket.Object{}, ctx.Err()
	}
	return p.Bucket.Get(ctx, key, r)
}

// The entries of a busy hour are many: they are not read one after the other.
func TestRollUpReadsSeveralAtOnce(t *testing.T) {
	b := pairs{bucket.NewMemory(time.Now), make(chan struct{})}
	for _, n := range []string{"1", "2"} {
		if _, err := Put(t.Context(), b, entry(n)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if done, err := RollUp(ctx, b, arrival.Add(48*time.Hour), 0); err != nil || done.RolledUp != 2 {
		t.Errorf("got %+v, %v", done, err)
	}
}

func copyOf(t *testing.T, b bucket.Bucket) map[string][]byte {
	t.Helper()
	all := map[string][]byte{}
	for o, err := range b.List(context.Background(), layout.LedgerNew, "") {
		if err != nil {
			t.Fatal(err)
		}
		text, err := read(t.Context(), b, o.Key)
		if err != nil {
			t.Fatal(err)
		}
		all[o.Key] = text
	}
	return all
}

// What is not an entry is named, stays, and hides no other.
func TestForeign(t *testing.T) {
	b := bucket.NewMemory(time.Now)
	if _, err := Put(t.Context(), b, entry("1")); err != nil {
		t.Fatal(err)
	}
	broken := layout.Entry{Arrival: layout.PartitionOf(arrival), Span: layout.Span{Shard: "s", First: "7", Last: "7"}}.Key()
	for key, text := range map[string]string{layout.Ledger + "notes.txt": "hi", broken: "{", layout.LedgerNew + "x": ""} {
		if _, err := b.Put(t.Context(), key, strings.NewReader(text), bucket.Condition{}); err != nil {
			t.Fatal(err)
		}
	}
	bad := map[string]bool{}
	n := 0
	err := Each(t.Context(), b, func(string, Entry) error { n++; return nil }, func(key string, _ error) { bad[key] = true })
	if err != nil || n != 1 || len(bad) != 3 {
		t.Errorf("%d entries, bad %v, %v", n, bad, err)
	}
	if done, err := RollUp(t.Context(), b, arrival.Add(48*time.Hour), 0); err != nil || done.RolledUp != 1 {
		t.Errorf("got %+v, %v", done, err)
	}
	if _, err := read(t.Context(), b, broken); err != nil {
		t.Errorf("the broken entry is gone: %v", err)
	}
}

func TestNewerVersion(t *testing.T) {
	if _, err := Parse([]byte(`{"v":2}`)); err == nil || !strings.Contains(err.Error(), "newer") {
		t.Errorf("got %v", err)
	}
}
